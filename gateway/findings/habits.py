"""What is found of a source: what its orders have in common that one order does not show."""

from collections.abc import Iterable
from typing import Final

ENOUGH: Final = 30
"""Orders with a planned day from which on a habit is one."""

ALMOST_ALL: Final = 0.95


def plans_the_receipt_day(days: Iterable[tuple[str, str]]) -> bool:
    """Whether a source plans its orders for the day on which they come (planned, received): it tells no day at all."""
    pairs = list(days)
    return len(pairs) >= ENOUGH and sum(planned == received for planned, received in pairs) >= ALMOST_ALL * len(pairs)
