"""The hours of a week in a zone, through changes of the clock."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from gateway.ground.clock import SECOND, Micros

HOUR: Final[Micros] = 3600 * SECOND
HOURS: Final = 168

_DAY: Final = 24
_THURSDAY: Final = 3
"""The weekday on which Unix time began."""


def hour_of(at: Micros, zone: ZoneInfo) -> int:
    """The hour of the week in which a moment lies there: 0 is Monday's first."""
    days, hour = divmod((at + _offset(zone, at // HOUR)) // HOUR, _DAY)
    return (days + _THURSDAY) % 7 * _DAY + hour


def pieces(start: Micros, end: Micros, zone: ZoneInfo) -> Iterator[tuple[int, Micros]]:
    """The hours of the week that a span goes through, and how much of it lies in each."""
    while start < end:
        offset = _offset(zone, start // HOUR)
        # Clocks change at full hours of UTC; in some zones an hour begins beside one.
        edge = min((start // HOUR + 1) * HOUR, ((start + offset) // HOUR + 1) * HOUR - offset, end)
        yield hour_of(start, zone), edge - start
        start = edge


@lru_cache(maxsize=4096)
def _offset(zone: ZoneInfo, utc_hour: int) -> Micros:
    offset = datetime.fromtimestamp(utc_hour * 3600, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND
