"""Operations on many: the set is fixed when one is made, each step is a transaction with its own counts."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import Micros
from gateway.records import Act, Effect, NewOperation, OperationRecord, OperationStatus, Page
from gateway.store.rules import auditing
from gateway.store.rules.acts import discard, ids_of, replay
from gateway.store.rules.endings import by_hand
from gateway.store.rules.selection import parse_cursor
from gateway.store.rules.transactions import Engine, Room, Transaction, reads, writes

ITEMS: Final = 2_000
"""Written in one transaction."""

_ENDED: Final = frozenset({"done", "cancelled", "failed"})
_LAST: Final = 2**63 - 1
_encode = msgspec.json.Encoder().encode
_decode_effects = msgspec.json.Decoder(dict[Effect | str, int]).decode


class Bulk(Room):
    """The port of operations on many."""

    async def make(self, wanted: NewOperation, act: Act) -> OperationRecord:
        """Fix the set of events, or of dead letters, and begin."""
        operation = await prepare(self._engine, wanted, act)
        return await self._engine.write(lambda transaction: begin(transaction, operation, act))

    @reads
    def operation(self, transaction: Transaction, operation: int) -> OperationRecord:
        """One of them, with what became of its events."""
        return _told(transaction, operation)

    @reads
    def operations(self, transaction: Transaction, *, limit: int, cursor: str | None) -> Page:
        """OperationRecords, newest first."""
        (before,) = (_LAST,) if cursor is None else parse_cursor(cursor, 1)
        found = transaction.execute("bulk.operations", (before, limit + 1)).fetchall()
        rows = tuple(_record(row) for row in found[:limit])
        return Page(rows, str(rows[-1].id) if len(found) > limit else None)

    @reads
    def running(self, transaction: Transaction) -> list[OperationRecord]:
        """Those that go on, oldest first."""
        return [_record(row) for row in transaction.execute("bulk.running").fetchall()]

    @reads
    def items(self, transaction: Transaction, operation: int) -> list[str]:
        """The numbers of the events that a preview is of."""
        kind = _told(transaction, operation).kind
        if kind != "preview":
            raise ConflictingRequest(f"operation {operation} is no preview, but of the kind {kind}")
        return [str(event) for _, event in transaction.execute("bulk.items_of", (operation,)).fetchall()]

    @writes
    def turn(self, transaction: Transaction, operation: int, status: OperationStatus, act: Act) -> OperationRecord:
        """Pause it, let it go on, or cancel it."""
        present = _told(transaction, operation).status
        if present in _ENDED or present == status:
            raise ConflictingRequest(f"the operation is {present}")
        transaction.execute("bulk.turn", (operation, status, act.at if status in _ENDED else None))
        auditing.note(transaction, act)
        return _told(transaction, operation)

    @writes
    def step(self, transaction: Transaction, operation: OperationRecord, limit: int, now: Micros) -> int:
        """Do the next of it, at most `limit`; how many were looked at. None is left, or it does not run: 0."""
        return _step(transaction, operation, limit, now)

    @writes
    def previewed(
        self,
        transaction: Transaction,
        operation: int,
        done: int,
        *,
        effects: dict[str, int] | None,
        status: OperationStatus,
        now: Micros,
    ) -> None:
        """How far a preview has come, and what it came to."""
        told = None if effects is None else _encode(effects).decode()
        transaction.execute("bulk.previewed", (operation, done, told, status, now if status in _ENDED else None))

    @reads
    def order_of_two(self, transaction: Transaction, events: Collection[int]) -> str | None:
        """An order of which two of these events tell; None: there is none."""
        found = transaction.execute("bulk.orders_twice", (list(events),)).fetchone()
        return found[0] if found else None


async def prepare(engine: Engine, wanted: NewOperation, act: Act) -> int:
    """Fix what was chosen, in parts; until it begins it is not there, and retention takes it."""
    operation = await engine.write(lambda transaction: _make(transaction, wanted, act))
    for start in range(0, len(wanted.items), ITEMS):

        def run(transaction: Transaction, start: int = start) -> None:
            add(transaction, operation, start, wanted.items[start : start + ITEMS])

        await engine.write(run)
    return operation


def begin(transaction: Transaction, operation: int, act: Act) -> OperationRecord:
    """Let it begin, inside a transaction; one that chose nothing is done."""
    transaction.execute("bulk.begin", (operation,))
    transaction.execute("bulk.end", (operation, act.at))
    told = _told(transaction, operation)
    auditing.note(transaction, msgspec.structs.replace(act, what=f"operation {operation}: {act.what}"), told.total)
    return told


def _make(transaction: Transaction, wanted: NewOperation, act: Act) -> int:
    values = (wanted.kind, wanted.of, int(wanted.is_forced), act.reason, act.by, act.at)
    return int(transaction.execute("bulk.make", values).fetchone()[0])


def _told(transaction: Transaction, operation: int) -> OperationRecord:
    found = transaction.execute("bulk.operation", (operation,)).fetchone()
    if found is None:
        raise UnknownRecord("no such operation")
    return _record(found, dict(transaction.execute("bulk.became", (operation,)).fetchall()))


def add(transaction: Transaction, operation: int, start: int, items: Sequence[str]) -> None:
    """Add what was chosen, from a place on, inside a transaction."""
    for place, item in enumerate(items, start + 1):
        events, orders = ids_of([item if "-" in item else f"event-{item}"])
        transaction.execute("bulk.add_events", (operation, place, events))
        transaction.execute("bulk.add_orders", (operation, place, orders))


def _step(transaction: Transaction, operation: OperationRecord, limit: int, now: Micros) -> int:
    found = transaction.execute("bulk.next_items", (operation.id, limit)).fetchall()
    done = failed = skipped = 0
    why = by_hand(operation.reason)

    def do(kind: str, row: int) -> int:
        if operation.kind == "promote":
            return transaction.changed("shadows.reopen", (row,))
        if operation.kind == "discard":
            return discard(transaction, [(kind, row)], why, now)
        return replay(transaction, [row], force=operation.is_forced)

    for _, kind, row, is_unchanged in found:
        if not is_unchanged:
            skipped += 1
        elif do(kind, row):
            done += 1
        else:
            failed += 1
    if found:
        transaction.execute("bulk.reach", (operation.id, found[-1][0], done, failed, skipped))
    transaction.execute("bulk.end", (operation.id, now))
    return len(found)


def _record(row: Sequence[Any], became: dict[str, int] | None = None) -> OperationRecord:
    id_, kind, of, status, total, done, failed, skipped, effects, by, started_at, ended_at, reason, is_forced = row
    return OperationRecord(
        id=id_, kind=kind, of=of, status=status, total=total, done=done, failed=failed, skipped=skipped,
        effects=None if effects is None else _decode_effects(effects), by=by, started_at=started_at,
        ended_at=ended_at, reason=reason, is_forced=bool(is_forced), became=became,
    )  # fmt: skip
