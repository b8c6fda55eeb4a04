"""The rooms, opened in the order in which they stand on one another, and closed in the other."""

from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import msgspec

from adapters import Api
from gateway.config import Config
from gateway.config.live import Live
from gateway.delivery.delivery import Delivery
from gateway.drift.expected import samples_of
from gateway.drift.loop import DriftLoop
from gateway.drift.radar import Radar
from gateway.drift.shapes import shapes_of
from gateway.events import Clock, Micros
from gateway.ground.clock import monotonic
from gateway.ground.supervision import STALE_AFTER, Supervisor
from gateway.ingress.rim import Rim
from gateway.lookups.loop import LookupLoop
from gateway.lookups.reconciliation import Lookups, Reconciler
from gateway.lookups.vendor_api import VendorApi
from gateway.orders import TenantState
from gateway.pull.ledger import PullTenant
from gateway.rehearsal.effects import Preview
from gateway.rehearsal.operating import OperationsLoop
from gateway.rehearsal.trials import Trials
from gateway.service.foundation import Foundation
from gateway.service.hearing import Hearing
from gateway.service.notes import Notes
from gateway.service.notices import NoticeLoop, Surroundings
from gateway.service.previewing import preview_of, trials_of
from gateway.service.replica import digests, duties, shards, vendors_duty
from gateway.service.shadowing import InMode, Looking, Observers, open_looking
from gateway.service.spans import Spans, spans_of
from gateway.service.streaming import SourcesLoop, Standings
from gateway.service.upkeep import Conditions, RetentionLoop, TimeLoop
from gateway.silence.watch import SilenceLoop, SilenceWatch
from gateway.store.ports import Inbox
from gateway.translation.loop import TranslationLoop
from gateway.translation.process import TranslationProcess

STOP_SECONDS: Final = 10.0


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """All rooms over one configuration, on what outlives them."""

    base: Foundation
    live: Live
    process: TranslationProcess
    conditions: Conditions
    rim: Rim
    spans: Spans
    delivery: Delivery
    pulls: Mapping[str, PullTenant]
    radar: Radar
    asking: LookupLoop
    translation: TranslationLoop
    looking: Looking
    preview: Preview
    trials: Trials
    operating: OperationsLoop
    reconciler: Reconciler
    lookups: Lookups
    silence: SilenceWatch
    supervisor: Supervisor

    def states(self) -> dict[str, TenantState]:
        """How deliveries go, by tenant, pulled ones too."""
        return {**self.delivery.states(), **{name: pull.state for name, pull in self.pulls.items()}}

    def ticks(self) -> dict[str, Micros]:
        """When each loop last moved, by the monotonic clock."""
        return {**self.base.keeping.ticks, **self.supervisor.ticks}

    def problems(self) -> list[str]:
        """Loops that have not moved for a minute, or die again and again."""
        limit = monotonic() - STALE_AFTER
        still = [f"the loop {name} has not moved for a minute" for name, at in self.ticks().items() if at < limit]
        return [*still, *self.base.keeping.problems(), *self.supervisor.problems()]

    async def hindrances(self) -> list[str]:
        """Why the gateway is not ready, in words."""
        return [*self.conditions.problems(), *([] if self.process.fault is None else [self.process.fault])]


def _radar(live: Live, clock: Clock) -> Radar:
    adapters = {name: each.adapter for name, each in live.sources.items()}
    samples = {name: samples_of(adapter) for name, adapter in adapters.items()}
    return Radar({name: shapes_of(adapter) for name, adapter in adapters.items()}, clock, samples=samples)


