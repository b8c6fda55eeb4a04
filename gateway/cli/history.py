"""A source's stored events, read from the running gateway page by page."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from adapters import Hook
from gateway.cli.client import Client
from gateway.cli.show import progress
from gateway.events import EventStatus, Reason, context_of
from gateway.ground.clock import micros_at
from gateway.records import ArchivedEvent, ArchivedState

EVENTS_A_PAGE = 1000
NULL = b"null"


class State(msgspec.Struct, frozen=True, rename="camel"):
    """A state as the API tells it; `order` as it stands there, null for a cancellation."""

    tenant: str
    external_order_id: str
    owner: str
    clock: datetime
    tie: int
    order: msgspec.Raw
    code: str | None


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """An event as the API tells it."""

    id: str
    event_id: str
    topic: str | None
    received_at: datetime
    status: EventStatus
    reason: Reason | None
    body: bytes
    headers: dict[str, str]
    parameters: dict[str, str]
    path: str
    answers: dict[str, bytes | None]
    clock: datetime | None
    states: tuple[State, ...]


class Page(msgspec.Struct, frozen=True):
    """A page of the history."""

    events: tuple[Event, ...]
    length: int | None
    next: str | None


_decode = msgspec.json.Decoder(Page).decode


def history(client: Client, source: str, span: dict[str, str | None]) -> Iterator[ArchivedEvent]:
    """The source's stored events, oldest first, with a progress bar on a terminal."""
    cursor: str | None = None
    with progress("rehearsing", 0) as advance:
        while True:
            answer = client.get("sources", source, "history", **span, limit=EVENTS_A_PAGE, cursor=cursor)
            page = _decode(answer.content)
            if page.length is not None:
                advance.total(page.length)
            yield from map(_archived, page.events)
            advance(len(page.events))
            cursor = page.next
            if cursor is None:
                return


def _archived(event: Event) -> ArchivedEvent:
    return ArchivedEvent(
        id=int(event.id),
        event_id=event.event_id,
        topic=event.topic,
        received_at=micros_at(event.received_at),
        status=event.status,
        reason=event.reason,
        body=event.body,
        context=context_of(Hook(b"", event.headers, event.parameters, event.path)),
        answers=event.answers,
        clock=None if event.clock is None else micros_at(event.clock),
        states=tuple(_state(state) for state in event.states),
    )


def _state(state: State) -> ArchivedState:
    body = bytes(state.order)
    return ArchivedState(
        tenant=state.tenant,
        external_order_id=state.external_order_id,
        owner=state.owner,
        clock=micros_at(state.clock),
        tie=state.tie,
        body=None if body == NULL else body,
        code=state.code,
    )
