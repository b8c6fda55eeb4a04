"""Settings → Integrations: the administrator's JSON API under `/api/settings/integrations`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.core_intake.customers import Customers
from gateway.core_intake.doors import read_body, unproven
from gateway.core_intake.errors import PayloadRefused
from gateway.core_intake.integrations import Integrations
from gateway.core_intake.keys import bearer_of
from gateway.core_intake.orders import Orders
from gateway.core_intake.pulling import Pulling, PullRequest
from gateway.ground.answers import json_answer
from gateway.ground.failures import TurnedAway
from schemas import Order, faults_of

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


Changed = Callable[[str, str, str], Awaitable[None]]
"""Told of each change: by whom, which, and of which tenant (and endpoint)."""

log = structlog.get_logger("core_intake")

_ROOT = "/api/settings/integrations"
_MAX_BODY = 64 * 1024
_DEFAULT_LIMIT = 100
_MAX_LIMIT = 1000


class ConnectRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """An empty body will do: then the secret is made."""

    secret: str | None = None


def settings_routes(
    integrations: Integrations,
    customers: Customers,
    orders: Orders,
    pulling: Pulling,
    admin_of: Callable[[bytes], str | None],
    turned_away: TurnedAway,
    changed: Changed,
) -> list[Route]:
    """The routes, every one behind the administrator's Bearer token."""
    routes = [*_webhook_routes(integrations), *_pull_routes(pulling), *_reading_routes(customers, orders)]
    return [
        Route(
            _ROOT + path, _guarded(endpoint, admin_of, turned_away, changed), methods=[method], name=endpoint.__name__
        )
        for method, path, endpoint in routes
    ]


def _guarded(
    endpoint: Endpoint, admin_of: Callable[[bytes], str | None], turned_away: TurnedAway, changed: Changed
) -> Endpoint:
    async def admitted(request: Request) -> Response:
        token = bearer_of([value for name, value in request.headers.raw if name == b"authorization"])
        operator = admin_of(token) if token else None
        if operator is None:
            raise unproven(request, "operators_credentials", turned_away)
        if request.method in ("GET", "HEAD"):
            return await endpoint(request)
        # First: without its row in the audit nothing is changed.
        await changed(operator, endpoint.__name__, "/".join(map(str, request.path_params.values())))
        reply = await endpoint(request)
        log.info("settings_changed", operator=operator, change=endpoint.__name__, **request.path_params)
        return reply

    return admitted


def _webhook_routes(integrations: Integrations) -> list[tuple[str, str, Endpoint]]:
    async def list_integrations(_: Request) -> Response:
        return json_answer({"integrations": await integrations.list()})

    async def show_integration(request: Request) -> Response:
        return json_answer(await integrations.show(_tenant(request)))

    async def connect(request: Request) -> Response:
        wish = await _read(request, ConnectRequest)
        if wish.secret is not None and not _is_usable(wish.secret):
            raise PayloadRefused("secret: expected printable ASCII without blanks, 16 to 200 characters")
        return json_answer(await integrations.connect(_tenant(request), wish.secret), 201)

    async def regenerate(request: Request) -> Response:
        return json_answer(await integrations.regenerate(_tenant(request)))

    async def deactivate(request: Request) -> Response:
        return json_answer(await integrations.deactivate(_tenant(request)))

    async def activate(request: Request) -> Response:
        return json_answer(await integrations.activate(_tenant(request)))

    return [
        ("GET", "", list_integrations),
        ("GET", "/{tenant}", show_integration),
        ("POST", "/{tenant}/connect", connect),
        ("POST", "/{tenant}/regenerate", regenerate),
        ("POST", "/{tenant}/deactivate", deactivate),
        ("POST", "/{tenant}/activate", activate),
    ]


def _pull_routes(pulling: Pulling) -> list[tuple[str, str, Endpoint]]:
    async def list_pull_endpoints(request: Request) -> Response:
        return json_answer({"pullEndpoints": await pulling.list(_tenant(request))})

    async def add_pull_endpoint(request: Request) -> Response:
        return json_answer(await pulling.create(_tenant(request), await _read(request, PullRequest)), 201)

    async def show_pull_endpoint(request: Request) -> Response:
        return json_answer(await pulling.show(_tenant(request), request.path_params["id"]))

    async def delete_pull_endpoint(request: Request) -> Response:
        await pulling.delete(_tenant(request), request.path_params["id"])
        return json_answer({"deleted": 1})

    async def regenerate_pull_secret(request: Request) -> Response:
        return json_answer(await pulling.regenerate(_tenant(request), request.path_params["id"]))

    async def sync_now(request: Request) -> Response:
        return json_answer(await pulling.sync(_tenant(request), request.path_params["id"]))

    return [
        ("GET", "/{tenant}/pull-endpoints", list_pull_endpoints),
        ("POST", "/{tenant}/pull-endpoints", add_pull_endpoint),
        ("GET", "/{tenant}/pull-endpoints/{id}", show_pull_endpoint),
        ("DELETE", "/{tenant}/pull-endpoints/{id}", delete_pull_endpoint),
        ("POST", "/{tenant}/pull-endpoints/{id}/regenerate", regenerate_pull_secret),
        ("POST", "/{tenant}/pull-endpoints/{id}/sync", sync_now),
    ]


def _reading_routes(customers: Customers, orders: Orders) -> list[tuple[str, str, Endpoint]]:
    async def list_customers(request: Request) -> Response:
        return json_answer(await customers.page(_tenant(request), after=_after(request), limit=_limit(request)))

    async def show_customer(request: Request) -> Response:
        return json_answer(await customers.show(_tenant(request), request.path_params["id"]))

    async def list_orders(request: Request) -> Response:
        day = _day(request)
        page = await orders.list_orders(
            _tenant(request), planned_date=day, after=_after(request), limit=_limit(request)
        )
        return json_answer(page)

    async def show_order(request: Request) -> Response:
        return json_answer(await orders.show_order(_tenant(request), request.path_params["id"]))

    return [
        ("GET", "/{tenant}/customers", list_customers),
        ("GET", "/{tenant}/customers/{id:path}", show_customer),
        ("GET", "/{tenant}/orders", list_orders),
        ("GET", "/{tenant}/orders/{id:path}", show_order),
    ]


def _tenant(request: Request) -> str:
    tenant: str = request.path_params["tenant"]
    return tenant


async def _read(request: Request, shape: type[T]) -> T:
    body: Any = await read_body(request, _MAX_BODY) or b"{}"
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadRefused("invalid body", {"message": str(error)}) from error


def _is_usable(secret: str) -> bool:
    return 16 <= len(secret) <= 200 and all("!" <= letter <= "~" for letter in secret)  # noqa: PLR2004


def _day(request: Request) -> str | None:
    text = request.query_params.get("plannedDate")
    if text is not None and faults_of(Order(external_order_id="-", customer_id="-", planned_date=text)):
        raise PayloadRefused("plannedDate: expected YYYY-MM-DD")
    return text


def _after(request: Request) -> int:
    return _number(request, "cursor", 0, 2**63 - 1)


def _limit(request: Request) -> int:
    return max(1, _number(request, "limit", _DEFAULT_LIMIT, _MAX_LIMIT))


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > most:  # noqa: PLR2004
        raise PayloadRefused(f"{name}: expected a number up to {most}")
    return int(text)
