"""Trusted time: what the wall clock says, as long as it may be believed; else it counts on from what was believed."""

import time
from typing import Final

from gateway.ground.clock import SECOND, Clock, Micros

STEP: Final = 60 * SECOND
"""A wall clock that is set by more than this, within a run, is distrusted."""

AGREEMENT: Final = 3600 * SECOND
"""For so long it must then go evenly; and for so long after a start nothing is pruned."""

_EVEN: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> Micros:
    """The clock that nobody sets and that counts suspension too."""
    return time.clock_gettime_ns(_EVEN) // 1000


class TrustedClock:
    """Call it for the present. `known` is the highest time that an earlier run trusted."""

    def __init__(self, wall: Clock, known: Micros, even: Clock = since_boot) -> None:
        self._wall = wall
        self._even = even
        self._started_at = self._seen_even = even()
        self._seen_wall = wall()
        self._trusted = max(self._seen_wall, known)
        self._distrusted_since = self._started_at if self._seen_wall < known else None

    def __call__(self) -> Micros:
        """The trusted time, in microseconds since 1970."""
        wall, even = self._wall(), self._even()
        passed = even - self._seen_even
        if abs(wall - self._seen_wall - passed) > STEP:
            self._distrusted_since = even
        self._seen_wall, self._seen_even = wall, even
        if self._distrusted_since is not None and even - self._distrusted_since >= AGREEMENT:
            self._distrusted_since = None
        self._trusted = wall if self._distrusted_since is None else self._trusted + passed
        return self._trusted

    @property
    def may_prune(self) -> bool:
        """Whether what is old may go by this time."""
        self()
        return self._distrusted_since is None and self._seen_even - self._started_at >= AGREEMENT

    def warnings(self) -> list[str]:
        """What a person should know of the wall clock."""
        apart = abs(self() - self._seen_wall) // SECOND
        if self._distrusted_since is None:
            return []
        return [f"the wall clock was set and is not trusted for an hour: it is {apart} s from the time that is"]
