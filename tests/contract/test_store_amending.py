"""States that a person brings about: amended by hand, and released though they were held."""

import json

import pytest

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import SECOND
from gateway.records import Act, Amendment, AuditFilter, DeadLetterFilter, EventFilter, RetentionSpans
from tests.contract.engines import DAY, SOURCE, START, TENANT, canonical, state, texts


def act(floor, kind="amend"):
    return Act(at=floor.now, by="night", act=kind, what=f"order {TENANT}/A", reason="the customer rang")


@pytest.fixture(autouse=True)
def minutes_later(floor):
    """Than what the vendor says."""
    floor.now += 60 * SECOND


async def amend(floor, text, was="v", order="A"):
    said = json.dumps({"by": "night", "members": {"text": text}}).encode()
    amendment = Amendment(
        tenant=TENANT, external_order_id=order, was=canonical(order, was), order=canonical(order, text), said=said
    )
    return await floor.store.acts.amend(amendment, now=floor.now, act=act(floor))


async def test_an_amended_order_goes_out_and_its_story_says_by_whom(floor):
    """A dead one too, whose dead letter is closed."""
    await floor.tell("e1", state("A"))
    await floor.kill("A")
    amended = await amend(floor, "by hand")
    story = (await floor.store.records.order(TENANT, "A")).events
    detail = await floor.store.records.event(amended.event)

    assert amended.status == "translated"
    assert [(each.kind, each.source, each.topic, str(each.status)) for each in story] == [
        ("hook", SOURCE, None, "superseded"),
        ("person", SOURCE, "amend", "translated"),
    ]
    assert json.loads(detail.body)["members"] == {"text": "by hand"}
    assert detail.translation[0].clock == floor.now
    assert await floor.deliver() == ["by hand"]
    assert await floor.event_status(amended.event) == "delivered"
    assert (await floor.store.records.dead_letters(DeadLetterFilter(), limit=9, cursor=None)).rows == ()
    audit = (await floor.store.trail.acts(AuditFilter(), limit=9, cursor=None)).rows
    assert [(each.by, each.act, each.reason) for each in audit] == [("night", "amend", "the customer rang")]


async def test_the_newer_state_wins_whosever_it_is(floor):
    """The vendor's next newer one over a person's; and a person's is no newer than it is."""
    await floor.tell("e1", state("A"))
    await amend(floor, "by hand")
    after = (floor.now - START) // SECOND + 10
    await floor.tell("e2", state("A", clock=after, text="vendor"))
    older = await amend(floor, "too late", was="vendor")

    assert older.status == "superseded"
    assert await floor.deliver() == ["vendor"]


async def test_an_order_that_is_being_sent_is_amended_all_the_same(floor):
    """What is in flight is settled, then the person's state goes out."""
    await floor.tell("e1", state("A"))
    lease = await floor.lease()
    await amend(floor, "by hand")
    await floor.settle(lease, "delivered")

    assert await floor.deliver() == ["by hand"]


async def test_only_what_was_looked_at_is_amended(floor):
    """Somebody was faster; it is off, erased, or was never there."""
    await floor.tell("e1", state("A"))
    await amend(floor, "first")
    with pytest.raises(ConflictingRequest, match="look at it again"):
        await amend(floor, "second")
    await floor.tell("e2", state("B"))
    await floor.tell("e3", state("B", clock=9, text=None))
    with pytest.raises(ConflictingRequest):
        await amend(floor, "too late", order="B")
    with pytest.raises(UnknownRecord):
        await amend(floor, "never", order="C")

    assert len((await floor.store.trail.acts(AuditFilter(), limit=9, cursor=None)).rows) == 1


async def test_a_persons_event_is_never_translated(floor):
    """No replay takes it, no history shows it, and it is no sign of its source's life."""
    await floor.tell("e1", state("A"))
    amended = await amend(floor, "by hand")
    everything = await floor.store.acts.fitting(EventFilter(source=SOURCE))
    replayed = await floor.store.acts.replay(everything, force=False)
    history = await floor.store.archive.history(SOURCE, since=None, until=None, after=0, limit=9)

    assert amended.event in everything
    assert replayed == 1
    assert await floor.store.acts.have_bodies([amended.event]) == {amended.event: False}
    assert [each.event_id for each in history] == ["e1"]
    assert await floor.store.archive.length(SOURCE, since=None, until=None) == 1
    assert [each.event_id for each in await floor.store.archive.stored(everything)] == ["e1"]
    assert await floor.event_status(amended.event) == "translated"


async def test_erasure_and_retention_take_what_a_person_said(floor):
    """Its body is a copy like any other."""
    await floor.tell("e1", state("A"))
    amended = await amend(floor, "by hand")
    await floor.deliver()
    await floor.store.acts.erase(TENANT, "A", now=floor.now)
    erased = await floor.store.records.event(amended.event)
    with pytest.raises(ConflictingRequest):
        await amend(floor, "again", was="by hand")
    await floor.tell("e2", state("B"))
    pruned = await amend(floor, "by hand", order="B")
    await floor.deliver()
    spans = RetentionSpans(bodies=DAY, dead_letters=DAY, keys=9 * DAY, orders=9 * DAY, attempts=DAY)
    await floor.store.acts.prune(spans, floor.now + 2 * DAY)

    assert (erased.body, erased.translation[0].body) == (None, None)
    assert (await floor.store.records.event(pruned.event)).body is None


async def release(floor, *letters, shared=()):
    return await floor.store.acts.release(letters, shared=shared, now=floor.now, act=act(floor, "release"))


