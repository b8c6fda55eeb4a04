"""The wiring: the only place where the rooms meet."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters import Api
from gateway.api.access import Operators
from gateway.api.app import create_api
from gateway.api.doors import Doors
from gateway.api.health import health_routes
from gateway.config import ApiAccess, Config, embedded_tenant
from gateway.core_intake.app import PATHS as INTAKE_PATHS
from gateway.core_intake.app import IntakeApp, create_intake
from gateway.core_intake.keys import bearer_among
from gateway.delivery.delivery import Delivery
from gateway.drift.loop import DriftLoop
from gateway.drift.radar import Radar
from gateway.drift.shapes import shapes_of
from gateway.events import Clock, Micros, Reason
from gateway.ground.metrics import Metrics
from gateway.ground.supervision import STALE_AFTER, Supervisor
from gateway.ingress.refusals import RefusalLog
from gateway.ingress.rim import Rim
from gateway.lookups.loop import LookupLoop
from gateway.lookups.reconciliation import Lookups, Reconciler
from gateway.lookups.vendor_api import VendorApi
from gateway.orders import TenantState
from gateway.pull.endpoint import pull_route
from gateway.pull.ledger import PullTenant
from gateway.records import RefusalRecord
from gateway.service.reports import Reports
from gateway.service.upkeep import Conditions, Gauges, RetentionLoop
from gateway.store.process import ProcessStore
from gateway.translation.loop import TranslationLoop
from gateway.translation.process import TranslationProcess

STOP_SECONDS: Final = 10.0
LONGEST_STOP_SECONDS: Final = 20.0
METHOD_NOT_ALLOWED: Final = 405
OPERATORS_PATHS: Final = ("/api/v1", "/openapi.json")

_log = structlog.get_logger("gateway.app")


def now() -> Micros:
    """The wall clock."""
    return time.time_ns() // 1000


class Gateway:
    """All rooms over one configuration. `async with Gateway(config) as gateway` opens the store and starts the loops.

    `on_lost` is called when the store's process ends before its time: nothing works any more.

    Attributes:
        public: the ASGI application of the main listener.
        admin: that of the operators' listener, None where they share the main one.
    """

    public: ASGIApp
    admin: ASGIApp | None

    def __init__(self, config: Config, clock: Clock = now, *, on_lost: Callable[[], None] = lambda: None) -> None:
        self._config = config
        self._clock = clock
        self._on_lost = on_lost
        self._started_at = clock()
        self._stack = AsyncExitStack()
        self._supervisor = Supervisor(clock)
        self._operators = Operators(config.settings.api)
        self._intake_admin_of = bearer_among(_admin_tokens(config.settings.api))
        self._apis = _apis_of(config)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the loops, let what is in flight be settled, close the store; one that hangs is not waited for."""
        abandoning = asyncio.get_running_loop().call_later(LONGEST_STOP_SECONDS, self._store.abandon)
        try:
            await self._stack.aclose()
        finally:
            abandoning.cancel()

    async def _open(self, stack: AsyncExitStack) -> None:
        config, clock = self._config, self._clock
        settings = config.settings
        store, process = await self._open_processes(stack)
        metrics = Metrics(config.sources, settings.tenants)
        reports = Reports(metrics, clock)
        conditions = Conditions(config, store)
        conditions.look_at_disk()
        refusals = RefusalLog()
        rim = Rim(config, store.inbox, clock=clock, refusals=refusals, figures=metrics, blocked=conditions.blocked)
        stack.callback(rim.close)
        store.observe(on_commit=metrics.committed)
        intake = await self._open_intake(stack)
        delivery = Delivery(
            settings.tenants, store.outbox, clock=clock, on_attempt=reports.attempted, on_crash=_crashed
        )
        pulls = await self._open_pulls(store, reports)
        vendors = VendorApi(self._apis, clock=clock)
        stack.push_async_callback(vendors.close)
        asking = LookupLoop(store.lookups, self._apis, vendors, clock=clock, on_dead=reports.translated)
        self._radar = radar = Radar({name: shapes_of(each.adapter) for name, each in config.sources.items()}, clock)
        radar.load(await store.drift.drift())
        drift = DriftLoop(radar, store.drift.save_drift)
        stack.push_async_callback(drift.flush)
        translation = self._translation(stack, store, process, reports, conditions, delivery, asking)
        reconciler = Reconciler(config.sources, store.reconciliation, vendors, translation.rehearse, clock=clock)
        self._delivery, self._pulls, self._refusals, self._metrics = delivery, pulls, refusals, metrics
        self._rim, self._intake = rim, intake
        await delivery.start()
        stack.push_async_callback(delivery.stop, STOP_SECONDS)
        for name, loop in {
            "translation": translation.run,
            "lookups": asking.run,
            "reconciliation": reconciler.run,
            "conditions": conditions.run,
            "drift": drift.run,
            "retention": RetentionLoop(settings.retention, store.operations.prune, clock).run,
        }.items():
            self._supervisor.start(name, loop)
        stack.push_async_callback(self._supervisor.stop)
        gauges = Gauges(
            config,
            store,
            metrics,
            states=self.states,
            ticks=self.ticks,
            flush=rim.flush,
            drift=radar.counts,
            clock=clock,
        )
        doors = Doors(
            records=store.records,
            operations=store.operations,
            archive=store.archive,
            drift=radar,
            deliveries=_Deliveries(delivery, self.states),
            lookups=Lookups(asking, reconciler),
            refusals=refusals,
            config=config,
            clock=clock,
            started_at=self._started_at,
            audit=reports.audit,
            turned_away=self.turned_away,
            operators=self._operators,
            wake_translation=translation.wake,
        )

        async def ready() -> list[str]:
            return [*conditions.problems(), *([] if process.fault is None else [process.fault])]

        self._assemble(doors, gauges, ready, intake, rim)

    async def _open_processes(self, stack: AsyncExitStack) -> tuple[ProcessStore, TranslationProcess]:
        """The store's and the adapters', which start beside each other."""
        sources = self._config.sources
        process = TranslationProcess(sources, self._config.settings.tenants)
        stack.push_async_callback(process.close)
        starting = asyncio.create_task(process.start())
        try:
            self._store = store = await ProcessStore.open(Path(self._config.store_path))
            stack.push_async_callback(store.close)
            await starting
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        store.on_lost = self._on_lost
        await store.adopt({alias: source.name for source in sources.values() for alias in source.settings.aliases})
        return store, process

    async def _open_pulls(self, store: ProcessStore, reports: Reports) -> dict[str, PullTenant]:
        pulls = {
            name: PullTenant(name, tenant, store.outbox, store.pulls, clock=self._clock, on_settled=reports.pulled)
            for name, tenant in self._config.settings.tenants.items()
            if tenant.delivery == "pull"
        }
        for pull in pulls.values():
            await pull.load()
        return pulls

    def turned_away(self, status: int, reason: str, address: str | None) -> None:
        """A request never reached an application, or proved nobody there."""
        self._refusals.add(RefusalRecord(self._clock(), None, status, reason, address, None))
        self._metrics.refused(None, reason, 1)

    async def take_secrets(self, config: Config) -> None:
        """Go on with another configuration's secrets; nothing else of it counts.

        Raises:
            ValueError: credentials that are none; nothing has changed.
            StoreUnavailable: the embedded intake could not be told.
        """
        self._rim.reload(config)
        self._config = config
        settings = config.settings
        self._operators.take(settings.api)
        self._intake_admin_of = bearer_among(_admin_tokens(settings.api))
        self._delivery.take_secrets(settings.tenants)
        for name, pull in self._pulls.items():
            pull.settings = settings.tenants[name]
        self._apis.update(_apis_of(config))
        if self._intake is not None:
            await self._connect_tenants(self._intake)

    def states(self) -> dict[str, TenantState]:
        """How deliveries go, by tenant, pulled ones too."""
        return {**self._delivery.states(), **{name: pull.state for name, pull in self._pulls.items()}}

    async def _open_intake(self, stack: AsyncExitStack) -> IntakeApp | None:
        """The embedded intake; a tenant whose `intake_url` is ours is connected there when first seen."""
        settings = self._config.settings
        if not settings.intake.embedded:
            return None
        intake = create_intake(
            Path(self._config.store_path).parent,
            admin_of=self._intake_admin,
            customers=settings.intake.customers,
            origin=f"http://{settings.server.host}:{settings.server.port}",
            turned_away=self.turned_away,
            clock=self._clock,
        )
        await stack.enter_async_context(intake)
        await self._connect_tenants(intake)
        return intake

    def _intake_admin(self, token: bytes) -> str | None:
        # By the tokens of this moment, not of the start.
        return self._intake_admin_of(token)

    async def _connect_tenants(self, intake: IntakeApp) -> None:
        settings = self._config.settings
        for tenant in settings.tenants.values():
            name = embedded_tenant(tenant.intake_url, settings.server.host, settings.server.port)
            if name is not None and tenant.secret is not None:
                await intake.ensure_connected(name, tenant.secret)

    def _translation(
        self,
        stack: AsyncExitStack,
        store: ProcessStore,
        process: TranslationProcess,
        reports: Reports,
        conditions: Conditions,
        delivery: Delivery,
        asking: LookupLoop,
    ) -> TranslationLoop:
        def on_orders(tenants: Collection[str]) -> None:
            conditions.grew(tenants)
            for tenant in tenants:
                delivery.wake(tenant)

        translation = TranslationLoop(
            store.translation,
            process.translate,
            self._config.sources,
            clock=self._clock,
            observer=reports,
            on_orders=on_orders,
            on_lookups=asking.wake,
            look=self._radar.look,
        )
        stack.callback(translation.close)
        store.observe(on_stored=translation.wake)
        return translation

    def _assemble(
        self,
        doors: Doors,
        gauges: Gauges,
        ready: Callable[[], Awaitable[list[str]]],
        intake: IntakeApp | None,
        rim: Rim,
    ) -> None:
        """Which path goes where, on which listener."""
        health = health_routes(alive=self.problems, ready=ready, metrics=gauges.exposition)
        has_own_listener = self._config.settings.server.admin is not None
        everyone = [route for route in health if not (has_own_listener and route.path == "/metrics")]
        pull = pull_route(self._pulls, self.turned_away)
        machines = Starlette(routes=[*everyone, pull], exception_handlers={HTTPException: _refused})
        # A redirect would lead wherever the request's own Host says.
        machines.router.redirect_slashes = False
        api = create_api(doors)
        paths: dict[str, ASGIApp] = {} if intake is None else dict.fromkeys(INTAKE_PATHS, intake)
        operators: dict[str, ASGIApp] = dict.fromkeys(OPERATORS_PATHS, api)
        self.admin = None
        if has_own_listener:
            inside = Starlette(routes=health, exception_handlers={HTTPException: _refused})
            inside.router.redirect_slashes = False
            self.admin = _by_path({**operators, **paths}, inside)
        else:
            paths |= operators
        self.public = rim.before(_by_path(paths, machines))

    def problems(self) -> list[str]:
        """Loops that have not moved for a minute."""
        limit = self._clock() - STALE_AFTER
        return [f"the loop {name} has not moved for a minute" for name, at in self.ticks().items() if at < limit]

    def ticks(self) -> dict[str, Micros]:
        """When each loop last moved."""
        return {**self._supervisor.ticks, **self._delivery.ticks}


