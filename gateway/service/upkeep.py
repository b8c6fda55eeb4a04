"""What keeps the gateway honest about itself: the disk, the store, backlogs, silent sources, retention."""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Final

import structlog

from gateway.config.live import Live
from gateway.config.model import Config, Retention
from gateway.errors import ConflictingRequest, StoreUnavailable
from gateway.events import SECOND, Clock, Micros, Reason
from gateway.ground.clock import monotonic
from gateway.ground.files import InPlace
from gateway.ground.metrics import DRIFT_KINDS, Metrics
from gateway.ground.supervision import Tick
from gateway.ground.trust import TrustedClock
from gateway.orders import TenantState, TenantStatus
from gateway.records import RetentionSpans, Silence, TenantFigures
from gateway.store.ports import Store

LOOK_SECONDS: Final = 1.0
PRUNE_EVERY: Final = 3600 * SECOND
PRUNE_LOOK_SECONDS: Final = 15.0
TIME_SECONDS: Final = 15.0

_log = structlog.get_logger("gateway.upkeep")


class Conditions:
    """Whether new events may be stored now: looked at every second, and whenever orders were added.

    Attributes:
        on_look: called each time, such as to hand over what was counted meanwhile.
    """

    def __init__(self, config: Config, store: Store) -> None:
        self.store = store
        self.on_look: Callable[[], None] = lambda: None
        path = Path(config.store_path)
        # A database's disk is not ours to look at: whether it can be written to is seen by writing.
        self._file = path if config.database is None else None
        self._in_place = InPlace(path)
        self._min_free = config.settings.limits.min_free_disk
        self._tenant_of = {source.name: source.settings.tenant for source in config.sources.values()}
        self._max_backlog = {
            name: tenant.max_backlog
            for name, tenant in config.settings.tenants.items()
            if tenant.max_backlog is not None
        }
        self._disk: Reason | None = None
        self._full: dict[str, Reason] = {}
        self._grown: set[str] = set()
        self._awake = asyncio.Event()

    def blocked(self, source: str) -> Reason | None:
        """Why nothing new of a source may be stored; None: it may."""
        return self._disk or (self._full.get(self._tenant_of[source]) if self._full else None)

    def full(self) -> Collection[str]:
        """The tenants that have as many pending orders as they may have."""
        return self._full.keys()

    def problems(self) -> list[str]:
        """Why the gateway is not ready, in words."""
        problems = [] if self._disk is None else [self._disk.detail]
        failure = self.store.failure
        if failure is not None:
            problems.append(failure if failure.startswith("reading") else f"the store cannot write: {failure}")
        return problems

    def grew(self, tenants: Collection[str]) -> None:
        """These tenants have more pending orders."""
        if self._max_backlog:
            self._grown.update(tenants)
            self._awake.set()

    async def run(self, tick: Tick) -> None:
        """Look for ever."""
        while True:
            self._awake.clear()
            self.look_at_disk()
            if self.store.failure is not None:
                # Without a request nothing would find out that the store is well again.
                with contextlib.suppress(StoreUnavailable):
                    await self.store.probe()
            await self._count(self._max_backlog)
            tick()
            self.on_look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    while True:
                        await self._awake.wait()
                        self._awake.clear()
                        grown, self._grown = self._grown, set()
                        await self._count(grown & self._max_backlog.keys())

    def look_at_disk(self) -> None:
        """Compare the free space with what must stay free, and see that the store's file is in its place."""
        if self._file is None:
            return
        fault = self._in_place.fault()
        if fault is not None:
            self._disk = Reason("store_removed", fault)
            return
        try:
            free = shutil.disk_usage(self._file.parent).free
        except OSError as error:
            self._disk = Reason("disk_unreadable", f"the store's disk cannot be looked at: {error.strerror}")
            return
        low = free < self._min_free
        self._disk = Reason("disk_full", f"less than {self._min_free} bytes are free for the store") if low else None

    async def _count(self, tenants: Collection[str]) -> None:
        for tenant in tenants:
            most = self._max_backlog[tenant]
            if await self.store.outbox.pending_at_most(tenant, most) < most:
                self._full.pop(tenant, None)
            else:
                self._full[tenant] = Reason("backlog_full", f"tenant {tenant} has {most} orders pending")


