"""The memory that those hold of whom nothing is known yet: bounded, and no few of them can shut the others out."""

import asyncio
from collections.abc import Callable
from typing import Final, Self

FREE: Final = 64 * 1024
"""Bytes of a request that do not count: any hook of a usual size is free."""

SHARE: Final = 8
"""No public address holds more than this part of the whole."""

WINDOW: Final = 1.0
"""Seconds over which a pace is measured: what came before buys no rest, and a newcomer is not slow."""


class Crowded(Exception):  # noqa: N818 - named by what happened
    """The request gave way to others; nothing of it is kept."""


class Held:
    """A body on its way in: what has come of it. A context manager; whatever ends it gives the memory back."""

    def __init__(self, unproven: "Unproven", holder: str, *, is_alone: bool, is_free: bool) -> None:
        self.holder = holder
        self.is_free = is_free
        self.is_alone = is_alone
        self.body = bytearray()
        self.counted = 0
        self.is_dropped = False
        self._unproven = unproven
        # When the window before this one began, when this one did, and how much had come by then.
        self._before = self._begun = (unproven.monotonic(), 0)
        self._latest = self._begun[0]
        self._task = asyncio.current_task()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Give the memory back; the end of a request that was dropped while it waited is `Crowded`."""
        self._unproven.release(self)
        self.body = bytearray()
        if self.is_dropped and kind is asyncio.CancelledError and self._task is not None:
            self._task.uncancel()
            raise Crowded

    def take(self, chunk: bytes) -> None:
        """Join a chunk to what has come. Raises Crowded: there is no room, and nobody slower to give way."""
        now = self._latest = self._unproven.monotonic()
        if now - self._begun[0] >= WINDOW:
            self._before, self._begun = self._begun, (now, len(self.body))
        self.body += chunk
        if len(self.body) > FREE and not self.is_free:
            self._unproven.grow(self, len(self.body) - FREE - self.counted)

    def pace(self, now: float) -> float:
        """Bytes a second of late; 0 where nothing came for a while."""
        if now - self._latest >= WINDOW:
            return 0.0
        since, size = self._before
        return (len(self.body) - size) / max(now - since, WINDOW)

    def drop(self) -> None:
        """Make it give way at once, wherever it waits for more."""
        self._unproven.release(self)
        self.is_dropped, self.body = True, bytearray()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()


class Unproven:
    """All such bodies. `limit()` bytes together; `monotonic` gives seconds."""

    def __init__(self, limit: Callable[[], int], monotonic: Callable[[], float]) -> None:
        self.limit = limit
        self.monotonic = monotonic
        self.total = 0
        self._holders: dict[str, dict[Held, None]] = {}
        self._sums: dict[str, int] = {}

    def hold(self, holder: str, *, is_alone: bool, is_free: bool = False) -> Held:
        """A body of a holder: an address, `is_alone` where it stands for one sender; `is_free`: a proven one's."""
        return Held(self, holder, is_alone=is_alone, is_free=is_free)

    def grow(self, held: Held, size: int) -> None:
        """Count so much more for this one; the slowest of the largest holder gives way where it is too much."""
        self._holders.setdefault(held.holder, {})[held] = None
        self._sums[held.holder] = self._sums.get(held.holder, 0) + size
        held.counted += size
        self.total += size
        while held.is_alone and self._sums.get(held.holder, 0) > self.limit() // SHARE:
            self._drop_slowest(held.holder)
        while self.total > self.limit():
            self._drop_slowest(max(self._sums, key=self._sums.__getitem__))
        if held.is_dropped:
            raise Crowded

    def release(self, held: Held) -> None:
        """It holds nothing any more."""
        of_holder = self._holders.get(held.holder, {})
        if of_holder.pop(held, held) is held:
            return
        self.total -= held.counted
        self._sums[held.holder] -= held.counted
        held.counted = 0
        if not of_holder:
            del self._holders[held.holder], self._sums[held.holder]

    def _drop_slowest(self, holder: str) -> None:
        now = self.monotonic()
        min(self._holders[holder], key=lambda each: each.pace(now)).drop()
