"""The translation loop: oldest events first, many in one transaction, paced so that acknowledgements go first."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import structlog

from gateway.errors import StoreUnavailable
from gateway.events import Clock, EventStatus, Transition, TranslatedEvent, UntranslatedEvent
from gateway.store.ports import TranslationQueue
from gateway.supervision import Tick
from gateway.translation.translator import Translator

MAX_EVENTS: Final = 256
PACE_SECONDS: Final = 0.025
"""Between two bundles, so that the next one is large: a commit of few costs as much as one of many."""

BACKLOG_PACE_SECONDS: Final = 0.0025
"""After a full one."""

BUNDLE_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 5.0
STORE_RETRY_SECONDS: Final = 0.5

_log = structlog.get_logger("gateway.translation")


class TranslationObserver(Protocol):
    """Told of every commit."""

    def translated(self, transitions: Sequence[Transition]) -> None:
        """What became of events."""
        ...


class TranslationLoop:
    """Moves events from the inbox to the outbox.

    `on_orders` is told the tenants that have something new; `look` is shown each event, in the translation's thread.
    """

    def __init__(
        self,
        queue: TranslationQueue,
        translator: Translator,
        sources: Collection[str],
        *,
        clock: Clock,
        observer: TranslationObserver,
        on_orders: Callable[[Collection[str]], None],
        on_lookups: Callable[[], None] = lambda: None,
        look: Callable[[UntranslatedEvent], None] = lambda _event: None,
    ) -> None:
        self._queue = queue
        self._translator = translator
        self._sources = list(sources)
        self._clock = clock
        self._observer = observer
        self._on_orders = on_orders
        self._on_lookups = on_lookups
        self._look = look
        self._awake = asyncio.Event()
        # A thread of its own: an adapter that takes its time must not hold the acknowledgements.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="translation")

    def wake(self) -> None:
        """Something was stored."""
        self._awake.set()

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=False)

    async def run(self, tick: Tick) -> None:
        """Translate for ever."""
        while True:
            tick()
            self._awake.clear()
            try:
                moved = await self.step()
            except StoreUnavailable as error:
                _log.warning("translation_waits_for_the_store", detail=str(error))
                await asyncio.sleep(STORE_RETRY_SECONDS)
                continue
            if not moved:
                await self._rest()
            else:
                await asyncio.sleep(PACE_SECONDS if moved < MAX_EVENTS else BACKLOG_PACE_SECONDS)

    async def rehearse(self, event: UntranslatedEvent) -> TranslatedEvent:
        """What would become of an event; nothing is stored."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._translator.translate, event)

    async def step(self) -> int:
        """Translate one bundle of events; how many."""
        events = await self._queue.untranslated(self._sources, MAX_EVENTS)
        if not events:
            return 0
        translated = await asyncio.get_running_loop().run_in_executor(self._thread, self._translate, events)
        transitions = await self._queue.commit(translated, self._clock())
        self._tell(translated, transitions)
        return len(translated)

    def _translate(self, events: Sequence[UntranslatedEvent]) -> list[TranslatedEvent]:
        """As many as fit into a second: events that take their time must not hold back what is done already."""
        until = time.monotonic() + BUNDLE_SECONDS
        translated = []
        for event in events:
            translated.append(self._translator.translate(event))
            self._look(event)
            if time.monotonic() > until:
                break
        return translated

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
