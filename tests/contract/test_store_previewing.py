"""What a preview says is what then comes of it; and it leaves nothing behind."""

import json
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from gateway.events import EventStatus
from gateway.records import DeadLetterFilter, EventFilter
from gateway.rehearsal.effects import Preview
from tests.contract.engines import SOURCE, TENANT, says, state, told


def preview_of(floor, **outcome):
    """A preview whose adapter is the toy one, as the test says it is now."""

    @asynccontextmanager
    async def translating():
        async def translate(events):
            yield [told(event, **outcome) for event in events]

        yield translate

    return Preview(floor.store.archive, [SOURCE, "other"], translating, lambda: floor.now)


async def effects(floor, events, *, is_forced=False, **outcome):
    found = await preview_of(floor, **outcome).of_replay(events, is_forced=is_forced)
    return found.counts, found.sends


async def everything(floor):
    """All that is on record, as one text."""
    events = (await floor.store.records.events(EventFilter(), limit=1000, cursor=None)).rows
    letters = (await floor.store.records.dead_letters(DeadLetterFilter(), limit=1000, cursor=None)).rows
    orders = [
        await floor.store.records.order(order.tenant, order.external_order_id)
        for event in events
        for order in event.orders
        if order.status != "dead"
    ]
    return repr((events, letters, orders))


async def test_dead_events_become_new_orders_or_die_again(floor):
    """By what the adapter makes of them now, in sequence: the second of one order changes what the first made."""
    dead = [await floor.tell(f"e{number}", dead="incomplete_payload") for number in range(3)]

    assert await effects(floor, dead) == ({"dead": 3}, 0)
    by_event = iter([[state("A")], [state("B")], [state("A", clock=2, text="newer")]])

    @asynccontextmanager
    async def translating():
        async def translate(events):
            yield [told(_alive(event, next(by_event))) for event in events]

        yield translate

    found = await Preview(floor.store.archive, [SOURCE], translating, lambda: floor.now).of_replay(
        dead, is_forced=False
    )

    assert found.counts == {"new": 2, "changed": 1}
    assert found.sends == 2
    [change] = [each for each in found.examples if each.effect == "changed"]
    assert [(each.member, each.before, each.after) for each in change.difference] == [("text", "v", "newer")]


def _alive(event, states):
    """The same event, its body saying these states."""
    return replace(event, body=json.dumps({"states": states}).encode())


@pytest.mark.parametrize("is_forced", [False, True])
async def test_the_preview_of_a_replay_is_what_becomes_of_it(floor, is_forced):
    """Unchanged, superseded, cancelled, ignored, gone; the same orders then go out as it said."""
    same = await floor.tell("same", state("A", clock=5))
    older = await floor.tell("older", state("A", clock=1, text="old"))
    gone = await floor.tell("gone", state("W", text=None))
    nothing = await floor.tell("nothing", ignored="a call")
    await floor.deliver()
    before = await everything(floor)

    counts, sends = await effects(floor, [same, older, gone, nothing, 999], is_forced=is_forced)
    after = await everything(floor)
    await floor.store.acts.replay([same, older, gone, nothing], force=is_forced)
    await floor.translate()
    sent = await floor.deliver()

    newer = {"changed": 1} if is_forced else {"superseded": 1}
    assert counts == {"unchanged": 1, "cancelled": 1, "ignored": 1, "noBody": 1, **newer}
    assert before == after
    assert len(sent) == sends == 1


async def test_what_would_ask_the_vendor_says_so(floor):
    """Where no answer is stored."""
    event = await floor.tell("e1", state("A"))

    @asynccontextmanager
    async def translating():
        async def translate(events):
            yield [replace(told(each), status=EventStatus.WAITING, states=()) for each in events]

        yield translate

    found = await Preview(floor.store.archive, [SOURCE], translating, lambda: floor.now).of_replay(
        [event], is_forced=False
    )

    assert (found.counts, found.sends) == ({"asks": 1}, 0)


async def test_another_owners_order_stays_untouched(floor):
    """A collision dies again, and an event of a source that is not configured waits."""
    await floor.tell("first", state("A"))
    other = await floor.tell("other", state("A", clock=9, owner="acme:other"))
    orphan = (await floor.receive("orphan", says(state("Z")), source="former")).id

    assert await effects(floor, [other, orphan]) == ({"dead": 1, "unchanged": 1}, 0)
    assert await floor.order_status("A", TENANT) == "pending"


async def test_examples_are_few_and_of_each_kind(floor):
    """Twenty at most, however many events, and none of the kinds is left out."""
    dead = [await floor.tell(f"d{number}", dead="malformed_payload") for number in range(30)]
    same = [await floor.tell("same", state("A"))]

    found = await preview_of(floor).of_replay([*dead, *same], is_forced=False)

    assert len(found.examples) == 20
    assert {each.effect for each in found.examples} == {"dead", "unchanged"}
