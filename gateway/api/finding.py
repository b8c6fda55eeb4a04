"""The call that finds anything, and what to do next about what it found."""

import shlex
from typing import Final

from adapters.texts import as_seen
from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.remedies import remedy_of
from gateway.api.requests.queries import FindQuery
from gateway.events import EventStatus, OrderStatus
from gateway.ground.clock import moment
from gateway.records import Found

_WHAT: Final[dict[tuple[str, str], str]] = {
    ("order", OrderStatus.PENDING): "see what it waits for",
    ("order", OrderStatus.LEASED): "it is being sent at this moment: see its story",
    ("order", OrderStatus.DELIVERED): "Trackely has it: see its story",
    ("order", OrderStatus.WITHDRAWN): "it was cancelled before it was delivered: see its story",
    ("order", OrderStatus.DISCARDED): "a person set it aside: see its story",
    ("event", EventStatus.RECEIVED): "it is about to be translated: see it",
    ("event", EventStatus.WAITING): "it waits for the vendor's API: see it",
    ("event", EventStatus.TRANSLATED): "its orders are on their way: see it",
    ("event", EventStatus.DELIVERED): "its orders were delivered: see it",
    ("event", EventStatus.SUPERSEDED): "newer states took its place: see it",
    ("event", EventStatus.WITHDRAWN): "it cancelled its order in time: see it",
    ("event", EventStatus.IGNORED): "no order is to come of it; once that has changed, replay it",
    ("event", EventStatus.DISCARDED): "a person set it aside; to have it after all, replay it",
    ("event", EventStatus.SHADOWED): "its source is in shadow, and delivers nothing: see it",
    ("event", EventStatus.DEAD): "its order was set aside: see it",
}


async def find(doors: Doors, ask: Ask) -> shapes.FoundList:
    """Orders and events that bear a text; where there are none, that bear what people see of it."""
    query: FindQuery = ask.query
    found, is_truncated = await doors.records.find(query.q, limit=query.limit)
    if not found and (text := as_seen(query.q)) not in ("", query.q):
        found, is_truncated = await doors.records.find(text, limit=query.limit)
    known = views.Configured.of(doors.config)
    return shapes.FoundList(found=tuple(_shown(each, known) for each in found), truncated=is_truncated)


def _shown(found: Found, known: views.Configured) -> shapes.Found:
    return shapes.Found(
        kind=found.kind,
        tenant=found.tenant or known.sources.get(found.source or ""),
        source=found.source,
        external_order_id=found.external_order_id,
        order_id=found.order_id,
        event_id=found.event_id,
        id=_id(found),
        status=found.status,
        reason=shapes.reason_or_none(found.reason),
        matched=found.matched,
        how=found.how,
        at=moment(found.at),
        siblings=tuple(shapes.shown(shapes.Sibling, each) for each in found.siblings),
        next=next_step(found),
    )


def next_step(found: Found) -> shapes.NextStep:
    """What helps, and the command that does it."""
    if found.is_dead_letter and found.reason is not None:
        remedy = remedy_of(found.reason)
        mending = remedy.act if remedy.act in ("discard", "release") else "replay"
        return shapes.NextStep(what=remedy.words, command=f"gateway dead-letters {mending} {found.kind}-{found.id}")
    what = _WHAT[found.kind, found.status]
    if found.kind == "order":
        return shapes.NextStep(what=what, command=show_order(found))
    act = "replay" if found.status in (EventStatus.IGNORED, EventStatus.DISCARDED) else "show"
    return shapes.NextStep(what=what, command=f"gateway events {act} {found.id}")


def show_order(found: Found) -> str:
    """The command that shows an order, to be pasted into a shell."""
    names = (found.tenant or "", found.external_order_id or "")
    # Neither a shell nor a terminal carries every character, and whoever reads would not see them.
    if not all(name.isprintable() for name in names):
        return f"gateway orders show {_id(found)}"
    dashes = "-- " if any(name.startswith("-") for name in names) else ""
    return f"gateway orders show {dashes}{shlex.join(names)}"


def _id(found: Found) -> str:
    return f"order-{found.id}" if found.kind == "order" else str(found.id)


CALLS = (
    Call(
        method="GET",
        path="find",
        summary="Orders and events that bear a text: by externalOrderId, orderId, reference, event ID or id.",
        does=find,
        answer=shapes.FoundList,
        query=FindQuery,
    ),
)
