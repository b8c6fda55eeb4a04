"""Whether the other replicas live: seen by one's own monotonic clock, over looks without a gap."""

from collections.abc import Callable, Iterable
from typing import Final

from gateway.ground.processes import has_ended
from gateway.records import Seen

GAP_SECONDS: Final = 2.0
"""Of a longer time without a look nothing is known: then all are watched anew."""


class Watched:
    """What was seen of the others, and since when."""

    def __init__(self, span: float, is_gone: Callable[[str], bool] = has_ended) -> None:
        self._span = span
        self._is_gone = is_gone
        self._since: dict[int, tuple[int, float]] = {}
        self._looked_at = 0.0

    def dead(self, replicas: Iterable[Seen], at: float) -> list[Seen]:
        """Those that gave no sign of life for the whole span, or are processes of this machine that have ended."""
        if at - self._looked_at > GAP_SECONDS:
            self._since.clear()
        self._looked_at = at
        living = [each for each in replicas if not each.is_lost]
        before, self._since = self._since, {}
        for each in living:
            beats, since = before.get(each.number, (None, at))
            self._since[each.number] = (each.beats, since if beats == each.beats else at)
        return [
            each for each in living if at - self._since[each.number][1] >= self._span or self._is_gone(each.process)
        ]
