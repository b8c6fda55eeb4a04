"""The embedded core intake as a whole: Trackely's WMS webhook contract as an ASGI application of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from gateway.core_intake.customers import Customers, Geocoder, KnownCustomer
from gateway.core_intake.database import Database
from gateway.core_intake.doors import on_refusal
from gateway.core_intake.fetching import Fetcher
from gateway.core_intake.integrations import Integrations
from gateway.core_intake.keys import PullKey
from gateway.core_intake.orders import Orders
from gateway.core_intake.pulling import Pulling
from gateway.core_intake.settings import Changed, settings_routes
from gateway.core_intake.webhook import webhook_route
from gateway.errors import ConfigError, Fault, GatewayError
from gateway.ground.clock import Clock, now
from gateway.ground.failures import TurnedAway
from gateway.ground.files import private_database, private_folder

log = structlog.get_logger("core_intake")

PATHS = ("/api/integrations/wms/", "/api/settings/integrations")
"""A request whose path begins with one of these is the intake's."""


class IntakeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the intake bears: sizes in bytes; `tick_seconds` is how often it looks for a pull that is due."""

    max_body: int = 8 * 1024 * 1024
    pull_timeout_seconds: float = 60.0
    pull_max_bytes: int = 64 * 1024 * 1024
    tick_seconds: float = 1.0


_DEFAULT_LIMITS = IntakeLimits()


class IntakeApp:
    """An ASGI application, and an async context manager that opens and closes its file.

    Attributes:
        integrations: the webhooks by tenant.
        customers: the customers by tenant.
        orders: the orders by tenant.
        pulling: the pull endpoints by tenant.
        ticked_at: the event loop's time when the schedule was last looked at; 0.0 before the start.
    """

    def __init__(
        self,
        database: Database,
        parts: tuple[Integrations, Customers, Orders, Pulling],
        doors: Starlette,
        configured: Sequence[KnownCustomer],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self.integrations, self.customers, self.orders, self.pulling = parts
        self.ticked_at = 0.0
        self._database = database
        self._doors = doors
        self._configured = configured
        self._pause = pause
        self._loops: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        await self._doors(scope, receive, send)

    async def startup(self) -> None:
        """Opens the file and starts the schedule. Raises ConfigError, StoreUnavailable."""
        await self._database.open()
        await self.customers.put_configured(self._configured)
        # An address that is slow to find holds up no pull.
        self._loops = [
            asyncio.create_task(self._repeat(self.pulling.start_due)),
            asyncio.create_task(self._repeat(self.customers.geocode_pending)),
        ]

    async def shutdown(self) -> None:
        """Stops the schedule, lets the transactions in flight end, closes the file."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.pulling.stop()
        await self._database.close()

    async def __aenter__(self) -> Self:
        await self.startup()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.shutdown()

    async def ensure_connected(self, tenant: str, secret: str) -> bool:
        """Connects a tenant with its configured secret: see `Integrations.ensure_connected`."""
        return await self.integrations.ensure_connected(tenant, secret)

    async def _repeat(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception:
                log.exception("schedule_failed", step=step.__name__)
            if step == self.pulling.start_due:
                self.ticked_at = asyncio.get_running_loop().time()
            await self._pause()


async def _untold(_operator: str, _change: str, _of: str) -> None:
    """Where nobody keeps an audit."""


_REFUSALS: Final = dict.fromkeys((HTTPException, GatewayError, Exception), on_refusal)


def create_intake(  # noqa: PLR0913 - an application's options, each with its default
    directory: Path,
    *,
    admin_of: Callable[[bytes], str | None],
    customers: Sequence[KnownCustomer] = (),
    origin: str = "",
    turned_away: TurnedAway = lambda _reason, _address: None,
    changed: Changed = _untold,
    clock: Clock = now,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    limits: IntakeLimits = _DEFAULT_LIMITS,
    geocode: Geocoder | None = None,
) -> IntakeApp:
    """An intake that keeps `intake.db` and `intake-pull.key` in a directory.

    Args:
        directory: made where it is missing; one process at a time may use it.
        admin_of: the name of a Bearer token that may use Settings, or None; `keys.bearer_among` makes one from tokens.
        customers: known to every tenant from the start.
        origin: scheme, host and port under which the intake is reached, shown in the webhooks' URLs.
        turned_away: told of each request that proved nobody, and limits them.
        changed: told of each change of the settings: by whom, which, of which tenant.
        clock: tells the time in microseconds since 1970.
        sleep: waits between two looks at the schedule.
        limits: sizes and spans.
        geocode: finds the places of addresses, after the orders were accepted; by default nobody does.

    Raises:
        ConfigError: the directory cannot be used.
    """
    database, key = _kept_in(directory)
    orders, fetcher = Orders(database, clock), Fetcher(limits.pull_timeout_seconds, limits.pull_max_bytes)
    integrations, known = Integrations(database, clock, origin), Customers(database, clock, geocode)
    parts = (integrations, known, orders, Pulling(database, orders, key, fetcher, clock))
    routes = settings_routes(*parts, admin_of, turned_away, changed)
    routes.insert(0, webhook_route(integrations, orders, limits.max_body, turned_away))
    doors = Starlette(routes=routes, exception_handlers=_REFUSALS)
    doors.router.redirect_slashes = False
    return IntakeApp(database, parts, doors, customers, lambda: sleep(limits.tick_seconds))


def _kept_in(directory: Path) -> tuple[Database, PullKey]:
    try:
        private_folder(directory)
        private_database(directory / "intake.db")
        key = PullKey.kept_in(directory / "intake-pull.key")
    except OSError as error:
        raise ConfigError([Fault(str(directory), "", f"cannot keep the intake here: {error.strerror}")]) from error
    return Database((directory / "intake.db").resolve()), key
