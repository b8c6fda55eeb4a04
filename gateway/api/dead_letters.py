"""Calls about dead letters: list, replay, discard."""

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests import (
    DeadLetterDiscard,
    DeadLetterQuery,
    DeadLetterSelection,
    DeadLetterWhich,
    ReplayFlags,
    selected,
    text_or_none,
)
from gateway.records import DeadLetterFilter


async def list_dead_letters(doors: Doors, ask: Ask) -> shapes.DeadLetterList:
    """Dead letters that fit, newest first."""
    query: DeadLetterQuery = ask.query
    known = views.Configured.of(doors.config)
    which = known.widened(query.filter())
    page = await doors.records.dead_letters(which, limit=query.limit, cursor=text_or_none(query.cursor))
    rows = tuple(views.dead_letter_of(row, known) for row in page.rows)
    return shapes.DeadLetterList(dead_letters=rows, next=page.next)


async def replay_dead_letters(doors: Doors, ask: Ask) -> shapes.Replayed:
    """Translate again what was set aside."""
    body: DeadLetterSelection = ask.body
    flags = ask.replay_flags
    which, named = _chosen(doors, selected(body.ids, body.filter))
    act = ask.act(doors, "replay", f"{named}{flags.told}")
    replayed = await doors.operations.replay_dead_letters(which, force=flags.force, dry_run=flags.dry_run, act=act)
    if not flags.dry_run:
        doors.audit(ask.operator.name, "replay", f"{replayed} {named}{flags.told}")
    doors.wake_translation()
    return shapes.Replayed(replayed=replayed)


async def discard_dead_letters(doors: Doors, ask: Ask) -> shapes.Discarded:
    """Set dead letters aside for good."""
    body: DeadLetterDiscard = ask.body
    which, named = _chosen(doors, selected(body.ids, body.filter))
    reason = text_or_none(body.reason)
    act = ask.act(doors, "discard", named, reason)
    discarded = await doors.operations.discard_dead_letters(which, reason=reason, now=act.at, act=act)
    doors.audit(ask.operator.name, "discard", f"{discarded} {named}")
    return shapes.Discarded(discarded=discarded)


def _chosen(doors: Doors, which: list[str] | DeadLetterWhich) -> tuple[DeadLetterFilter | list[str], str]:
    """The selection in the store's words, and in the audit's."""
    if isinstance(which, list):
        ids = list(dict.fromkeys(which))
        return ids, "dead letters by id"
    return views.Configured.of(doors.config).widened(which.filter()), "dead letters by filter"


CALLS = (
    Call(
        method="GET",
        path="dead-letters",
        summary="Dead letters that fit, newest first.",
        does=list_dead_letters,
        answer=shapes.DeadLetterList,
        query=DeadLetterQuery,
    ),
    Call(
        method="POST",
        path="dead-letters/replay",
        summary="Translate again what was set aside: an event's by its event, an order's by its state's event.",
        does=replay_dead_letters,
        answer=shapes.Replayed,
        query=ReplayFlags,
        body=DeadLetterSelection,
        needs_body=True,
    ),
    Call(
        method="POST",
        path="dead-letters/discard",
        summary="Set dead letters aside for good.",
        does=discard_dead_letters,
        answer=shapes.Discarded,
        body=DeadLetterDiscard,
        needs_body=True,
    ),
)
