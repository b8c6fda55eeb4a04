"""The pages as a Starlette app. Each asks the operators' API in this process, as whoever is signed in."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import parse_qs, quote, urlencode
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.console import door, telling
from gateway.console.lists import LISTS
from gateway.console.sessions import Sessions, bearer_with, digest_of
from gateway.errors import GatewayError, StoreUnavailable, UnknownRecord
from gateway.events import Clock
from gateway.ground.clock import moment
from gateway.records import Act

MOST_LOGIN: Final = 4_096
SHOWN_BODY: Final = 64 * 1024
SEE_OTHER: Final = 303
STYLE: Final = resources.files(__package__).joinpath("assets", "console.css").read_bytes()
STYLE_PATH: Final = f"/console/assets/console.{hashlib.sha256(STYLE).hexdigest()[:12]}.css"

Pairs: TypeAlias = Sequence[tuple[str, str]]


class Bearer(Protocol):
    """A token's bearer."""

    @property
    def name(self) -> str:
        """The token's name."""
        ...

    @property
    def role(self) -> int:
        """1 reads, 2 operates, 3 administers."""
        ...


class Ask(Protocol):
    """Asks a call of the operators' API by its name. Raises what the API refuses with, as a `GatewayError`."""

    def __call__(
        self, call: str, bearer: Any, /, path: Mapping[str, str] | None = None, query: Pairs = ()
    ) -> Awaitable[Any]:
        """The answer, as JSON says it."""
        ...


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """What the console opens onto.

    `bearers` are those of this moment, by their tokens; `unproven` counts a wrong token, and says for how many seconds
    the address is turned away; `note` writes the audit.
    """

    ask: Ask
    bearers: Callable[[], Mapping[bytes, Bearer]]
    unproven: Callable[[str, str], int | None]
    note: Callable[[Act], Awaitable[None]]
    sessions: Sessions
    clock: Clock
    title: str
    zone: str


def create_console(inside: Inside) -> Starlette:
    """The pages over these doors."""
    pages = _Pages(inside)
    routes = [
        Route("/console", pages.guarded(pages.overview)),
        Route("/console/login", pages.stored(pages.login), methods=["GET", "POST"]),
        Route("/console/logout", pages.stored(pages.logout), methods=["POST"]),
        Route(STYLE_PATH, _style),
        Route("/console/find", pages.guarded(pages.find)),
        Route("/console/orders/{tenant}/{order:path}", pages.guarded(pages.order)),
        Route("/console/events/{event}", pages.guarded(pages.event)),
        Route("/console/tenants", pages.guarded(pages.tenants)),
        Route("/console/sources", pages.guarded(pages.sources)),
        *(Route(f"/console/{name}", pages.guarded(pages.listed(name))) for name in LISTS),
    ]
    console = Starlette(routes=routes, exception_handlers={HTTPException: pages.refused, Exception: pages.failed})
    console.router.redirect_slashes = False
    return console


