"""What is learned of sources."""

from collections.abc import Sequence

from gateway.records import LearnedRow
from gateway.store.rules.transactions import Room, Transaction, reads, settles


class LearnedLedger(Room):
    """A row for each thing that is learned of a source."""

    @reads
    def learned(self, transaction: Transaction) -> list[LearnedRow]:
        """All of it."""
        return [LearnedRow(*row) for row in transaction.execute("learned.learned").fetchall()]

    @settles
    def save_learned(self, transaction: Transaction, rows: Sequence[LearnedRow]) -> None:
        """Remember these instead of what was remembered of the same."""
        transaction.each("learned.save", [(row.source, row.kind, row.at, row.body) for row in rows])
