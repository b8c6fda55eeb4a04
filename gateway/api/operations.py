"""Calls about operations: replays, discards and previews of many, which go on by themselves."""

from typing import Any, Final

from gateway.api import shapes
from gateway.api.call import Ask, Call
from gateway.api.choosing import chosen_events, chosen_letters, number_of
from gateway.api.doors import Doors
from gateway.api.requests.bodies import OperationWanted, selected
from gateway.api.requests.queries import EventWhich, OperationQuery
from gateway.api.requests.reading import BadRequest, text_or_none
from gateway.records import Act, NewOperation, OperationRecord, OperationStatus

MOST_FORCED = 100
"""Of different orders: which of two is the newest would be a guess."""


NAMED: Final = {"events": "events", "deadLetters": "dead letters"}
"""How the audit calls what an operation is of."""


async def make_operation(doors: Doors, ask: Ask) -> shapes.OperationMade:
    """Fix what is meant now, and begin."""
    wanted: OperationWanted = ask.body
    if wanted.kind == "discard" and wanted.of == "events":
        raise BadRequest('only dead letters are discarded: expected "of": "deadLetters"')
    items, missing = await _items(doors, wanted)
    if wanted.force:
        await _check_forced(doors, wanted, items)
    told = ", made the newest" if wanted.force else ""
    act = ask.act(doors, wanted.kind, f"{NAMED[wanted.of]}{told}", text_or_none(wanted.reason))
    new = NewOperation(kind=wanted.kind, of=wanted.of, items=items, is_forced=wanted.force)
    return await begin(doors, new, act, missing)


async def begin(doors: Doors, wanted: NewOperation, act: Act, missing: tuple[str, ...]) -> shapes.OperationMade:
    """Make an operation, and let it begin."""
    record = await doors.bulk.make(wanted, act)
    doors.audit(act.by, act.act, f"operation {record.id}: {act.what}")
    doors.wake_operations()
    return shapes.OperationMade(operation=shown_operation(record), missing=missing)


async def list_operations(doors: Doors, ask: Ask) -> shapes.OperationList:
    """Operations, newest first."""
    query: OperationQuery = ask.query
    page = await doors.bulk.operations(limit=query.limit, cursor=text_or_none(query.cursor))
    return shapes.OperationList(operations=tuple(shown_operation(row) for row in page.rows), next=page.next)


async def show_operation(doors: Doors, ask: Ask) -> shapes.OperationMade:
    """An operation, and what became of its events."""
    return shapes.OperationMade(
        operation=shown_operation(await doors.bulk.operation(number_of(ask.path["id"], "operation")))
    )


async def pause_operation(doors: Doors, ask: Ask) -> shapes.OperationMade:
    """Let it rest until it is resumed."""
    return await _turn(doors, ask, "pause", "paused")


async def resume_operation(doors: Doors, ask: Ask) -> shapes.OperationMade:
    """Let it go on."""
    return await _turn(doors, ask, "resume", "running")


async def cancel_operation(doors: Doors, ask: Ask) -> shapes.OperationMade:
    """End it; what it has done stays."""
    return await _turn(doors, ask, "cancel", "cancelled")


async def _turn(doors: Doors, ask: Ask, act: str, status: OperationStatus) -> shapes.OperationMade:
    number = number_of(ask.path["id"], "operation")
    done = ask.act(doors, act, f"operation {number}")
    record = await doors.bulk.turn(number, status, done)
    doors.audit(done.by, done.act, done.what)
    doors.wake_operations()
    return shapes.OperationMade(operation=shown_operation(record))


async def _items(doors: Doors, wanted: OperationWanted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is meant, in the operation's own words, and those of the ids to which there is nothing."""
    if isinstance(wanted.preview, str):
        if wanted.ids or wanted.filter:
            raise BadRequest('expected one of "ids", "filter" and "preview"')
        if wanted.kind == "discard":
            raise BadRequest("a preview is of a replay: discard by ids or by a filter")
        return tuple(await doors.bulk.items(number_of(wanted.preview, "operation"))), ()
    which: Any = selected(wanted.ids, wanted.which())
    if wanted.of == "events":
        events, missing = await chosen_events(doors, which)
        return tuple(text for text in map(str, events) if text not in missing), missing
    if isinstance(which, EventWhich):
        raise BadRequest("expected a filter of dead letters")
    letters, missing = await chosen_letters(doors, which)
    if wanted.kind == "discard":
        return tuple(letters), missing
    return tuple(map(str, await doors.acts.events_of(letters))), missing


async def _check_forced(doors: Doors, wanted: OperationWanted, items: tuple[str, ...]) -> None:
    if not wanted.ids or len(items) > MOST_FORCED:
        raise BadRequest(f'"force" takes ids, {MOST_FORCED} at most')
    if wanted.kind != "discard" and (order := await doors.bulk.order_of_two([int(item) for item in items])):
        raise BadRequest(f'"force" takes ids of different orders: two of these tell of {order!r}')


def shown_operation(record: OperationRecord) -> shapes.Operation:
    """An operation as it is answered."""
    return shapes.shown(shapes.Operation, record)


CALLS = (
    Call(
        method="POST",
        path="operations",
        summary="Begin a preview, a replay or a discard of many, which goes on by itself, after a restart too.",
        does=make_operation,
        answer=shapes.OperationMade,
        body=OperationWanted,
        needs_body=True,
        statuses=(404, 409),
        done=202,
    ),
    Call(
        method="GET",
        path="operations",
        summary="Operations, newest first.",
        does=list_operations,
        answer=shapes.OperationList,
        query=OperationQuery,
    ),
    Call(
        method="GET",
        path="operations/{id}",
        summary="An operation, how far it is, and what became of its events.",
        does=show_operation,
        answer=shapes.OperationMade,
    ),
    Call(
        method="POST",
        path="operations/{id}/pause",
        summary="Let an operation rest until it is resumed.",
        does=pause_operation,
        answer=shapes.OperationMade,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="operations/{id}/resume",
        summary="Let an operation go on.",
        does=resume_operation,
        answer=shapes.OperationMade,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="operations/{id}/cancel",
        summary="End an operation; what it has done stays.",
        does=cancel_operation,
        answer=shapes.OperationMade,
        statuses=(409,),
    ),
)
