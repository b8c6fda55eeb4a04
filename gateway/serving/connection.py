"""One connection of the server: its deadlines, its close, and what is answered where no application is asked.

A connection is in one of three phases: between messages, in a message's head, in its body. Each of the latter two has
a deadline, and so has a peer that does not read its answer; one sweep a quarter second looks at all connections.
"""

import asyncio
import contextlib
import math
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from gateway.config.model import Limits
from gateway.ground.exchange import BODY_TIMEOUT
from gateway.serving.connections import Connections
from gateway.serving.rejections import BAD_REQUEST, BODY_TIMED_OUT, HEAD_TIMEOUT, TOO_MANY, Refused, Rejection

LINGER_SECONDS: Final = 2.0
STOPPING_IDLE_SECONDS: Final = 0.5
"""How long a connection may say nothing before a stop closes it: who keeps one busy learns of the stop by an answer."""
LINGER_BYTES: Final = 64 * 1024 * 1024

IDLE, HEAD, BODY = range(3)
NEVER: Final = math.inf


class ClosingTransport:
    """A transport whose `close` is the protocol's; everything else is the transport's own."""

    def __init__(self, transport: asyncio.Transport, protocol: "BoundedProtocol") -> None:
        self.write = transport.write
        self.abort = transport.abort
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info
        self.is_closing = protocol.is_closing
        self.close = protocol.close_gently


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines, JSON refusals and a close that does not cut off its own answer."""

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
        self.deadline: float = NEVER
        self.is_clogged = False
        self._limits = limits
        self._shared = shared
        self._refused = refused
        self._phase = IDLE
        self._rejection = BAD_REQUEST
        # Of a head so far, or since a body's last piece: trailers and chunk sizes, which the parser gathers unseen.
        self._framing_bytes = 0
        self._unread_bytes = math.inf
        self._is_lingering = False
        self._is_deaf = False
        self._is_stopping = self._is_apart = False

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
        self.deadline = NEVER
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A sender that has said everything may still wait for its answer, unless that has no end."""
        unanswered = self._unanswered
        if unanswered is None or self._phase != IDLE or self._is_lingering or self._is_apart:
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
        return is_answered and self._phase == IDLE and not self.is_closing()

    def give_way(self) -> None:
        """Close, and count no more."""
        self.connections.discard(self)
        self._raw.close()

    def stand_apart(self) -> bool:
        """Count no more, since the answer has no end; False: there are as many such as may be, or a stop has begun."""
        if self._shared.set_apart(self):
            self.connections.discard(self)
            self._is_apart = True
        return self._is_apart

    def close_gently(self) -> None:
        """Close; where the sender is still sending, first let it find the answer.

        A socket that is closed with bytes unread resets the connection, and the reset overtakes the answer.
        """
        if self.is_closing():
            return
        if self._phase == IDLE and not self._is_deaf:
            self._raw.close()
            return
        self._is_lingering = True
        self._unread_bytes = LINGER_BYTES
        self.deadline = self.loop.time() + LINGER_SECONDS
        with contextlib.suppress(OSError, RuntimeError):
            self._raw.write_eof()
        self._raw.resume_reading()

    def shutdown(self) -> None:
        """Stop gracefully: one more request is answered, with `Connection: close`."""
        self._is_stopping = True
        if self._is_lingering:
            super().shutdown()
        elif self._phase == BODY or self._unanswered is not None:
            self.cycle.keep_alive = False
        elif self._phase == IDLE:
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
        self.deadline = NEVER
        if self._is_lingering:
            self._raw.abort()
        elif self._phase == IDLE:
            if self._unanswered is None:
                self._raw.abort()
        elif self._phase == HEAD:
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
        self.deadline = NEVER
        cycle = self._unanswered
        if cycle is None:
            if self._phase == BODY:
                # Answered before its body had come: another answer would be taken for the next request's.
                self.close_gently()
            else:
                self._answer(rejection)
            return
        if self._phase != BODY:
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
            self._phase = HEAD
            self.close_gently()

    def _discard(self, size: int) -> None:
        self._unread_bytes -= size
        if self._unread_bytes < 0:
            self._raw.abort()