async def build_rooms(stack: AsyncExitStack, base: Foundation, live: Live, process: TranslationProcess) -> Rooms:
    """Build the rooms over a configuration; nothing moves in them yet.

    Raises:
        ValueError: credentials that are none.
    """
    store, clock, reports = base.store, base.clock, base.reports
    conditions = Conditions(live.config, store)
    conditions.look_at_disk()
    supervisor = Supervisor()
    apis = live.mapping(_apis_of)
    spans = spans_of(live, apis)
    stack.push_async_callback(spans.close)
    delivery = Delivery(
        live.tenants, store.outbox, supervisor, clock=clock, on_attempt=reports.attempted, around=spans.attempt
    )
    vendors = VendorApi(apis, clock=clock)
    stack.push_async_callback(vendors.close)
    asking = LookupLoop(
        spans.lookups(store.lookups), apis, spans.fetch(vendors), clock=clock, on_dead=reports.translated
    )
    radar = _radar(live, clock)
    on_orders = partial(_on_orders, conditions, delivery)
    looking = open_looking(
        stack, live, store, clock=clock, observer=reports, on_orders=on_orders, on_lookups=asking.wake
    )
    delivering = InMode(live, looking.modes, "live")
    translation = TranslationLoop(
        store.translation,
        spans.translate(process.translate),
        delivering,
        clock=clock,
        observer=Observers(reports, looking.second),
        on_orders=on_orders,
        on_lookups=asking.wake,
        look=radar.look,
    )
    stack.callback(translation.close)
    reconciler = Reconciler(
        live.sources,
        store.reconciliation,
        vendors,
        translation.rehearse,
        clock=clock,
        on_recovered=base.metrics.recovered,
    )
    # Of its own: a person's look at a few does not stand behind an operation's at many.
    many = preview_of(live, delivering, store.archive, clock)
    return Rooms(
        base=base,
        live=live,
        process=process,
        conditions=conditions,
        rim=_open_rim(stack, base, live, conditions, spans.inbox(store.inbox)),
        spans=spans,
        delivery=delivery,
        pulls=_pulls(base, live),
        radar=radar,
        asking=asking,
        translation=translation,
        looking=looking,
        preview=preview_of(live, delivering, store.archive, clock),
        trials=trials_of(live, store.archive, clock),
        operating=OperationsLoop(store.bulk, many, on_replayed=lambda: _wake(translation, looking), clock=clock),
        reconciler=reconciler,
        lookups=Lookups(asking, reconciler),
        silence=SilenceWatch(live.sources, store.records.last_accepted, base.trusted),
        supervisor=supervisor,
    )


def _wake(translation: TranslationLoop, looking: Looking) -> None:
    """Something is there to be translated, by whichever of the two it is for."""
    translation.wake()
    looking.translation.wake()


def _on_orders(conditions: Conditions, delivery: Delivery, tenants: Collection[str]) -> None:
    conditions.grew(tenants)
    for tenant in tenants:
        delivery.wake(tenant)


def _open_rim(stack: AsyncExitStack, base: Foundation, live: Live, conditions: Conditions, inbox: Inbox) -> Rim:
    rim = Rim(
        live,
        inbox,
        clock=base.clock,
        received=base.trusted,
        refusals=base.refusals,
        figures=base.metrics,
        blocked=conditions.blocked,
    )
    stack.callback(rim.close)
    conditions.on_look = rim.flush
    return rim


def _pulls(base: Foundation, live: Live) -> dict[str, PullTenant]:
    store, settled = base.store, base.reports.pulled
    return {
        name: PullTenant(name, live.tenants, store.outbox, store.pulls, clock=base.clock, on_settled=settled)
        for name, tenant in live.tenants.items()
        if tenant.delivery == "pull"
    }


