"""Adapters in shadow: they cost the live ones nothing, whatever they do; what they are not given is counted."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Final

import structlog

from gateway.config.model import ConfiguredSource
from gateway.errors import StoreUnavailable
from gateway.events import Clock, EventStatus, Reason, Transition, TranslatedEvent, UntranslatedEvent
from gateway.ground.supervision import Tick, comes
from gateway.records import NOT_COMPARED
from gateway.store.ports import Archive, Shadows
from gateway.translation.loop import STORE_RETRY_SECONDS, Translate
from gateway.translation.process import AdaptersUnusable

REST_SECONDS: Final = 30.0
LONGEST_REST_SECONDS: Final = 900.0

MOST_LOST: Final = 2.0
"""Events from which an adapter did not return, having hung or ended its process; beyond them it rests."""

MADE_GOOD: Final = 0.01
"""Of a lost one, by each from which it returned."""

MOST_WAITING: Final = 10_000
"""Events that wait for a second adapter; beyond them the oldest is not given to it."""

PORTION: Final = 64
PACE_SECONDS: Final = 0.05
IDLE_SECONDS: Final = 5.0

_RESTS: Final = Reason(NOT_COMPARED, "the adapter in shadow kept hanging or ending its process, or cannot be loaded")

_log = structlog.get_logger("gateway.shadow")


class Careful:
    """Translates in shadow; an adapter that keeps hanging, or ending its process, rests: its events are not compared.

    Args:
        translate: raises AdaptersUnusable where an adapter cannot be loaded.
        sources: who is translated for.
        monotonic: the clock of rests, in seconds.
    """

    def __init__(
        self, translate: Translate, sources: Mapping[str, ConfiguredSource], monotonic: Callable[[], float]
    ) -> None:
        self._translate = translate
        self._sources = sources
        self._monotonic = monotonic
        self._lost: dict[str, float] = {}
        self._rests: Counter[str] = Counter()
        self._rests_until: dict[str, float] = {}

    def rests(self, source: str) -> bool:
        """Whether nothing is translated for a source at the moment."""
        return self._monotonic() < self._rests_until.get(source, 0.0)

    async def translate(self, events: Sequence[UntranslatedEvent]) -> AsyncGenerator[Sequence[TranslatedEvent], None]:
        """What becomes of the events, source by source, in parts."""
        of_sources: dict[str, list[UntranslatedEvent]] = {}
        for event in events:
            of_sources.setdefault(event.source, []).append(event)
        for source, left in of_sources.items():
            async with aclosing(self._of_source(source, left)) as parts:
                async for part in parts:
                    yield part

    async def _of_source(
        self, source: str, left: list[UntranslatedEvent]
    ) -> AsyncGenerator[Sequence[TranslatedEvent], None]:
        try:
            if not self.rests(source):
                async with aclosing(self._translate(left)) as parts:
                    async for part in parts:
                        left = left[len(part) :]
                        yield part
                        if self._has_lost(source, part):
                            break
        except AdaptersUnusable as error:
            self._rest(source, str(error))
        if left:
            yield [self._kept(event) for event in left]

    def _has_lost(self, source: str, part: Sequence[TranslatedEvent]) -> bool:
        """Whether its adapter rests from now on, given what came of some events."""
        lost = self._lost.get(source, 0.0)
        for event in part:
            lost = max(0.0, lost - MADE_GOOD) if event.has_returned else lost + 1.0
        self._lost[source] = lost
        if not lost:
            self._rests[source] = 0
        if lost <= MOST_LOST or part[-1].has_returned:
            return False
        self._rest(source, "it hung, or ended its process, too often")
        return True

    def _rest(self, source: str, detail: str) -> None:
        seconds = min(REST_SECONDS * 2.0 ** self._rests[source], LONGEST_REST_SECONDS)
        self._rests[source] += 1
        self._rests_until[source] = self._monotonic() + seconds
        _log.warning("shadow_rests", source=source, detail=detail, seconds=seconds)

    def _kept(self, event: UntranslatedEvent) -> TranslatedEvent:
        return TranslatedEvent(
            id=event.id, source=event.source, event_id=event.event_id, status=EventStatus.SHADOWED, reason=_RESTS,
            adapter_version=self._sources[event.source].adapter.version, is_forced=event.is_forced,
            is_replayed=event.is_replayed,
        )  # fmt: skip


class SecondLoop:
    """Lets second adapters look on at the events of live sources, after these are translated.

    Args:
        sources: those that have one.
    """

    def __init__(
        self,
        shadows: Shadows,
        archive: Archive,
        careful: Careful,
        sources: Callable[[], Collection[str]],
        *,
        clock: Clock,
    ) -> None:
        self._shadows = shadows
        self._archive = archive
        self._careful = careful
        self._sources = sources
        self._clock = clock
        self._waiting: deque[tuple[str, int]] = deque()
        self._dropped: Counter[str] = Counter()
        self._awake = asyncio.Event()

    def translated(self, transitions: Sequence[Transition]) -> None:
        """Events were translated by the live adapters."""
        sources = self._sources()
        for each in transitions:
            if each.source in sources and each.status != EventStatus.WAITING:
                self._waiting.append((each.source, each.id))
                self._awake.set()
        while len(self._waiting) > MOST_WAITING:
            self._drop()

    async def run(self, tick: Tick) -> None:
        """Look on for ever."""
        while True:
            tick()
            self._awake.clear()
            try:
                await self.step()
            except StoreUnavailable:
                await asyncio.sleep(STORE_RETRY_SECONDS)
            # Also where nothing waits: events that come one by one would cost a transaction each.
            await asyncio.sleep(PACE_SECONDS)
            if not self._waiting:
                await comes(self._awake, IDLE_SECONDS)

    async def step(self) -> None:
        """Give the next events to their second adapters, or none of them while these rest."""
        portion: list[tuple[str, int]] = []
        while self._waiting and len(portion) < PORTION:
            if self._careful.rests(self._waiting[0][0]):
                self._drop()
            else:
                portion.append(self._waiting.popleft())
        try:
            if portion:
                await self._compare([event for _, event in portion])
        except StoreUnavailable:
            self._waiting.extendleft(reversed(portion))
            raise
        await self._count()

    async def stop(self) -> None:
        """Count what waits still: nobody will give it to them."""
        while self._waiting:
            self._drop()
        with suppress(StoreUnavailable):
            await self._count()

    async def _count(self) -> None:
        for source, count in list((+self._dropped).items()):
            await self._shadows.skip(source, count)
            self._dropped[source] -= count

    async def _compare(self, portion: Sequence[int]) -> None:
        stored = [event for event in await self._archive.stored(portion) if event.source in self._sources()]
        told = [each async for part in self._careful.translate(stored) for each in part]
        compared = [each for each in told if each.status != EventStatus.SHADOWED]
        if compared:
            await self._shadows.compare(compared, self._clock())
        self._dropped.update(each.source for each in told if each.status == EventStatus.SHADOWED)

    def _drop(self) -> None:
        source, _ = self._waiting.popleft()
        self._dropped[source] += 1
