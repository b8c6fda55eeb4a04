"""One careful HTTP client for everything that the gateway asks of others.

The total deadline cancels the exchange, since httpx's own time-outs are per phase and a byte a second would never end.
A cancelled request can leak its slot of the pool for good, so the whole pool is thrown away then and made anew.

The pool is httpcore's, which httpx has beneath: all else that httpx does for a request costs as much again, and there
is nothing of it that is wanted here: no redirects, no cookies, no credentials out of a URL, no proxies.
"""

import asyncio
import ipaddress
import ssl
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

import httpcore
import httpx
import msgspec

from gateway.ground.coding import CodedBody

if find_spec("sniffio") is None:
    # httpcore looks for it at each lock, and each time Python searches its whole path: half the time of a request.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

# Servers close idle connections after five seconds or more; a request sent into such a close may or may not have been
# read, so ours are given up first.
_KEEP_ALIVE: Final = 3.0

# A connection that hiccups is tried once more at once; an outage is the caller's business.
_CONNECT_PAUSE: Final = 0.1

_AWS_METADATA: Final = ipaddress.ip_address("fd00:ec2::254")


_LOST: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.InvalidURL,
    OSError,
)

_OURS: Final = (
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
    (b"Connection", b"keep-alive"),
    (b"User-Agent", b"trackely-gateway"),
)
"""What we say with each request, unless it says otherwise itself."""

ALONG: Final[ContextVar[Mapping[str, str] | None]] = ContextVar("along", default=None)
"""Headers that go along with what a task asks, such as a trace's."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds, as an argument."""


class NoAnswer(msgspec.Struct, frozen=True):
    """Why there is no answer. `was_written`: the other side may have acted on the request."""

    kind: Literal["not_connected", "timed_out", "lost"]
    detail: str
    was_written: bool


class Answer(msgspec.Struct, frozen=True):
    """An answer with its bytes as they are meant, for judging; not `is_whole`: broken off, or larger than the cap.

    Header names are in lower case; a `content-encoding` still among them is one that could not be undone. `broken` says
    how its body broke off. `proof` is what proved us.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool
    broken: NoAnswer | None = None
    proof: str = ""

    @property
    def shown(self) -> bytes:
        """The body for what is kept or logged, without what proved us: some pages echo the request."""
        return struck_out(self.body, self.proof)


def struck_out(body: bytes, proof: str) -> bytes:
    """The body without what proved us, as it was sent or as a JSON spells it."""
    for spelling in {proof.encode(), msgspec.json.encode(proof)[1:-1]} if proof else ():
        body = body.replace(spelling, b"***")
    return body


@cache
def tls_context() -> ssl.SSLContext:
    """Trusts the public authorities and those of this machine; made once, it is costly."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class OutgoingClient:
    """Asks over at most one connection; not to be shared between tasks.

    No proxy of the environment, no redirects; compression is not asked for, and undone within the cap where it comes
    all the same. Nothing goes to a link-local or metadata address, nor over plain http beyond loopback unless
    `allow_http`, whatever a name resolves to. A connection with bytes left over behind an answer is not used again.

    Args:
        allow_http: plain http may leave this machine.
        sleep: waits before a connection that failed is tried once more.
    """

    def __init__(self, *, allow_http: bool = False, sleep: Sleep = asyncio.sleep) -> None:
        self._allow_http = allow_http
        self._sleep = sleep
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - what it ends is more than the awaiting: the pool goes too
        most_read: int,
        parameters: Mapping[str, str] | None = None,
        content: bytes | None = None,
        proof_header: str = "Authorization",
    ) -> Answer | NoAnswer:
        """One request; raises nothing for what the network or the other side does.

        `timeout`: seconds for all of it; `most_read`: bytes of the body; `proof_header`: of `headers`, proves us.
        """
        needs_loopback = urlsplit(url).scheme == "http" and not self._allow_http
        exchange = _Exchange(most_read, _proof_in(headers.get(proof_header, "")), needs_loopback=needs_loopback)
        pool = await self._opened()
        try:
            async with asyncio.timeout(timeout):
                target, host = _target(url) if parameters is None else _asking(url, parameters)
                request = httpcore.Request(
                    method,
                    target,
                    headers=[(b"Host", host), *_lines({**headers, **_along()}), *_length(method, content)],
                    content=content,
                    extensions={"trace": exchange.trace},
                )
                await exchange.run(pool, request, self._sleep)
        except TimeoutError:
            await self.close()
            return exchange.broken("timed_out", f"no whole answer within {timeout:g} s")
        except httpcore.ConnectError as error:
            return NoAnswer("not_connected", f"no connection: {_reason(error)}", was_written=False)
        except _LOST as error:
            return exchange.broken("lost", f"connection lost: {_reason(error)}")
        if exchange.has_leftovers:
            await self.close()
        return exchange.answer()

    async def close(self) -> None:
        """Give the connection up; the next request makes another."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def _opened(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            # Reading the machine's authorities takes a while: not in the loop. No time-outs: the deadline is over all.
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=await asyncio.to_thread(tls_context),
                max_connections=1,
                max_keepalive_connections=1,
                keepalive_expiry=_KEEP_ALIVE,
            )
        return self._pool


class _Exchange:
    """One request as far as it went: whether it was written, and what was read of the answer."""

    def __init__(self, most_read: int, proof: str, *, needs_loopback: bool) -> None:
        self._most_read = most_read
        self._proof = proof
        self._needs_loopback = needs_loopback
        self._socket: Any = None
        self._was_written = False
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._body = CodedBody(most_read, None)
        self._is_whole = False
        self.has_leftovers = False

    async def run(self, pool: httpcore.AsyncConnectionPool, request: httpcore.Request, sleep: Sleep) -> None:
        """Send, and read the answer up to the cap."""
        try:
            response = await pool.handle_async_request(request)
        except httpcore.ConnectError:
            await sleep(_CONNECT_PAUSE)
            response = await pool.handle_async_request(request)
        try:
            self._status, self._headers = response.status, _told(response.headers)
            self._body = CodedBody(self._most_read, self._headers.get("content-encoding"))
            if self._body.is_undone:
                del self._headers["content-encoding"]
            # A generator; closed here, it is not left to the garbage collector in the middle.
            async with aclosing(cast("AsyncGenerator[bytes]", response.aiter_stream())) as chunks:
                async for chunk in chunks:
                    if not self._body.take(chunk):
                        return
            self._is_whole = self._body.is_whole
            self.has_leftovers = _has_leftovers(response)
        finally:
            await response.aclose()

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by httpcore at each step: before the first byte is written, and once the address is known."""
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"]
            fault = _address_fault(self._socket.get_extra_info("server_addr"), needs_loopback=self._needs_loopback)
            if fault is not None:
                await self._socket.aclose()
                raise httpcore.ConnectError(fault)
        elif event == "connection.start_tls.failed":
            # httpcore leaves it to the garbage collector.
            await self._socket.aclose()
        elif event.endswith(".send_request_headers.started"):
            self._was_written = True

    def answer(self, broken: NoAnswer | None = None) -> Answer:
        """What was answered."""
        return Answer(self._status or 0, self._headers, bytes(self._body.read), self._is_whole, broken, self._proof)

    def broken(self, kind: Literal["timed_out", "lost"], detail: str) -> Answer | NoAnswer:
        """What broke off; once there is a status there is an answer, though not a whole one."""
        if not self._was_written:
            return NoAnswer("not_connected", detail, was_written=False)
        broken = NoAnswer(kind, detail, was_written=True)
        return broken if self._status is None else self.answer(broken)


