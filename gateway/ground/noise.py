"""One source's noise in the log has a bound: so many lines of one kind a minute, and then how many were left out."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

SPAN_SECONDS: Final = 60.0
MOST_KINDS: Final = 10_000
"""Beyond them the oldest is forgotten: names may come from strangers, and memory is bounded."""


class Kind(NamedTuple):
    """Lines that repeat each other: of one room, level and message, and of one source or tenant where they name any."""

    room: str
    level: str
    message: str
    source: str
    tenant: str


class _Minute:
    def __init__(self, until: float) -> None:
        self.until = until
        self.written = 0
        self.left_out = 0


class NoiseLimit:
    """Says which lines are written.

    Attributes:
        most: lines of one kind in a minute.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._minutes: dict[Kind, _Minute] = {}

    def admitted(self, at: float, line: Mapping[str, Any], count: int) -> int:
        """How many of so many lines of a kind are written; those that are not are counted."""
        kind = Kind(*(str(line.get(name, "")) for name in Kind._fields))
        minute = self._minutes.get(kind)
        if minute is None:
            if len(self._minutes) >= MOST_KINDS:
                del self._minutes[next(iter(self._minutes))]
            minute = self._minutes[kind] = _Minute(at + SPAN_SECONDS)
        written = max(0, min(count, self.most - minute.written))
        minute.written += written
        minute.left_out += count - written
        return written

    def ended(self, at: float) -> list[dict[str, Any]]:
        """A record for each minute that has ended and left lines out; forgets all that have ended."""
        over = [kind for kind, minute in self._minutes.items() if at >= minute.until]
        told = {kind: self._minutes.pop(kind).left_out for kind in over}
        return [_summary(kind, count) for kind, count in told.items() if count]


def _summary(kind: Kind, count: int) -> dict[str, Any]:
    about = {name: value for name, value in (("source", kind.source), ("tenant", kind.tenant)) if value}
    what = {"level": "warning", "room": "logs", "event": "log lines left out", "of": f"{kind.room}: {kind.message}"}
    return {**what, **about, "count": count}
