"""What the rim counts: kept as plain numbers on the way, handed over in groups."""

from collections.abc import Callable, Sequence
from typing import Protocol

GROUP = 1024


class Figures(Protocol):
    """Where the rim's figures go; `None` for a source stands for one that is not configured."""

    def received(self, source: str, count: int) -> None:
        """Requests stored as new events."""
        ...

    def duplicates(self, source: str, count: int) -> None:
        """Requests whose event was stored before."""
        ...

    def conflicts(self, source: str, count: int) -> None:
        """Requests with a known event key and another body."""
        ...

    def dead_event(self, source: str, code: str, count: int) -> None:
        """Events stored as dead letters."""
        ...

    def refused(self, source: str | None, reason: str, count: int) -> None:
        """Requests turned away; `reason` is one of `refusals.REASONS`."""
        ...

    def handshakes(self, source: str, count: int) -> None:
        """Pings that were answered, nothing stored."""
        ...

    def acknowledged(self, seconds: Sequence[float]) -> None:
        """How long requests waited for their 200."""
        ...


class Tally:
    """The figures since they were last handed over."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._kinds: dict[tuple[str, str], int] = {}
        self._seconds: list[float] = []

    def acknowledged(self, source: str, kind: str, seconds: float) -> None:
        """Count a stored or known event."""
        key = (source, kind)
        self._kinds[key] = self._kinds.get(key, 0) + 1
        self._seconds.append(seconds)
        if len(self._seconds) >= GROUP:
            self.hand_over()

    def hand_over(self) -> None:
        """Tell the figures what was counted since the last time."""
        kinds, seconds = self._kinds, self._seconds
        self._kinds, self._seconds = {}, []
        tell: dict[str, Callable[[str, int], None]] = {
            "stored": self._figures.received,
            "replaced": self._figures.received,
            "duplicate": self._figures.duplicates,
            "conflict": self._figures.conflicts,
        }
        for (source, kind), count in kinds.items():
            tell[kind](source, count)
        if seconds:
            self._figures.acknowledged(seconds)
