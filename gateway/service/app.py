"""Which path goes where, on which listener."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.access import bearers_of
from gateway.api.app import create_api
from gateway.api.doors import Doors, Reloading
from gateway.api.health import health_routes
from gateway.api.inside import Inside as InsideApi
from gateway.api.streaming import told
from gateway.console.app import create_console
from gateway.console.inside import Inside
from gateway.core_intake.app import PATHS as INTAKE_PATHS
from gateway.events import Reason
from gateway.ground.addresses import parsed, sender_of
from gateway.ground.answers import error_answer
from gateway.orders import TenantState
from gateway.pull.endpoint import pull_route
from gateway.records import Act
from gateway.service.rooms import Rooms
from gateway.service.root import CONSOLE, EVERYONES, OPERATORS, root_route
from gateway.service.spans import Doorway
from gateway.service.upkeep import Gauges

METHOD_NOT_ALLOWED: Final = 405
OPERATORS_PATHS: Final = ("/api/v1", "/openapi.json")


class Applications(msgspec.Struct, frozen=True):
    """The ASGI application of each listener; `admin` is None where the operators share the main one."""

    public: Doorway
    admin: ASGIApp | None


def applications(rooms: Rooms, reloading: Reloading) -> Applications:
    """The rooms' doors."""
    health = health_routes(
        alive=rooms.problems,
        ready=rooms.hindrances,
        metrics=_gauges(rooms).exposition,
        warnings=rooms.base.trusted.warnings,
    )
    proxies = rooms.live.settings.server.trusted_proxies
    has_own_listener = rooms.live.settings.server.admin is not None
    everyone = [route for route in health if not (has_own_listener and route.path == "/metrics")]
    intake: dict[str, ASGIApp] = {} if rooms.base.intake is None else dict.fromkeys(INTAKE_PATHS, rooms.base.intake)
    doors = _operators_doors(rooms, reloading)
    operators: dict[str, ASGIApp] = dict.fromkeys(OPERATORS_PATHS, create_api(doors))
    has_console = rooms.live.settings.console.enabled
    if has_console:
        operators[CONSOLE] = _console(rooms, doors)
    machines = [*everyone, pull_route(rooms.pulls, rooms.base.reports.unproven)]
    if not has_own_listener:
        shared = _routed([*machines, root_route({**EVERYONES, **OPERATORS}, has_console=has_console)])
        others = _behind(proxies, _by_path({**intake, **operators}, shared))
        return Applications(rooms.spans.front(rooms.rim.before(others)), None)
    public = _behind(proxies, _by_path(intake, _routed([*machines, root_route(EVERYONES, has_console=False)])))
    admin = _routed([*health, root_route(OPERATORS, has_console=has_console)])
    return Applications(
        rooms.spans.front(rooms.rim.before(public)), _behind(proxies, _by_path({**operators, **intake}, admin))
    )