class _Deliveries:
    """What the operators may ask of delivery, pulled tenants shown too."""

    def __init__(self, delivery: Delivery, states: Callable[[], Mapping[str, TenantState]]) -> None:
        self.states = states
        self.resume = delivery.resume
        self.wake = delivery.wake
        self.forget_words = delivery.forget_words
        self._delivery = delivery

    async def halt(self, tenant: str, reason: Reason) -> None:
        """Send nothing to the tenant until it is resumed by hand."""
        await self._delivery.halt(tenant, reason.detail)


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


def _by_path(paths: Mapping[str, ASGIApp], otherwise: ASGIApp) -> ASGIApp:
    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        app = next((app for prefix, app in paths.items() if path.startswith(prefix)), otherwise)
        await app(scope, receive, send)

    return front


async def _refused(_request: Request, error: Exception) -> Response:
    status, given = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    # Starlette names a route's methods in any order.
    methods = sorted((given or {}).get("Allow", "").split(", "))
    word, detail = {
        404: ("not_found", "there is no such page"),
        405: ("method_not_allowed", f"expected {' or '.join(methods)}"),
    }.get(status, ("error", "it cannot be done"))
    headers = {"Allow": ", ".join(methods)} if status == METHOD_NOT_ALLOWED else None
    return JSONResponse({"error": word, "detail": detail}, status_code=status, headers=headers)


def _crashed(loop: str, error: Exception) -> None:
    _log.error("loop_died", loop=loop, exc_info=error)
