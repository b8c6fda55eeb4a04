"""Retention: what ended long enough ago goes, in small steps, and the file gives its space back."""

import asyncio
import sqlite3
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
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
# What one step may remove of bodies, or a single one of any size: they are overwritten, in the log and in the file.
STEP_BYTES: Final = 1 << 20
# The same for an event's states: a hook may tell of twenty thousand orders.
STEP_STATES: Final = 2000
# The same for what the file gives back: each page may be another one moved.
STEP_PAGES: Final = 64

Remove = Callable[[sqlite3.Connection, int], bool]
"""Removes a row with what hangs on it; False: there is more of it, for another step."""


class _Rule(NamedTuple):
    """What goes: rows of a range of ids that ended before a limit; dead letters have one of their own.

    `due` finds ids with how many bytes of bodies each holds.
    """

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
            _Rule(SQL.window_of_other_bodies, SQL.old_other_bodies, (bodies, dead_letters, keys), _remove_other_body),
            _Rule(SQL.window_of_events, SQL.old_bodies, (bodies, dead_letters), _remove_body),
            _Rule(SQL.window_of_orders, SQL.old_orders, (orders, dead_letters), _remove_order),
            _Rule(SQL.window_of_events, SQL.old_events, (keys,), _remove_event),
            _Rule(SQL.window_of_attempts, SQL.old_attempts, (attempts,), _remove_attempt),
            _Rule(SQL.window_of_operations, SQL.old_operations, (now - retention.audit,), _remove_operation),
            _Rule(SQL.window_of_audit, SQL.old_acts, (now - retention.audit,), _remove_act),
        ):
            pruned += await self._sweep(rule)
        await self._give_back()
        return pruned

    async def _sweep(self, rule: _Rule) -> int:
        """Look through the table by rising id, a window at a time; remove what is due in steps."""
        after = pruned = 0
        while (end := await self._first(rule.window, (after, WINDOW))) is not None:
            found = list(await self._reader.execute_fetchall(rule.due, (after + 1, end, *rule.limits)))
            after = end
            while found:
                ids = [id_ for id_, _ in found[: portion([size for _, size in found])]]
                seen, removed = await self._write(lambda connection, ids=ids: _step(connection, ids, rule))  # type: ignore[misc]
                pruned += removed
                found = found[seen:]
        return pruned

    async def _give_back(self) -> None:
        while await self._write(give_back) > 0:
            pass

    async def _first(self, statement: str, values: tuple[int, ...] = ()) -> int | None:
        ((value,),) = await self._reader.execute_fetchall(statement, values)
        return None if value is None else int(value)

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        outcome = await asyncio.shield(self._writer.submit(run))
        # Lets arrivals go first.
        await asyncio.sleep(0)
        return outcome


def portion(sizes: Sequence[int]) -> int:
    """How many of the bodies of these sizes go in one step: at least one."""
    within = bisect_right(list(accumulate(sizes)), STEP_BYTES)
    return max(within, 1)


def give_back(connection: sqlite3.Connection) -> int:
    """Let the file give back a step's worth of free pages; how many those were."""
    before = left = _free_pages(connection)
    while left > 0 and before - left < STEP_PAGES:
        # One page: the pragma has a step for each, and Python's sqlite3 takes but one of a statement without columns.
        connection.execute(SQL.give_back).fetchall()
        now = _free_pages(connection)
        # A file that was made without auto_vacuum keeps what it has.
        if now >= left:
            break
        left = now
    return before - left


def _free_pages(connection: sqlite3.Connection) -> int:
    ((count,),) = connection.execute(SQL.free_pages).fetchall()
    return int(count)


def _step(connection: sqlite3.Connection, ids: list[int], rule: _Rule) -> tuple[int, int]:
    """Remove as many as fit into the step's time, at least one; how many were looked at and how many removed."""
    started = time.monotonic()
    removed = 0
    for seen, id_ in enumerate(ids, start=1):
        # Looked at again by the writer: it may have been replayed, or revived, since it was read.
        if connection.execute(rule.due, (id_, id_, *rule.limits)).fetchone() is not None:
            if not rule.remove(connection, id_):
                return seen - 1, removed
            removed += 1
        if time.monotonic() - started > STEP_SECONDS:
            return seen, removed
    return len(ids), removed


def _remove_other_body(connection: sqlite3.Connection, row: int) -> bool:
    connection.execute(SQL.delete_other_body, (row,))
    return True


def _remove_body(connection: sqlite3.Connection, event: int) -> bool:
    remove_body(connection, event)
    return True


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


def _remove_event(connection: sqlite3.Connection, event: int) -> bool:
    connection.execute(SQL.remember_states, (event,))
    if connection.execute(SQL.delete_states, (event, STEP_STATES)).rowcount == STEP_STATES:
        return False
    connection.execute(SQL.delete_other_bodies, (event,))
    remove_references(connection, event)
    connection.execute(SQL.remember, ("events", event))
    connection.execute(SQL.delete_event, (event,))
    return True


def _remove_order(connection: sqlite3.Connection, order: int) -> bool:
    connection.execute(SQL.delete_attempt_links, (order,))
    connection.execute(SQL.delete_order_record, (order,))
    connection.execute(SQL.remember, ("orders", order))
    connection.execute(SQL.delete_order, (order,))
    return True


def _remove_operation(connection: sqlite3.Connection, operation: int) -> bool:
    if connection.execute(SQL.delete_items, (operation, STEP_STATES)).rowcount == STEP_STATES:
        return False
    connection.execute(SQL.delete_operation, (operation,))
    return True


def _remove_act(connection: sqlite3.Connection, act: int) -> bool:
    connection.execute(SQL.delete_act, (act,))
    return True


def _remove_attempt(connection: sqlite3.Connection, attempt: int) -> bool:
    connection.execute(SQL.delete_links_of_attempt, (attempt,))
    connection.execute(SQL.delete_attempt, (attempt,))
    return True
