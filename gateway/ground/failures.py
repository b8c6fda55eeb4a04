"""Failed proofs: a bucket for each source and address, so that guessing is slow. Only failures pay."""

import math
from collections.abc import Callable
from typing import TypeAlias

from gateway.ground.addresses import neighbourhood

BURST = 60
"""Failures at once before the answer becomes 429."""

REFILL_SECONDS = 1.0
"""One more failure is forgiven each such span."""

MOST_BUCKETS = 10_000
"""Beyond them the one that failed longest ago is forgotten: memory is bounded, and a limit is no proof."""


TurnedAway: TypeAlias = Callable[[str, str | None], int | None]
"""Told why, and from which address, a request proved nobody; the seconds to wait where there were too many."""

OnRecord: TypeAlias = Callable[[int, str, str | None], None]
"""Told of a request that was turned away: status, reason, address."""


class FailureLimit:
    """Counts failed proofs. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        # When a bucket will be full again: as much above now as it has paid.
        self._full_at: dict[tuple[str, str], float] = {}

    def retry_after(self, source: str, neighbourhood: str) -> int | None:
        """Count a failure; the seconds to wait where there were too many, else None."""
        now = self._monotonic()
        key = (source, neighbourhood)
        full_at = max(self._full_at.pop(key, now), now) + REFILL_SECONDS
        excess = full_at - now - BURST * REFILL_SECONDS
        if excess > 0:
            full_at -= REFILL_SECONDS
        elif len(self._full_at) >= MOST_BUCKETS:
            del self._full_at[next(iter(self._full_at))]
        # Put back last: the order of the dict is the order of the latest failures.
        self._full_at[key] = full_at
        return max(1, math.ceil(excess)) if excess > 0 else None


def limited(limit: FailureLimit, on_record: OnRecord) -> TurnedAway:
    """Counts failed proofs at the doors that are no source's, and puts each on record with what it is answered."""

    def turned_away(reason: str, address: str | None) -> int | None:
        seconds = limit.retry_after(reason, neighbourhood(address))
        on_record(401 if seconds is None else 429, reason, address)
        return seconds

    return turned_away
