"""How much happened in each of the last hours, counted in memory since the start."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway.ground.clock import SECOND, Clock, Micros

HOUR: Final[Micros] = 3600 * SECOND
KEPT: Final = 30 * 24
"""Hours that are remembered."""


class Hour(NamedTuple):
    """What happened in the hour that began then."""

    at: Micros
    received: int
    delivered: int


class Hours:
    """Counts by the hour; what is older than thirty days is forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.since = clock()
        self._counts: dict[Micros, list[int]] = {}

    def received(self, count: int) -> None:
        """So many events were stored."""
        self._now()[0] += count

    def delivered(self, count: int) -> None:
        """So many orders were delivered."""
        self._now()[1] += count

    def last(self, hours: int) -> Sequence[Hour]:
        """The last hours, the present one last, empty ones too."""
        now = self._clock() // HOUR * HOUR
        begins = range(now - (hours - 1) * HOUR, now + HOUR, HOUR)
        return [Hour(at, *self._counts.get(at, (0, 0))) for at in begins]

    def _now(self) -> list[int]:
        hour = self._clock() // HOUR * HOUR
        if hour not in self._counts and len(self._counts) >= KEPT:
            del self._counts[min(self._counts)]
        return self._counts.setdefault(hour, [0, 0])
