"""Where a queue begins, while a snapshot that somebody holds open keeps all that went out of it.

What has left a queue stays in its index as long as anybody could see it, and each look goes over it. After a look that
took long the next ones begin a little before what that found first. Every few seconds one begins at the very beginning,
and so does one that would find nothing: what was under way, and is put back, stands where it stood.
"""

import time
from typing import Final

QUEUES: Final = {"outbox.due": "orders", "translation.untranslated": "events"}
"""Statements whose last value is where they begin."""

MARGINS: Final = {"orders": 2_000_000, "events": 1000}
"""Of what is sorted by, microseconds and ids: what came a little out of turn is found all the same."""

SLOW_SECONDS: Final = 0.02
AGAIN_SECONDS: Final = 5.0

BEGINNING: Final = -1


class Fronts:
    """What one connection knows of them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[int, float]] = {}

    def of(self, name: str, whose: object) -> int:
        """Where a look at somebody's queue begins."""
        front, until = self._known.get((QUEUES[name], repr(whose)), (BEGINNING, 0.0))
        return front if time.monotonic() < until else BEGINNING

    def found(self, name: str, whose: object, first: int) -> None:
        """A look from the beginning took long, and this is the first that it found."""
        queue = QUEUES[name]
        self._known[queue, repr(whose)] = first - MARGINS[queue], time.monotonic() + AGAIN_SECONDS
