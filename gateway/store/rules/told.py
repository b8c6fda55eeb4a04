"""Whom the gateway has told of which condition."""

from collections.abc import Collection

from gateway.records import Told
from gateway.store.rules.transactions import Room, Transaction, reads, writes


class ToldLedger(Room):
    """One row for each condition that somebody knows of."""

    @reads
    def told(self, transaction: Transaction) -> list[Told]:
        """All that somebody was told the beginning of, and not yet the end."""
        return [Told(*row) for row in transaction.execute("told.told").fetchall()]

    @writes
    def remember(self, transaction: Transaction, begun: Collection[Told], ended: Collection[Told]) -> None:
        """Somebody was told of these beginnings and these ends."""
        transaction.each("told.begin", [(each.whom, each.event, each.subject, each.began_at) for each in begun])
        transaction.each("told.end", [(each.whom, each.event, each.subject) for each in ended])