async def letters(floor, code=None):
    return list(await floor.store.acts.letters(DeadLetterFilter(kind="event", code=code)))


async def test_a_held_state_goes_when_it_is_released(floor):
    """And is a dead letter no more."""
    event = await floor.tell("e1", state("A", invalid="held"))
    held = await letters(floor, "held")
    before = await floor.event_status(event), await floor.event_reason(event)
    released = await release(floor, *held)

    assert (before, released) == (("dead", "held"), 1)
    assert (await floor.event_status(event), await floor.event_reason(event)) == ("translated", None)
    assert await floor.deliver() == ["v"]
    assert await floor.event_status(event) == "delivered"
    assert await letters(floor) == []
    assert await release(floor, *held) == 0
    audit = (await floor.store.trail.acts(AuditFilter(act="release"), limit=9, cursor=None)).rows
    assert [(each.by, each.count) for each in audit] == [("night", 0), ("night", 1)]


async def test_only_what_is_held_is_released(floor):
    """What the intake would surely refuse stays where it is, in the same event too."""
    other = await floor.tell("e1", state("A", invalid="invalid_order"))
    both = await floor.tell("e2", state("B", invalid="held"), state("C", invalid="invalid_order"))
    released = await release(floor, *await letters(floor))

    assert released == 1
    assert await floor.event_reason(other) == "invalid_order"
    assert (await floor.event_status(both), await floor.event_reason(both)) == ("dead", "invalid_order")
    assert sorted(await letters(floor)) == [f"event-{other}", f"event-{both}"]
    assert texts(await floor.lease()) == ["v"]


async def test_a_released_state_is_judged_like_any_other(floor):
    """A newer one stays, and so does the order's owner."""
    old = await floor.tell("e1", state("A", clock=1, text="old", invalid="held"))
    await floor.tell("e2", state("A", clock=2, text="new"))
    foreign = await floor.tell("e3", state("A", clock=3, text="foreign", owner="acme:other", invalid="held"))
    await release(floor, *await letters(floor, "held"))

    assert await floor.event_status(old) == "superseded"
    assert (await floor.event_status(foreign), await floor.event_reason(foreign)) == ("dead", "order_collision")
    assert await letters(floor) == [f"event-{foreign}"]
    assert await floor.deliver() == ["new"]


async def test_what_is_held_is_no_letter_any_more_once_something_newer_is_told(floor):
    """Of the same owner, be it held itself or off; an older state closes nothing, and one that comes late is none."""
    first = await floor.tell("e1", state("A", clock=1, invalid="held"))
    second = await floor.tell("e2", state("A", clock=2, invalid="held"), state("B", clock=2, invalid="held"))
    foreign = await floor.tell("e3", state("A", clock=1, owner="acme:other", invalid="held"))
    await floor.tell("e4", state("B", clock=1, text="older"))
    held = await letters(floor)
    await floor.tell("e5", state("A", clock=3, text="new"))
    half = await floor.event_status(second), await floor.event_reason(second)
    await floor.tell("e6", state("B", clock=3, text=None))
    late = await floor.tell("e7", state("A", clock=2, invalid="held"))

    assert sorted(held) == sorted([f"event-{second}", f"event-{foreign}"])
    assert half == ("dead", "held")
    assert await letters(floor) == [f"event-{foreign}"]
    assert [await floor.event_status(each) for each in (first, second, late)] == ["superseded"] * 3
    assert [await floor.event_reason(each) for each in (first, second, late)] == [None] * 3
    assert await floor.deliver() == ["new"]


async def test_what_was_never_an_order_is_no_letter_any_more_once_a_newer_good_state_is_there(floor):
    """Nor is one that comes late; while the newest is none either, each waits to be mended and replayed."""
    first = await floor.tell("e1", state("A", clock=1, invalid="invalid_order"))
    second = await floor.tell(
        "e2", state("A", clock=2, invalid="incomplete_payload"), state("B", invalid="invalid_order")
    )
    foreign = await floor.tell("e3", state("A", clock=1, owner="acme:other", invalid="invalid_order"))
    bad = await letters(floor)
    await floor.tell("e4", state("A", clock=3, text="good"))
    half = await floor.event_status(second), await floor.event_reason(second)
    late = await floor.tell("e5", state("A", clock=2, invalid="invalid_order"))
    newest = await floor.tell("e6", state("A", clock=4, invalid="invalid_order"))

    assert sorted(bad) == sorted([f"event-{first}", f"event-{second}", f"event-{foreign}"])
    assert half == ("dead", "invalid_order")
    assert [await floor.event_status(each) for each in (first, late)] == ["superseded"] * 2
    assert sorted(await letters(floor)) == sorted([f"event-{second}", f"event-{foreign}", f"event-{newest}"])
    assert await floor.deliver() == ["good"]


async def test_an_amendment_takes_the_place_of_what_is_held(floor):
    """Of an order of which an older state went out, and of one of which none did; it begins with what is held."""
    await floor.tell("e1", state("A", clock=1, text="older"))
    held = await floor.tell("e2", state("A", clock=2, invalid="held"), state("B", invalid="held"))
    began = [await floor.store.records.amendable(TENANT, order) for order in ("A", "B")]
    with pytest.raises(ConflictingRequest):
        await amend(floor, "by hand", was="older")
    for order in ("A", "B"):
        await amend(floor, f"by hand {order}", order=order)

    assert began == [canonical("A", "v"), canonical("B", "v")]
    assert await letters(floor) == []
    assert await floor.event_status(held) == "superseded"
    assert sorted(await floor.deliver()) == ["by hand A", "by hand B"]