async def start_loops(stack: AsyncExitStack, rooms: Rooms) -> None:
    """Take up what the store remembers, and let all rooms move; at the stack's end what is in flight is settled."""
    store, sources = rooms.base.store, rooms.live.sources
    hearing = _share(rooms)
    await store.adopt({alias: source.name for source in sources.values() for alias in source.settings.aliases})
    known = await store.drift.drift()
    rooms.radar.load(known)
    drift = DriftLoop(rooms.radar, store.drift.save_drift, known=known)
    stack.push_async_callback(drift.flush)
    learned = await store.learned.learned()
    rooms.silence.load(learned, await store.trust(0))
    habits = rooms.base.reports.habits
    habits.load(learned)
    silence = SilenceLoop(rooms.silence, store.learned.save_learned, rooms.base.trusted, habits.learned)
    stack.push_async_callback(silence.flush)
    for pull in rooms.pulls.values():
        await pull.load()
    stack.push_async_callback(rooms.looking.second.stop)
    stack.push_async_callback(rooms.supervisor.stop)
    await rooms.delivery.start()
    stack.push_async_callback(rooms.delivery.stop, STOP_SECONDS)
    looking = rooms.looking
    looking.modes.on_change = wake = partial(_wake, rooms.translation, looking)
    await looking.modes.enter(rooms.base.clock)
    store.observe(on_stored=wake)
    retention = rooms.live.settings.retention
    during = rooms.base.keeper.during
    for name, loop in {
        "hearing": hearing.run,
        "translation": rooms.translation.run,
        "modes": looking.modes.run,
        "shadows": looking.translation.run,
        "second adapters": looking.second.run,
        "lookups": rooms.asking.run,
        "reconciliation": rooms.reconciler.run,
        "conditions": rooms.conditions.run,
        "drift": drift.run,
        "silence": silence.run,
        "operations": during("operations", rooms.operating.run),
        "time": TimeLoop(rooms.base.trusted, store.trust).run,
        "sources": SourcesLoop(rooms.base.stream, partial(_standings, rooms)).run,
        "retention": during("retention", RetentionLoop(retention, store.acts.prune, rooms.base.trusted).run),
        **({"notices": during("notices", _notices(rooms).run)} if rooms.live.settings.notify else {}),
    }.items():
        rooms.supervisor.start(name, loop)


def _share(rooms: Rooms) -> Hearing:
    """Let the rooms go by what is this replica's; what hears of the others."""
    keeper = rooms.base.keeper

    def serves(source: str, turn: str) -> bool:
        return keeper.holds(vendors_duty(source, turn))

    def is_busy(duty: str) -> bool:
        return rooms.asking.is_asking(lambda source, turn: vendors_duty(source, turn) == duty)

    rooms.delivery.holding = rooms.reconciler.holding = keeper
    for pull in rooms.pulls.values():
        pull.holding = keeper
    rooms.asking.serves = rooms.reconciler.serves = serves
    rooms.translation.shards = rooms.looking.translation.shards = partial(shards, keeper)
    wake = partial(_wake, rooms.translation, rooms.looking)
    known = Notes(rooms.base.refusals, rooms.lookups, rooms.live.sources)
    hearing = Hearing(keeper, rooms.base.store.outbox, rooms.delivery, rooms.pulls, wake, known)
    keeper.on_look, keeper.on_change = hearing.look, wake
    keeper.want(duties(rooms.live), digests(rooms.live.config), is_busy)
    return hearing


async def _standings(rooms: Rooms) -> Standings:
    silences = await rooms.silence.look()
    found: dict[str, tuple[str, str | None]] = {}
    for name in rooms.live.sources:
        halts = rooms.lookups.halts(name)
        is_silent = name in silences and silences[name].state == "silent"
        found[name] = ("halted", halts[0].reason.code) if halts else ("silent" if is_silent else "active", None)
    return found


def _notices(rooms: Rooms) -> NoticeLoop:
    base, conditions = rooms.base, rooms.conditions
    surroundings = Surroundings(
        rooms.live, base.store.records, rooms.silence.look, rooms.states, conditions.problems, conditions.full
    )
    return NoticeLoop(rooms.live, base.store, surroundings, base.clock)


def _apis_of(config: Config) -> dict[str, Api]:
    """The vendors' APIs by source, for those that have one."""
    found = {
        name: source.adapter.api(source.options) if source.adapter.api is not None else None
        for name, source in config.sources.items()
    }
    return {name: api for name, api in found.items() if api is not None}
