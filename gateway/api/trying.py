"""Calls that try: what would come of a payload, and where the members of an event's orders came from."""

from collections.abc import Mapping, Sequence

import msgspec

from adapters import Hook
from gateway.api import shapes
from gateway.api.call import Ask, Call
from gateway.api.choosing import number_of
from gateway.api.doors import Doors
from gateway.api.requests.bodies import Trial
from gateway.errors import UnknownRecord
from gateway.events import TranslatedEvent


async def try_payload(doors: Doors, ask: Ask) -> shapes.Tried:
    """What would come of a payload; nothing is stored and nobody asked."""
    source = doors.config.sources.get(ask.path["name"])
    if source is None:
        raise UnknownRecord("no such source")
    trial: Trial = ask.body
    hook = Hook(trial.body.encode(), {name.lower(): text for name, text in trial.headers.items()}, trial.parameters)
    return _told(*await doors.trials.tried(source.name, hook))


async def trace_event(doors: Doors, ask: Ask) -> shapes.Tried:
    """What would come of the event now, and where each member of its orders came from."""
    return _told(*await doors.trials.traced(number_of(ask.path["id"], "event")))


def _told(event: TranslatedEvent, origins: Sequence[Mapping[str, Sequence[str]]]) -> shapes.Tried:
    return shapes.Tried(
        status=event.status,
        adapter_version=event.adapter_version,
        reason=shapes.reason_or_none(event.reason),
        references=event.references,
        asks=tuple(lookup.path for lookup in event.lookups),
        orders=tuple(
            shapes.TriedOrder(
                tenant=state.tenant,
                external_order_id=state.external_order_id,
                order=None if state.body is None else msgspec.Raw(state.body),
                reason=shapes.reason_or_none(state.dead),
                came_from={name: tuple(paths) for name, paths in came.items()},
            )
            for state, came in zip(event.states, origins or [{}] * len(event.states), strict=True)
        ),
        traceback=event.traceback,
    )


CALLS = (
    Call(
        method="POST",
        path="sources/{name}/try",
        summary="What would come of a payload, with the paths that each member came from; nothing is stored.",
        does=try_payload,
        answer=shapes.Tried,
        body=Trial,
        needs_body=True,
        statuses=(409,),
    ),
    Call(
        method="GET",
        path="events/{id}/trace",
        summary="What would come of the event now, with the paths that each member came from.",
        does=trace_event,
        answer=shapes.Tried,
        statuses=(409,),
    ),
)
