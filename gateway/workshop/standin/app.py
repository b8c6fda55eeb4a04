"""Ongoing's REST API as its documentation and samples show it, as an ASGI application."""

import asyncio
import base64
import binascii
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.config.model import Limits
from gateway.serving import create_server, listen
from gateway.workshop.standin.warehouse import Asked, Fault, User, Warehouse

BOM: Final = b"\xef\xbb\xbf"
MOST_LISTED: Final = 1000
START_LOOK_SECONDS: Final = 0.005

Answering = Callable[[Warehouse, User, Request], Response]


def create_standin(warehouse: Warehouse, root: str = "/api/v1") -> Starlette:
    """The API below `root`; beside it `/standin/orders` and `/standin/faults`, to change what it says as it runs."""
    answers: dict[str, Answering] = {
        "/orders": _list_orders,
        "/orders/{order_id:int}": _order,
        "/orders/{order_id:int}/wayBillRows": _way_bill_rows,
    }
    routes = [Route(root + path, _guarded(warehouse, root, answering)) for path, answering in answers.items()]

    async def put_order(request: Request) -> Response:
        given = await request.json()
        warehouse.put(given["order"], given.get("rows", []))
        return Response(status_code=204)

    async def add_fault(request: Request) -> Response:
        warehouse.faults.append(msgspec.json.decode(await request.body(), type=Fault))
        return Response(status_code=204)

    routes += [
        Route("/standin/orders", put_order, methods=["POST"]),
        Route("/standin/faults", add_fault, methods=["POST"]),
    ]
    return Starlette(routes=routes)


@asynccontextmanager
async def listening(
    warehouse: Warehouse, *, host: str = "127.0.0.1", port: int = 0, root: str = "/api/v1"
) -> AsyncIterator[str]:
    """The stand-in on a socket; its API's base URL. Raises OSError where the port is taken."""
    listener = listen(host, port)
    async with answering(create_standin(warehouse, root), listener):
        yield f"http://{host}:{listener.getsockname()[1]}{root}/"


@asynccontextmanager
async def answering(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """An application on a listening socket, which is closed at the end."""
    server = create_server(app, Limits(), lifespan="off", grace_seconds=1)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(START_LOOK_SECONDS)
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()


def _guarded(warehouse: Warehouse, root: str, answering: Answering) -> Callable[[Request], Awaitable[Response]]:
    """Notes who asks, plays the faults, and turns away whoever is no user."""

    async def endpoint(request: Request) -> Response:
        path = request.url.path.removeprefix(root)
        username, password = _credentials(request)
        in_flight = warehouse.in_flight.get(username, 0) + 1
        warehouse.in_flight[username] = in_flight
        asked = Asked(path, request.url.query, username, in_flight)
        warehouse.asked.append(asked)
        try:
            response = await _faulty(warehouse, path) or _allowed(warehouse, username, password, request, answering)
        finally:
            warehouse.in_flight[username] -= 1
        asked.status = response.status_code
        return response

    return endpoint


async def _faulty(warehouse: Warehouse, path: str) -> Response | None:
    fault = warehouse.fault_for(path)
    if fault is None:
        return None
    await asyncio.sleep(fault.delay)
    if fault.status == 0:
        return None
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return Response(b'{"message":"a fault that was asked for"}', fault.status, headers, "application/json")


def _allowed(
    warehouse: Warehouse, username: str | None, password: str, request: Request, answering: Answering
) -> Response:
    user = warehouse.users.get(username or "")
    if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
        return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="REST API"'})
    return answering(warehouse, user, request)


def _credentials(request: Request) -> tuple[str | None, str]:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None, ""
    try:
        username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    return username, password


def _list_orders(warehouse: Warehouse, user: User, request: Request) -> Response:
    query = request.query_params
    try:
        goods_owner = int(query["goodsOwnerId"])
        updated_from = query.get("orderUpdatedTimeFrom")
        since = None if updated_from is None else datetime.fromisoformat(updated_from)
        id_from, most = int(query.get("orderIdFrom", "0")), int(query.get("maxOrdersToGet", str(MOST_LISTED)))
    except (KeyError, ValueError):
        return Response(b'{"message":"goodsOwnerId, a time or a number is missing or wrong"}', 400)
    if user.goods_owner not in (None, goods_owner):
        return Response(status_code=403)
    return _answer(warehouse.listed(goods_owner, since, id_from, min(most, MOST_LISTED)))


def _order(warehouse: Warehouse, user: User, request: Request) -> Response:
    stored = warehouse.orders.get(request.path_params["order_id"])
    if stored is None or user.goods_owner not in (None, stored.goods_owner):
        return Response(status_code=404)
    return _answer(stored.order)


def _way_bill_rows(warehouse: Warehouse, user: User, request: Request) -> Response:
    stored = warehouse.orders.get(request.path_params["order_id"])
    if stored is None or user.goods_owner not in (None, stored.goods_owner):
        return Response(status_code=404)
    return _answer(stored.rows) if stored.rows else Response(status_code=204)


def _answer(value: Any) -> Response:
    # The vendor's own samples begin with a byte order mark.
    return Response(BOM + msgspec.json.encode(value), media_type="application/json")
