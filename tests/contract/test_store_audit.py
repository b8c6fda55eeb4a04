"""What a person does is written down in the transaction of its effect."""

from functools import partial

import pytest

from gateway.errors import ConflictingRequest
from gateway.events import SECOND, Reason
from gateway.records import Act, AuditFilter, DeadLetterFilter, EventFilter, RetentionSpans
from tests.contract.engines import START, TENANT, state


def act(floor, what="something", kind="replay", by="night", reason=None):
    return Act(at=floor.now, by=by, act=kind, what=what, reason=reason)


async def acts(floor, limit=100, cursor=None, **which):
    page = await floor.store.trail.acts(AuditFilter(**which), limit=limit, cursor=cursor)
    return [(each.by, each.act, each.what, each.count, each.reason) for each in page.rows]


async def test_bulk_acts_count_what_they_did_in_all_their_steps(floor):
    """One row an act, however many transactions it took."""
    events = [await floor.tell(f"e{number}", ignored="a call") for number in range(3)]
    await floor.store.acts.replay(events, force=False, act=act(floor, "events by id"))
    await floor.translate()
    await floor.store.acts.replay(events[1:2], force=False, act=act(floor, "events by filter"))

    assert await acts(floor) == [
        ("night", "replay", "events by filter", 1, None),
        ("night", "replay", "events by id", 3, None),
    ]


async def test_many_steps_are_one_act(floor):
    """Beyond what one transaction holds."""
    events = [(await floor.receive(f"e{number}", b'{"ignored": "x"}')).id for number in range(601)]
    await floor.translate()

    await floor.store.acts.replay(events, force=False, act=act(floor, "all"))

    assert await acts(floor) == [("night", "replay", "all", 601, None)]


async def test_each_act_of_the_store_is_written_down(floor):
    """Discards, erasures, a prune, a tenant's halt, a source's resumption."""
    await floor.tell("e1", state("A"))
    await floor.tell("e2", dead="malformed_payload")
    operations, now = floor.store.acts, floor.now
    await operations.discard_order(TENANT, "A", reason="lost", now=now, act=act(floor, "order", "discard"))
    await operations.discard_dead_letters(
        DeadLetterFilter(kind="event"), reason="old", now=now, act=act(floor, "dead letters", "discard")
    )
    await operations.erase(TENANT, "A", now=now, act=act(floor, "order", "erase"))
    spans = RetentionSpans(bodies=1, dead_letters=1, keys=1, orders=1, attempts=1)
    await operations.prune(spans, now, act(floor, "old", "prune"))
    await floor.store.outbox.halt(TENANT, Reason("halted_by_hand", "stocktaking"), now, act(floor, "tenant", "halt"))
    await floor.store.lookups.hasten("acme", now, act(floor, "source", "resume"))
    await floor.store.trail.note(act(floor, "source", "reconcile"))

    assert [each[1:4] for each in await acts(floor)] == [
        ("reconcile", "source", None),
        ("resume", "source", None),
        ("halt", "tenant", None),
        ("prune", "old", 0),
        ("erase", "order", None),
        ("discard", "dead letters", 1),
        ("discard", "order", None),
    ]


async def test_what_did_not_happen_is_not_written_down(floor):
    """An act that is refused, or has nothing to do, leaves no row; nor does what no person did."""
    await floor.tell("e1", state("A"))
    await floor.lease()
    with pytest.raises(ConflictingRequest):
        await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now, act=act(floor))
    await floor.store.acts.replay([99_999], force=False, act=None)
    await floor.store.acts.replay([], force=False, act=act(floor))

    assert await acts(floor) == []


async def test_acts_are_found_by_whom_and_when(floor):
    """Newest first, page by page."""
    for number, by in enumerate(("day", "night", "day")):
        await floor.store.trail.note(act(floor, str(number), by=by))
        floor.pass_by(seconds=1)
    page = await floor.store.trail.acts(AuditFilter(), limit=2, cursor=None)

    assert [row.what for row in page.rows] == ["2", "1"]
    assert [each[2] for each in await acts(floor, cursor=page.next)] == ["0"]
    assert [each[2] for each in await acts(floor, by="day")] == ["2", "0"]
    assert [each[2] for each in await acts(floor, since=START + SECOND, until=START + 2 * SECOND)] == ["1"]
    assert await acts(floor, act="discard") == []


async def test_a_cursor_that_is_none_of_ours_is_refused(floor):
    """Whatever list it is given to."""
    store = floor.store
    for cursor in ("of another list", "1.2", "-1", "9" * 30):
        for page in (
            partial(store.trail.acts, AuditFilter()),
            store.bulk.operations,
            partial(store.records.events, EventFilter()),
        ):
            with pytest.raises(ValueError, match="not a cursor of this list"):
                await page(limit=1, cursor=cursor)


async def test_erasing_an_order_takes_a_persons_words_about_it(floor):
    """That it was discarded stays, why may have named somebody."""
    await floor.tell("e1", state("A"))
    about = act(floor, f"order {TENANT}/A", "discard", reason="Mrs. Canary moved away")
    await floor.store.acts.discard_order(TENANT, "A", reason=about.reason, now=floor.now, act=about)

    await floor.store.acts.erase(TENANT, "A", now=floor.now, act=act(floor, f"order {TENANT}/A", "erase"))

    assert [each[1:] for each in await acts(floor)] == [
        ("erase", f"order {TENANT}/A", None, None),
        ("discard", f"order {TENANT}/A", None, None),
    ]


async def test_acts_go_after_their_retention(floor):
    """By when they were done."""
    await floor.store.trail.note(act(floor, "old"))
    floor.pass_by(days=401)
    await floor.store.trail.note(act(floor, "young"))
    long = 10_000 * 86_400 * SECOND
    spans = RetentionSpans(bodies=long, dead_letters=long, keys=long, orders=long, attempts=long)

    assert await floor.store.acts.prune(spans, floor.now) == 1
    assert [each[2] for each in await acts(floor)] == ["young"]
