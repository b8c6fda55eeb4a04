import pytest
from msgspec.structs import replace

from gateway.events import SECOND, EventStatus, Reason, StoredLookup
from tests.contract.engines import SOURCE, says, state, told

TURN = "74"
RETRYING = Reason("lookup_retrying", "503")


async def wait_for(floor, event_id, subject="orders/1", turn=TURN):
    """An event that waits for a lookup of the subject."""
    receipt = await floor.receive(event_id, says(state("A", text=event_id)))
    found = await floor.store.translation.untranslated([SOURCE], 100)
    outcomes = [told(event, lookups=(StoredLookup(subject, turn),), subject=subject) for event in found]
    waiting = [replace(each, status=EventStatus.WAITING, states=()) for each in outcomes]
    await floor.store.translation.commit(waiting, floor.now)
    floor.pass_by(seconds=1)
    return receipt.id


async def ask(floor, subject="orders/1", turn=TURN):
    return await floor.store.lookups.ask(SOURCE, turn, subject, floor.now)


async def test_an_event_waits_for_its_lookup(floor):
    """It is neither translated nor lost meanwhile, over a restart; its turn and subject are known."""
    event = await wait_for(floor, "e1")
    await floor.reopen()

    assert await floor.event_status(event) == "waiting"
    assert [*await floor.store.translation.untranslated([SOURCE], 10)] == []
    assert await floor.store.lookups.turns() == [(SOURCE, TURN)]
    assert await floor.store.lookups.next_subject(SOURCE, TURN, floor.now) == "orders/1"
    assert await floor.store.lookups.next_subject(SOURCE, "other", floor.now) is None
    assert await floor.store.records.waiting() == {SOURCE: 1}


async def test_an_answer_serves_the_events_that_waited_when_it_was_asked(floor):
    """And none that came later: that one waits for a request of its own."""
    first, second = await wait_for(floor, "e1"), await wait_for(floor, "e2")
    asked = await ask(floor)
    third = await wait_for(floor, "e3")
    await floor.store.lookups.answer(asked, {"orders/1": b"{}", "orders/1/rows": None})

    served = await floor.store.translation.untranslated([SOURCE], 10)
    assert asked.events == (first, second)
    assert [lookup.path for lookup in asked.lookups] == ["orders/1"]
    assert [event.id for event in served] == [first, second]
    assert [event.answers for event in served] == [{"orders/1": b"{}", "orders/1/rows": None}] * 2
    assert {event.clock for event in served} == {asked.clock}
    assert await floor.event_status(third) == "waiting"


async def test_clocks_are_drawn_before_asking_and_rise(floor):
    """The time, or the last one drawn plus one: even when the wall clock goes back."""
    clocks = []
    for number, back in enumerate([0, 0, 10 * SECOND]):
        await wait_for(floor, f"e{number}", subject=f"orders/{number}")
        floor.now -= back
        clocks.append((await ask(floor, subject=f"orders/{number}")).clock)

    assert clocks == sorted(set(clocks))
    assert clocks[2] == clocks[1] + 1


async def test_a_subject_may_be_put_off(floor):
    """Asked for a moment ago, or failing: it waits, and others go before it; a try is counted."""
    event = await wait_for(floor, "e1", subject="orders/1")
    await wait_for(floor, "e2", subject="orders/2")
    asked = await ask(floor, "orders/1")
    await floor.store.lookups.postpone(asked, RETRYING, due_at=floor.now + 60 * SECOND, failing_since=floor.now)
    await floor.store.lookups.defer(SOURCE, TURN, "orders/2", floor.now + 30 * SECOND)

    assert await floor.store.lookups.next_subject(SOURCE, TURN, floor.now) == floor.now + 30 * SECOND
    floor.pass_by(seconds=60)
    again = await ask(floor, "orders/1")
    assert (again.tries, again.failing_since) == (1, floor.now - 60 * SECOND)
    assert (await floor.event_status(event), await floor.event_reason(event)) == ("waiting", "lookup_retrying")


async def test_a_lookup_that_is_given_up_makes_dead_letters(floor):
    """Of the events that it was asked for; a replay asks again."""
    event = await wait_for(floor, "e1")
    asked = await ask(floor)
    (buried,) = await floor.store.lookups.bury(asked, Reason("lookup_not_found", "404"), floor.now)

    assert (buried.id, str(buried.status)) == (event, "dead")
    assert (await floor.event_status(event), await floor.event_reason(event)) == ("dead", "lookup_not_found")
    assert await floor.store.lookups.turns() == []
    assert await floor.store.acts.replay([event], force=False) == 1
    assert (await floor.store.translation.untranslated([SOURCE], 10))[0].answers is None


@pytest.mark.parametrize("end", ["answer", "bury", "postpone"])
async def test_a_replay_during_a_request_is_not_served_by_it(floor, end):
    """An event that was put back for translation meanwhile stays where it was put."""
    event = await wait_for(floor, "e1")
    asked = await ask(floor)
    await floor.store.acts.replay([event], force=False)
    if end == "answer":
        await floor.store.lookups.answer(asked, {"orders/1": b"{}"})
    elif end == "bury":
        assert await floor.store.lookups.bury(asked, Reason("lookup_failed", "500"), floor.now) == []
    else:
        await floor.store.lookups.postpone(asked, RETRYING, due_at=floor.now, failing_since=None)

    (waiting,) = await floor.store.translation.untranslated([SOURCE], 10)
    assert (waiting.id, waiting.answers, waiting.clock, waiting.is_replayed) == (event, None, None, True)


async def test_a_waiting_event_is_still_deduplicated(floor):
    """Its repeat is a duplicate, another body a conflict."""
    event = await wait_for(floor, "e1")

    assert (await floor.receive("e1", says(state("A", text="e1")))).kind == "duplicate"
    assert (await floor.receive("e1", b"other")).kind == "conflict"
    assert await floor.event_status(event) == "waiting"
