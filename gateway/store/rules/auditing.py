"""Who did what: a row an act, in the transaction of its effect."""

from gateway.records import Act, AuditFilter, AuditRecord, Page
from gateway.store.rules.selection import parse_cursor
from gateway.store.rules.transactions import Condition, Room, Transaction, reads, writes


def note(transaction: Transaction, act: Act | None, count: int | None = None) -> int | None:
    """Write an act down, inside its effect's transaction; its row. None: no person's doing."""
    if act is None:
        return None
    values = (act.at, act.by, act.act, act.what, count, act.reason)
    return int(transaction.execute("auditing.note", values).fetchone()[0])


class Steps:
    """An act in several transactions: the first writes it down, each counts what it did."""

    def __init__(self, act: Act | None) -> None:
        self._act = act
        self._row: int | None = None

    def count(self, transaction: Transaction, done: int) -> int:
        """Count what this transaction did, and give it back."""
        if self._row is not None:
            transaction.execute("auditing.count_more", (done, self._row))
        else:
            self._row = note(transaction, self._act, done)
        return done


class AuditTrail(Room):
    """The audit's port."""

    @writes
    def note(self, transaction: Transaction, act: Act) -> None:
        """Write down an act whose effect is not in the store."""
        note(transaction, act)

    @reads
    def acts(self, transaction: Transaction, which: AuditFilter, *, limit: int, cursor: str | None) -> Page:
        """AuditRecords, newest first."""
        asked = {"by": which.by, "act": which.act, "since": which.since, "until": which.until}
        conditions: list[Condition] = [
            (f"selection.act_{test}", (value,)) for test, value in asked.items() if value is not None
        ]
        if cursor is not None:
            conditions.append(("selection.act_before", parse_cursor(cursor, 1)))
        rows = [AuditRecord(*row) for row in transaction.select("auditing.acts", conditions, (limit + 1,))]
        return Page(tuple(rows[:limit]), str(rows[limit - 1].id) if len(rows) > limit else None)
