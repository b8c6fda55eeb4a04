"""Calls about events: list, show, replay."""

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests import BadRequest, EventQuery, EventSelection, EventWhich, ReplayFlags, selected, text_or_none
from gateway.errors import ConflictingRequest, UnknownRecord

MOST_PREVIEWED = 1_000
"""Events whose effects are told while the caller waits."""


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
    number = event_number(ask.path["id"])
    if (await doors.records.event(number)).body is None:
        raise ConflictingRequest("the event's body was pruned or erased: there is nothing to replay")
    return await replay(doors, ask, [number], f"event {number}")


async def replay_events(doors: Doors, ask: Ask) -> shapes.Replayed:
    """Translate the stored bytes of many events again; those whose body was pruned are left out."""
    body: EventSelection = ask.body
    which = selected(body.ids, body.filter)
    events, missing = await chosen_events(doors, which)
    return await replay(doors, ask, events, f"events by {'id' if isinstance(which, list) else 'filter'}", missing)


async def chosen_events(doors: Doors, which: list[str] | EventWhich) -> tuple[list[int], tuple[str, ...]]:
    """The events that are meant, and those of the ids given to which there is nothing that could be replayed."""
    if not isinstance(which, list):
        return await doors.acts.fitting(views.Configured.of(doors.config).widened(which.filter())), ()
    numbers = {text: _number_or_none(text) for text in which}
    there = await doors.acts.have_bodies([number for number in numbers.values() if number is not None])
    missing = tuple(text for text, number in numbers.items() if number is None or not there.get(number))
    return list(there), missing


async def replay(
    doors: Doors, ask: Ask, events: list[int], named: str, missing: tuple[str, ...] = ()
) -> shapes.Replayed:
    """Replay events, or tell what that would do."""
    flags = ask.replay_flags
    if flags.dry_run:
        count = sum((await doors.acts.have_bodies(events)).values())
        if len(events) > MOST_PREVIEWED:
            raise BadRequest(f"more than {MOST_PREVIEWED} events are previewed by an operation: POST operations")
        effects = await doors.preview.of_replay(events, is_forced=flags.force)
        return shapes.Replayed(replayed=count, missing=missing, **views.effects_of(effects))
    act = ask.act(doors, "replay", f"{named}{flags.told}")
    replayed = await doors.acts.replay(events, force=flags.force, act=act)
    doors.audit(act.by, act.act, f"{act.what}: {replayed}")
    doors.wake_translation()
    return shapes.Replayed(replayed=replayed, missing=missing)


def event_number(text: str) -> int:
    """An event's id as the store counts it. Raises UnknownRecord for a text that is none of ours."""
    number = _number_or_none(text)
    if number is None:
        raise UnknownRecord("no such event")
    return number


def _number_or_none(text: str) -> int | None:
    is_ours = text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004 - beyond 18 digits 64 bits end
    return int(text) if is_ours else None


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
