"""Vendors' times, read leniently: ISO 8601 with any number of fractional digits, with `Z`, an offset or neither.

Digits beyond the microsecond are cut off, never rounded up: 23:59:59.9999999 is still today. A naive time is local to
the zone that the caller names; where the clocks go forward, a time in the gap is read by the offset before it. Where
they go back, of a time that comes twice the reading counts that the receipt makes likely; without a receipt, its first.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from adapters.errors import MalformedPayload

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""A vendor's way of saying that nothing is set are years before and after these."""

_FIRST, _LAST = str(FIRST_YEAR), str(LAST_YEAR)
"""As they stand in a time that could be read."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT = re.compile(r"[Tt ]24:?00(?::?00)?(?:[.,]0+)?(?![0-9:.,])")
_ONE_DAY = timedelta(days=1)
_AHEAD = timedelta(minutes=5)
"""A vendor's clock may be so far ahead of ours."""

_LONGEST_TIME = 64
_DAY_LENGTH = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def fault_of_zone(name: str) -> str | None:
    """What is wrong with the name of a time zone, or None."""
    try:
        _zone(name)
    except (KeyError, ValueError, OSError):
        return f"{name!r} is not a time zone such as Europe/London"
    return None


def _read(text: str) -> datetime | None:
    # The dashes keep out ISO's week dates and bare digits, which no vendor means.
    if len(text) > _LONGEST_TIME or text[4:8:3] != "--":
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return _end_of_day(text)


def _end_of_day(text: str) -> datetime | None:
    """ISO 8601 writes the end of a day so, too: 24:00."""
    if not _MIDNIGHT.match(text, _DAY_LENGTH):
        return None
    try:
        return datetime.fromisoformat(f"{text[:_DAY_LENGTH]}T00{text[_DAY_LENGTH + 3 :].upper()}") + _ONE_DAY
    except (ValueError, OverflowError):
        return None


def moment(text: str | None, zone: str = "UTC", received_at: datetime | None = None) -> datetime | None:
    """The instant that a vendor's date-time names, aware and in UTC, a naive one being local to `zone`.

    A naive one that comes twice is read by the time of receipt, where that is given: `Hook.received_at`.

    None where the text is absent, empty, no date-time, or a year that means none: a time of change that cannot be read
    must not cost the order, and the time of receipt takes its place.
    """
    if not text or (read := _read(stripped := text.strip())) is None or not _FIRST <= stripped[:4] <= _LAST:
        return None
    if read.tzinfo is UTC:
        return read
    try:
        return _likely(read, _zone(zone), received_at) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError:
        return None


def _likely(naive: datetime, zone: ZoneInfo, received_at: datetime | None) -> datetime:
    first = naive.replace(tzinfo=zone).astimezone(UTC)
    second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    # In a gap the second reading is the earlier one.
    if second <= first or received_at is None or second > received_at + _AHEAD:
        return first
    if received_at <= second + (second - first):
        return second
    # Received long after both: nothing tells which. All such times become one, so that the order of receipt decides.
    return _end_of_repetition(first, second, zone)


def _end_of_repetition(first: datetime, second: datetime, zone: ZoneInfo) -> datetime:
    """The last microsecond of the hour that comes twice, in its second pass."""
    before, after, repeated = first, second, second - first
    offset = before.astimezone(zone).utcoffset()
    while after - before > _MICROSECOND:
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after + repeated - _MICROSECOND


def microseconds(at: datetime | None) -> int:
    """Microseconds since 1970 of an aware instant, 0 for None: a tie-breaker between equal clocks."""
    if at is None:
        return 0
    since = at - _EPOCH
    # A fifth of what it costs to divide one span by another.
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def day(text: str | None, zone: str | None = None, path: str | None = None) -> str | None:
    """The calendar day, as YYYY-MM-DD, that a vendor's date or date-time means.

    A date stands as it is. A date-time with an offset means the day that it is in `zone` at that instant; without a
    zone, the day as written. A naive one means the day as written. Absent, empty or a year that means none is None. A
    day that no calendar has stands as it is too, so that the order's own check refuses it.

    Raises:
        MalformedPayload: neither a date nor a date-time.
    """
    if not text:
        return None
    stripped = text.strip()
    if (read := _read(stripped)) is None:
        return _unread_day(stripped, path)
    if not _FIRST <= stripped[:4] <= _LAST:
        return None
    if zone is None or read.tzinfo is None:
        return stripped[:_DAY_LENGTH]
    try:
        return read.astimezone(_zone(zone)).date().isoformat()
    except OverflowError:
        raise MalformedPayload("a date outside the years 1 to 9999", path=path) from None


def _unread_day(stripped: str, path: str | None) -> str | None:
    """The day of what is no date-time."""
    if not stripped or _means_none(stripped):
        return None
    written = stripped[:_DAY_LENGTH]
    if _DAY.match(stripped) and (len(stripped) == _DAY_LENGTH or not _is_calendar_day(written)):
        return written
    raise MalformedPayload("neither a date nor a date-time", path=path)


def is_set(text: str | None) -> bool:
    """Whether a vendor's date is there, and not one that means none."""
    stripped = (text or "").strip()
    return bool(stripped) and not _means_none(stripped)


def _means_none(text: str) -> bool:
    """Years before 1970 and after 2199, such as 0001-01-01, 1900-01-01 and 9999-12-31: nothing was set."""
    year = text[:4]
    return year.isdecimal() and text[4:5] == "-" and not FIRST_YEAR <= int(year) <= LAST_YEAR


def _is_calendar_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True
