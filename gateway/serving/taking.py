"""How a connection hands its requests to the application: without a task, where one has arrived whole (ADR 8).

Most senders say the same head with each of their hooks, but for the length of the body. Such a repeat is not parsed
again: what the parser said of these bytes it would say again. Should anything but its answer come first, such as more
data or a stop, the parser reads it after all, and all goes on as if it always had.
"""

import re
from functools import partial
from typing import Any, Final, NamedTuple, Self, cast

from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.ground.exchange import Respond, Start, Taker
from gateway.serving.connection import IDLE, NEVER, BoundedProtocol

KEEP_ALIVE_SECONDS: Final = 75

LONGEST_REMEMBERED: Final = 4096
"""Bytes of a head."""

MOST_UNLIKE: Final = 8
"""So many heads in a row that were not the last one's, such as signed ones, and the connection looks no more."""

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]{1,9})\r\n", re.IGNORECASE)
_LONGEST_LENGTH: Final = 10


class Head(NamedTuple):
    """A head as it came, `before` and `after` the digits of its body's length, and the scope that it led to."""

    before: bytes
    after: bytes
    scope: Scope
    length_at: int

    @classmethod
    def of(cls, data: bytes, cycle: RequestResponseCycle) -> Self | None:
        """Of data that begins with a message; None: they are not just that, or their length stands elsewhere."""
        scope, end = cast("Scope", cycle.scope), len(data) - len(cycle.body)
        found = _LENGTH.search(data, 0, end)
        names = [name for name, _ in scope["headers"]]
        if (
            found is None
            or end > LONGEST_REMEMBERED
            or data.find(b"\r\n\r\n") + 4 != end
            or names.count(b"content-length") != 1
            or not cycle.keep_alive
        ):
            return None
        return cls(data[: found.start(1)], data[found.end(1) : end], scope, names.index(b"content-length"))

    def body_of(self, data: bytes) -> bytes | None:
        """The body, if the data are this head, but for its length, and a whole body behind it."""
        if not data.startswith(self.before):
            return None
        end = data.find(b"\r", len(self.before), len(self.before) + _LONGEST_LENGTH)
        length = data[len(self.before) : end]
        if end < 0 or not length.isdigit() or not data.startswith(self.after, end):
            return None
        body = data[end + len(self.after) :]
        if int(length) != len(body):
            return None
        headers = self.scope["headers"]
        if headers[self.length_at][1] != length:
            headers[self.length_at] = (b"content-length", length)
        return body


class Repeat:
    """A request with the last one's head; `cycle` is what the server makes of one, where the parser had to read it."""

    __slots__ = ("cycle", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.cycle: RequestResponseCycle | None = None


class TakingProtocol(BoundedProtocol):
    """A bounded connection whose application may take a whole request at once."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._taker = cast("Taker | None", self.app if hasattr(self.app, "take") else None)
        self._in_headers = False
        self._unstarted: tuple[RequestResponseCycle, Any] | None = None
        self._head: Head | None = None
        self._unlike = 0
        self._repeat: Repeat | None = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Start the application, unless what has come with the head may well be the whole request."""
        if self._taker is not None and self._in_headers and not self.expect_100_continue:
            self._unstarted = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def begin(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        """Start an application in a task."""
        super()._start_asgi_task(cycle, cast("Any", app))

    def _start_unstarted(self) -> None:
        if self._unstarted is not None:
            cycle, app = self._unstarted
            self._unstarted = None
            super()._start_asgi_task(cycle, app)

    def _is_taken(self, cycle: RequestResponseCycle) -> bool:
        respond, start = partial(self.respond, cycle), cast("Start", partial(self.begin, cycle))
        if self._takes(cast("Scope", cycle.scope), bytes(cycle.body), respond, start):
            self._unstarted = None
            return True
        return False

    def _takes(self, scope: Scope, body: bytes, respond: Respond, start: Start) -> bool:
        assert self._taker is not None  # noqa: S101 - else nothing is left unstarted, and no head remembered
        try:
            return self._taker.take(scope, body, respond, start)
        except Exception:  # noqa: BLE001 - within the parser it would pass for the sender's fault; the task tells it
            return False

    # -- repeats

    def _remember(self, data: bytes) -> None:
        """Know the head of these data, which were taken, again; they began with a message."""
        if self._unlike < MOST_UNLIKE:
            self._unlike += 1
            self._head = Head.of(data, self.cycle)

    def _is_repeat(self, data: bytes) -> bool:
        """Whether these were a repeat, which is seen to now; False: nothing has happened."""
        head = self._head
        if head is None or self._phase != IDLE or self._repeat is not None or not self.cycle.response_complete:
            return False
        body = head.body_of(data)
        if body is None:
            return False
        self._unlike = 0
        self.deadline = NEVER
        self._repeat = repeat = Repeat(data)
        respond, start = partial(self._answer_repeat, repeat), cast("Start", partial(self._begin_repeat, repeat))
        if not self._takes(head.scope, body, respond, start):
            self._begin_repeat(repeat, cast("ASGIApp", self.app))
        return True

    def _answer_repeat(self, repeat: Repeat, head: bytes, body: bytes) -> bool:
        """Answer a repeat in one write, as `Respond`."""
        if repeat.cycle is not None:
            return self.respond(repeat.cycle, head, body)
        if self.flow.write_paused or self.is_closing():
            return False
        self._repeat = None
        self._write(head, body)
        # Nothing has come behind it, or it would be unfolded.
        self.server_state.total_requests += 1
        self.deadline = self.loop.time() + KEEP_ALIVE_SECONDS
        return True

    def _begin_repeat(self, repeat: Repeat, app: ASGIApp) -> None:
        """Let this application answer a repeat, in a task, as `Start`."""
        self.unfold()
        self.begin(cast("RequestResponseCycle", repeat.cycle), app)

    def unfold(self) -> None:
        """Let the parser read the repeat that is under way: from here on it is a request like any other."""
        repeat = self._repeat
        if repeat is not None:
            self.parser.feed_data(repeat.data)
            self._repeat = self._unstarted = None
            repeat.cycle = self.cycle

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.unfold()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """A sender that has said everything may still wait for its answer, unless that has no end."""
        self.unfold()
        return super().eof_received()

    def shutdown(self) -> None:
        """Stop gracefully: one more request is answered, with `Connection: close`."""
        self._head = None
        self.unfold()
        super().shutdown()

    @property
    def is_spare(self) -> bool:
        """Whether it was answered, and keeps its place for a request that may never come."""
        return self._repeat is None and super().is_spare

    # -- answers

    def respond(self, cycle: RequestResponseCycle, head: bytes, body: bytes) -> bool:
        """Answer a request in one write, as `Respond`."""
        if cycle.response_started or cycle.disconnected or not cycle.keep_alive or self.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        self._write(head, body)
        cycle.on_response()
        return True

    def _write(self, head: bytes, body: bytes) -> None:
        self._raw.write(b"%b%b\r\n%b" % (head, self._shared.lines_of(self.server_state.default_headers), body))

    def on_response_complete(self) -> None:
        """An answer is out: the request behind it, or some time to wait for one, by the sweep instead of a timer."""
        self.server_state.total_requests += 1
        if self.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._phase == IDLE:
            self.deadline = self.loop.time() + KEEP_ALIVE_SECONDS
