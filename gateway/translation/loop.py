"""The translation loop: oldest events first, many in one transaction, paced so that acknowledgements go first."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Final, Protocol, TypeAlias

import structlog

from gateway.errors import StoreUnavailable
from gateway.events import Clock, EventStatus, Transition, TranslatedEvent, UntranslatedEvent
from gateway.ground.supervision import Tick
from gateway.store.ports import TranslationQueue
from gateway.translation.process import AdaptersUnusable

MAX_EVENTS: Final = 256
MOST_STORING: Final = 2
"""Transactions under way: the store has the next one when it is done with the last."""

PACE_SECONDS: Final = 0.025
"""Between two bundles, so that the next one is large: a commit of few costs as much as one of many."""

IDLE_SECONDS: Final = 5.0
STORE_RETRY_SECONDS: Final = 0.5
ADAPTERS_RETRY_SECONDS: Final = 5.0

Translate: TypeAlias = Callable[[Sequence[UntranslatedEvent]], AsyncGenerator[list[TranslatedEvent], None]]
"""What becomes of events, in their order, in parts as they are done; a part is one transaction."""

_log = structlog.get_logger("gateway.translation")


class TranslationObserver(Protocol):
    """Told of every commit."""

    def translated(self, transitions: Sequence[Transition]) -> None:
        """What became of events."""
        ...


class TranslationLoop:
    """Moves events from the inbox to the outbox.

    `on_orders` is told the tenants that have something new; `look` is shown each event, in a thread.

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
        look: Callable[[UntranslatedEvent], None] = lambda _event: None,
    ) -> None:
        self.shards: Callable[[], Collection[int] | None] = lambda: None
        self._queue = queue
        self._translate = translate
        self._sources = sources
        self._clock = clock
        self._observer = observer
        self._on_orders = on_orders
        self._on_lookups = on_lookups
        self._look = look
        self._awake = asyncio.Event()
        self._under_way: set[int] = set()
        self._looking = ThreadPoolExecutor(1, thread_name_prefix="look")

    def wake(self) -> None:
        """Something was stored."""
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
            await (asyncio.sleep(PACE_SECONDS) if moved else self._rest())

    async def rehearse(self, event: UntranslatedEvent) -> TranslatedEvent:
        """What would become of an event; nothing is stored."""
        (translated,) = [each async for part in self._translate([event]) for each in part]
        return translated

    async def step(self, tick: Tick = lambda: None) -> int:
        """Translate what waits; how many events. Meanwhile the last ones are committed, and the next ones read."""
        moved = 0
        reading: asyncio.Future[list[UntranslatedEvent]] | None = None
        storing: deque[asyncio.Future[None]] = deque()
        events = await self._read()
        try:
            while events:
                reading = asyncio.ensure_future(self._read()) if len(events) == MAX_EVENTS else None
                # Not waited for: it is a sample, and its thread is its own.
                self._looking.submit(self._look_at, events)
                async with aclosing(self._translate(events)) as parts:
                    async for translated in parts:
                        tick()
                        if len(storing) >= MOST_STORING:
                            await storing[0]
                            storing.popleft()
                        storing.append(asyncio.ensure_future(self._store(translated)))
                        moved += len(translated)
                events = [] if reading is None else await reading
            for each in storing:
                await each
        finally:
            await asyncio.gather(*storing, *([reading] if reading else []), return_exceptions=True)
            self._under_way.clear()
        return moved

    async def _read(self) -> list[UntranslatedEvent]:
        shards = self.shards()
        sources = list(self._sources)
        if not sources or (shards is not None and not shards):
            return []
        events = await self._queue.untranslated(sources, MAX_EVENTS, self._under_way, shards)
        self._under_way.update(event.id for event in events)
        return events

    async def _store(self, translated: Sequence[TranslatedEvent]) -> None:
        transitions = await self._queue.commit(translated, self._clock())
        self._under_way.difference_update(event.id for event in translated)
        self._tell(translated, transitions)

    def _look_at(self, events: Sequence[UntranslatedEvent]) -> None:
        for event in events:
            self._look(event)

    def _tell(self, translated: Sequence[TranslatedEvent], transitions: Sequence[Transition]) -> None:
        tenants = {state.tenant for event in translated for state in event.states}
        if tenants:
            self._on_orders(tenants)
        if any(event.status == EventStatus.WAITING for event in translated):
            self._on_lookups()
        self._observer.translated(transitions)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._awake.wait()
        except TimeoutError:
            return
