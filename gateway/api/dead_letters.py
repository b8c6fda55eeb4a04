"""Calls about dead letters: list, replay, discard, release."""

from typing import Final

import msgspec
from msgspec import UNSET

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.choosing import chosen_letters, named
from gateway.api.doors import Doors
from gateway.api.replaying import replay
from gateway.api.requests.bodies import DeadLetterDiscard, DeadLetterSelection, DryRun, ReplayFlags, selected
from gateway.api.requests.queries import DeadLetterQuery, DeadLetterWhich
from gateway.api.requests.reading import text_or_none
from gateway.events import HELD
from gateway.records import Effects

WHAT: Final = "dead letters"
_HELD: Final = DeadLetterWhich(code=HELD)
"""Those that a person may let go as they are."""


async def list_dead_letters(doors: Doors, ask: Ask) -> shapes.DeadLetterList:
    """Dead letters that fit, newest first."""
    query: DeadLetterQuery = ask.query
    known = views.Configured.of(doors.config)
    which = known.widened(query.filter())
    page = await doors.records.dead_letters(which, limit=query.limit, cursor=text_or_none(query.cursor))
    rows = tuple(views.dead_letter_of(row, known) for row in page.rows)
    return shapes.DeadLetterList(dead_letters=rows, next=page.next)


async def replay_dead_letters(doors: Doors, ask: Ask) -> shapes.Replayed | shapes.OperationMade:
    """Translate again what was set aside."""
    body: DeadLetterSelection = ask.body
    which = selected(body.ids, body.filter)
    letters, missing = await chosen_letters(doors, which)
    return await replay(doors, ask, await doors.acts.events_of(letters), named(WHAT, which), missing)


async def discard_dead_letters(doors: Doors, ask: Ask) -> shapes.Discarded:
    """Set dead letters aside for good."""
    body: DeadLetterDiscard = ask.body
    query: DryRun = ask.query
    which = selected(body.ids, body.filter)
    letters, missing = await chosen_letters(doors, which)
    if body.dry_run or query.dry_run:
        effects = views.effects_of(Effects(counts={"discarded": len(letters)}))
        return shapes.Discarded(discarded=len(letters), missing=missing, **effects)
    reason = text_or_none(body.reason)
    act = ask.act(doors, "discard", named(WHAT, which), reason)
    discarded = await doors.acts.discard_dead_letters(letters, reason=reason, now=act.at, act=act)
    doors.audit(act.by, act.act, f"{act.what}: {discarded}")
    return shapes.Discarded(discarded=discarded, missing=missing)


async def release_dead_letters(doors: Doors, ask: Ask) -> shapes.Released:
    """Let held states go, despite what they are held for."""
    body: DeadLetterDiscard = ask.body
    query: DryRun = ask.query
    which = selected(body.ids, body.filter)
    letters, missing = await _held(doors, which)
    if body.dry_run or query.dry_run:
        return shapes.Released(released=len(letters), missing=missing)
    act = ask.act(doors, "release", named(WHAT, which), text_or_none(body.reason))
    tenants = doors.config.settings.tenants
    shared = [name for name, tenant in tenants.items() if tenant.shared_orders]
    released = await doors.acts.release(letters, shared=shared, now=doors.now(), act=act)
    doors.audit(act.by, act.act, f"{act.what}: {released}")
    for tenant in tenants:
        doors.deliveries.wake(tenant)
    return shapes.Released(released=released, missing=missing)


async def _held(doors: Doors, which: list[str] | DeadLetterWhich) -> tuple[list[str], tuple[str, ...]]:
    """Those of these dead letters that are held, and the ids given of which that is not so."""
    if not isinstance(which, list):
        may_be = which.code in (UNSET, HELD)
        return (await chosen_letters(doors, msgspec.structs.replace(which, code=HELD))) if may_be else ([], ())
    known, asked = set((await chosen_letters(doors, _HELD))[0]), dict.fromkeys(which)
    return [id_ for id_ in asked if id_ in known], tuple(id_ for id_ in asked if id_ not in known)


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
        becomes=shapes.OperationMade,
    ),
    Call(
        method="POST",
        path="dead-letters/discard",
        summary="Set dead letters aside for good.",
        does=discard_dead_letters,
        answer=shapes.Discarded,
        query=DryRun,
        body=DeadLetterDiscard,
        needs_body=True,
    ),
    Call(
        method="POST",
        path="dead-letters/release",
        summary="Let held states go, despite what they are held for.",
        does=release_dead_letters,
        answer=shapes.Released,
        query=DryRun,
        body=DeadLetterDiscard,
        needs_body=True,
    ),
)
