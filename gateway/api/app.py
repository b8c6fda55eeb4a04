"""The operators' API as a Starlette app: `/api/v1/…` for those with a token, `/openapi.json` for everyone.

Routes are matched on the path as it was sent, still percent-encoded, so that an id may hold slashes: `%2F` never ends
a part. Everything under `/api/v1` asks for a token before it says whether it exists.
"""

from collections.abc import Sequence
from functools import cache, partial
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api import (
    auditing,
    dead_letters,
    events,
    finding,
    history,
    ledger,
    operations,
    orders,
    shadows,
    sources,
    streaming,
    tenants,
    trying,
    upkeep,
)
from gateway.api.access import Operator, operators_of
from gateway.api.answers import SECURITY_HEADERS, refuse, reply
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.naming import understood
from gateway.api.openapi import describe
from gateway.api.requests.reading import Asked, BadRequest, Nothing, read_body, read_query
from gateway.api.tables import as_csv
from gateway.errors import ConflictingRequest, RoleTooSmall, StoreUnavailable, UnknownRecord
from gateway.ground.answers import table_answer

PREFIX = "/api/v1"
RELOAD = ("POST", f"{PREFIX}/reload")
MAX_BODY = 1024 * 1024
ACCEPTED = 202
CALLS: tuple[Call, ...] = (
    *finding.CALLS,
    *events.CALLS,
    *orders.CALLS,
    *dead_letters.CALLS,
    *operations.CALLS,
    *tenants.CALLS,
    *sources.CALLS,
    *shadows.CALLS,
    *history.CALLS,
    *ledger.CALLS,
    *upkeep.CALLS,
    *trying.CALLS,
    *auditing.CALLS,
    *streaming.CALLS,
)


def create_api(doors: Doors) -> Starlette:
    """The operators' API over these doors."""
    # A start would wait for what hardly anybody reads.
    document = cache(partial(describe, CALLS, PREFIX))

    async def openapi(_request: Request) -> Response:
        return Response(document(), media_type="application/json", headers=SECURITY_HEADERS)

    api = Starlette(
        routes=[*_routes(doors), Route("/openapi.json", openapi, methods=["GET"])],
        middleware=[Middleware(Doorkeeper, doors=doors)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )
    api.router.redirect_slashes = False
    return api


class Doorkeeper:
    """Keeps the path as it was sent for routing, and asks for a token under `/api/v1`."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._operators = doors.live.derive(lambda config: operators_of(config.settings.api))
        self._reloading = doors.reloading
        self._note = doors.turned_away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer 401 (429 after too many)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        scope = {**scope, "path": path}
        if path == PREFIX or path.startswith(PREFIX + "/"):
            proofs = [value for name, value in scope["headers"] if name == b"authorization"]
            operator = self._operators.value(proofs)
            if operator is None and (scope["method"], path) == RELOAD:
                # Whoever changes the file's tokens has the new one at hand, and the old one perhaps no more.
                announced = await self._reloading.announced()
                operator = None if announced is None else operators_of(announced)(proofs)
            if operator is None:
                await self._turned_away(Request(scope))(scope, receive, send)
                return
            scope["operator"] = operator
        await self._app(scope, receive, send)

    def _turned_away(self, request: Request) -> Response:
        address = request.client.host if request.client else "unknown"
        seconds = self._note("operators_credentials", address)
        if seconds is not None:
            return refuse(429, "too many failed proofs from this address", {"Retry-After": str(seconds)})
        return refuse(401, "expected `Authorization: Bearer <token>`", {"WWW-Authenticate": "Bearer"})


def _routes(doors: Doors) -> list[Route]:
    """A route a path: it knows all the methods that are allowed there."""
    paths = dict.fromkeys(call.path for call in CALLS)
    return [_route([call for call in CALLS if call.path == path], doors) for path in paths]


def _route(calls: Sequence[Call], doors: Doors) -> Route:
    by_method: dict[str, Call] = {call.method: call for call in calls}

    async def endpoint(request: Request) -> Response:
        call = by_method["GET" if request.method == "HEAD" else request.method]
        operator: Operator = request.scope["operator"]
        try:
            call.admit(operator)
            ask = understood(call, await _ask(call, operator, request), doors.config)
            if getattr(ask.query, "format", "json") == "csv":
                pages = as_csv(call, doors, ask)
                return await table_answer(pages, call.path, SECURITY_HEADERS, is_head=ask.is_head)
            answer = await call.does(doors, ask)
            if isinstance(answer, Response):
                return answer
            is_other = call.becomes is not None and isinstance(answer, call.becomes)
            return reply(ACCEPTED if is_other else call.done, answer)
        except (
            BadRequest,
            UnknownRecord,
            ConflictingRequest,
            RoleTooSmall,
            StoreUnavailable,
            ClientDisconnect,
        ) as error:
            return _not_done(error)

    return Route(f"{PREFIX}/{calls[0].path}", endpoint, methods=list(by_method), name=calls[0].name)


def _not_done(error: Exception) -> Response:
    match error:
        case UnknownRecord():
            return refuse(404, str(error))
        case ConflictingRequest():
            return refuse(409, str(error))
        case RoleTooSmall():
            return refuse(403, str(error))
        case StoreUnavailable():
            return refuse(503, "the store cannot be reached; try again", {"Retry-After": "5"})
        case ClientDisconnect():
            return refuse(400, "the request ended early")
        case _:
            return refuse(400, str(error))


async def _ask(call: Call, operator: Operator, request: Request) -> Ask:
    query = read_query(request.query_params.multi_items(), call.query)
    body = await _body(call, request)
    path = {name: unquote(text) for name, text in request.path_params.items()}
    return Ask(operator, path, query, body, request.headers.get("last-event-id"), request.method == "HEAD")


async def _body(call: Call, request: Request) -> Asked | None:
    """The request's JSON body in the call's shape; None where it may be missing and is."""
    if call.method == "GET":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"the body is larger than {MAX_BODY} bytes", {"Connection": "close"})
    if not body and not call.needs_body:
        return None
    if "json" not in request.headers.get("content-type", "json").partition(";")[0].lower():
        raise HTTPException(415, "expected a JSON body")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "expected a body without content encoding")
    return read_body(bytes(body), call.body or Nothing)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    words = {404: "there is no such page", 405: "the method is not allowed here"}
    return refuse(error.status_code, words.get(error.status_code, error.detail), error.headers)


async def _failed(_request: Request, _error: Exception) -> Response:
    return refuse(500, "something went wrong inside; the log has the details")
