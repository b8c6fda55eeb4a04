"""The span of a hook: from its arrival to its answer, by the ids that follow from the event's key."""

import time
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.events import Arrival, Receipt
from gateway.ground.exchange import Respond, Start
from gateway.service.tracing.names import hook_of, is_sampled, read_traceparent
from gateway.service.tracing.telling import Telling
from gateway.store.ports import Inbox, Outcome, Tell

PREFIX: Final = b"/hooks/"
_STATUS: Final = slice(9, 12)
_SERVER_FAULT: Final = 500


class _Request:
    """A request for which a hook's span may be told: once, when it is answered, if it brought an event."""

    def __init__(self, scope: Scope, telling: Telling, share: float) -> None:
        self._scope = scope
        self._telling = telling
        self._share = share
        self._began = time.time_ns()
        self._stored: tuple[Arrival, Receipt] | None = None

    def stored(self, arrival: Arrival, receipt: Receipt) -> None:
        """It brought this event."""
        self._stored = self._stored or (arrival, receipt)

    def responding(self, respond: Respond) -> Respond:
        """`respond`, and the span's end."""

        def answered(head: bytes, body: bytes) -> bool:
            is_written = respond(head, body)
            if is_written:
                self.answered(int(head[_STATUS]))
            return is_written

        return answered

    def sending(self, app: ASGIApp) -> ASGIApp:
        """An application, and the span's end where it answers."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            async def seen(message: Message) -> None:
                await send(message)
                if message["type"] == "http.response.start":
                    self.answered(message["status"])

            await app(scope, receive, seen)

        return traced

    def answered(self, status: int) -> None:
        """Tell the span. A repeat is one of its own, linked to that of the event."""
        if self._stored is None:
            return
        arrival, receipt = self._stored
        context = hook_of(arrival.source, arrival.event_id)
        if not is_sampled(context, self._share):
            return
        vendors = (value for name, value in self._scope["headers"] if name == b"traceparent")
        links = [found for value in vendors if (found := read_traceparent(value.decode("latin-1"))) is not None]
        if receipt.kind != "stored":
            links, context = [*links, context], self._telling.fresh()
        attributes = {
            "http.request.method": "POST",
            "http.route": "/hooks/{source}",
            "url.path": f"/hooks/{arrival.source}",
            "http.response.status_code": status,
            "messaging.system": "trackely_gateway",
            "messaging.operation.name": "store",
            "messaging.operation.type": "create",
            "messaging.destination.name": arrival.source,
            "messaging.message.id": arrival.event_id,
            "trackely.receipt": receipt.kind,
        }
        error = str(status) if status >= _SERVER_FAULT else None
        span = (self._began, time.time_ns())
        self._telling.tell("POST /hooks/{source}", SpanKind.SERVER, context, span, attributes, links=links, error=error)


_REQUEST: Final[ContextVar[_Request | None]] = ContextVar("request", default=None)


class TracedInbox(Inbox):
    """The inbox, telling the request at hand what it brought."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def give(self, arrival: Arrival, tell: Tell) -> None:
        """Store an event."""
        request = _REQUEST.get()

        def told(outcome: Outcome) -> None:
            if request is not None and isinstance(outcome, Receipt):
                request.stored(arrival, outcome)
            tell(outcome)

        self._inbox.give(arrival, told)

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing."""
        return await self._inbox.is_duplicate(arrival)


class TracedFront:
    """The application in front, both ways in."""

    def __init__(self, front: Any, telling: Telling, share: float) -> None:
        self._front = front
        self._telling = telling
        self._share = share

    def take(self, scope: Scope, body: bytes, respond: Respond, start: Start) -> bool:
        """Answer a request that has arrived whole."""
        if not scope["raw_path"].startswith(PREFIX):
            taken: bool = self._front.take(scope, body, respond, start)
            return taken
        request = _Request(scope, self._telling, self._share)
        token = _REQUEST.set(request)
        try:
            taken = self._front.take(scope, body, request.responding(respond), lambda app: start(request.sending(app)))
        finally:
            _REQUEST.reset(token)
        return taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["raw_path"].startswith(PREFIX):
            await self._front(scope, receive, send)
            return
        request = _Request(scope, self._telling, self._share)
        token = _REQUEST.set(request)
        try:
            await request.sending(self._front)(scope, receive, send)
        finally:
            _REQUEST.reset(token)
