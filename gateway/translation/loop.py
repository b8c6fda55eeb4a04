"""The translation loop: many events in a transaction, paced behind acknowledgements.

Whatever waits is in memory, was read and is under way, or is yet to be asked for: then each source's oldest in turn.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Final, Protocol, TypeAlias

import structlog

from gateway.errors import StoreUnavailable
from gateway.events import (
    MOST_READ_BYTES,
    Arrival,
    Clock,
    EventStatus,
    Transition,
    TranslatedEvent,
    UntranslatedEvent,
)
from gateway.ground.supervision import Tick, comes
from gateway.store.ports import TranslationQueue
from gateway.translation.fresh import Fresh
from gateway.translation.process import AdaptersUnusable
from gateway.translation.told import Head, heads_of, ids_of, size_of, tenants_of

MAX_EVENTS: Final = 256
MOST_STORING: Final = 2
"""Transactions under way: the store has the next one when it is done with the last."""

PACE_SECONDS: Final = 0.05
"""Between two bundles, so that the next one is large: a commit of few costs as much as one of many."""

ASK_SECONDS: Final = 1.0
"""So often the store is asked what waits, whatever was kept in memory: nobody need know all that may put it there."""

IDLE_SECONDS: Final = 5.0
STORE_RETRY_SECONDS: Final = 0.5
ADAPTERS_RETRY_SECONDS: Final = 5.0

Translate: TypeAlias = Callable[[Sequence[UntranslatedEvent]], AsyncGenerator[Sequence[TranslatedEvent], None]]
"""What becomes of events, in their order, in parts as they are done; a part is one transaction."""

_Read: TypeAlias = tuple[Sequence[UntranslatedEvent], Sequence[Head | UntranslatedEvent]]

_log = structlog.get_logger("gateway.translation")


class TranslationObserver(Protocol):
    """Told of every commit."""

    def translated(self, transitions: Sequence[Transition]) -> None:
        """What became of events."""
        ...


class Onlooker(Protocol):
    """Shown a sample of the events, in a thread of its own."""

    def is_watching(self, source: str) -> bool:
        """Whether it would look at an event of this source now."""
        ...

    def look(self, event: UntranslatedEvent) -> None:
        """Look at an event."""
        ...


class TranslationLoop:
    """Moves events from the inbox to the outbox.

    `on_orders` is told the tenants that have something new. What passes is unpacked for the `onlooker` alone.

    Attributes:
        shards: which of the events are this gateway's; None: all.
    """

    def __init__(
        self,
        queue: TranslationQueue,
        translate: Translate,
        sources: Collection[str],
        *,
        clock: Clock,
        observer: TranslationObserver,
        on_orders: Callable[[Collection[str]], None],
        on_lookups: Callable[[], None] = lambda: None,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.shards: Callable[[], Collection[int] | None] = lambda: None
        self._queue = queue
        self._translate = translate
        self._sources = sources
        self._clock = clock
        self._observer = observer
        self._on_orders = on_orders
        self._on_lookups = on_lookups
        self._onlooker = onlooker
        self._awake = asyncio.Event()
        self._under_way: set[int] = set()
        self._fresh = Fresh()
        # Whether more may wait in the store than is in memory or under way; when it was asked last; whether just now.
        self._is_asking = True
        self._asked_at = 0.0
        self._has_asked = False
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="look")

    def wake(self) -> None:
        """Something waits that is not told of here."""
        self._is_asking = True
        self._awake.set()

    def stored(self, new: Collection[tuple[int, Arrival]]) -> None:
        """These were stored, by their ids, and wait; other sources' are another loop's."""
        sources = {source for source in {of.source for _, of in new} if source in self._sources}
        if not sources:
            return
        if not self._fresh.keep([(id_, of) for id_, of in new if of.source in sources]):
            self._is_asking = True
        self._awake.set()

    def close(self) -> None:
        """Let the thread go."""
        self._looking.shutdown(wait=False)

    async def run(self, tick: Tick) -> None:
        """Translate for ever."""
        while True:
            self._awake.clear()
            try:
                moved = await self.step(tick)
                tick()
            except StoreUnavailable as error:
                _log.warning("translation_waits_for_the_store", detail=str(error))
                tick()
                await asyncio.sleep(STORE_RETRY_SECONDS)
                continue
            except AdaptersUnusable as error:
                _log.error("translation_waits_for_the_adapters", detail=str(error))
                tick()
                await asyncio.sleep(ADAPTERS_RETRY_SECONDS)
                continue
            await (asyncio.sleep(PACE_SECONDS) if moved else comes(self._awake, IDLE_SECONDS))

    async def rehearse(self, event: UntranslatedEvent) -> TranslatedEvent:
        """What would become of an event; nothing is stored."""
        (translated,) = [each async for part in self._translate([event]) for each in part]
        return translated

    async def step(self, tick: Tick = lambda: None) -> int:
        """Translate what waits; how many events. Meanwhile the last ones are committed, and the next ones read."""
        moved = 0
        reading: asyncio.Future[_Read] | None = None
        storing: deque[asyncio.Future[None]] = deque()
        try:
            events, heads = await self._read()
            while heads:
                is_more = self._is_asking or len(heads) == MAX_EVENTS
                reading = asyncio.ensure_future(self._read()) if is_more else None
                self._show(events, heads)
                async with aclosing(self._translate(events)) as parts:
                    async for translated in parts:
                        tick()
                        if len(storing) >= MOST_STORING:
                            await storing[0]
                            storing.popleft()
                        storing.append(asyncio.ensure_future(self._store(translated)))
                        moved += len(translated)
                events, heads = ((), []) if reading is None else await reading
            for each in storing:
                await each
        except BaseException:
            # What was on its way still waits.
            self._is_asking = True
            raise
        finally:
            await asyncio.gather(*storing, *([reading] if reading else []), return_exceptions=True)
            self._under_way.clear()
        return moved

    async def _read(self) -> _Read:
        shards = self.shards()
        sources = list(self._sources)
        if not sources or (shards is not None and not shards):
            return (), ()
        now = asyncio.get_running_loop().time()
        is_due = self._is_asking or now >= self._asked_at + ASK_SECONDS
        # In turn: neither a backlog in the store nor what has just come waits for all of the other.
        if self._has_asked or not is_due:
            self._has_asked = False
            fresh = self._kept(sources, shards)
            if fresh or not is_due:
                return fresh, fresh
        # Before the answer: what is told of meanwhile may not be in it.
        self._is_asking, self._asked_at, self._has_asked = False, now, True
        events = await self._queue.untranslated(sources, MAX_EVENTS, self._under_way | self._fresh.ids, shards)
        heads = heads_of(events)
        if not heads:
            # Nobody wakes the loop for what was in memory before.
            fresh = self._kept(sources, shards)
            return fresh, fresh
        ids = [head.id for head in heads]
        self._fresh.drop(ids)
        self._under_way.update(ids)
        if len(ids) == MAX_EVENTS or size_of(events) >= MOST_READ_BYTES:
            self._is_asking = True
        return events, heads

    def _kept(self, sources: Collection[str], shards: Collection[int] | None) -> Sequence[UntranslatedEvent]:
        fresh = self._fresh.take(sources, MAX_EVENTS, shards)
        self._under_way.update([event.id for event in fresh])
        return fresh

    async def _store(self, translated: Sequence[TranslatedEvent]) -> None:
        transitions = await self._queue.commit(translated, self._clock())
        self._under_way.difference_update(ids_of(translated))
        if tenants := tenants_of(translated):
            self._on_orders(tenants)
        if any([each.status == EventStatus.WAITING for each in transitions]):  # noqa: C419 - half the cost
            self._on_lookups()
        self._observer.translated(transitions)

    def _show(self, events: Sequence[UntranslatedEvent], heads: Sequence[Head | UntranslatedEvent]) -> None:
        onlooker = self._onlooker
        if onlooker is not None and any(map(onlooker.is_watching, {head.source for head in heads})):
            # Not waited for: it is a sample, and its thread is its own.
            self._looking.submit(_look, onlooker, events)


def _look(onlooker: Onlooker, events: Sequence[UntranslatedEvent]) -> None:
    for event in events:
        onlooker.look(event)
