"""Calls about events: list, show, replay."""

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.choosing import chosen_events, named, number_of
from gateway.api.doors import Doors
from gateway.api.replaying import replay
from gateway.api.requests.bodies import EventSelection, ReplayFlags, Replaying, selected
from gateway.api.requests.queries import EventQuery
from gateway.api.requests.reading import text_or_none
from gateway.errors import ConflictingRequest


async def list_events(doors: Doors, ask: Ask) -> shapes.EventList:
    """Events that fit, newest first."""
    query: EventQuery = ask.query
    known = views.Configured.of(doors.config)
    which = known.widened(query.filter())
    page = await doors.records.events(which, limit=query.limit, cursor=text_or_none(query.cursor))
    return shapes.EventList(events=tuple(views.event_of(row, known) for row in page.rows), next=page.next)


async def show_event(doors: Doors, ask: Ask) -> shapes.EventDetail:
    """An event with its raw body, what it was translated to, and why."""
    detail = await doors.records.event(number_of(ask.path["id"], "event"))
    return views.event_detail_of(detail, views.Configured.of(doors.config))


async def replay_event(doors: Doors, ask: Ask) -> shapes.Replayed | shapes.OperationMade:
    """Translate the event's stored bytes again."""
    number = number_of(ask.path["id"], "event")
    event = await doors.records.event(number)
    if event.record.kind == "person":
        raise ConflictingRequest("what a person said is never translated: amend the order once more")
    if event.body is None:
        raise ConflictingRequest("the event's body was pruned or erased: there is nothing to replay")
    return await replay(doors, ask, [number], f"event {number}")


async def replay_events(doors: Doors, ask: Ask) -> shapes.Replayed | shapes.OperationMade:
    """Translate the stored bytes of many events again; those whose body was pruned are left out."""
    body: EventSelection = ask.body
    which = selected(body.ids, body.filter)
    events, missing = await chosen_events(doors, which)
    return await replay(doors, ask, events, named("events", which), missing)


CALLS = (
    Call(
        method="GET",
        path="events",
        summary="Events that fit, newest first.",
        does=list_events,
        answer=shapes.EventList,
        query=EventQuery,
    ),
    Call(
        method="POST",
        path="events/replay",
        summary="Translate the stored bytes of many events again, with today's adapter and options.",
        does=replay_events,
        answer=shapes.Replayed,
        query=ReplayFlags,
        body=EventSelection,
        needs_body=True,
        becomes=shapes.OperationMade,
    ),
    Call(
        method="GET",
        path="events/{id}",
        summary="An event with its raw body, what it was translated to by which adapter version, and why.",
        does=show_event,
        answer=shapes.EventDetail,
    ),
    Call(
        method="POST",
        path="events/{id}/replay",
        summary="Translate an event's stored bytes again, with today's adapter and options.",
        does=replay_event,
        answer=shapes.Replayed,
        query=ReplayFlags,
        body=Replaying,
        statuses=(409,),
    ),
)
