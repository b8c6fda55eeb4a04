"""The one clock and its spans. A moment: microseconds since 1970 in UTC. A span: microseconds."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

Micros: TypeAlias = int
"""A moment, or a span."""

Clock: TypeAlias = Callable[[], Micros]
"""Tells the present, as an argument."""

SECOND: Final[Micros] = 1_000_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def now() -> Micros:
    """The machine's wall clock."""
    return time.time_ns() // 1000


def monotonic() -> Micros:
    """The clock that nobody sets, for ages within a run: it counts from anywhere."""
    return time.monotonic_ns() // 1000


def micros(seconds: float) -> Micros:
    """So many seconds as a span."""
    return round(seconds * SECOND)


def seconds(span: Micros) -> float:
    """A span in seconds."""
    return span / SECOND


def spoken(seconds: float) -> str:
    """So many seconds as a person says it, in one unit: 90 s are 90 s, 5,400 are 90 min."""
    size, unit = next((each for each in _UNITS if seconds >= 2 * each[0]), _UNITS[-1])
    return f"{seconds / size:.0f} {unit}"


def moment(at: Micros) -> datetime:
    """A moment as an aware time in UTC."""
    return _EPOCH + at * _MICROSECOND


def micros_at(at: datetime) -> Micros:
    """An aware time as a moment."""
    return (at - _EPOCH) // _MICROSECOND