async def _style(_request: Request) -> Response:
    cached = {**door.HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(STYLE, media_type="text/css", headers=cached)


Page: TypeAlias = Callable[[Request, Bearer], Awaitable[Response]]


class _Pages:
    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._zone = ZoneInfo(inside.zone)
        self._environment = Environment(
            loader=PackageLoader("gateway.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters |= {
            "when": self._when, "tone": lambda status: telling.TONES.get(status, "rest"), "json": _json,
            "part": lambda text: quote(text, safe=""), "span": telling.span,
        }  # fmt: skip

    def _now(self) -> datetime:
        return moment(self._inside.clock())

    def _when(self, text: str | None) -> Markup:
        if text is None:
            return Markup("")
        exact = telling.exact(text, self._zone)
        age = telling.age(text, self._now())
        return Markup('<time datetime="{}" title="{}">{}</time>').format(text, exact, age)

    async def _bearer(self, request: Request) -> Bearer | None:
        cookie = door.cookie_of(request)
        return None if cookie is None else await self._inside.sessions.bearer_of(cookie, self._inside.bearers())

    def guarded(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page for those who are signed in; the others are shown the door first."""

        async def shown(request: Request) -> Response:
            bearer = await self._bearer(request)
            if bearer is None:
                return self._to("/console/login")
            try:
                return await page(request, bearer)
            except UnknownRecord as error:
                return self._said(bearer, 404, "Not there", str(error))
            except StoreUnavailable:
                return self._unstored(bearer)
            except (GatewayError, ValueError) as error:
                return self._said(bearer, 400, "That cannot be shown", str(error))

        return shown

    def stored(self, page: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """What stands before the pages, and needs the store."""

        async def shown(request: Request) -> Response:
            try:
                return await page(request)
            except StoreUnavailable:
                return self._unstored(None)

        return shown

    def _unstored(self, bearer: Bearer | None) -> Response:
        return self._said(bearer, 503, "The store cannot be reached", "Try again in a moment; see /readyz.")

    def _page(self, template: str, bearer: Bearer | None, status: int = 200, **values: Any) -> Response:
        whole = {"bearer": bearer, "style": STYLE_PATH, "gateway": self._inside.title, "q": ""}
        values = {**whole, "here": template.removesuffix(".html"), **values}
        text = self._environment.get_template(template).render(values)
        return Response(text, status, headers=door.HEADERS, media_type="text/html")

    def _said(self, bearer: Bearer | None, status: int, title: str, detail: str) -> Response:
        return self._page("said.html", bearer, status, title=title, detail=detail)

    @staticmethod
    def _to(place: str) -> Response:
        return RedirectResponse(place, SEE_OTHER, headers=door.HEADERS)

    async def refused(self, request: Request, error: Exception) -> Response:
        """No such page, or not in this way."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self._said(
            await self._bearer(request), status, "There is no such page", "The menu leads to all there are."
        )

    async def failed(self, _request: Request, _error: Exception) -> Response:
        """Something went wrong inside."""
        return self._said(None, 500, "Something went wrong inside", "The log has the details.")

    # ---- signing in and out

    async def login(self, request: Request) -> Response:
        """Take a token once, and begin a session."""
        if request.method == "GET":
            return self._page("login.html", None, problem=None)
        if not door.is_ours(request):
            return self._said(None, 403, "Refused", "This form was sent from another site's page.")
        if door.is_plain(request):
            words = "Signing in would send the token in the clear: reach the console by https, or on this machine."
            return self._page("login.html", None, 403, problem=words)
        token = await _token_of(request)
        bearer = bearer_with(digest_of(token), digest_of, self._inside.bearers())
        if bearer is None:
            address = request.client.host if request.client else "unknown"
            seconds = self._inside.unproven("operators_credentials", address)
            if seconds is not None:
                return self._page("login.html", None, 429, problem=f"Too many wrong tokens: wait {seconds} seconds.")
            return self._page("login.html", None, 401, problem="That is none of the configured tokens.")
        await self._inside.note(Act(at=self._inside.clock(), by=bearer.name, act="login", what="console"))
        answer = self._to("/console")
        door.give_cookie(request, answer, await self._inside.sessions.begin(token))
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session."""
        if not door.is_ours(request):
            return self._said(None, 403, "Refused", "This form was sent from another site's page.")
        cookie, bearer = door.cookie_of(request), await self._bearer(request)
        if cookie is not None:
            await self._inside.sessions.end(cookie)
        if bearer is not None:
            await self._inside.note(Act(at=self._inside.clock(), by=bearer.name, act="logout", what="console"))
        answer = self._to("/console/login")
        door.take_cookie(request, answer)
        return answer

    # ---- pages

    async def overview(self, _request: Request, bearer: Bearer) -> Response:
        """All is well, or what is not."""
        ask = self._inside.ask
        tenants = (await ask("list_tenants", bearer))["tenants"]
        sources = (await ask("list_sources", bearer))["sources"]
        stats = await ask("show_stats", bearer)
        operations = (await ask("list_operations", bearer, query=[("limit", "20")]))["operations"]
        found = telling.troubles(tenants, sources, stats, operations)
        oldest = max((tenant["oldestPendingSeconds"] or 0 for tenant in tenants), default=0)
        values = {"tenants": tenants, "sources": sources, "stats": stats, "oldest": oldest}
        return self._page("overview.html", bearer, troubles=found, **values)

    async def find(self, request: Request, bearer: Bearer) -> Response:
        """Whatever bears a text; a single hit opens at once."""
        text = request.query_params.get("q", "").strip()
        if not text:
            return self._page("find.html", bearer, found=None, truncated=False)
        answer = await self._inside.ask("find", bearer, query=[("q", text), ("limit", "100")])
        exact = [row for row in answer["found"] if row["how"] == "exact"] or answer["found"]
        if len(exact) == 1:
            return self._to(_place_of(exact[0]))
        return self._page("find.html", bearer, q=text, found=answer["found"], truncated=answer["truncated"])

    async def order(self, request: Request, bearer: Bearer) -> Response:
        """An order's story."""
        path = {"tenant": request.path_params["tenant"], "externalOrderId": request.path_params["order"]}
        order = await self._inside.ask("show_order", bearer, path)
        tenants = (await self._inside.ask("list_tenants", bearer))["tenants"]
        tenant = next((each for each in tenants if each["name"] == order["tenant"]), None)
        step = telling.next_step(order, tenant)
        story = telling.timeline(order)
        verdict = telling.VERDICTS[order["status"]]
        return self._page("order.html", bearer, order=order, story=story, verdict=verdict, step=step)

    async def event(self, request: Request, bearer: Bearer) -> Response:
        """An event with all that is kept of it."""
        event = await self._inside.ask("show_event", bearer, {"id": request.path_params["event"]})
        body = event["body"]
        is_cut = body is not None and len(body) > SHOWN_BODY
        return self._page("event.html", bearer, event=event, body=body and body[:SHOWN_BODY], is_cut=is_cut)

    async def tenants(self, _request: Request, bearer: Bearer) -> Response:
        """How deliveries go."""
        return self._page("tenants.html", bearer, **await self._inside.ask("list_tenants", bearer))

    async def sources(self, _request: Request, bearer: Bearer) -> Response:
        """How the sources are doing."""
        return self._page("sources.html", bearer, **await self._inside.ask("list_sources", bearer))

    def listed(self, name: str) -> Page:
        """A page that is a list with a filter and pages."""
        call, member, words, rest = LISTS[name]

        async def page(request: Request, bearer: Bearer) -> Response:
            text, cursor = (request.query_params.get(key, "").strip() for key in ("filter", "cursor"))
            problem = None
            try:
                pairs = telling.words_of(text, words, rest)
            except ValueError as error:
                pairs, problem = [], str(error)
            if cursor:
                pairs.append(("cursor", cursor))
            answer = await self._inside.ask(call, bearer, query=pairs)
            more = answer["next"] and "?" + urlencode({"filter": text, "cursor": answer["next"]})
            rows = answer[member]
            values: dict[str, Any] = {"rows": rows, "more": more, "text": text, "words": words, "problem": problem}
            if name == "dead-letters":
                values["groups"] = telling.groups(rows)
            return self._page(f"{name}.html", bearer, **values)

        return page


async def _token_of(request: Request) -> bytes:
    """The form's token; nothing of a form that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_LOGIN:
            return b""
    fields = parse_qs(bytes(body).decode("utf-8", "replace"))
    return fields.get("token", [""])[0].strip().encode()


def _place_of(row: Mapping[str, Any]) -> str:
    if row["kind"] == "order":
        return f"/console/orders/{quote(row['tenant'], safe='')}/{quote(row['externalOrderId'], safe='')}"
    return f"/console/events/{row['id']}"


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
