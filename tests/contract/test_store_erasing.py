"""What every engine owes to a person who asks to be forgotten."""

import pytest
from msgspec.structs import replace

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import SECOND, EventStatus, Reason, StoredLookup
from gateway.orders import FIRST_PLACE, Attempt, Lease, Settlement, Settling, TenantState
from gateway.records import DeadLetterFilter, EventFilter, RetentionSpans
from tests.contract.engines import DAY, SOURCE, TENANT, says, state, told

CANARY = "Ms-Canary-of-Nest-Street"


def in_files(folder, text: str) -> list[str]:
    """The store's files in which the text stands."""
    return [file.name for file in folder.iterdir() if text.encode() in file.read_bytes()]


async def erase(floor, order="A", tenant=TENANT):
    return await floor.store.acts.erase(tenant, order, now=floor.now)


async def a_whole_story(floor) -> list[int]:
    """An order told of thrice, refused once, delivered once, with everything that is ever kept of one."""
    first = await floor.tell("e1", state("A", text=CANARY), references=[CANARY, "PO-1"])
    await floor.receive("e1", says(state("A", text=CANARY + "-otherwise")))
    attempt = Attempt(
        at=floor.now, kind="push", http_status=422, outcome="refused", detail=f"who is {CANARY}?", batch_size=1,
        milliseconds=1,
    )  # fmt: skip
    refused = Reason("refused", f"422: who is {CANARY}?", f"$.{CANARY}")
    await floor.settle(await floor.lease(), "dead", attempt=attempt, reason=refused)
    second = await floor.tell("e2", state("A", clock=2, text=CANARY + "-2"), references=[CANARY])
    assert await floor.deliver() == [CANARY + "-2"]
    third = await floor.tell("e3", ignored=CANARY, references=["PO-1"])
    fourth = (await floor.receive("e4", says(dead="adapter_defect", references=["PO-1"], note=CANARY))).id
    (event,) = await floor.store.translation.untranslated([SOURCE], 1)
    await floor.store.translation.commit([replace(told(event), traceback=CANARY)], floor.now)
    return [first, second, third, fourth]


async def test_nothing_of_a_person_is_left_in_the_files(filed, tmp_path):
    """After it no file of the store holds a word of the person, the write-ahead log included."""
    events = await a_whole_story(filed)
    assert in_files(tmp_path, CANARY)

    erased = await erase(filed)

    assert erased == len(events)
    assert in_files(tmp_path, CANARY) == []


async def test_the_skeleton_stays(floor):
    """Ids, statuses, times and versions are what they were."""
    events = await a_whole_story(floor)
    before = [await floor.store.records.event(event) for event in events]
    order_before = await floor.store.records.order(TENANT, "A")

    await erase(floor)

    after = [await floor.store.records.event(event) for event in events]
    for one, other in zip(before, after, strict=True):
        assert (one.record.event_id, one.record.received_at, one.record.duplicates, one.record.conflicts) == (
            other.record.event_id, other.record.received_at, other.record.duplicates, other.record.conflicts,
        )  # fmt: skip
        assert other.record.status == ("discarded" if one.record.status == "dead" else one.record.status)
        assert [(each.clock, each.tie, each.status) for each in one.translation] == [
            (each.clock, each.tie, each.status) for each in other.translation
        ]
        assert (other.body, other.traceback, other.other_bodies, other.record.references) == (None, None, (), ())
        assert all(each.body is None for each in other.translation)
    order = await floor.store.records.order(TENANT, "A")
    assert (order.status, order.order_id) == ("delivered", order_before.order_id)
    assert (order.body, order.attempts[0].detail) == (None, None)


async def test_a_repeat_is_still_known_as_one(floor):
    """An erased event's key and digest stay; an identical state from a new event is not sent again."""
    await floor.tell("e1", state("A", text=CANARY))
    await floor.deliver()
    await erase(floor)

    again = await floor.receive("e1", says(state("A", text=CANARY)))
    await floor.tell("e2", state("A", clock=5, text=CANARY))

    assert again.kind == "duplicate"
    assert await floor.order_status() == "delivered"
    assert await floor.deliver() == []


async def test_a_replay_finds_nothing(floor):
    """There is no body to translate again."""
    event = await floor.tell("e1", state("A", text=CANARY))
    await floor.deliver()
    await erase(floor)

    assert await floor.store.acts.replay([event], force=True) == 0
    assert await floor.event_status(event) == "delivered"


async def test_what_was_still_to_be_sent_is_discarded(floor):
    """A pending order and a dead one are never sent; a newer state makes the order go on."""
    pending = await floor.tell("e1", state("A", text=CANARY))
    await floor.tell("e2", state("B", text=CANARY))
    await floor.kill("B")

    await erase(floor)
    await erase(floor, "B")

    assert [await floor.order_status(), await floor.order_status("B")] == ["discarded", "discarded"]
    assert [await floor.event_status(pending), await floor.event_reason(pending)] == ["discarded", "erased"]
    assert await floor.deliver() == []
    await floor.tell("e3", state("A", clock=9, text="moved"))
    assert await floor.deliver() == ["moved"]


