"""How long to wait before the next try: exponential, with jitter, never longer than the configured maximum."""

from collections.abc import Callable
from typing import Final, TypeAlias

from gateway.config.model import Backoff
from gateway.ground.clock import Micros, micros

Random: TypeAlias = Callable[[], float]
"""A number from 0 up to 1, as an argument."""

# 2**40 times any base is beyond any maximum; the exponent must not overflow after days of failures.
_LAST_DOUBLING: Final = 40


def delay(backoff: Backoff, failures: int, random: Random) -> Micros:
    """The wait after so many running failures (at least one): between half of the doubled base and all of it."""
    longest = min(backoff.max, backoff.base * 2.0 ** min(failures - 1, _LAST_DOUBLING))
    return micros(longest * (0.5 + random() / 2))
