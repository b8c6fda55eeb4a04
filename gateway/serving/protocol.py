"""uvicorn's protocol for one connection, with deadlines, caps and refusals.

A connection is in one of three phases: between messages, in a message's head, in its body. Each of the latter two has
a deadline, and so has a peer that does not read its answer; one sweep a quarter second looks at all connections.
"""

import asyncio
import contextlib
import math
import re
from functools import partial
from typing import Any, Final, cast

import httptools
import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.config.model import Limits
from gateway.ground.exchange import BODY_TIMEOUT, Start, Taker
from gateway.serving.connections import Connections
from gateway.serving.rejections import (
    BAD_REQUEST,
    BODY_IN_CRUMBS,
    BODY_TIMED_OUT,
    CRUMB,
    HEAD_TIMEOUT,
    HEAD_TOO_LARGE,
    LONGEST_HEAD,
    LONGEST_URL,
    MOST_CRUMBS,
    MOST_HEADERS,
    TOO_MANY,
    URL_TOO_LONG,
    Refused,
    Rejection,
)

MOST_PIPELINED: Final = 32
KEEP_ALIVE_SECONDS: Final = 75
LINGER_SECONDS: Final = 2.0
STOPPING_IDLE_SECONDS: Final = 0.5
"""How long a connection may say nothing before a stop closes it: who keeps one busy learns of the stop by an answer."""
LINGER_BYTES: Final = 64 * 1024 * 1024

_IDLE, _HEAD, _BODY = range(3)
_NEVER: Final = math.inf
_WATCHED_HEADERS: Final = frozenset({b"expect", b"host", b"transfer-encoding"})
_is_host: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*+").fullmatch


