"""What stands around the rooms' doors to see spans begin and end; the rooms themselves know nothing of it."""

import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry.trace import SpanContext, SpanKind

from adapters import Api
from gateway.config.model import Tenant
from gateway.config.model import Tracing as Settings
from gateway.delivery.standing import Told
from gateway.events import EventStatus, Micros, StoredLookup, TranslatedEvent, UntranslatedEvent, WaitingSubject
from gateway.ground.outgoing import ALONG
from gateway.lookups.asking import Fetch, VendorAnswer
from gateway.orders import LeasedOrder
from gateway.service.tracing.hooks import TracedFront, TracedInbox
from gateway.service.tracing.names import asked, hook_of, is_sampled, lookup_of, traceparent_of
from gateway.service.tracing.telling import Telling
from gateway.store.ports import Inbox, LookupQueue
from gateway.translation.loop import Translate

_OK: Final = range(200, 400)
_SUBJECT: Final[ContextVar[WaitingSubject | None]] = ContextVar("subject", default=None)


@contextmanager
def _sent_along(context: SpanContext) -> Iterator[None]:
    token = ALONG.set({"traceparent": traceparent_of(context)})
    try:
        yield
    finally:
        ALONG.reset(token)


class _TracedQueue:
    """The queue of lookups: what is drawn for a request is known in the task that sends it."""

    def __init__(self, queue: LookupQueue) -> None:
        self._queue = queue

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    async def ask(self, source: str, turn: str, subject: str, now: Micros) -> WaitingSubject | None:
        """Draw a clock for a request that is about to be sent."""
        drawn = await self._queue.ask(source, turn, subject, now)
        _SUBJECT.set(drawn)
        return drawn


class Tracing:
    """Wraps what the wiring hands to the rooms, each time that it is on.

    Args:
        settings: where spans go, and which share of them.
        tenants: the tenants in force.
        apis: the vendors' APIs in force, by source.
    """

    def __init__(self, settings: Settings, tenants: Mapping[str, Tenant], apis: Mapping[str, Api]) -> None:
        self._telling = Telling(settings.endpoint)
        self._share = settings.sample
        self._tenants = tenants
        self._apis = apis
        self.close = self._telling.close

    def front(self, front: Any) -> TracedFront:
        """Hooks, as they are answered."""
        return TracedFront(front, self._telling, self._share)

    @staticmethod
    def inbox(inbox: Inbox) -> Inbox:
        """Which event a hook brought."""
        return TracedInbox(inbox)

    def translate(self, translate: Translate) -> Translate:
        """Translations, linked to their hooks and to the lookups that answered them."""

        async def traced(events: Sequence[UntranslatedEvent]) -> AsyncGenerator[Sequence[TranslatedEvent], None]:
            given, began = {event.id: event for event in events}, time.time_ns()
            async with aclosing(translate(events)) as parts:
                async for part in parts:
                    now = time.time_ns()
                    for event in part:
                        self._translated(event, given[event.id], (began, now))
                    yield part
                    began = time.time_ns()

        return traced

    def _translated(self, event: TranslatedEvent, given: UntranslatedEvent, span: tuple[int, int]) -> None:
        hook = hook_of(event.source, event.event_id)
        if not is_sampled(hook, self._share):
            return
        lookups = [lookup_of(event.source, given.clock, key) for key in given.answers or ()]
        attributes = {
            "messaging.system": "trackely_gateway",
            "messaging.operation.name": "translate",
            "messaging.operation.type": "process",
            "messaging.destination.name": event.source,
            "messaging.message.id": event.event_id,
            "trackely.outcome": str(event.status),
        }
        dead = event.reason.code if event.status is EventStatus.DEAD and event.reason is not None else None
        self._telling.tell(
            f"translate {event.source}",
            SpanKind.CONSUMER,
            self._telling.fresh(),
            span,
            attributes,
            links=[hook, *lookups],
            error=dead,
        )

    def lookups(self, queue: LookupQueue) -> LookupQueue:
        """The queue, telling what is about to be asked for to whoever asks in the same task."""
        return _TracedQueue(queue)

    def fetch(self, fetch: Fetch) -> Fetch:
        """Questions to a vendor's API."""

        async def traced(source: str, lookup: StoredLookup) -> VendorAnswer:
            drawn = _SUBJECT.get()
            context = (
                self._telling.fresh()
                if drawn is None or lookup not in drawn.lookups
                else lookup_of(source, drawn.clock, lookup.answer_key)
            )
            if not is_sampled(context, self._share):
                return await fetch(source, lookup)
            began = time.time_ns()
            with _sent_along(context):
                answer = await fetch(source, lookup)
            url = f"{self._apis[source].base_url.rstrip('/')}/{lookup.path}"
            self._asked("POST" if lookup.body else "GET", url, context, began, answer.status, "no_answer")
            return answer

        return traced

    @contextmanager
    def attempt(self, tenant: str, orders: Sequence[LeasedOrder]) -> Iterator[Told]:
        """One request to an intake, linked to the hooks of its orders' states."""
        hooks = [hook_of(order.source, order.event_id) for order in orders]
        sampled = [hook for hook in hooks if is_sampled(hook, self._share)]
        if not sampled:
            yield lambda _status, _failure: None
            return
        context, began, ended = self._telling.fresh(), time.time_ns(), list[tuple[int | None, str | None]]()
        with _sent_along(context):
            yield lambda status, failure: ended.append((status, failure))
        url = self._tenants[tenant].intake_url or ""
        for status, failure in ended:
            self._asked(
                "POST", url, context, began, status, failure or "no_answer", links=sampled,
                about={
                    "messaging.system": "trackely_gateway",
                    "messaging.operation.name": "deliver",
                    "messaging.operation.type": "send",
                    "messaging.destination.name": tenant,
                    "messaging.batch.message_count": len(orders),
                },
            )  # fmt: skip

    def _asked(
        self,
        method: str,
        url: str,
        context: SpanContext,
        began: int,
        status: int | None,
        failure: str,
        *,
        links: Sequence[SpanContext] = (),
        about: Mapping[str, Any] | None = None,
    ) -> None:
        attributes = asked(method, url) | dict(about or {})
        if status is not None:
            attributes["http.response.status_code"] = status
        error = None if status in _OK else failure if status is None else str(status)
        span = (began, time.time_ns())
        self._telling.tell(method, SpanKind.CLIENT, context, span, attributes, links=links, error=error)
