"""Signing in and out."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.console import door
from gateway.console.fields import form_of
from gateway.console.frame import Frame
from gateway.console.inside import Inside
from gateway.console.sessions import bearer_with, digest_of
from gateway.errors import StoreUnavailable
from gateway.records import Act

MOST_LOGIN = 4_096


class Signing:
    """The door itself."""

    def __init__(self, frame: Frame, inside: Inside) -> None:
        self._frame = frame
        self._inside = inside

    def routes(self) -> list[Route]:
        """In and out."""
        return [
            Route(door.LOGIN, self.login, methods=["GET", "POST"]),
            Route("/console/logout", self.logout, methods=["POST"]),
            *([] if self._inside.link is None else [Route("/console/link/{code}", self.link, methods=["GET", "POST"])]),
        ]

    async def login(self, request: Request) -> Response:
        """Take a token once, and begin a session."""
        if request.method != "POST":
            return self._frame.page(request, "login.html", problem=None)
        try:
            return self._refusal(request) or await self._sign_in(request)
        except StoreUnavailable:
            return self._frame.unstored(request)

    def _refusal(self, request: Request) -> Response | None:
        if not door.is_ours(request):
            return self._frame.said(None, 403, "Refused", "This form was sent from another site's page.")
        if door.is_plain(request):
            words = "Signing in would send the token in the clear: reach the console by https, or on this machine."
            return self._frame.page(request, "login.html", 403, problem=words)
        return None

    async def link(self, request: Request) -> Response:
        """Sign in by a printed link, on this machine alone: looking shows a button, pressing it uses the link up."""
        link, code = self._inside.link, str(request.path_params["code"])
        if link is None or not (door.is_local(request) and door.is_near(request)) or not link.is_good(code):
            self._unproven(request)
            words = "It was used, is older than five minutes, or was opened on another machine. Sign in with a token."
            return self._frame.said(request, 404, "This link signs nobody in", words)
        if request.method != "POST":
            return self._frame.page(request, "link.html", path=request.url.path)
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        token = link.consume(code) or b""
        bearer = bearer_with(digest_of(token), digest_of, self._inside.bearers())
        if bearer is None:
            return self._frame.said(request, 404, "This link signs nobody in", "Its token is not configured any more.")
        return await self.begin(request, token, bearer.name)

    def _unproven(self, request: Request) -> int | None:
        """Count a failed proof; for how many seconds the address is turned away."""
        address = request.client.host if request.client else "unknown"
        return self._inside.unproven("operators_credentials", address)

    async def _sign_in(self, request: Request) -> Response:
        token = await _token_of(request)
        bearer = bearer_with(digest_of(token), digest_of, self._inside.bearers())
        if bearer is None:
            seconds = self._unproven(request)
            if seconds is not None:
                words = f"Too many wrong tokens: wait {seconds} seconds."
                return self._frame.page(request, "login.html", 429, problem=words)
            return self._frame.page(request, "login.html", 401, problem="That is none of the configured tokens.")
        return await self.begin(request, token, bearer.name)

    async def begin(self, request: Request, token: bytes, name: str) -> Response:
        """A session of this token's bearer."""
        await self._inside.note(Act(at=self._inside.clock(), by=name, act="login", what="console"))
        answer = self._frame.to("/console")
        door.give_cookie(request, answer, await self._inside.sessions.begin(token))
        return answer

    async def logout(self, request: Request) -> Response:
        """End the session."""
        if not door.is_ours(request):
            return self._frame.said(None, 403, "Refused", "This form was sent from another site's page.")
        try:
            cookie, bearer = door.cookie_of(request), await self._frame.bearer(request)
            if bearer is not None:
                await self._inside.note(Act(at=self._inside.clock(), by=bearer.name, act="logout", what="console"))
            if cookie is not None:
                await self._inside.sessions.end(cookie)
        except StoreUnavailable:
            return self._frame.unstored(request)
        answer = self._frame.to(door.LOGIN)
        door.take_cookie(request, answer)
        return answer


async def _token_of(request: Request) -> bytes:
    """The form's token; nothing of a form that is too large."""
    try:
        return (await form_of(request, MOST_LOGIN)).one("token").encode()
    except ValueError:
        return b""