class ClosingTransport:
    """A transport whose `close` is the protocol's; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, protocol: "HookProtocol") -> None:
        self.write = transport.write
        self.abort = transport.abort
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info
        self.is_closing = protocol.is_closing
        self.close = protocol.close_gently


class HookProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines, caps, JSON refusals and a close that does not cut off its own answer."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        shared: Connections,
        refused: Refused,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.deadline: float = _NEVER
        self.is_clogged = False
        self._limits = limits
        self._shared = shared
        self._refused = refused
        self._taker = cast("Taker | None", self.app if hasattr(self.app, "take") else None)
        self._in_headers = False
        self._unstarted: tuple[RequestResponseCycle, Any] | None = None
        self._phase = _IDLE
        self._rejection = BAD_REQUEST
        # Of a head so far, or since a body's last piece: trailers and chunk sizes, which the parser gathers unseen.
        self._framing_bytes = 0
        self._hosts = self._pieces = self._body_bytes = 0
        self._unread_bytes = math.inf
        self._is_lingering = False
        self._is_deaf = False
        self._is_stopping = False

    # -- the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection; where there are too many, an idle one gives way, or this one is turned away."""
        super().connection_made(transport)
        self._raw = transport
        self.transport = cast("asyncio.Transport", ClosingTransport(transport, self))
        self.flow = FlowControl(self.transport)
        self._shared.watch(self)
        self.deadline = self.loop.time() + self._limits.header_timeout
        if len(self.connections) > self._limits.max_connections and not self._shared.make_room():
            self.connections.discard(self)
            if self._shared.count > 2 * self._limits.max_connections:
                self._raw.abort()
            else:
                self._answer(TOO_MANY)
        elif self._shared.is_draining:
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._shared.forget(self)
        self.deadline = _NEVER
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A sender that has said everything may still wait for its answer."""
        unanswered = self._unanswered
        if unanswered is None or self._phase != _IDLE or self._is_lingering:
            return False
        unanswered.keep_alive = False
        return True

    def is_closing(self) -> bool:
        """Whether nothing more is taken from this connection."""
        return self._is_lingering or self._raw.is_closing()

    @property
    def is_spare(self) -> bool:
        """Whether it was answered, and keeps its place for a request that may never come."""
        cycle: RequestResponseCycle | None = self.cycle
        is_answered = cycle is not None and cycle.response_complete
        return is_answered and self._phase == _IDLE and not self.is_closing()

    def give_way(self) -> None:
        """Close, and count no more."""
        self.connections.discard(self)
        self._raw.close()

    def close_gently(self) -> None:
        """Close; where the sender is still sending, first let it find the answer.

        A socket that is closed with bytes unread resets the connection, and the reset overtakes the answer.
        """
        if self.is_closing():
            return
        if self._phase == _IDLE and not self._is_deaf:
            self._raw.close()
            return
        self._is_lingering = True
        self._unread_bytes = LINGER_BYTES
        self.deadline = self.loop.time() + LINGER_SECONDS
        with contextlib.suppress(OSError, NotImplementedError, RuntimeError):
            self._raw.write_eof()
        self._raw.resume_reading()

    def shutdown(self) -> None:
        """Stop gracefully: one more request is answered, with `Connection: close`."""
        self._is_stopping = True
        if self._is_lingering:
            super().shutdown()
        elif self._phase == _BODY or self._unanswered is not None:
            self.cycle.keep_alive = False
        elif self._phase == _IDLE:
            self.deadline = min(self.deadline, self.loop.time() + STOPPING_IDLE_SECONDS)

    def pause_writing(self) -> None:
        """The peer does not keep up: it has as long as a body has, for each bufferful."""
        super().pause_writing()
        self.is_clogged = True
        self._waiting_bytes = self._raw.get_write_buffer_size()
        self._clogged_until = self.loop.time() + self._limits.body_timeout

    def resume_writing(self) -> None:
        """It keeps up again."""
        super().resume_writing()
        self.is_clogged = False

    # -- bytes

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within the caps."""
        if self._is_lingering or self._is_deaf:
            self._discard(len(data))
            return
        if self._phase == _IDLE:
            # Blank lines before a request line begin no message: they must not last for ever either.
            self.deadline = min(self.deadline, self.loop.time() + self._limits.header_timeout)
            if b"\nUpgrade:" in data:
                data = _without_upgrade(data)
        self._framing_bytes += len(data)
        try:
            try:
                self.parser.feed_data(data)
            finally:
                self._start_unstarted()
        except httptools.HttpParserUpgrade:
            # Spelt in another way: the parser took the body for another protocol's, and so it is not heard.
            self.cycle.keep_alive = False
            self._is_deaf = True
        except httptools.HttpParserError:
            self._reject(self._rejection)
        else:
            if self._phase == _IDLE:
                self._framing_bytes = 0
            elif self._framing_bytes > LONGEST_HEAD or (self._phase == _HEAD and len(self.headers) > MOST_HEADERS):
                self._reject(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase = _HEAD
        self._hosts = self._pieces = self._body_bytes = 0
        if self.deadline is _NEVER or self._is_stopping:
            self.deadline = self.loop.time() + self._limits.header_timeout

    def on_url(self, url: bytes) -> None:
        """A piece of the URL."""
        self.url += url
        if len(self.url) > LONGEST_URL:
            self._fail(URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers come here too, and are dropped: nobody in front of us has seen them."""
        if self._phase != _HEAD:
            return
        name = name.lower()
        if name in _WATCHED_HEADERS:
            if name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            elif name == b"host":
                self._hosts += 1
                if self._hosts > 1 or not _is_host(value):
                    self._fail(BAD_REQUEST)
            elif value.lower() != b"chunked" or self.parser.get_http_version() != "1.1":
                # Another coding would reach the application still encoded; HTTP/1.0 knows none.
                self._fail(BAD_REQUEST)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start the application."""
        if len(self.headers) > MOST_HEADERS:
            self._fail(HEAD_TOO_LARGE)
        if self._framing_bytes > LONGEST_HEAD:
            size = sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > LONGEST_HEAD:
                self._fail(HEAD_TOO_LARGE)
        self._framing_bytes = 0
        version = self.parser.get_http_version()
        # RFC 9112, 3.2: a Host, once, in every request of HTTP/1.1; judged before what the request is for.
        if (
            version not in ("1.1", "1.0")
            or len(self.pipeline) >= MOST_PIPELINED
            or (version == "1.1" and not self._hosts)
        ):
            self._fail(BAD_REQUEST)
        self._in_headers = True
        super().on_headers_complete()
        self._in_headers = False
        self._phase = _BODY
        self.deadline = self.loop.time() + self._limits.body_timeout
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A piece of the body; one in crumbs costs as much as a request each, and is not for long."""
        self._framing_bytes = 0
        self._pieces += 1
        self._body_bytes += len(body)
        if self._pieces > MOST_CRUMBS and self._body_bytes < CRUMB * self._pieces:
            self._fail(BODY_IN_CRUMBS)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The request has arrived."""
        self._phase = _IDLE
        self.deadline = _NEVER
        super().on_message_complete()
        if self._unstarted is not None and not self._is_taken(self._unstarted[0]):
            self._start_unstarted()

    def on_response_complete(self) -> None:
        """An answer is out: the request behind it, or some time to wait for one, by the sweep instead of a timer."""
        self.server_state.total_requests += 1
        if self.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._phase == _IDLE:
            self.deadline = self.loop.time() + KEEP_ALIVE_SECONDS

    # -- the application

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start the application, unless what has come with the head may well be the whole request."""
        if self._taker is not None and self._in_headers and not self.expect_100_continue:
            self._unstarted = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _start_unstarted(self) -> None:
        if self._unstarted is not None:
            cycle, app = self._unstarted
            self._unstarted = None
            super()._start_asgi_task(cycle, app)

    def _is_taken(self, cycle: RequestResponseCycle) -> bool:
        assert self._taker is not None  # noqa: S101 - else nothing is left unstarted
        start = partial(super()._start_asgi_task, cycle)
        respond = partial(self._respond, cycle)
        try:
            is_taken = self._taker.take(cast("Scope", cycle.scope), bytes(cycle.body), respond, cast("Start", start))
        except Exception:  # noqa: BLE001 - within the parser it would pass for the sender's fault; the task tells it
            return False
        if is_taken:
            self._unstarted = None
        return is_taken

    def _respond(self, cycle: RequestResponseCycle, head: bytes, body: bytes) -> bool:
        if cycle.response_started or cycle.disconnected or not cycle.keep_alive or self.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        self._raw.write(b"%b%b\r\n%b" % (head, self._shared.lines_of(self.server_state.default_headers), body))
        cycle.on_response()
        return True

    # -- refusals

    def check(self, now: float) -> None:
        """Act on a deadline that has passed."""
        if self.is_clogged and self._clogged_until <= now:
            waiting = self._raw.get_write_buffer_size()
            if waiting >= self._waiting_bytes:
                self._raw.abort()
                return
            self._waiting_bytes, self._clogged_until = waiting, now + self._limits.body_timeout
        if self.deadline > now:
            return
        self.deadline = _NEVER
        if self._is_lingering:
            self._raw.abort()
        elif self._phase == _IDLE:
            if self._unanswered is None:
                self._raw.abort()
        elif self._phase == _HEAD:
            self._reject(HEAD_TIMEOUT)
        else:
            self._time_out_body()

    def send_400_response(self, msg: str) -> None:
        """Uvicorn's own refusal, as ours."""
        del msg
        self._reject(BAD_REQUEST)

    def _fail(self, rejection: Rejection) -> None:
        """Leave the parser from within one of its callbacks."""
        self._rejection = rejection
        raise ValueError(rejection.reason)

    def _reject(self, rejection: Rejection) -> None:
        """Answer what never becomes a request.

        Requests before it on this connection are answered first, and then it is closed without a word on this one: an
        answer now would be taken for theirs.
        """
        self.deadline = _NEVER
        cycle = self._unanswered
        if cycle is None:
            if self._phase == _BODY:
                # Answered before its body had come: another answer would be taken for the next request's.
                self.close_gently()
            else:
                self._answer(rejection)
            return
        if self._phase != _BODY:
            self._is_deaf = True
            cycle.keep_alive = False
            return
        self._disconnect(cycle)
        if cycle.response_started or self.pipeline:
            self._raw.abort()
        else:
            self._answer(rejection)

    def _time_out_body(self) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.scope.setdefault("extensions", {})[BODY_TIMEOUT] = {}
            self._disconnect(cycle)
        if cycle.response_started or self.pipeline:
            self._raw.abort()
        else:
            self._raw.write(BODY_TIMED_OUT.response)
            self.close_gently()

    @property
    def _unanswered(self) -> RequestResponseCycle | None:
        """The newest request, if its answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    @staticmethod
    def _disconnect(cycle: RequestResponseCycle) -> None:
        cycle.disconnected = True
        cycle.message_event.set()

    def _answer(self, rejection: Rejection) -> None:
        self._refused(rejection.status, rejection.reason, self.client[0] if self.client else None)
        if not self.is_closing():
            self._raw.write(rejection.response)
            self._phase = _HEAD
            self.close_gently()

    def _discard(self, size: int) -> None:
        self._unread_bytes -= size
        if self._unread_bytes < 0:
            self._raw.abort()


def _without_upgrade(data: bytes) -> bytes:
    """A request without its offer of another protocol, which Java's client makes with every request over plain HTTP.

    The parser would stop reading the body as a body; there is nothing here to upgrade to, and RFC 9110 lets a server
    ignore the offer.
    """
    head, blank, rest = data.partition(b"\r\n\r\n")
    return head.replace(b"\nUpgrade:", b"\nX-Upgrade:") + blank + rest
