"""The frame of every page: the templates, who is looking and in which zone, and how an error is told."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.console import door, telling
from gateway.console.inside import NOTHING, Bearer, Inside
from gateway.errors import ConflictingRequest, GatewayError, RoleTooSmall, StoreUnavailable, UnknownRecord
from gateway.ground.answers import table_answer
from gateway.ground.clock import moment

if TYPE_CHECKING:
    from jinja2 import Environment

SEE_OTHER: Final = 303


class Visit(msgspec.Struct, frozen=True):
    """A request of somebody who is signed in, and what it asks of the API as this bearer."""

    request: Request
    bearer: Bearer
    inside: Inside

    @property
    def query(self) -> dict[str, str]:
        """The parameters, each once."""
        return {name: text.strip() for name, text in self.request.query_params.items()}

    @property
    def now(self) -> datetime:
        """This moment, in the zone in which the person reads times."""
        return moment(self.inside.clock()).astimezone(zone_of(self.request, self.inside))

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    async def ask(self, call: str, path: dict[str, str] | None = None, query: Any = (), body: Any = None) -> Any:
        """A call's answer."""
        return await self.inside.ask(call, self.bearer, path or NOTHING, query, body)

    async def table(self, call: str, query: Any, name: str) -> Response:
        """A list as CSV, to be kept."""
        is_head = self.request.method == "HEAD"
        pages = self.inside.ask.table(call, self.bearer, query, is_head=is_head)
        return await table_answer(pages, name, door.HEADERS, is_head=is_head)


Page: TypeAlias = Callable[[Visit], Awaitable[Response]]


class Frame:
    """Makes pages, and keeps those out who are not signed in."""

    def __init__(self, inside: Inside) -> None:
        self.inside = inside

    @cached_property
    def _environment(self) -> "Environment":
        from gateway.console.templating import environment  # noqa: PLC0415 - slow to load, and many never open a page

        return environment(self.now)

    def now(self) -> datetime:
        """This moment."""
        return moment(self.inside.clock())

    def zone(self, request: Request | None) -> ZoneInfo:
        """The zone that the person has chosen, else the configured one."""
        return zone_of(request, self.inside)

    async def bearer(self, request: Request) -> Bearer | None:
        """Who is signed in, which counts as a page."""
        cookie = door.cookie_of(request)
        return None if cookie is None else await self.inside.sessions.bearer_of(cookie, self.inside.bearers())

    def page(self, visit: "Visit | Request | None", template: str, status: int = 200, **values: Any) -> Response:
        """A whole page."""
        bearer, request = (visit.bearer, visit.request) if isinstance(visit, Visit) else (None, visit)
        zone = self.zone(request)
        whole = {
            "bearer": bearer, "gateway": self.inside.title, "q": "", "zone": zone, "did": None, "live": "",
            "here": template.removesuffix(".html"), "path": "" if request is None else request.url.path,
        }  # fmt: skip
        text = self._environment.get_template(template).render({**whole, **values})
        return Response(text, status, headers=door.HEADERS, media_type="text/html")

    def said(self, visit: "Visit | Request | None", status: int, title: str, detail: str) -> Response:
        """A page with one thing to say."""
        return self.page(visit, "said.html", status, title=title, detail=detail)

    def unstored(self, visit: "Visit | Request | None") -> Response:
        """The store does not answer."""
        return self.said(visit, 503, "The store cannot be reached", "Try again in a moment; see /readyz.")

    @staticmethod
    def to(place: str) -> Response:
        """Go there."""
        return RedirectResponse(place, SEE_OTHER, headers=door.HEADERS)

    def route(self, path: str, page: Page, methods: tuple[str, ...] = ("GET",)) -> Route:
        """A page for those who are signed in: the others are shown the door first, and a change of theirs is none."""

        async def shown(request: Request) -> Response:
            is_change = request.method == "POST"
            if is_change and not door.is_ours(request):
                return self.said(None, 403, "Refused", "This form was sent from another site's page.")
            bearer = await self.bearer(request)
            if bearer is None:
                words = "Sign in, and do it again: nothing was done."
                return self.said(request, 401, "Your session is over", words) if is_change else self.to(door.LOGIN)
            visit = Visit(request, bearer, self.inside)
            try:
                return await page(visit)
            except (GatewayError, ValueError) as error:
                return self.told(visit, error)

        return Route(path, shown, methods=list(methods))

    def told(self, visit: "Visit | Request | None", error: Exception) -> Response:
        """The page that says why not."""
        match error:
            case UnknownRecord():
                return self.said(visit, 404, "Not there", str(error))
            case RoleTooSmall():
                return self.said(visit, 403, "Not for this token", str(error))
            case StoreUnavailable():
                return self.unstored(visit)
            case ConflictingRequest():
                return self.said(visit, 409, "That cannot be done now", str(error))
            case _:
                return self.said(visit, 400, "That cannot be shown", str(error))


def zone_of(request: Request | None, inside: Inside) -> ZoneInfo:
    """The zone that the person has chosen, else the configured one."""
    chosen = None if request is None else request.cookies.get(door.ZONE_COOKIE)
    return telling.zone_named(chosen) or ZoneInfo(inside.zone)
