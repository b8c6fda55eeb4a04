"""`GET|POST /pull/{tenant}`: proof by the pull secret, then the array, streamed."""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from gateway.errors import StoreUnavailable
from gateway.ground.answers import error_answer
from gateway.ground.exchange import disconnected
from gateway.ground.failures import TurnedAway
from gateway.pull.ledger import NotWritten, PullTenant

IN_MEMORY: Final = 8 * 1024 * 1024
PIECE: Final = 256 * 1024

_METHODS: Final = ("GET", "POST")

_log = structlog.get_logger("gateway.pull")


class PullAnswer(Response):
    """Streams one pull. The status is 200 as soon as the first piece is there; what fails before that is 503."""

    def __init__(self, tenant: PullTenant) -> None:
        super().__init__(media_type="application/json")
        self._tenant = tenant

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; a broken answer ends without its last chunk, so that the caller sees it as broken."""
        kind = _Gathering if scope["http_version"] == "1.0" else _Writing
        writing = kind(send, asyncio.create_task(disconnected(receive)))
        try:
            await self._tenant.serve(writing.write)
        except NotWritten:
            _log.warning("pull_broken_off", tenant=self._tenant.name)
        except StoreUnavailable as error:
            if writing.has_begun:
                raise
            answer = error_answer(503, "unavailable", str(error), {"Retry-After": "5"})
            await answer(scope, receive, send)
        finally:
            writing.close()


class _Writing:
    """Sends pieces, and knows whether the caller is still there."""

    def __init__(self, send: Send, gone: "asyncio.Task[None]") -> None:
        self.has_begun = False
        self.gone = gone
        self._send = send

    async def write(self, piece: bytes, *, is_last: bool = False) -> None:
        if not self.has_begun:
            await self._begin()
        await self._push({"type": "http.response.body", "body": piece, "more_body": not is_last})

    def close(self) -> None:
        """Let go of the connection."""
        self.gone.cancel()

    async def _begin(self, *more: tuple[bytes, bytes]) -> None:
        self.has_begun = True
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *more]
        await self._push({"type": "http.response.start", "status": 200, "headers": headers})

    async def _push(self, message: Message) -> None:
        # A server's `send` says nothing when the other side has closed: only `receive` tells.
        if self.gone.done():
            raise NotWritten
        try:
            await self._send(message)
        except OSError:
            raise NotWritten from None


class _Gathering(_Writing):
    """For HTTP/1.0, which knows no chunks: the answer is gathered, since its length has to be told before it."""

    def __init__(self, send: Send, gone: "asyncio.Task[None]") -> None:
        super().__init__(send, gone)
        self._gathered = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - `close` closes it

    async def write(self, piece: bytes, *, is_last: bool = False) -> None:
        self._gathered.write(piece)
        if is_last:
            await self._begin((b"content-length", b"%d" % self._gathered.tell()))
            self._gathered.seek(0)
            while piece := self._gathered.read(PIECE):
                await self._push({"type": "http.response.body", "body": piece, "more_body": True})
            await self._push({"type": "http.response.body", "body": b""})

    def close(self) -> None:
        super().close()
        self._gathered.close()


def pull_route(tenants: Mapping[str, PullTenant], turned_away: TurnedAway) -> Route:
    """The door for all pulled tenants; pushed ones have none. `turned_away` is told of who proves nothing."""

    async def endpoint(request: Request) -> Response:
        name = request.path_params["tenant"]
        if name not in tenants:
            return error_answer(404, "not_found", "there is no such tenant to pull from")
        if request.method not in _METHODS:
            return error_answer(405, "method_not_allowed", "GET or POST", {"Allow": "GET, POST"})
        proofs = [value for key, value in request.scope["headers"] if key == b"authorization"]
        if not _is_proven(proofs, _secrets_of(tenants[name])):
            seconds = turned_away("pull_credentials", request.client.host if request.client else None)
            if seconds is not None:
                headers = {"Retry-After": str(seconds)}
                return error_answer(429, "too_many_failures", "too many failed proofs from this address", headers)
            return error_answer(
                401, "unauthorized", "expected `Authorization: Bearer <pull secret>`", {"WWW-Authenticate": "Bearer"}
            )
        if tenants[name].is_halted:
            detail = "restored from a backup: nothing is served until an operator resumes the tenant"
            return error_answer(503, "halted", detail, {"Retry-After": "60"})
        return PullAnswer(tenants[name])

    # All methods, so that a wrong one is refused after an unknown tenant.
    return Route("/pull/{tenant}", endpoint, methods=["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])


def _secrets_of(tenant: PullTenant) -> list[bytes]:
    configured = tenant.settings.pull_secret or []
    return [secret.encode() for secret in (configured if isinstance(configured, list) else [configured])]


def _is_proven(proofs: Sequence[bytes], secrets: Sequence[bytes]) -> bool:
    """Every live secret is compared, over bytes; two proofs are none."""
    scheme, _, token = (proofs[0] if len(proofs) == 1 else b"").partition(b" ")
    matches = [hmac.compare_digest(token.strip(), secret) for secret in secrets]
    return scheme.lower() == b"bearer" and any(matches)