class _Deliveries:
    """What the operators may ask of delivery, pulled tenants shown too."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.wake = rooms.delivery.wake
        self.forget_words = rooms.delivery.forget_words

    def states(self) -> Mapping[str, TenantState]:
        """How each tenant stands."""
        return self._rooms.states()

    async def resume(self, tenant: str, act: Act) -> None:
        """Send to the tenant again, or let it pull again."""
        pulled = self._rooms.pulls.get(tenant)
        await (self._rooms.delivery.resume(tenant, act) if pulled is None else pulled.resume(act))

    async def halt(self, tenant: str, reason: Reason, act: Act) -> None:
        """Send nothing to the tenant until it is resumed by hand."""
        await self._rooms.delivery.halt(tenant, reason.detail, act)


def _operators_doors(rooms: Rooms, reloading: Reloading) -> Doors:
    store = rooms.base.store
    return Doors(
        records=store.records,
        acts=store.acts,
        bulk=store.bulk,
        archive=store.archive,
        days=store.days,
        duties=store.duties,
        preview=rooms.preview,
        trials=rooms.trials,
        drift=rooms.radar,
        hours=rooms.base.metrics.hours,
        deliveries=_Deliveries(rooms),
        lookups=rooms.lookups,
        refusals=rooms.base.refusals,
        silences=rooms.silence.look,
        habits=rooms.base.reports.habits.of,
        live=rooms.live,
        clock=rooms.base.clock,
        trusted=rooms.base.trusted,
        started_at=rooms.base.started_at,
        audit=rooms.base.reports.audit,
        trail=rooms.base.store.trail,
        stream=rooms.base.stream,
        turned_away=rooms.base.reports.unproven,
        wake_translation=rooms.translation.wake,
        reloading=reloading,
        wake_operations=rooms.operating.wake,
        shadows=store.shadows,
        mode_of=rooms.looking.modes.of,
        look_at_modes=rooms.looking.modes.look,
    )


def _console(rooms: Rooms, doors: Doors) -> ASGIApp:
    bearers = rooms.live.derive(lambda config: bearers_of(config.settings.api))
    inside = Inside(
        ask=InsideApi(doors),
        bearers=lambda: bearers.value,
        unproven=doors.turned_away,
        note=doors.trail.note,
        listen=doors.stream.begin,
        follow=partial(told, doors, is_live=True),
        sessions=rooms.base.sessions,
        problems=partial(_problems, rooms),
        is_public=rooms.live.settings.server.admin is None,
        clock=doors.clock,
        title=rooms.live.settings.console.title,
        zone=rooms.live.settings.console.zone,
        link=rooms.base.link,
    )
    return create_console(inside)


async def _problems(rooms: Rooms) -> list[str]:
    """All that ails the gateway itself, and what a person should know of its clock."""
    return [*rooms.problems(), *rooms.hindrances(), *rooms.base.trusted.warnings()]


def _gauges(rooms: Rooms) -> Gauges:
    gauges = Gauges(
        rooms.live,
        rooms.conditions,
        rooms.base.metrics,
        states=rooms.states,
        ticks=rooms.ticks,
        flush=rooms.rim.flush,
        drift=rooms.radar.counts,
        silences=rooms.silence.look,
        clock=rooms.base.clock,
    )
    gauges.gives = partial(rooms.base.keeper.holds, "gauges")
    return gauges


def _routed(routes: Sequence[BaseRoute]) -> Starlette:
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
    # A redirect would lead wherever the request's own Host says.
    app.router.redirect_slashes = False
    return app


def _by_path(paths: Mapping[str, ASGIApp], otherwise: ASGIApp) -> ASGIApp:
    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        app = next((app for prefix, app in paths.items() if path.startswith(prefix)), otherwise)
        await app(scope, receive, send)

    return front


def _behind(proxies: int, app: ASGIApp) -> ASGIApp:
    """Whoever asks is known by the address in front of the trusted proxies, at every door."""

    async def seen(scope: Scope, receive: Receive, send: Send) -> None:
        # What somebody wrote that is no address tells nothing: then it is the proxy's.
        address = parsed(sender_of(scope, proxies))
        client = scope["client"] if address is None else (str(address), 0)
        await app({**scope, "client": client}, receive, send)

    return seen if proxies else app


async def _refused(_request: Request, error: Exception) -> Response:
    status, given = (error.status_code, error.headers) if isinstance(error, HTTPException) else (500, None)
    # Starlette names a route's methods in any order.
    methods = sorted((given or {}).get("Allow", "").split(", "))
    word, detail = {
        404: ("not_found", "there is no such page"),
        405: ("method_not_allowed", f"expected {' or '.join(methods)}"),
    }.get(status, ("error", "it cannot be done"))
    headers = {"Allow": ", ".join(methods)} if status == METHOD_NOT_ALLOWED else None
    return error_answer(status, word, detail, headers)
