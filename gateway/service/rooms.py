"""The rooms, opened in the order in which they stand on one another, and closed in the other."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import NamedTuple

import msgspec

from adapters import Api
from gateway.config.live import Live
from gateway.config.model import Config
from gateway.delivery.delivery import Delivery
from gateway.drift.expected import samples_of
from gateway.drift.radar import Radar
from gateway.drift.shapes import shapes_of
from gateway.events import Arrival, Clock, Micros
from gateway.ground.clock import monotonic
from gateway.ground.supervision import STALE_AFTER, Supervisor
from gateway.ingress.rim import Rim
from gateway.lookups.loop import LookupLoop
from gateway.lookups.reconciliation import Reconciler
from gateway.lookups.standing import Lookups
from gateway.lookups.vendor_api import VendorApi
from gateway.orders import TenantState
from gateway.pull.ledger import PullTenant
from gateway.rehearsal.effects import Preview
from gateway.rehearsal.operating import OperationsLoop
from gateway.rehearsal.trials import Trials
from gateway.service.foundation import Foundation
from gateway.service.previewing import preview_of, trials_of
from gateway.service.shadowing import InMode, Looking, Observers, open_looking
from gateway.service.spans import Spans, spans_of
from gateway.service.upkeep import Conditions
from gateway.silence.watch import SilenceWatch
from gateway.store.ports import Inbox
from gateway.translation.loop import TranslationLoop
from gateway.translation.process import TranslationProcess


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

    def translate_new(self, new: Sequence[tuple[int, Arrival]]) -> None:
        """What was stored a moment ago waits for whichever of the two it is for."""
        for loop in (self.translation, self.looking.translation):
            loop.stored(new)

    def wake_translation(self) -> None:
        """Something is there to be translated, by whichever of the two it is for."""
        _wake_both(self.translation, self.looking)

    def hindrances(self) -> list[str]:
        """Why the gateway is not ready, in words."""
        return [*self.conditions.problems(), *([] if self.process.fault is None else [self.process.fault])]


def _radar(live: Live, clock: Clock) -> Radar:
    adapters = {name: each.adapter for name, each in live.sources.items()}
    samples = {name: samples_of(adapter) for name, adapter in adapters.items()}
    return Radar({name: shapes_of(adapter) for name, adapter in adapters.items()}, clock, samples=samples)


class _Edges(NamedTuple):
    """What asks and is asked: the rooms through which the others reach out."""

    supervisor: Supervisor
    conditions: Conditions
    spans: Spans
    delivery: Delivery
    vendors: VendorApi
    asking: LookupLoop


def _edges(stack: AsyncExitStack, base: Foundation, live: Live) -> _Edges:
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
    return _Edges(supervisor, conditions, spans, delivery, vendors, asking)


class _Translating(NamedTuple):
    """The loops that translate, and the sources of which what comes of it is delivered."""

    delivering: InMode
    looking: Looking
    loop: TranslationLoop


def _translating(
    stack: AsyncExitStack, base: Foundation, live: Live, process: TranslationProcess, edges: _Edges, radar: Radar
) -> _Translating:
    clock, on_orders = base.clock, partial(_on_orders, edges.conditions, edges.delivery)
    looking = open_looking(
        stack, live, base.store, clock=clock, observer=base.reports, on_orders=on_orders, on_lookups=edges.asking.wake
    )
    delivering = InMode(live, looking.modes, "live")
    loop = TranslationLoop(
        base.store.translation,
        edges.spans.translate(process.translate),
        delivering,
        clock=clock,
        observer=Observers(base.reports, looking.second),
        on_orders=on_orders,
        on_lookups=edges.asking.wake,
        onlooker=radar,
    )
    stack.callback(loop.close)
    return _Translating(delivering, looking, loop)


async def build_rooms(stack: AsyncExitStack, base: Foundation, live: Live, process: TranslationProcess) -> Rooms:
    """Build the rooms over a configuration; nothing moves in them yet.

    Raises:
        ValueError: credentials that are none.
    """
    store, clock, radar = base.store, base.clock, _radar(live, base.clock)
    edges = _edges(stack, base, live)
    delivering, looking, translation = _translating(stack, base, live, process, edges, radar)
    rehearse, recovered = translation.rehearse, base.metrics.recovered
    reconciler = Reconciler(
        live.sources, store.reconciliation, edges.vendors, rehearse, clock=clock, on_recovered=recovered
    )
    # Of its own: a person's look at a few does not stand behind an operation's at many.
    many = preview_of(live, delivering, store.archive, clock)
    return Rooms(
        base=base,
        live=live,
        process=process,
        conditions=edges.conditions,
        rim=_open_rim(stack, base, live, edges.conditions, edges.spans.inbox(store.inbox)),
        spans=edges.spans,
        delivery=edges.delivery,
        pulls=_pulls(base, live),
        radar=radar,
        asking=edges.asking,
        translation=translation,
        looking=looking,
        preview=preview_of(live, delivering, store.archive, clock),
        trials=trials_of(live, store.archive, clock),
        operating=OperationsLoop(store.bulk, many, on_replayed=partial(_wake_both, translation, looking), clock=clock),
        reconciler=reconciler,
        lookups=Lookups(edges.asking, reconciler),
        silence=SilenceWatch(live.sources, store.records.last_accepted, base.trusted),
        supervisor=edges.supervisor,
    )


def _wake_both(translation: TranslationLoop, looking: Looking) -> None:
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


def _apis_of(config: Config) -> dict[str, Api]:
    """The vendors' APIs by source, for those that have one."""
    found = {
        name: source.adapter.api(source.options) if source.adapter.api is not None else None
        for name, source in config.sources.items()
    }
    return {name: api for name, api in found.items() if api is not None}