async def test_an_order_in_flight_is_not_erased(floor):
    """Not a byte of it, until what was sent is settled."""
    event = await floor.tell("e1", state("A", text=CANARY))
    lease = await floor.lease()

    with pytest.raises(ConflictingRequest):
        await erase(floor)

    assert (await floor.store.records.event(event)).body is not None
    await floor.settle(lease, "delivered")
    assert await erase(floor) == 1


async def test_what_waits_to_be_translated_or_looked_up_goes_too(floor):
    """A replay on its way and an event that waits for the vendor's answer end discarded, and stay so."""
    replayed = await floor.tell("e1", state("A", text=CANARY), references=["PO-1"])
    await floor.deliver()
    await floor.receive("e2", says(references=["PO-1"]))
    (event,) = await floor.store.translation.untranslated([SOURCE], 10)
    lookups = (StoredLookup("orders/1", "74"),)
    waiting = replace(told(event), status=EventStatus.WAITING, lookups=lookups, subject="1")
    await floor.store.translation.commit([waiting], floor.now)
    assert await floor.store.lookups.turns() == [(SOURCE, "74")]
    await floor.store.acts.replay([replayed], force=False)
    found = await floor.store.translation.untranslated([SOURCE], 10)

    assert await erase(floor) == 2

    assert await floor.store.translation.commit([told(event) for event in found], floor.now) == []
    assert [*await floor.store.translation.untranslated([SOURCE], 10)] == []
    assert await floor.store.lookups.turns() == []
    assert (await floor.store.records.counts()).events == {"discarded": 2}


async def test_others_keep_what_is_theirs(floor):
    """Another order, one that shares a reference, and another owner's of the same name lose nothing."""
    await floor.tell("e1", state("A", text=CANARY), references=["PO-1", "PO-2"])
    other = await floor.tell("e2", state("B", text="b"), references=["PO-1"])
    dead = await floor.tell("e3", dead="incomplete_payload", references=["PO-1", "PO-3"])
    collided = await floor.tell("e4", state("A", text="another's", owner="source:other"))

    assert await erase(floor) == 1

    for event in (other, dead, collided):
        assert (await floor.store.records.event(event)).body is not None
    assert await floor.event_reason(collided) == "order_collision"
    assert await floor.deliver() == ["b"]


async def test_a_pull_serves_it_no_more(floor):
    """A served order within the window is left out."""
    await floor.tell("e1", state("A", text=CANARY))
    await floor.tell("e2", state("B", text="b"))
    lease = await floor.lease()
    settlements = [Settlement(order=order.id, result="delivered") for order in lease.orders]
    settling = Settling(settlements=settlements, attempt=None, state=TenantState(), now=floor.now)
    await floor.store.outbox.settle(lease, settling)
    await erase(floor)

    found = await floor.store.pulls.served(TENANT, since=floor.now - DAY, after=FIRST_PLACE, limit=10)
    bodies = await floor.store.pulls.bodies([row for _, row in found])

    assert [b'"B"' in body for body in bodies] == [True]


async def test_an_order_nobody_told_of_is_unknown(floor):
    """Nothing is erased; one without an order, whose event alone died, is known by that event."""
    await floor.tell("e1", state("X", text=CANARY, invalid="invalid_order"))

    with pytest.raises(UnknownRecord):
        await erase(floor, "A")
    assert await erase(floor, "X") == 1
    assert (await floor.store.records.dead_letters(DeadLetterFilter(), limit=9, cursor=None)).rows == ()


async def test_an_order_that_retention_removed_is_erased_by_its_name(floor):
    """Its events told of it still: they are found by its name, with those that told of it since, and emptied."""
    first = await floor.tell("e1", state("A", text=CANARY), references=["PO-1"])
    await floor.deliver()
    floor.pass_by(days=2)
    spans = RetentionSpans(bodies=90 * DAY, dead_letters=90 * DAY, keys=90 * DAY, orders=DAY, attempts=DAY)
    await floor.store.acts.prune(spans, floor.now)
    with pytest.raises(UnknownRecord):
        await floor.store.records.order(TENANT, "A")
    again = await floor.tell("e2", state("A", clock=2, text=CANARY))

    found = await floor.store.records.events(EventFilter(external_order_id="A"), limit=9, cursor=None)
    story = await floor.store.records.order(TENANT, "A")

    assert {event.id for event in found.rows} == {event.id for event in story.events} == {first, again}
    assert await erase(floor) == 2
    assert [(await floor.store.records.event(event)).body for event in (first, again)] == [None, None]


async def test_erasing_twice_changes_nothing_more(floor):
    """The second time finds the same skeleton."""
    await a_whole_story(floor)
    await erase(floor)
    before = await floor.store.records.order(TENANT, "A")
    floor.now += SECOND

    await erase(floor)

    assert await floor.store.records.order(TENANT, "A") == before
    assert not isinstance(await floor.claim(), Lease)
