"""Finding the culprits of a refused batch, as a pure search that is told what each request's answer was.

At most min(2·k·⌈log2 n⌉ + 2, 2n) requests for k culprits in n, the first one included; each wrong hint may add one.
Why: a refused group of m costs, without hints, its halves and what they cost in turn: at most 2·k·⌈log2 m⌉.
Hinted orders go alone first. If one of them was refused, the rest may be clean and is sent whole; if none was, the rest
is known to hold a culprit and is halved without asking.
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T", bound=Hashable)

# Refused alone in a row, after which the largest waiting group goes first: an acceptance in between shows that the
# intake does not refuse everything.
_CAUTION: Final = 10


class _Hinted(Generic[T]):
    """A refused group of which some were named: those not answered yet, and the rest that waits for their answers."""

    def __init__(self, named: Collection[T], rest: tuple[T, ...]) -> None:
        self.unanswered = set(named)
        self.rest = rest
        self.was_right = False


class Search(Generic[T]):
    """The groups of one batch still to be sent. Call `next`, send it, then say `accepted` or `refused`."""

    def __init__(self, items: Sequence[T]) -> None:
        self._waiting: list[tuple[T, ...]] = [tuple(items)] if items else []
        self._current: tuple[T, ...] = ()
        self._hinted: dict[T, _Hinted[T]] = {}
        self._refused_in_a_row = 0

    def next(self) -> tuple[T, ...] | None:
        """The group to send now; None: every item was accepted, or refused alone."""
        at = -1
        if self._refused_in_a_row >= _CAUTION:
            for hinted in self._hinted.values():
                if hinted.was_right:
                    self._release(hinted)
            at = max(range(len(self._waiting)), key=lambda position: len(self._waiting[position]), default=-1)
        if not self._waiting:
            return None
        self._current = self._waiting.pop(at)
        return self._current

    def accepted(self) -> None:
        """The group last given was accepted."""
        self._refused_in_a_row = 0
        if len(self._current) == 1:
            self._answer(self._current[0], was_refused=False)

    def refused(self, named: Collection[T] = ()) -> None:
        """The group last given was refused; `named` are those of it that the answer names."""
        group = self._current
        if len(group) == 1:
            self._refused_in_a_row += 1
            self._answer(group[0], was_refused=True)
            return
        first = [item for item in group if item in named]
        if not first:
            self._halve(group)
            return
        hinted = _Hinted(first, tuple(item for item in group if item not in named))
        self._hinted.update(dict.fromkeys(first, hinted))
        self._waiting.extend((item,) for item in reversed(first))

    def _answer(self, item: T, *, was_refused: bool) -> None:
        hinted = self._hinted.pop(item, None)
        if hinted is None:
            return
        hinted.unanswered.discard(item)
        hinted.was_right = hinted.was_right or was_refused
        if not hinted.unanswered:
            self._release(hinted)

    def _release(self, hinted: _Hinted[T]) -> None:
        rest, hinted.rest = hinted.rest, ()
        if not rest:
            return
        if hinted.was_right or len(rest) == 1:
            self._waiting.append(rest)
        else:
            self._halve(rest)

    def _halve(self, group: tuple[T, ...]) -> None:
        middle = (len(group) + 1) // 2
        self._waiting.append(group[middle:])
        self._waiting.append(group[:middle])
