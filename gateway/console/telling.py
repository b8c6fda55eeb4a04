"""How values are told on a page: statuses by tone, moments beside their age, spans, differences."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

Row: TypeAlias = Mapping[str, Any]

_SPANS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_TONES: Final = {
    **dict.fromkeys(("delivered", "active", "alive", "done", "new", "changed"), "good"),
    **dict.fromkeys(("dead", "halted", "failed", "silent", "lost"), "bad"),
    **dict.fromkeys(
        ("pending", "leased", "waiting", "received", "translated", "backing_off", "running", "paused", "asks"), "busy"
    ),
}


def tone(status: str) -> str:
    """What a status says at a glance; any other is at rest."""
    return _TONES.get(status, "rest")


def span(seconds: float) -> str:
    """A span in its greatest unit."""
    size, unit = next(((size, unit) for size, unit in _SPANS if seconds >= size), (1, "s"))
    return f"{int(seconds // size)} {unit}"


def age(text: str, now: datetime) -> str:
    """How long ago, or in how long, a moment is."""
    seconds = (now - datetime.fromisoformat(text)).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds >= 0 else f"in {span(-seconds)}"


def exact(text: str, zone: ZoneInfo) -> str:
    """A moment to the second in a zone, with the zone's own name of that time."""
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def brief(text: str, now: datetime, zone: ZoneInfo) -> str:
    """A moment to the second, without the day where that is today's."""
    at = datetime.fromisoformat(text).astimezone(zone)
    return at.strftime("%H:%M:%S" if at.date() == now.astimezone(zone).date() else "%Y-%m-%d %H:%M:%S")


@cache
def zone_named(name: str | None) -> ZoneInfo | None:
    """A time zone by its name, if it is one."""
    try:
        return ZoneInfo(name) if name and len(name) < 64 else None  # noqa: PLR2004 - no zone's name is as long
    except (ValueError, OSError, KeyError):
        return None


def differences(before: Row | None, after: Row | None) -> Iterator[Row]:
    """What is different between two states of an order; None: none, such as a cancellation."""
    was, is_now = before or {}, after or {}
    for member in dict.fromkeys([*was, *is_now]):
        if was.get(member) != is_now.get(member):
            yield {"member": member, "from": was.get(member), "to": is_now.get(member)}


def counted(count: int, noun: str) -> str:
    """`1 event`, `2,000 events`."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
