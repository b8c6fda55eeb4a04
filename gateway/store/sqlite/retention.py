"""Retention: what ended long enough ago goes, in small steps, and the file gives its space back."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import aiosqlite

from gateway.events import Micros
from gateway.records import RetentionSpans
from gateway.store.sqlite.inbox import digest_of
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("retention")

Result = TypeVar("Result")

# Rows looked at in one read: a long one would keep the writer's log from being reset.
WINDOW: Final = 2000
# A fifth of what the writer may be held for: the commit, and at times a checkpoint, come on top.
STEP_SECONDS: Final = 0.01

Remove = Callable[[sqlite3.Connection, int], None]


class _Rule(NamedTuple):
    """What goes: rows of a range of ids that ended before a limit; dead letters have one of their own."""

    window: str
    due: str
    limits: tuple[Micros, ...]
    remove: Remove


class Pruner:
    """One pass over bodies, orders, events and attempts. Nothing received, waiting, pending or leased is touched."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def run(self, retention: RetentionSpans, now: Micros) -> int:
        """Remove what is due; how many rows that were."""
        bodies, orders = now - retention.bodies, now - retention.orders
        dead_letters, keys, attempts = now - retention.dead_letters, now - retention.keys, now - retention.attempts
        pruned = 0
        for rule in (
            _Rule(SQL.window_of_events, SQL.old_bodies, (bodies, dead_letters), remove_body),
            _Rule(SQL.window_of_orders, SQL.old_orders, (orders, dead_letters), _remove_order),
            _Rule(SQL.window_of_events, SQL.old_events, (keys,), _remove_event),
            _Rule(SQL.window_of_attempts, SQL.old_attempts, (attempts,), _remove_attempt),
        ):
            pruned += await self._sweep(rule)
        await self._give_back()
        return pruned

    async def _sweep(self, rule: _Rule) -> int:
        """Look through the table by rising id, a window at a time; remove what is due in steps."""
        after = pruned = 0
        while (end := await self._first(rule.window, (after, WINDOW))) is not None:
            rows = await self._reader.execute_fetchall(rule.due, (after + 1, end, *rule.limits))
            found = [id_ for (id_,) in rows]
            after = end
            while found:
                seen, removed = await self._write(lambda connection, ids=found: _step(connection, ids, rule))  # type: ignore[misc]
                pruned += removed
                found = found[seen:]
        return pruned

    async def _give_back(self) -> None:
        free = await self._first("PRAGMA freelist_count") or 0
        while free > 0:
            await self._write(lambda connection: connection.execute(SQL.give_back).fetchall())
            before, free = free, await self._first("PRAGMA freelist_count") or 0
            if free >= before:
                return

    async def _first(self, statement: str, values: tuple[int, ...] = ()) -> int | None:
        ((value,),) = await self._reader.execute_fetchall(statement, values)
        return None if value is None else int(value)

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        outcome = await asyncio.shield(self._writer.submit(run))
        # Lets arrivals go first.
        await asyncio.sleep(0)
        return outcome


def _step(connection: sqlite3.Connection, ids: list[int], rule: _Rule) -> tuple[int, int]:
    """Remove as many as fit into the step's time, at least one; how many were looked at and how many removed."""
    started = time.monotonic()
    removed = 0
    for seen, id_ in enumerate(ids, start=1):
        # Looked at again by the writer: it may have been replayed, or revived, since it was read.
        if connection.execute(rule.due, (id_, id_, *rule.limits)).fetchone() is not None:
            rule.remove(connection, id_)
            removed += 1
        if time.monotonic() - started > STEP_SECONDS:
            return seen, removed
    return len(ids), removed


def remove_body(connection: sqlite3.Connection, event: int) -> None:
    """Remove what came in and what was answered; a digest stays."""
    found = connection.execute(SQL.body, (event,)).fetchone()
    if found is not None:
        connection.execute(SQL.keep_digest, (digest_of(found[0]), event))
        connection.execute(SQL.delete_body, (event,))
    connection.execute(SQL.delete_other_bodies, (event,))
    connection.execute(SQL.delete_answers, (event,))


def remove_references(connection: sqlite3.Connection, event: int) -> None:
    """Let the event no longer be found by the vendor's references."""
    (refs,) = connection.execute(SQL.references_of_event, (event,)).fetchone()
    if refs:
        connection.execute(SQL.delete_references, (refs, event))


def _remove_event(connection: sqlite3.Connection, event: int) -> None:
    connection.execute(SQL.delete_other_bodies, (event,))
    remove_references(connection, event)
    connection.execute(SQL.remember_states, (event,))
    connection.execute(SQL.delete_states, (event,))
    connection.execute(SQL.remember, ("events", event))
    connection.execute(SQL.delete_event, (event,))


def _remove_order(connection: sqlite3.Connection, order: int) -> None:
    connection.execute(SQL.delete_attempt_links, (order,))
    connection.execute(SQL.delete_order_record, (order,))
    connection.execute(SQL.remember, ("orders", order))
    connection.execute(SQL.delete_order, (order,))


def _remove_attempt(connection: sqlite3.Connection, attempt: int) -> None:
    connection.execute(SQL.delete_links_of_attempt, (attempt,))
    connection.execute(SQL.delete_attempt, (attempt,))
