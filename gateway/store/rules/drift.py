"""What the drift radar remembers."""

from collections.abc import Sequence

from gateway.records import DriftRow
from gateway.store.rules.transactions import Room, Transaction, reads, settles


class DriftLedger(Room):
    """One row for each thing that was seen."""

    @reads
    def drift(self, transaction: Transaction) -> list[DriftRow]:
        """All that was seen."""
        rows = []
        for row in transaction.execute("drift.drift").fetchall():
            source, kind, path, value, count, first_at, last_at, example, event_id, is_first = row
            seen = DriftRow(
                source=source, kind=kind, path=path, value=value, count=count, first_at=first_at, last_at=last_at,
                example=example, event_id=event_id, is_first=bool(is_first),
            )  # fmt: skip
            rows.append(seen)
        return rows

    @settles
    def save_drift(self, transaction: Transaction, rows: Sequence[DriftRow]) -> None:
        """Count these besides what is remembered; the codes of what is `wide` are forgotten."""
        values = [
            (row.source, row.kind, row.path, row.value, row.count, row.first_at, row.last_at, row.example, row.event_id,
             row.is_first)
            for row in rows
        ]  # fmt: skip
        transaction.each("drift.save", values)
        transaction.each("drift.forget_codes", [(row.source, row.path) for row in rows if row.kind == "wide"])
