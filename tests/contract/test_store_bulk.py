"""Operations on many: a fixed set, in steps, durable, and never at odds with what others did meanwhile."""

import pytest

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.records import Act, AuditFilter, DeadLetterFilter, NewOperation, RetentionSpans
from tests.contract.engines import TENANT, state


def act(floor, kind="replay", reason=None):
    return Act(at=floor.now, by="night", act=kind, what="3 events", reason=reason)


async def made(floor, *items, kind="replay", of="events", reason=None, is_forced=False):
    wanted = NewOperation(kind=kind, of=of, items=tuple(map(str, items)), is_forced=is_forced)
    return await floor.store.bulk.make(wanted, act(floor, kind, reason))


async def run(floor, operation, limit=2):
    """Step until nothing is left; the operation then."""
    while await floor.store.bulk.step(operation, limit, floor.now):
        pass
    return await floor.store.bulk.operation(operation.id)


@pytest.fixture
async def dead(floor):
    """Three dead events."""
    return [await floor.tell(f"e{number}", dead="malformed_payload") for number in range(3)]


def counts(operation):
    return operation.status, operation.total, operation.done, operation.skipped, operation.failed


async def test_it_does_what_was_chosen_step_by_step(floor, dead):
    """And is done when nothing is left; the audit has who made it, once."""
    operation = await made(floor, *dead, reason="mended")
    begun = counts(operation)
    first = await floor.store.bulk.step(operation, 2, floor.now)
    halfway = counts(await floor.store.bulk.operation(operation.id))
    ended = await run(floor, operation)
    audit = (await floor.store.trail.acts(AuditFilter(), limit=10, cursor=None)).rows

    assert begun == ("running", 3, 0, 0, 0)
    assert (first, halfway) == (2, ("running", 3, 2, 0, 0))
    assert counts(ended) == ("done", 3, 3, 0, 0)
    assert ended.became == {"received": 3}
    assert [(row.by, row.act, row.what, row.count, row.reason) for row in audit] == [
        ("night", "replay", f"operation {operation.id}: 3 events", 3, "mended")
    ]


async def test_it_goes_on_after_a_restart(floor, dead):
    """Where it was."""
    operation = await made(floor, *dead)
    await floor.store.bulk.step(operation, 1, floor.now)
    await floor.reopen()

    [running] = await floor.store.bulk.running()

    assert counts(running) == ("running", 3, 1, 0, 0)
    assert counts(await run(floor, running)) == ("done", 3, 3, 0, 0)


async def test_what_changed_since_is_skipped(floor, dead):
    """Somebody else replayed one, and another was discarded."""
    operation = await made(floor, *dead)
    await floor.store.acts.replay(dead[:1], force=False)
    await floor.store.acts.discard_dead_letters([f"event-{dead[1]}"], reason=None, now=floor.now)

    assert counts(await run(floor, operation)) == ("done", 3, 1, 2, 0)
    assert await floor.event_status(dead[1]) == "discarded"


async def test_dead_letters_of_both_kinds_are_discarded(floor, dead):
    """With the person's reason; an order that a newer state revived is skipped."""
    await floor.tell("a", state("A"))
    await floor.kill("A")
    await floor.tell("b", state("B"))
    await floor.kill("B")
    letters = await floor.store.acts.letters(DeadLetterFilter())
    operation = await made(floor, *letters, kind="discard", of="deadLetters", reason="old")
    await floor.tell("newer", state("B", clock=9))

    ended = await run(floor, operation)

    assert counts(ended) == ("done", 5, 4, 1, 0)
    assert (await floor.store.records.order(TENANT, "A")).reason.detail == "old"
    assert await floor.order_status("B") == "pending"


async def test_it_rests_while_it_is_paused_and_ends_when_it_is_cancelled(floor, dead):
    """A second pause, and anything after its end, is a conflict."""
    bulk = floor.store.bulk
    operation = await made(floor, *dead)
    await bulk.turn(operation.id, "paused", act(floor, "pause"))
    rested = await bulk.step(operation, 10, floor.now)
    with pytest.raises(ConflictingRequest, match="paused"):
        await bulk.turn(operation.id, "paused", act(floor, "pause"))
    await bulk.turn(operation.id, "running", act(floor, "resume"))
    await bulk.step(operation, 1, floor.now)
    cancelled = await bulk.turn(operation.id, "cancelled", act(floor, "cancel"))

    assert rested == 0
    assert counts(cancelled) == ("cancelled", 3, 1, 0, 0)
    assert await bulk.step(operation, 10, floor.now) == 0
    with pytest.raises(ConflictingRequest, match="cancelled"):
        await bulk.turn(operation.id, "running", act(floor, "resume"))
    with pytest.raises(UnknownRecord):
        await bulk.turn(99, "paused", act(floor, "pause"))


async def test_nothing_chosen_is_done_at_once(floor):
    """And what names nothing is not among its items."""
    assert counts(await made(floor)) == ("done", 0, 0, 0, 0)
    assert counts(await made(floor, 99)) == ("done", 0, 0, 0, 0)


async def test_a_preview_keeps_what_it_came_to(floor, dead):
    """Its set serves a replay later; one that was cancelled meanwhile is not overwritten."""
    bulk = floor.store.bulk
    operation = await made(floor, *dead, kind="preview")
    await bulk.previewed(operation.id, 3, effects={"dead": 3, "sends": 0}, status="done", now=floor.now)
    other = await made(floor, *dead, kind="preview")
    await bulk.turn(other.id, "cancelled", act(floor, "cancel"))
    await bulk.previewed(other.id, 3, effects={"dead": 3}, status="done", now=floor.now)

    assert (await bulk.operation(operation.id)).effects == {"dead": 3, "sends": 0}
    assert await bulk.items(operation.id) == [str(event) for event in dead]
    assert (await bulk.operation(other.id)).status == "cancelled"


async def test_only_a_previews_events_can_be_had(floor, dead):
    """What another operation chose may be orders, by numbers that are events' as well."""
    for kind, of in (("replay", "events"), ("discard", "deadLetters")):
        operation = await made(floor, *[f"event-{event}" for event in dead], kind=kind, of=of)
        with pytest.raises(ConflictingRequest, match=f"no preview, but of the kind {kind}"):
            await floor.store.bulk.items(operation.id)


async def test_lists_are_newest_first(floor, dead):
    """Page by page."""
    operations = [await made(floor, event) for event in dead]
    page = await floor.store.bulk.operations(limit=2, cursor=None)
    rest = await floor.store.bulk.operations(limit=2, cursor=page.next)

    assert [row.id for row in (*page.rows, *rest.rows)] == [each.id for each in reversed(operations)]
    assert rest.next is None


async def test_two_events_of_one_order_are_seen(floor):
    """Which of them were the newest would be a guess."""
    one, two, other = [await floor.tell(f"e{n}", state(order)) for n, order in enumerate("AAB")]

    assert await floor.store.bulk.order_of_two([one, two, other]) == "A"
    assert await floor.store.bulk.order_of_two([one, other]) is None


async def test_they_go_after_the_audits_retention(floor, dead):
    """Items and all; one that runs stays."""
    ended = await made(floor, dead[0])
    await run(floor, ended)
    running = await made(floor, dead[1])
    floor.pass_by(days=401)
    long = 10**18
    await floor.store.acts.prune(
        RetentionSpans(bodies=long, dead_letters=long, keys=long, orders=long, attempts=long), floor.now
    )

    assert [row.id for row in (await floor.store.bulk.operations(limit=9, cursor=None)).rows] == [running.id]
