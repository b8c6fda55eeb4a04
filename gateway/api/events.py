"""Calls about events: list, show, replay."""

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests import EventQuery, EventSelection, ReplayFlags, selected, text_or_none
from gateway.errors import ConflictingRequest, UnknownRecord


async def list_events(doors: Doors, ask: Ask) -> shapes.EventList:
    """Events that fit, newest first."""
    query: EventQuery = ask.query
    known = views.Configured.of(doors.config)
    which = known.widened(query.filter())
    page = await doors.records.events(which, limit=query.limit, cursor=text_or_none(query.cursor))
    return shapes.EventList(events=tuple(views.event_of(row, known) for row in page.rows), next=page.next)


async def show_event(doors: Doors, ask: Ask) -> shapes.EventDetail:
    """An event with its raw body, what it was translated to, and why."""
    detail = await doors.records.event(event_number(ask.path["id"]))
    return views.event_detail_of(detail, views.Configured.of(doors.config))


async def replay_event(doors: Doors, ask: Ask) -> shapes.Replayed:
    """Translate the event's stored bytes again."""
    number, flags = event_number(ask.path["id"]), ask.replay_flags
    if (await doors.records.event(number)).body is None:
        raise ConflictingRequest("the event's body was pruned or erased: there is nothing to replay")
    if flags.dry_run:
        return shapes.Replayed(replayed=1)
    act = ask.act(doors, "replay", f"event {number}{flags.told}")
    replayed = await doors.operations.replay([number], force=flags.force, act=act)
    doors.audit(ask.operator.name, "replay", f"event {number}{flags.told}")
    doors.wake_translation()
    return shapes.Replayed(replayed=replayed)


async def replay_events(doors: Doors, ask: Ask) -> shapes.Replayed:
    """Translate the stored bytes of many events again; those whose body was pruned are left out."""
    body: EventSelection = ask.body
    flags, which = ask.replay_flags, selected(body.ids, body.filter)
    if isinstance(which, list):
        numbers = [number for text in dict.fromkeys(which) if (number := _number_or_none(text)) is not None]
        if flags.dry_run:
            return shapes.Replayed(replayed=await _replayable(doors, numbers))
        named = "events by id"
        act = ask.act(doors, "replay", f"{named}{flags.told}")
        replayed = await doors.operations.replay(numbers, force=flags.force, act=act)
    else:
        wanted = views.Configured.of(doors.config).widened(which.filter())
        named = "events by filter"
        act = ask.act(doors, "replay", f"{named}{flags.told}")
        replayed = await doors.operations.replay_matching(wanted, force=flags.force, dry_run=flags.dry_run, act=act)
    if not flags.dry_run:
        doors.audit(ask.operator.name, "replay", f"{replayed} {named}{flags.told}")
    doors.wake_translation()
    return shapes.Replayed(replayed=replayed)


def event_number(text: str) -> int:
    """An event's id as the store counts it. Raises UnknownRecord for a text that is none of ours."""
    number = _number_or_none(text)
    if number is None:
        raise UnknownRecord("no such event")
    return number


def _number_or_none(text: str) -> int | None:
    is_ours = text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004 - beyond 18 digits 64 bits end
    return int(text) if is_ours else None


async def _replayable(doors: Doors, numbers: list[int]) -> int:
    count = 0
    for number in numbers:
        try:
            count += (await doors.records.event(number)).body is not None
        except UnknownRecord:
            continue
    return count


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
        body=ReplayFlags,
        statuses=(409,),
    ),
)
