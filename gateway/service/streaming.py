"""The stream of all that changes: what the store's commits told, remembered for a while, for whoever follows."""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final, Literal, NamedTuple, TypeAlias

from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Clock, Micros
from gateway.ground.supervision import Tick, comes
from gateway.records import Change, Heard
from gateway.store.ports import Watch

RING: Final = 10_000
"""Changes that are remembered."""
A_SECOND, PAUSE_SECONDS = 20, 0.25
"""So many are told in a second: a few at once and then for so long nothing, many at once and then for as long as they
may take."""
QUIET_SECONDS: Final = 15.0
MOST_BEHIND, BEHIND_SECONDS = 200, 1.0
"""Who wants the present more than all of the past is not told of more than ten seconds of it, but that there was more,
each second."""
REMEMBERED: Final = 24 * 3600 * SECOND
"""No longer, however little changes."""
LINGER_SECONDS: Final = 60.0
"""So long after the last follower is gone do we listen on, since one that lost us comes again."""
LOOK_SECONDS: Final = 2.0


class _Look(NamedTuple):
    """What was heard at once: the place of the first, when, and all of it, unread as long as nobody is told of it."""

    begin: int
    at: Micros
    changes: Sequence[Change]

    @property
    def end(self) -> int:
        """The place after the last."""
        return self.begin + len(self.changes)


class Stream:
    """Hears of changes, and lets any number follow. Its places are none of any other run's."""

    def __init__(
        self,
        watch: Watch,
        clock: Clock,
        *,
        quiet_seconds: float = QUIET_SECONDS,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._quiet_seconds, self._linger_seconds = quiet_seconds, linger_seconds
        self._ring: deque[_Look] = deque()
        self._next = 0
        self._run = secrets.token_hex(6)
        self._is_listening = False
        self._followers = 0
        self._listening = asyncio.Lock()
        self._resting: asyncio.Task[None] | None = None
        self._news, self._end = asyncio.Event(), asyncio.Event()

    @property
    def is_heard(self) -> bool:
        """Whether anybody follows, or did a moment ago."""
        return self._is_listening

    def heard(self, changes: Sequence[Change], missed: int = 0) -> None:
        """These have changed, and before them `missed` others."""
        at = self._clock()
        if missed:
            # Whoever has not been told of all before misses something.
            self._next += missed
            self._ring.clear()
        if changes:
            self._ring.append(_Look(self._next, at, changes))
            self._next += len(changes)
        while self._ring and (self._ring[0].at + REMEMBERED < at or self._ring[0].end <= self._next - RING):
            self._ring.popleft()
        self._wake()

    def end(self) -> None:
        """Let all followers go, who come again and prove who they are: the configuration is another."""
        self._end.set()
        self._end = asyncio.Event()
        self._wake()

    async def close(self) -> None:
        """Let all go, and listen no more."""
        self.end()
        self._stay()
        async with self._listening:
            if self._is_listening:
                await self._listen_no_more()

    async def begin(self) -> None:
        """Listen from now on, for a while if nobody follows. Raises StoreUnavailable."""
        async with self._listening:
            if not self._is_listening:
                await self._watch.listen()
                self._is_listening = True
            self._rest_later()

    async def follow(
        self, last: str | None, wanted: Callable[[Change], bool] = lambda _change: True, *, is_live: bool = False
    ) -> AsyncIterator[Sequence[Heard]]:
        """What is wanted of what changes after a place that was told; of what changes from now on, where it is None.

        After `begin`. At most 20 a second, some at a time; none of them: nothing was to be told for 15 s. Who is
        `is_live` would rather miss what is long past than be told late.
        """
        self._followers += 1
        self._stay()
        try:
            ended, place = self._end, self._next
            if last is not None:
                place, gap = self._place_of(last)
                if gap is not None:
                    yield [gap]
            while not ended.is_set():
                told, place = self._following(place, wanted, is_live=is_live)
                if told:
                    yield told
                    is_behind = told[0].gap == "behind"
                    await asyncio.sleep(BEHIND_SECONDS if is_behind else max(PAUSE_SECONDS, len(told) / A_SECOND))
                elif not await comes(self._news, self._quiet_seconds):
                    yield []
        finally:
            self._followers -= 1
            self._rest_later()

    def _following(self, place: int, wanted: Callable[[Change], bool], *, is_live: bool) -> tuple[Sequence[Heard], int]:
        if place < self._oldest or place > self._next:
            return [self._gap("older")], self._next
        if is_live and self._next - place > MOST_BEHIND:
            return [self._gap("behind")], self._next
        told: list[Heard] = []
        for look in self._since(place):
            for change in look.changes[place - look.begin :]:
                place += 1
                if wanted(change):
                    told.append(Heard(f"{self._run}-{place}", look.at, change))
                    if len(told) == A_SECOND:
                        return told, place
        return told, place

    def _since(self, place: int) -> "Iterable[_Look]":
        """The look in which a place is, and those after it; whoever follows is near the newest."""
        return reversed([*takewhile(lambda look: look.end > place, reversed(self._ring))])

    def _place_of(self, last: str) -> tuple[int, Heard | None]:
        run, _, number = last.partition("-")
        place = int(number) if number.isascii() and number.isdigit() and len(number) < 20 else -1  # noqa: PLR2004
        if run != self._run or not 0 <= place <= self._next:
            return self._next, self._gap("unknown")
        return (place, None) if place >= self._oldest else (self._next, self._gap("older"))

    @property
    def _oldest(self) -> int:
        return max(self._next - RING, self._ring[0].begin) if self._ring else self._next

    def _gap(self, why: Literal["older", "unknown", "behind"]) -> Heard:
        return Heard(f"{self._run}-{self._next}", self._clock(), None, why)

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _stay(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None

    def _rest_later(self) -> None:
        self._stay()
        if not self._followers:
            self._resting = asyncio.create_task(self._rest())

    async def _rest(self) -> None:
        await asyncio.sleep(self._linger_seconds)
        async with self._listening:
            self._resting = None
            await self._listen_no_more()

    async def _listen_no_more(self) -> None:
        # What changes from now on is heard by nobody: no place of before is continued.
        self._run = secrets.token_hex(6)
        self._ring.clear()
        self._is_listening = False
        with contextlib.suppress(StoreUnavailable):
            await self._watch.rest()


Standings: TypeAlias = Mapping[str, tuple[str, str | None]]
"""How each source stands, by its name: a status, and the code of its reason where it has one."""


class SourcesLoop:
    """Hears of sources that fall silent, are halted or go on, while anybody follows: no commit says so."""

    def __init__(
        self,
        stream: Stream,
        standings: Callable[[], Awaitable[Standings]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stream = stream
        self._sleep = sleep
        self._standings = standings
        self._known: Standings | None = None

    async def run(self, tick: Tick) -> None:
        """Look for ever."""
        while True:
            tick()
            await self._sleep(LOOK_SECONDS)
            if not self._stream.is_heard:
                self._known = None
                continue
            with contextlib.suppress(StoreUnavailable):
                now = await self._standings()
                known, self._known = self._known or now, now
                others = [(name, each) for name, each in now.items() if known.get(name, each) != each]
                if others:
                    self._stream.heard([Change("source", 0, name, "", *each) for name, each in others])
