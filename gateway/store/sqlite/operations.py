"""What operators do to records: replay, discard, erase. Bulk runs in steps: the writer is never held for long."""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosqlite
import msgspec

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import Micros, OrderStatus, Reason
from gateway.records import Act, DeadLetterFilter, EventFilter, RetentionSpans
from gateway.store.sqlite import erasure, ledger
from gateway.store.sqlite.auditing import Steps, note
from gateway.store.sqlite.endings import discard_event, discard_order
from gateway.store.sqlite.register import Erasure, record
from gateway.store.sqlite.retention import Pruner
from gateway.store.sqlite.selection import dead_letter_query, event_conditions, joined
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.translation import FORCED, REPLAYED
from gateway.store.sqlite.writer import Writer

SQL = named("operations")

Result = TypeVar("Result")
Item = TypeVar("Item")

STEP: Final = 500

# A reader that is busy with an old page keeps the log from being emptied; its next wrap does it then.
LOG_LOOKS: Final = 40
LOG_PAUSE: Final = 0.05

_LETTER: Final = re.compile(r"(event|order)-([0-9]{1,18})", re.ASCII)
_encode = msgspec.json.Encoder().encode


class SqliteOperations:
    """Acts on events and orders; each step is one transaction."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection, register: Path) -> None:
        self._writer = writer
        self._reader = reader
        self._register = register

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.shield(self._writer.submit(run))

    async def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return list(await self._reader.execute_fetchall(statement, values))

    async def replay(self, events: Collection[int], *, force: bool, act: Act | None = None) -> int:
        """Translate the stored bytes of these events again; those whose body was pruned are left out."""
        wanted = list(dict.fromkeys(events))
        return await self._in_steps(wanted, act, lambda connection, step: replay(connection, step, force=force))

    async def _in_steps(
        self, wanted: Sequence[Item], act: Act | None, do: Callable[[sqlite3.Connection, Sequence[Item]], int]
    ) -> int:
        """Do something to many, a step a transaction; to how many it was done."""
        steps, done = Steps(act), 0
        for start in range(0, len(wanted), STEP):

            def run(connection: sqlite3.Connection, start: int = start) -> int:
                return steps.count(connection, do(connection, wanted[start : start + STEP]))

            done += await self._write(run)
        return done

    async def fitting(self, which: EventFilter) -> list[int]:
        """The events that fit, oldest first, those without a body too."""
        where, values = joined(event_conditions(which))
        return [id_ for (id_,) in await self._all(f"SELECT e.id FROM events e WHERE {where} ORDER BY e.id", values)]  # noqa: S608 - constants

    async def letters(self, which: DeadLetterFilter | Collection[str]) -> list[str]:
        """The ids of the dead letters that fit, or are among these, the oldest first."""
        return [f"{kind}-{id_}" for kind, id_ in await self._dead_letters(which)]

    async def events_of(self, letters: Collection[str]) -> list[int]:
        """The events behind dead letters, each once: an event's own, an order's by its state."""
        events, orders = ids_of(letters)
        return [event for (event,) in await self._all(SQL.events_of_letters, (events, orders))]

    async def have_bodies(self, events: Collection[int]) -> dict[int, bool]:
        """Those of these events that there are, and whether each has a body still."""
        found = await self._all(SQL.have_bodies, (_encode(list(events)).decode(),))
        return {event: bool(has_body) for event, has_body in found}

    async def discard_dead_letters(
        self, which: DeadLetterFilter | Collection[str], *, reason: str | None, now: Micros, act: Act | None = None
    ) -> int:
        """Set dead letters aside for good."""
        found = await self._dead_letters(which)
        why = Reason("discarded", reason or "discarded by an operator")
        return await self._in_steps(found, act, lambda connection, step: discard(connection, step, why, now))

    async def discard_order(
        self, tenant: str, external_order_id: str, *, reason: str | None, now: Micros, act: Act | None = None
    ) -> None:
        """Never send the order's present state."""

        def run(connection: sqlite3.Connection) -> None:
            order = ledger.order_by_key(connection, tenant, external_order_id)
            if order is None:
                raise UnknownRecord(f"tenant {tenant!r} has no order {external_order_id!r}")
            if order.status == OrderStatus.LEASED:
                raise ConflictingRequest("the order is being sent at this moment; try again when it is settled")
            if order.status not in (OrderStatus.PENDING, OrderStatus.DEAD):
                raise ConflictingRequest(f"the order is {order.status}: there is nothing to discard")
            discard_order(connection, order, Reason("discarded", reason or "discarded by an operator"), now)
            note(connection, act)

        await self._write(run)

    async def erase(self, tenant: str, external_order_id: str, *, now: Micros, act: Act | None = None) -> int:
        """Empty the order and the events behind it; how many events."""
        wanted = Erasure(tenant, external_order_id, now)

        def run(connection: sqlite3.Connection) -> int:
            erased = erasure.erase(connection, wanted, act)
            # Last, so that what is not there, or is being sent, is not on record; before it is committed all the same.
            record(self._register, wanted)
            return erased

        erased = await self._write(run)
        for _ in range(LOG_LOOKS):
            if await asyncio.shield(self._writer.submit(erasure.empty_log, is_transaction=False)):
                break
            await asyncio.sleep(LOG_PAUSE)
        return erased

    async def prune(self, retention: RetentionSpans, now: Micros, act: Act | None = None) -> int:
        """Remove what is older than its span since its end."""
        steps = Steps(act)
        if act is not None:
            await self._write(lambda connection: steps.count(connection, 0))
        pruned = await Pruner(self._writer, self._reader).run(retention, now)
        if act is not None:
            await self._write(lambda connection: steps.count(connection, pruned))
        return pruned

    async def _dead_letters(self, which: DeadLetterFilter | Collection[str]) -> list[tuple[str, int]]:
        if isinstance(which, DeadLetterFilter):
            inner, values = dead_letter_query(which)
            return await self._all(f"SELECT kind, id FROM ({inner}) ORDER BY at, kind, id", values)  # noqa: S608 - constants
        return await self._all(SQL.dead_letters, ids_of(which))


def ids_of(letters: Collection[str]) -> tuple[str, str]:
    """Events' and orders' row ids among the ids of dead letters, as the statements take them."""
    named = [(found[1], int(found[2])) for id_ in letters if (found := _LETTER.fullmatch(id_))]
    events, orders = ([id_ for of, id_ in named if of == kind] for kind in ("event", "order"))
    return _encode(events).decode(), _encode(orders).decode()


def replay(connection: sqlite3.Connection, events: Sequence[int], *, force: bool) -> int:
    """Put events back for translation, inside the writer's transaction; how many had a body."""
    kind = FORCED if force else REPLAYED
    replayed = connection.executemany(SQL.replay, [(kind, event) for event in events]).rowcount
    connection.executemany(SQL.forget_answers, [(event,) for event in events])
    connection.executemany(SQL.forget_waiting, [(event,) for event in events])
    return replayed


def discard(connection: sqlite3.Connection, letters: Sequence[tuple[str, int]], why: Reason, now: Micros) -> int:
    """Set dead letters aside for good, inside the writer's transaction; how many still were."""
    discarded = 0
    for kind, id_ in letters:
        if kind == "event":
            discarded += discard_event(connection, id_, why, now)
        else:
            order = ledger.order_by_id(connection, id_)
            if order is not None and order.status == OrderStatus.DEAD:
                discard_order(connection, order, why, now)
                discarded += 1
    return discarded
