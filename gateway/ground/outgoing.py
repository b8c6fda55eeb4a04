"""One careful HTTP client for everything that the gateway asks of others.

The total deadline cancels the exchange, since time-outs per phase would let a byte a second never end.

Of httpcore there is its network alone: how a name is reached, and TLS. What a pool, httpcore's or httpx's, does besides
for a request costs ten times as much as the request, and there is nothing of it that is wanted here: one connection,
asked one thing after the other, no redirects, no cookies, no credentials out of a URL, no proxies.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import httpcore
import httpx
import msgspec

from gateway.ground.connecting import PORTS, Place, connect
from gateway.ground.reply import Reply

# Servers close idle connections after five seconds or more; a request sent into such a close may or may not have been
# read, so ours are given up first.
_KEEP_ALIVE: Final = 3.0

# A connection that hiccups is tried once more at once; an outage is the caller's business.
_CONNECT_PAUSE: Final = 0.1

_READ_BYTES: Final = 64 * 1024

_is_name: Final = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+").fullmatch
_is_value: Final = re.compile(rb"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?").fullmatch
_is_target: Final = re.compile(rb"[\x21-\x7e]+").fullmatch

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
        self._line: _Line | None = None
        self._rests_since = 0.0

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109 - what it ends is more than the awaiting: the connection goes too
        most_read: int,
        parameters: Mapping[str, str] | None = None,
        content: Sequence[bytes] | None = None,
        proof_header: str = "Authorization",
    ) -> Answer | NoAnswer:
        """One request; raises nothing for what the network or the other side does.

        `timeout`: seconds for all of it; `most_read`: bytes of the body; `content`: what is sent, in pieces, of which
        one copy is made; `proof_header`: of `headers`, proves us.
        """
        exchange = _Exchange(most_read, _proof_in(headers.get(proof_header, "")))
        try:
            async with asyncio.timeout(timeout):
                place, target, host = _target(url) if parameters is None else _asking(url, parameters)
                lines = [(b"Host", host), *_lines({**headers, **_along()}), *_length(method, content)]
                request = _written(method.encode(), target, lines, content or ())
                await exchange.run(await self._stream_to(place), request)
        except TimeoutError:
            return exchange.broken("timed_out", f"no whole answer within {timeout:g} s")
        except httpcore.ConnectError as error:
            return NoAnswer("not_connected", f"no connection: {_reason(error)}", was_written=False)
        except _LOST as error:
            return exchange.broken("lost", f"connection lost: {_reason(error)}")
        finally:
            self._rests_since = time.monotonic()
            if not exchange.reply.is_reusable:
                await self.close()
        return exchange.answer()

    async def close(self) -> None:
        """Give the connection up; the next request makes another."""
        line, self._line = self._line, None
        if line is not None:
            await line.stream.aclose()

    async def _stream_to(self, place: Place) -> httpcore.AsyncNetworkStream:
        """The connection to there; another where it leads elsewhere, has rested for too long or is at its end."""
        line = self._line
        if line is not None and (
            line.place != place
            or time.monotonic() > self._rests_since + _KEEP_ALIVE
            # Whatever comes while nothing was asked: its end, mostly.
            or line.stream.get_extra_info("is_readable")
        ):
            await self.close()
            line = None
        if line is None:
            self._line = line = _Line(place, await self._connected(place))
        return line.stream

    async def _connected(self, place: Place) -> httpcore.AsyncNetworkStream:
        needs_loopback = place.scheme == "http" and not self._allow_http
        try:
            return await connect(place, needs_loopback=needs_loopback)
        except httpcore.ConnectError:
            await self._sleep(_CONNECT_PAUSE)
            return await connect(place, needs_loopback=needs_loopback)


class _Line(NamedTuple):
    """A connection and where it leads."""

    place: Place
    stream: httpcore.AsyncNetworkStream


class _Exchange:
    """One request as far as it went: whether it was written, and what was read of the answer."""

    def __init__(self, most_read: int, proof: str) -> None:
        self.reply = Reply(most_read)
        self._proof = proof
        self._was_written = False

    async def run(self, stream: httpcore.AsyncNetworkStream, request: bytes) -> None:
        """Send, and read the answer up to the cap."""
        self._was_written = True
        # Who closes before all is sent may have answered before.
        with suppress(httpcore.WriteError):
            await stream.write(request)
        while not self.reply.is_over:
            self.reply.feed(await stream.read(_READ_BYTES))

    def answer(self, broken: NoAnswer | None = None) -> Answer:
        """What was answered."""
        reply = self.reply
        return Answer(reply.status or 0, reply.headers, bytes(reply.body.read), reply.is_whole, broken, self._proof)

    def broken(self, kind: Literal["timed_out", "lost"], detail: str) -> Answer | NoAnswer:
        """What broke off; once there is a status there is an answer, though not a whole one."""
        if not self._was_written:
            return NoAnswer("not_connected", detail, was_written=False)
        broken = NoAnswer(kind, detail, was_written=True)
        return broken if self.reply.status is None else self.answer(broken)


@lru_cache(256)
def _target(url: str) -> tuple[Place, bytes, bytes]:
    """Where a request goes, what it asks for there, and the host that it names. Raises httpx.InvalidURL."""
    return _parts(httpx.URL(url))


def _asking(url: str, parameters: Mapping[str, str]) -> tuple[Place, bytes, bytes]:
    return _parts(httpx.URL(url, params=dict(parameters)))


def _parts(url: httpx.URL) -> tuple[Place, bytes, bytes]:
    if url.scheme not in PORTS or not url.raw_host:
        raise httpcore.UnsupportedProtocol("no URL of http or https")
    place = Place(url.scheme, url.raw_host.decode("ascii"), url.port or PORTS[url.scheme])
    return place, url.raw_path, url.netloc


def _written(method: bytes, target: bytes, lines: Sequence[tuple[bytes, bytes]], content: Sequence[bytes]) -> bytes:
    """A request's bytes. Raises httpcore.LocalProtocolError where something of it would be read as something else."""
    if not all([_is_name(name) and _is_value(value) for name, value in lines]) or not _is_target(target):  # noqa: C419
        raise httpcore.LocalProtocolError("a header or the target of a request")
    head = b"".join([b"%b: %b\r\n" % line for line in lines])
    return b"".join((b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, head), *content))


def _lines(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The headers of a request, ours first where it does not name them itself."""
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    named = {name.lower() for name, _ in given}
    return [*(line for line in _OURS if line[0].lower() not in named), *given]


def _length(method: str, content: Sequence[bytes] | None) -> list[tuple[bytes, bytes]]:
    return [] if content is None and method == "GET" else [(b"Content-Length", b"%d" % sum(map(len, content or ())))]


def _along() -> Mapping[str, str]:
    return ALONG.get() or {}


def _proof_in(header: str) -> str:
    """What proves us in a header: all of it, or what stands behind its scheme."""
    return header.partition(" ")[2] or header


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore.LocalProtocolError):
        # Its words quote our own headers, and so a secret.
        return "the request cannot be written"
    return str(error) or type(error).__name__