def _has_leftovers(response: httpcore.Response) -> bool:
    """Whether bytes came with the end of an answer that are none of it: the next one would be read from them.

    httpcore tells it nowhere; those that come later it sees by itself, since the idle connection is readable then.
    """
    inside: Any = response.stream
    for step in ("_stream", "_connection", "_h11_state"):
        inside = getattr(inside, step)
    return bool(inside.trailing_data[0])


@lru_cache(256)
def _target(url: str) -> tuple[httpcore.URL, bytes]:
    """Where a request goes, and the host that it names. Raises httpx.InvalidURL."""
    return _parts(httpx.URL(url))


def _asking(url: str, parameters: Mapping[str, str]) -> tuple[httpcore.URL, bytes]:
    return _parts(httpx.URL(url, params=dict(parameters)))


def _parts(url: httpx.URL) -> tuple[httpcore.URL, bytes]:
    found = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    return found, url.netloc


def _lines(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The headers of a request, ours first where it does not name them itself."""
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    named = {name.lower() for name, _ in given}
    return [*(line for line in _OURS if line[0].lower() not in named), *given]


def _told(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of an answer, names in lower case; what comes twice is joined."""
    told: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        told[key] = f"{told[key]}, {text}" if key in told else text
    return told


def _length(method: str, content: bytes | None) -> list[tuple[bytes, bytes]]:
    return [] if content is None and method == "GET" else [(b"Content-Length", b"%d" % len(content or b""))]


def _along() -> Mapping[str, str]:
    return ALONG.get() or {}


def _proof_in(header: str) -> str:
    """What proves us in a header: all of it, or what stands behind its scheme."""
    return header.partition(" ")[2] or header


def _address_fault(address: Any, *, needs_loopback: bool) -> str | None:
    """Why nothing may be sent to this socket address; the name may have resolved to anything."""
    try:
        peer = ipaddress.ip_address(str(address[0]).partition("%")[0])
    except (ValueError, TypeError, IndexError):
        return "the peer's address cannot be told"
    if isinstance(peer, ipaddress.IPv6Address):
        peer = peer.ipv4_mapped or peer
    if peer.is_link_local or peer == _AWS_METADATA:
        return f"{peer} is a link-local or metadata address"
    if needs_loopback and not peer.is_loopback:
        return f"plain http to {peer}, which is not loopback, needs allow_http"
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore.LocalProtocolError):
        # Its words quote our own headers, and so a secret.
        return "the request cannot be written"
    return str(error) or type(error).__name__
