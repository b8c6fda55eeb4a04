"""What outlives a change of the configuration: the store, the metrics, the embedded intake."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from gateway.config.live import Live
from gateway.config.model import ApiAccess, Config
from gateway.config.urls import embedded_tenant
from gateway.console.link import SignInLink
from gateway.console.sessions import Sessions
from gateway.core_intake.app import IntakeApp, create_intake
from gateway.core_intake.keys import bearer_among
from gateway.duties.clock import StoreClock
from gateway.duties.keeper import Keeper
from gateway.events import Clock, Micros
from gateway.ground.files import private_folder
from gateway.ground.metrics import Metrics
from gateway.ground.supervision import Supervisor
from gateway.ground.trust import TrustedClock
from gateway.ingress.refusals import RefusalLog
from gateway.records import Act
from gateway.service.replica import join_replicas
from gateway.service.reports import Reports
from gateway.service.streaming import Stream
from gateway.store.process.client import Database, ProcessStore
from gateway.translation.process import TranslationProcess


class Foundation(msgspec.Struct, kw_only=True):
    """What outlives a change of the configuration; `live` is the one in force, `started_at` when all began to open."""

    live: Live
    clock: Clock
    trusted: TrustedClock
    started_at: Micros
    store: ProcessStore
    keeper: Keeper
    keeping: Supervisor
    metrics: Metrics
    refusals: RefusalLog
    reports: Reports
    sessions: Sessions
    stream: Stream
    intake: IntakeApp | None = None
    link: SignInLink | None = None


async def open_foundation(
    stack: AsyncExitStack, live: Live, clock: Clock, process: TranslationProcess, on_lost: Callable[[str], None]
) -> Foundation:
    """Open the store, its process and the adapters' starting beside each other, and the embedded intake."""
    clock = StoreClock(clock)
    started_at, starting = clock(), asyncio.create_task(process.start())
    try:
        place = Path(live.config.store_path)
        if live.config.database is not None:
            # What else is kept on this machine has its folder all the same.
            private_folder(place.parent)
        database = live.config.database and Database(live.config.database, live.settings.allow_unsafe)
        store = await ProcessStore.open(database or place)
        stack.push_async_callback(store.close)
        await starting
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    store.on_lost = on_lost
    keeper = await join_replicas(store.duties, live, clock)
    stack.push_async_callback(keeper.leave)
    keeping = Supervisor()
    stack.push_async_callback(keeping.stop)
    for name, loop in {"duties": keeper.run, "duties:expire": keeper.expire}.items():
        keeping.start(name, loop)
    metrics, refusals, stream = Metrics(live.sources, live.tenants), RefusalLog(), Stream(store.watch, clock)
    store.observe(on_commit=metrics.committed, on_changes=stream.heard)
    stack.push_async_callback(stream.close)
    trusted = TrustedClock(clock, await store.trust(0))
    base = Foundation(
        live=live, clock=clock, trusted=trusted, started_at=started_at, store=store, keeper=keeper, keeping=keeping,
        metrics=metrics, refusals=refusals, reports=Reports(metrics, refusals, clock),
        sessions=Sessions(store.sessions, trusted), stream=stream,
    )  # fmt: skip
    base.intake = await _open_intake(stack, base)
    return base


async def _open_intake(stack: AsyncExitStack, base: Foundation) -> IntakeApp | None:
    settings = base.live.settings
    if not settings.intake.embedded:
        return None

    def admin_of(token: bytes) -> str | None:
        # By the tokens of this moment, not of the start.
        return bearer_among(_admin_tokens(base.live.settings.api))(token)

    async def changed(operator: str, change: str, of: str) -> None:
        act = Act(at=base.clock(), by=operator, act=change, what=f"embedded intake {of}")
        await base.store.trail.note(act)

    intake = create_intake(
        Path(base.live.config.store_path).parent,
        admin_of=admin_of,
        customers=settings.intake.customers,
        origin=f"http://{settings.server.host}:{settings.server.port}",
        turned_away=base.reports.unproven,
        changed=changed,
        clock=base.clock,
    )
    await stack.enter_async_context(intake)
    await connect_tenants(intake, base.live.config)
    return intake


async def connect_tenants(intake: IntakeApp, config: Config) -> None:
    """A tenant whose `intake_url` is ours is connected there when first seen, and when its secret has changed."""
    settings = config.settings
    for tenant in settings.tenants.values():
        name = embedded_tenant(tenant.intake_url, settings.server.host, settings.server.port)
        if name is not None and tenant.secret is not None:
            await intake.ensure_connected(name, tenant.secret)


def _admin_tokens(access: ApiAccess) -> dict[str, str]:
    if access.token:
        return {"token": access.token}
    return {each.name: each.token for each in access.tokens if each.role == "admin"}
