"""The rooms, opened in the order in which they stand on one another, and closed in the other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from adapters import Api
from gateway.config import ApiAccess, Config, embedded_tenant, secrets_changed
from gateway.config.live import Live
from gateway.core_intake.app import IntakeApp, create_intake
from gateway.core_intake.keys import bearer_among
from gateway.delivery.delivery import Delivery
from gateway.drift.expected import samples_of
from gateway.drift.loop import DriftLoop
from gateway.drift.radar import Radar
from gateway.drift.shapes import shapes_of
from gateway.errors import StoreUnavailable
from gateway.events import Clock, Micros
from gateway.ground.clock import monotonic
from gateway.ground.metrics import Metrics
from gateway.ground.supervision import STALE_AFTER, Supervisor
from gateway.ground.trust import TrustedClock
from gateway.ingress.refusals import RefusalLog
from gateway.ingress.rim import Rim
from gateway.lookups.loop import LookupLoop
from gateway.lookups.reconciliation import Reconciler
from gateway.lookups.vendor_api import VendorApi
from gateway.orders import TenantState
from gateway.pull.ledger import PullTenant
from gateway.records import Act
from gateway.service.reports import Reports
from gateway.service.upkeep import Conditions, RetentionLoop, TimeLoop
from gateway.store.process import ProcessStore
from gateway.translation.loop import TranslationLoop
from gateway.translation.process import TranslationProcess

STOP_SECONDS: Final = 10.0
LONGEST_STOP_SECONDS: Final = 20.0


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """All rooms, open, over the configuration in force; `started_at` is when they began to open."""

    live: Live
    clock: Clock
    trusted: TrustedClock
    started_at: Micros
    store: ProcessStore
    process: TranslationProcess
    metrics: Metrics
    refusals: RefusalLog
    reports: Reports
    conditions: Conditions
    rim: Rim
    intake: IntakeApp | None
    delivery: Delivery
    pulls: Mapping[str, PullTenant]
    radar: Radar
    asking: LookupLoop
    translation: TranslationLoop
    reconciler: Reconciler
    supervisor: Supervisor

    def states(self) -> dict[str, TenantState]:
        """How deliveries go, by tenant, pulled ones too."""
        return {**self.delivery.states(), **{name: pull.state for name, pull in self.pulls.items()}}

    def ticks(self) -> dict[str, Micros]:
        """When each loop last moved, by the monotonic clock."""
        return {**self.supervisor.ticks, **self.delivery.ticks}

    def problems(self) -> list[str]:
        """Loops that have not moved for a minute, or die again and again."""
        limit = monotonic() - STALE_AFTER
        still = [f"the loop {name} has not moved for a minute" for name, at in self.ticks().items() if at < limit]
        return [*still, *self.supervisor.problems()]

    async def hindrances(self) -> list[str]:
        """Why the gateway is not ready, in words."""
        return [*self.conditions.problems(), *([] if self.process.fault is None else [self.process.fault])]

    async def take(self, config: Config) -> None:
        """Go on with another configuration, of which only the secrets may differ.

        Raises:
            ValueError: credentials that are none; nothing has changed.
            StoreUnavailable: the embedded intake could not be told.
        """
        changed = ", ".join(secrets_changed(self.live.config, config)) or "nothing new"
        self.live.replace(config)
        act = Act(at=self.clock(), by="SIGHUP", act="reload", what=f"secrets: {changed}")
        with suppress(StoreUnavailable):
            await self.store.trail.note(act)
        if self.intake is not None:
            await connect_tenants(self.intake, config)


@asynccontextmanager
async def open_rooms(live: Live, clock: Clock, on_lost: Callable[[], None]) -> AsyncIterator[Rooms]:
    """Open the store and all rooms, and start their loops; at the end what is in flight is settled.

    `on_lost` is called when the store's process ends before its time; one that hangs is not waited for.
    """
    async with AsyncExitStack() as stack:
        rooms = await _open(stack, live, clock, on_lost)
        try:
            yield rooms
        finally:
            abandoning = asyncio.get_running_loop().call_later(LONGEST_STOP_SECONDS, rooms.store.abandon)
            try:
                await stack.aclose()
            finally:
                abandoning.cancel()


def _radar(live: Live, clock: Clock) -> Radar:
    adapters = {name: each.adapter for name, each in live.sources.items()}
    samples = {name: samples_of(adapter) for name, adapter in adapters.items()}
    return Radar({name: shapes_of(adapter) for name, adapter in adapters.items()}, clock, samples=samples)


async def _open(stack: AsyncExitStack, live: Live, clock: Clock, on_lost: Callable[[], None]) -> Rooms:
    started_at = clock()
    store, process = await _open_processes(stack, live, on_lost)
    metrics, refusals = Metrics(live.sources, live.tenants), RefusalLog()
    store.observe(on_commit=metrics.committed)
    reports = Reports(metrics, refusals, clock)
    trusted = TrustedClock(clock, await store.trust(0))
    conditions = Conditions(live.config, store)
    conditions.look_at_disk()
    rim = Rim(
        live, store.inbox, clock=clock, received=trusted, refusals=refusals, figures=metrics, blocked=conditions.blocked
    )
    stack.callback(rim.close)
    told, died = reports.attempted, reports.crashed
    delivery = Delivery(live.tenants, store.outbox, clock=clock, on_attempt=told, on_crash=died)
    apis = live.mapping(_apis_of)
    vendors = VendorApi(apis, clock=clock)
    stack.push_async_callback(vendors.close)
    asking = LookupLoop(store.lookups, apis, vendors, clock=clock, on_dead=reports.translated)
    radar = _radar(live, clock)
    radar.load(await store.drift.drift())

    def on_orders(tenants: Collection[str]) -> None:
        conditions.grew(tenants)
        for tenant in tenants:
            delivery.wake(tenant)

    translation = TranslationLoop(
        store.translation,
        process.translate,
        live.sources,
        clock=clock,
        observer=reports,
        on_orders=on_orders,
        on_lookups=asking.wake,
        look=radar.look,
    )
    stack.callback(translation.close)
    store.observe(on_stored=translation.wake)
    rooms = Rooms(
        live=live,
        clock=clock,
        trusted=trusted,
        started_at=started_at,
        store=store,
        process=process,
        metrics=metrics,
        refusals=refusals,
        reports=reports,
        conditions=conditions,
        rim=rim,
        intake=await _open_intake(stack, live, store, reports, clock),
        delivery=delivery,
        pulls=await _open_pulls(live, store, reports, clock),
        radar=radar,
        asking=asking,
        translation=translation,
        reconciler=Reconciler(live.sources, store.reconciliation, vendors, translation.rehearse, clock=clock),
        supervisor=Supervisor(),
    )
    await _start_loops(stack, rooms)
    return rooms


async def _start_loops(stack: AsyncExitStack, rooms: Rooms) -> None:
    drift = DriftLoop(rooms.radar, rooms.store.drift.save_drift)
    stack.push_async_callback(drift.flush)
    await rooms.delivery.start()
    stack.push_async_callback(rooms.delivery.stop, STOP_SECONDS)
    retention = rooms.live.settings.retention
    for name, loop in {
        "translation": rooms.translation.run,
        "lookups": rooms.asking.run,
        "reconciliation": rooms.reconciler.run,
        "conditions": rooms.conditions.run,
        "drift": drift.run,
        "time": TimeLoop(rooms.trusted, rooms.store.trust).run,
        "retention": RetentionLoop(retention, rooms.store.operations.prune, rooms.trusted).run,
    }.items():
        rooms.supervisor.start(name, loop)
    stack.push_async_callback(rooms.supervisor.stop)


async def _open_processes(
    stack: AsyncExitStack, live: Live, on_lost: Callable[[], None]
) -> tuple[ProcessStore, TranslationProcess]:
    """The store's and the adapters', which start beside each other."""
    process = TranslationProcess(live.sources, live.tenants)
    stack.push_async_callback(process.close)
    starting = asyncio.create_task(process.start())
    try:
        store = await ProcessStore.open(Path(live.config.store_path))
        stack.push_async_callback(store.close)
        await starting
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    store.on_lost = on_lost
    await store.adopt({alias: source.name for source in live.sources.values() for alias in source.settings.aliases})
    return store, process


async def _open_pulls(live: Live, store: ProcessStore, reports: Reports, clock: Clock) -> dict[str, PullTenant]:
    pulls = {
        name: PullTenant(name, live.tenants, store.outbox, store.pulls, clock=clock, on_settled=reports.pulled)
        for name, tenant in live.tenants.items()
        if tenant.delivery == "pull"
    }
    for pull in pulls.values():
        await pull.load()
    return pulls


async def _open_intake(
    stack: AsyncExitStack, live: Live, store: ProcessStore, reports: Reports, clock: Clock
) -> IntakeApp | None:
    settings = live.settings
    if not settings.intake.embedded:
        return None
    admin = live.derive(lambda config: bearer_among(_admin_tokens(config.settings.api)))

    def admin_of(token: bytes) -> str | None:
        # By the tokens of this moment, not of the start.
        return admin.value(token)

    async def changed(operator: str, change: str, of: str) -> None:
        act = Act(at=clock(), by=operator, act=change, what=f"embedded intake {of}")
        await store.trail.note(act)

    intake = create_intake(
        Path(live.config.store_path).parent,
        admin_of=admin_of,
        customers=settings.intake.customers,
        origin=f"http://{settings.server.host}:{settings.server.port}",
        turned_away=reports.unproven,
        changed=changed,
        clock=clock,
    )
    await stack.enter_async_context(intake)
    await connect_tenants(intake, live.config)
    return intake


async def connect_tenants(intake: IntakeApp, config: Config) -> None:
    """A tenant whose `intake_url` is ours is connected there when first seen, and when its secret has changed."""
    settings = config.settings
    for tenant in settings.tenants.values():
        name = embedded_tenant(tenant.intake_url, settings.server.host, settings.server.port)
        if name is not None and tenant.secret is not None:
            await intake.ensure_connected(name, tenant.secret)


def _apis_of(config: Config) -> dict[str, Api]:
    """The vendors' APIs by source, for those that have one."""
    found = {
        name: source.adapter.api(source.options) if source.adapter.api is not None else None
        for name, source in config.sources.items()
    }
    return {name: api for name, api in found.items() if api is not None}


def _admin_tokens(access: ApiAccess) -> dict[str, str]:
    if access.token:
        return {"token": access.token}
    return {each.name: each.token for each in access.tokens if each.role == "admin"}
