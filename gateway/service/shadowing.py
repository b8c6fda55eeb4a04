"""Who delivers and who looks on, as the store says it; and what translates for those who look on."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from time import monotonic
from typing import Final

import msgspec
import structlog

from gateway.config.live import Live
from gateway.config.model import Config, ConfiguredSource
from gateway.config.modes import decided_otherwise, modes_of
from gateway.errors import StoreUnavailable
from gateway.events import Clock, Transition
from gateway.ground.supervision import Tick
from gateway.records import SourceMode
from gateway.service.previewing import give_way
from gateway.store.ports import Shadows, Store
from gateway.translation.loop import TranslationLoop, TranslationObserver
from gateway.translation.process import TranslationProcess
from gateway.translation.shadows import Careful, SecondLoop

LOOK_SECONDS: Final = 2.0
"""Another replica may have promoted a source."""

_log: Final = structlog.get_logger("gateway.shadow")


class Modes:
    """The modes in force, as the store last told them: what is stored goes by the store's own word."""

    def __init__(self, live: Live, shadows: Shadows) -> None:
        self._live = live
        self._shadows = shadows
        self._known: dict[str, SourceMode] = {}
        self.on_change: Callable[[], None] = lambda: None

    def of(self, source: str) -> SourceMode:
        """The mode of a source."""
        return self._known.get(source, SourceMode(source))

    async def enter(self, clock: Clock) -> None:
        """Take over what the file says, and say where something else was decided."""
        said = modes_of(self._live.config)
        self._take(await self._shadows.enter(said, clock()))
        for words in decided_otherwise(said, self._known.values()):
            _log.warning("mode_decided_otherwise", detail=words)

    async def look(self) -> None:
        """See what is decided by now."""
        self._take(await self._shadows.modes())

    async def run(self, tick: Tick) -> None:
        """Look for ever."""
        while True:
            tick()
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(StoreUnavailable):
                await self.look()

    def _take(self, modes: Collection[SourceMode]) -> None:
        known = {mode.source: mode for mode in modes}
        is_another, self._known = known != self._known, known
        if is_another:
            self.on_change()


class InMode(Collection[str]):
    """The configured sources that are in a mode, whichever these are at the moment."""

    def __init__(self, live: Live, modes: Modes, mode: str) -> None:
        self._live = live
        self._modes = modes
        self._mode = mode

    def __contains__(self, source: object) -> bool:
        return source in self._live.sources and self._modes.of(str(source)).mode == self._mode

    def __iter__(self) -> Iterator[str]:
        return (source for source in self._live.sources if source in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Looking(msgspec.Struct, frozen=True):
    """What looks on: a loop for sources in shadow, one for second adapters."""

    modes: Modes
    translation: TranslationLoop
    second: SecondLoop


class Observers:
    """Several who are told of every commit."""

    def __init__(self, *observers: TranslationObserver) -> None:
        self._observers = observers

    def translated(self, transitions: Sequence[Transition]) -> None:
        """What became of events."""
        for observer in self._observers:
            observer.translated(transitions)


def open_looking(
    stack: AsyncExitStack,
    live: Live,
    store: Store,
    *,
    clock: Clock,
    observer: TranslationObserver,
    on_orders: Callable[[Collection[str]], None],
    on_lookups: Callable[[], None],
) -> Looking:
    """Open what looks on; its process starts when there is something to look at."""
    lookers = live.mapping(_lookers)
    process = TranslationProcess(lookers, live.tenants, on_start=give_way)
    stack.push_async_callback(process.close)
    modes, careful = Modes(live, store.shadows), Careful(process.translate, lookers, monotonic)
    translation = TranslationLoop(
        store.translation,
        careful.translate,
        InMode(live, modes, "shadow"),
        clock=clock,
        observer=observer,
        on_orders=on_orders,
        on_lookups=on_lookups,
    )
    stack.callback(translation.close)
    with_second = live.derive(lambda config: {name for name, each in config.sources.items() if each.second})
    second = SecondLoop(store.shadows, store.archive, careful, lambda: with_second.value, clock=clock)
    return Looking(modes, translation, second)


def _lookers(config: Config) -> Mapping[str, ConfiguredSource]:
    """Whoever might look on: any source as it is, or with its second adapter."""
    return {name: source.second or source for name, source in config.sources.items()}
