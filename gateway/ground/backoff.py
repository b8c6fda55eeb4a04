"""How long to wait before the next try: by a schedule of ours, or as long as a `Retry-After` asks for."""

import re
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from gateway.ground.clock import SECOND, Micros, micros

Random: TypeAlias = Callable[[], float]
"""A number from 0 up to 1, as an argument."""

LONGEST_RETRY_AFTER: Final[Micros] = 3600 * SECOND
"""A longer `Retry-After` is taken for this."""

# 2**40 times any base is beyond any maximum; the exponent must not overflow after days of failures.
_LAST_DOUBLING: Final = 40

_SECONDS: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)


def doubled(base: float, longest: float, times: int) -> float:
    """The base doubled so many times, never more than the longest; in whatever unit both are."""
    return min(longest, base * 2.0 ** min(times, _LAST_DOUBLING))


def delay(base: float, longest: float, failures: int, random: Random) -> Micros:
    """The wait after so many running failures (at least one): between half of the doubled base and all of it.

    `base` and `longest` are seconds.
    """
    return micros(doubled(base, longest, failures - 1) * (0.5 + random() / 2))


def read_retry_after(text: str | None, now: Micros) -> Micros | None:
    """The wait that a `Retry-After` asks for, from nought to an hour; None where there is none that can be read.

    Seconds, fractions and exponents too, of several (a proxy's own beside the answer's) the longest; or a date, of
    several the first. A date that no calendar has is not to be read.
    """
    if text is None:
        return None
    several = [each.strip() for each in text.split(",")]
    if all(map(_SECONDS.fullmatch, several)):
        seconds = max(map(float, several))
    else:
        try:
            moment = parsedate_to_datetime(text)
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now / SECOND
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return micros(min(max(seconds, 0.0), LONGEST_RETRY_AFTER / SECOND))