class Gauges:
    """Sets the metrics that are states, before an exposition.

    Attributes:
        gives: whether this replica is the one that gives those of the store.
    """

    def __init__(  # noqa: PLR0913 - each asks another room
        self,
        live: Live,
        conditions: Conditions,
        metrics: Metrics,
        *,
        states: Callable[[], Mapping[str, TenantState]],
        ticks: Callable[[], Mapping[str, Micros]],
        flush: Callable[[], None],
        drift: Callable[[], Mapping[tuple[str, str], int]],
        silences: Callable[[], Awaitable[Mapping[str, Silence]]],
        clock: Clock,
    ) -> None:
        self.gives: Callable[[], bool] = lambda: True
        self._live = live
        self._conditions = conditions
        self._records = conditions.store.records
        self._shadows = conditions.store.shadows
        self._metrics = metrics
        self._states = states
        self._ticks = ticks
        self._flush = flush
        self._drift = drift
        self._silences = silences
        self._clock = clock

    async def exposition(self) -> bytes:
        """All metrics in Prometheus' format, as of now; what a silent store would have to tell, as it last told it.

        One at a time: what is set for one is written in a thread, since with hundreds of sources it takes long.
        """
        async with self._metrics.writing:
            await self._set()
            return await asyncio.to_thread(self._metrics.render)

    async def _set(self) -> None:
        self._flush()
        now = self._clock()
        if self.gives():
            with contextlib.suppress(StoreUnavailable, ConflictingRequest):
                await self._ask_the_store(now)
        else:
            self._metrics.forget_the_stores()
        self._metrics.ticked({loop: (now - (monotonic() - at)) / SECOND for loop, at in self._ticks().items()})
        self._metrics.writable(is_writable=not self._conditions.problems())

    async def _ask_the_store(self, now: Micros) -> None:
        figures, states = await self._records.tenant_figures(self._live.config.belonging), self._states()
        for name in self._live.tenants:
            found = figures.get(name, TenantFigures())
            oldest = 0 if found.oldest_pending_at is None else max(0, now - found.oldest_pending_at)
            is_halted = states.get(name, TenantState()).status is TenantStatus.HALTED
            self._metrics.tenant(
                name, pending=found.pending, oldest_pending_seconds=oldest / SECOND, is_halted=is_halted
            )
        silences = await self._silences()
        for name in self._live.sources:
            self._metrics.silent(name, is_silent=name in silences and silences[name].state == "silent")
        compared: list[tuple[str, str, int]] = []
        for mode in await self._shadows.modes():
            if mode.mode == "shadow" or mode.second is not None:
                told = await self._shadows.verdicts(mode.source, now)
                verdicts = {"equal": told.equal, "differ": told.differ}
                verdicts |= {"onlyHere": told.only_here, "onlyThere": told.only_there}
                compared += [(mode.source, verdict, count) for verdict, count in verdicts.items()]
        self._metrics.compared(compared)
        self._metrics.standing_by(
            (each.state, each.count, each.behind, None if each.behind_for is None else each.behind_for / SECOND)
            for each in await self._records.standbys()
        )
        drifted = self._drift()
        for name in self._live.sources:
            for kind in DRIFT_KINDS:
                self._metrics.drifted(name, kind, drifted.get((name, kind), 0))


class RetentionLoop:
    """Prunes by itself, every hour, by a time that is trusted."""

    def __init__(
        self,
        retention: Retention,
        prune: Callable[[RetentionSpans, Micros], Awaitable[int]],
        clock: TrustedClock,
    ) -> None:
        self._spans = retention.spans()
        self._prune = prune
        self._clock = clock

    async def run(self, tick: Tick) -> None:
        """Prune for ever, the first time an hour after the start."""
        pruned_at = self._clock()
        while True:
            tick()
            await asyncio.sleep(PRUNE_LOOK_SECONDS)
            now = self._clock()
            if now - pruned_at < PRUNE_EVERY or not self._clock.may_prune:
                continue
            pruned_at = now
            pass_ = asyncio.ensure_future(self._prune(self._spans, now))
            while not pass_.done():
                tick()
                await asyncio.wait({pass_}, timeout=PRUNE_LOOK_SECONDS)
            _log.info("pruned", events=pass_.result())


class TimeLoop:
    """Looks at the clock every few seconds, so that no step of it passes unseen, and stores what was trusted."""

    def __init__(self, clock: TrustedClock, store: Callable[[Micros], Awaitable[Micros]]) -> None:
        self._clock = clock
        self._store = store

    async def run(self, tick: Tick) -> None:
        """Look for ever."""
        while True:
            with contextlib.suppress(StoreUnavailable):
                await self._store(self._clock())
            tick()
            await asyncio.sleep(TIME_SECONDS)
