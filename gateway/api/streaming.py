"""The call that goes on: all that changes, as it changes."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias, get_args

import msgspec
from starlette.responses import Response

from gateway.api import shapes
from gateway.api.answers import SECURITY_HEADERS
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.queries import StreamQuery
from gateway.api.requests.reading import BadRequest, text_or_none
from gateway.events import EventStatus, OrderStatus
from gateway.ground.answers import encode
from gateway.ground.clock import moment
from gateway.ground.sse import Message, Messages, StreamAnswer
from gateway.orders import TenantStatus
from gateway.records import Change, ChangeKind, Heard, OperationStatus

Wanted: TypeAlias = Callable[[Change], bool]

STATUSES: Final[dict[ChangeKind, frozenset[str]]] = {
    "event": frozenset(EventStatus),
    "order": frozenset(OrderStatus),
    "tenant": frozenset(TenantStatus),
    "source": frozenset({"active", "silent", "halted"}),
    "operation": frozenset(get_args(OperationStatus)),
}
"""What each kind may come to."""

OF: Final[dict[ChangeKind, str]] = {"event": "source", "source": "source", "order": "tenant", "tenant": "tenant"}
"""Whose each is; an operation is nobody's."""


async def stream(doors: Doors, ask: Ask) -> Response:
    """What changes after the place that the reader names, or from now on."""
    query: StreamQuery = ask.query
    wanted = _wanted(query)
    await doors.stream.begin()
    last = ask.last_event_id or text_or_none(query.after)
    return StreamAnswer(told(doors, last, wanted), SECURITY_HEADERS)


async def told(doors: Doors, last: str | None, wanted: Wanted, *, is_live: bool = False) -> Messages:
    """What is wanted of all that changes, as messages; after `Stream.begin`."""
    async for some in doors.stream.follow(last, wanted, is_live=is_live):
        yield [_message_of(heard) for heard in some]


def _wanted(query: StreamQuery) -> Wanted:
    """Raises BadRequest for what nothing fits: it would be waited for in vain."""
    kind, source, tenant, status = map(text_or_none, (query.kind, query.source, query.tenant, query.status))
    named = {name for name, value in (("source", source), ("tenant", tenant)) if value is not None}
    kinds = [each for each in STATUSES if kind in (None, each) and named <= {OF.get(each)}]
    if not kinds:
        raise BadRequest("nothing is all of this: events and sources are of a source, orders and tenants of a tenant")
    known = frozenset[str]().union(*(STATUSES[each] for each in kinds))
    if status is not None and status not in known:
        raise BadRequest(f"$.status: expected one of {', '.join(sorted(known))}")

    def is_wanted(change: Change) -> bool:
        return (
            (kind is None or change.kind == kind)
            and (status is None or change.status == status)
            and (source is None or (change.kind in ("event", "source") and change.of == source))
            and (tenant is None or (change.kind in ("order", "tenant") and change.of == tenant))
        )

    return is_wanted


def _message_of(heard: Heard) -> Message:
    change = heard.change
    if change is None:
        gap = shapes.Told(kind="gap", at=moment(heard.at), why=heard.gap)
        return Message(heard.id, "gap", encode(gap))
    return Message(heard.id, change.kind, encode(_told(change, heard)))


def _told(change: Change, heard: Heard) -> shapes.Told:
    named: dict[str, Any]
    match change.kind:
        case "event":
            named = {"id": str(change.id), "source": change.of, "event_id": change.name}
        case "order":
            named = {"tenant": change.of, "external_order_id": change.name}
        case "operation":
            total, done, failed, skipped = msgspec.json.decode(change.counts or "[0,0,0,0]")
            named = {"id": str(change.id), "operation": change.of}
            named |= {"total": total, "done": done, "failed": failed, "skipped": skipped}
        case kind:
            named = {kind: change.of}
    return shapes.Told(kind=change.kind, at=moment(heard.at), status=change.status, code=change.code, **named)


CALLS = (
    Call(
        method="GET",
        path="stream",
        summary="What changes, as it changes: server-sent events, named by their kind.",
        does=stream,
        answer=shapes.Told,
        query=StreamQuery,
        is_stream=True,
    ),
)
