"""How a connection hands its requests to the application: without a task, where one has arrived whole (ADR 8)."""

from functools import partial
from typing import Any, Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.ground.exchange import Start, Taker
from gateway.serving.connection import IDLE, BoundedProtocol

KEEP_ALIVE_SECONDS: Final = 75


class TakingProtocol(BoundedProtocol):
    """A bounded connection whose application may take a whole request at once."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._taker = cast("Taker | None", self.app if hasattr(self.app, "take") else None)
        self._in_headers = False
        self._unstarted: tuple[RequestResponseCycle, Any] | None = None

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
