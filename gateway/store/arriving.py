"""Arrivals that wait for one commit together, whichever engine makes it, and what each of them is told."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Receipt
from gateway.store.ports import CommitObserver, Outcome

Stored: TypeAlias = list[Outcome]
"""What became of each of some arrivals."""

TellAll: TypeAlias = Callable[[Stored], None]

MAX_GROUP: Final = 512


class Arriving:
    """Batches in the order in which they came, stored in the engine's thread.

    `on_commit` is told of each group, `on_stored` that something waits for translation that is no new event of its own
    request, of which its receipt tells; both in the thread in which the batches are answered.
    """

    def __init__(self, store: Callable[[list[Arrival]], Sequence[Receipt]]) -> None:
        self.on_commit: CommitObserver | None = None
        self.on_stored: Callable[[], None] | None = None
        self._store = store
        self._batches: deque[tuple[Sequence[Arrival], TellAll]] = deque()

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, arrivals: Sequence[Arrival], tell: TellAll) -> None:
        """Store these with the next group."""
        self._batches.append((arrivals, tell))

    def commit(self) -> Callable[[], None]:
        """Store the next group; what tells of it."""
        started = time.perf_counter()
        group = [self._batches.popleft()]
        size = len(group[0][0])
        while self._batches and size + len(self._batches[0][0]) <= MAX_GROUP:
            group.append(self._batches.popleft())
            size += len(group[-1][0])
        stored = self._stored([arrival for arrivals, _ in group for arrival in arrivals])
        return partial(self._tell, group, stored, time.perf_counter() - started)

    def refuse(self, why: StoreUnavailable) -> Callable[[], None]:
        """Store nothing of all that waits; what tells of it."""
        refused = [self._batches.popleft() for _ in range(len(self._batches))]
        return partial(self._answer, refused, [why] * sum(len(arrivals) for arrivals, _ in refused))

    def say_stored(self) -> None:
        """Say that something waits for translation."""
        if self.on_stored is not None:
            self.on_stored()

    def _stored(self, arrivals: list[Arrival]) -> Stored:
        try:
            return list(self._store(arrivals))
        except StoreUnavailable as error:
            return [error] * len(arrivals)
        except Exception as error:  # noqa: BLE001 - whatever it was, every waiting request must get its answer
            if len(arrivals) > 1:
                # One event that cannot be stored must not take its neighbours with it.
                return [outcome for each in arrivals for outcome in self._stored([each])]
            return [StoreUnavailable(f"the store cannot hold this event: {type(error).__name__}")]

    def _tell(self, group: Sequence[tuple[Sequence[Arrival], TellAll]], stored: Stored, seconds: float) -> None:
        self._answer(group, stored)
        receipts = [each for each in stored if type(each) is Receipt]
        if not all([each.tells_all for each in receipts]):  # noqa: C419 - half the cost
            self.say_stored()
        if receipts and self.on_commit is not None:
            self.on_commit(sum([1 + len(each.others) for each in receipts]), seconds)

    @staticmethod
    def _answer(group: Sequence[tuple[Sequence[Arrival], TellAll]], stored: Stored) -> None:
        start = 0
        for arrivals, tell in group:
            tell(stored[start : start + len(arrivals)])
            start += len(arrivals)
