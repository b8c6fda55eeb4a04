"""Attempts in their orders' stories: the first few each, then equal ones in a row as one; never more than fifty."""

from collections.abc import Collection
from typing import Final

from gateway.orders import Attempt
from gateway.store.rules.transactions import Transaction

SINGLY: Final = 10
"""So many attempts of an order stand each for itself, however alike."""

MOST: Final = 50
"""So many an order's story has while it fails; the oldest go."""


def record(transaction: Transaction, tenant: str, attempt: Attempt, orders: Collection[int]) -> None:
    """Add an attempt to the stories of these orders; one that failed as the one before did is counted in that."""
    has_failed, rows = attempt.outcome != "delivered", sorted(orders)
    like = (attempt.kind, attempt.http_status, attempt.outcome, attempt.detail, attempt.batch_size)
    if has_failed:
        again = (rows, len(rows), SINGLY, *like, attempt.at, attempt.milliseconds)
        if transaction.changed("attempts.again", again):
            return
    (id_,) = transaction.execute("attempts.insert", (tenant, attempt.at, *like, attempt.milliseconds)).fetchone()
    transaction.many("attempts.insert_orders", [(order, id_) for order in rows])
    if has_failed:
        transaction.execute("attempts.forget", (rows, MOST))
