"""Operations on many: the set is fixed when one is made, each step is a transaction with its own counts."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeVar

import aiosqlite
import msgspec

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import Micros, Reason
from gateway.records import Act, Effect, NewOperation, OperationRecord, OperationStatus, Page
from gateway.store.sqlite import auditing
from gateway.store.sqlite.operations import discard, ids_of, replay
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("operating")

Result = TypeVar("Result")

ITEMS: Final = 2_000
"""Written in one transaction."""

_ENDED: Final = frozenset({"done", "cancelled", "failed"})
_LAST: Final = 2**63 - 1
_encode = msgspec.json.Encoder().encode
_decode_effects = msgspec.json.Decoder(dict[Effect | str, int]).decode


class SqliteBulk:
    """The port of operations on many."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.shield(self._writer.submit(run))

    async def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        return list(await self._reader.execute_fetchall(statement, values))

    async def make(self, wanted: NewOperation, act: Act) -> OperationRecord:
        """Fix the set of events, or of dead letters, and begin."""
        values = (wanted.kind, wanted.of, wanted.is_forced, act.reason, act.by, act.at)
        operation = await self._write(lambda connection: connection.execute(SQL.make, values).lastrowid or 0)
        for start in range(0, len(wanted.items), ITEMS):
            items = wanted.items[start : start + ITEMS]
            await self._write(lambda connection, items=items, start=start: _add(connection, operation, start, items))  # type: ignore[misc]

        def begin(connection: sqlite3.Connection) -> None:
            connection.execute(SQL.begin, (operation,))
            # One that chose nothing is done.
            connection.execute(SQL.end, (operation, act.at))
            named = msgspec.structs.replace(act, what=f"operation {operation}: {act.what}")
            auditing.note(connection, named, len(wanted.items))

        await self._write(begin)
        return await self.operation(operation)

    async def operation(self, operation: int) -> OperationRecord:
        """One of them, with what became of its events."""
        found = await self._all(SQL.operation, (operation,))
        if not found:
            raise UnknownRecord("no such operation")
        became = dict(await self._all(SQL.became, (operation,)))
        return _record(found[0], became)

    async def operations(self, *, limit: int, cursor: str | None) -> Page:
        """OperationRecords, newest first."""
        found = await self._all(SQL.operations, (_LAST if cursor is None else int(cursor), limit + 1))
        rows = tuple(_record(row) for row in found[:limit])
        return Page(rows, str(rows[-1].id) if len(found) > limit else None)

    async def running(self) -> list[OperationRecord]:
        """Those that go on, oldest first."""
        return [_record(row) for row in await self._all(SQL.running)]

    async def items(self, operation: int) -> list[str]:
        """What was chosen: events' numbers, or the ids of dead letters."""
        record = await self.operation(operation)
        found = await self._all(SQL.items_of, (operation,))
        return [str(row) if record.kind != "discard" else f"{kind}-{row}" for kind, row in found]

    async def turn(self, operation: int, status: OperationStatus, act: Act) -> OperationRecord:
        """Pause it, let it go on, or cancel it."""

        def run(connection: sqlite3.Connection) -> None:
            found = connection.execute(SQL.operation, (operation,)).fetchone()
            if found is None:
                raise UnknownRecord("no such operation")
            present = _record(found).status
            if present in _ENDED or present == status:
                raise ConflictingRequest(f"the operation is {present}")
            connection.execute(SQL.turn, (operation, status, act.at if status in _ENDED else None))
            auditing.note(connection, act)

        await self._write(run)
        return await self.operation(operation)

    async def step(self, operation: OperationRecord, limit: int, now: Micros) -> int:
        """Do the next of it, at most `limit`; how many were looked at. None is left, or it does not run: 0."""
        return await self._write(lambda connection: _step(connection, operation, limit, now))

    async def previewed(
        self, operation: int, done: int, *, effects: dict[str, int] | None, status: OperationStatus, now: Micros
    ) -> None:
        """How far a preview has come, and what it came to."""
        told = None if effects is None else _encode(effects).decode()
        values = (operation, done, told, status, now if status in _ENDED else None)
        await self._write(lambda connection: connection.execute(SQL.previewed, values).rowcount)

    async def order_of_two(self, events: Collection[int]) -> str | None:
        """An order of which two of these events tell; None: there is none."""
        found = await self._all(SQL.orders_twice, (_encode(list(events)).decode(),))
        return found[0][0] if found else None


def _add(connection: sqlite3.Connection, operation: int, start: int, items: Sequence[str]) -> None:
    for place, item in enumerate(items, start + 1):
        events, orders = ids_of([item if "-" in item else f"event-{item}"])
        connection.execute(SQL.add_events, (operation, place, events))
        connection.execute(SQL.add_orders, (operation, place, orders))


def _step(connection: sqlite3.Connection, operation: OperationRecord, limit: int, now: Micros) -> int:
    found = connection.execute(SQL.next_items, (operation.id, limit)).fetchall()
    done = failed = skipped = 0
    why = Reason("discarded", operation.reason or "discarded by an operator")
    for _, kind, row, is_unchanged in found:
        if not is_unchanged:
            skipped += 1
        elif (
            discard(connection, [(kind, row)], why, now)
            if operation.kind == "discard"
            else replay(connection, [row], force=operation.is_forced)
        ):
            done += 1
        else:
            failed += 1
    if found:
        connection.execute(SQL.reach, (operation.id, found[-1][0], done, failed, skipped))
    connection.execute(SQL.end, (operation.id, now))
    return len(found)


def _record(row: Sequence[Any], became: dict[str, int] | None = None) -> OperationRecord:
    id_, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced = row
    return OperationRecord(
        id=id_, kind=kind, of=of, status=status, total=total, done=done, failed=failed, skipped=skipped,
        effects=None if effects is None else _decode_effects(effects), by=by, started_at=started_at,
        ended_at=ended_at, reason=reason, is_forced=bool(is_forced), became=became,
    )  # fmt: skip
