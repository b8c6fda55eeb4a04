"""A day's orders in key pages: orders by their first receipt, then what no order came of, then what never came."""

from collections.abc import Sequence
from typing import Any, Final

from gateway.records import Asking, DayKind, DayPage, DayRow, DaySpan
from gateway.store.rules import reasons
from gateway.store.rules.selection import parse_cursor
from gateway.store.rules.transactions import Room, Transaction, reads

_PHASES: Final[tuple[tuple[str, DayKind], ...]] = (
    ("days.orders", "order"), ("days.events", "event"), ("days.arrivals", "event"), ("days.listed", "listed"),
)  # fmt: skip


class DayLedger(Room):
    """What a day was, from what is stored."""

    @reads
    def page(self, transaction: Transaction, span: DaySpan, *, limit: int, cursor: str | None) -> DayPage:
        """Rows of the span, each phase in the order of its time."""
        phase, *after = (0, span.since, 0, 0) if cursor is None else parse_cursor(cursor, 4)
        rows: list[DayRow] = []
        for number, (statement, kind) in enumerate(_PHASES[phase:], start=phase):
            wanted = limit - len(rows)
            found = transaction.execute(statement, (*after, span.until, span.source, wanted + 1)).fetchall()
            rows += [_row(kind, row) for row in found[:wanted]]
            if len(found) > wanted:
                last = found[wanted - 1][:3] if wanted else after
                return DayPage(tuple(rows), ".".join(map(str, (number, *last))))
            after = [span.since, 0, 0]
        return DayPage(tuple(rows), None)

    @reads
    def askings(self, transaction: Transaction) -> list[Asking]:
        """When each vendor's list was last read, and which changes it told of."""
        return [Asking(*row) for row in transaction.execute("days.askings").fetchall()]


def _row(kind: DayKind, row: Sequence[Any]) -> DayRow:
    _, id_, _, source, tenant, order, owner, event, received_at, is_recovered, status, *rest = row
    code, detail, path, listed_at, asked_at, is_behind, is_overtaken, order_id, delivered_at, clock, *ends = rest
    is_cancelled, unconfirmed = ends
    return DayRow(
        kind=kind, id=id_, source=source, tenant=tenant, external_order_id=order, owner=owner, event=event,
        received_at=received_at, is_recovered=bool(is_recovered), status=status,
        reason=reasons.of(code, detail, path), listed_at=listed_at, asked_at=asked_at,
        is_behind=bool(is_behind), is_overtaken=bool(is_overtaken), order_id=order_id, delivered_at=delivered_at,
        clock=clock, is_cancelled=bool(is_cancelled), unconfirmed=unconfirmed,
    )  # fmt: skip
