"""Sources in shadow deliver nothing and are compared, second adapters are compared, and little is kept of it."""

import pytest
from msgspec.structs import replace

from gateway.errors import ConflictingRequest
from gateway.events import EventStatus, Reason, StoredLookup
from gateway.records import NOT_COMPARED, MemberChange, RetentionSpans, SourceMode
from tests.contract.engines import DAY, SOURCE, TENANT, says, state, told
from tests.contract.shadowing import SHADOW, counts, enter, in_shadow, second, verdicts


@pytest.fixture(autouse=True)
async def begun(floor):
    await enter(floor, in_shadow(), SourceMode(SOURCE))


# ---- in shadow


async def test_a_source_in_shadow_delivers_nothing_and_its_events_end_shadowed(floor):
    """Whatever became of them: orders, nothing, a dead letter; and they are counted as what they are."""
    order = await floor.tell("s1", state("A"), source=SHADOW)
    ignored = await floor.tell("s2", source=SHADOW, ignored="no order")
    dead = await floor.tell("s3", source=SHADOW, dead="malformed_payload")

    assert [await floor.event_status(each) for each in (order, ignored, dead)] == ["shadowed"] * 3
    assert [await floor.event_reason(each) for each in (order, ignored, dead)] == [None, "ignored", "malformed_payload"]
    assert await floor.deliver() == []
    assert (await floor.store.records.counts()).sources == {SHADOW: {"shadowed": 3}}
    assert (await verdicts(floor)).reasons == {"ignored": 1, "malformed_payload": 1}
    detail = await floor.store.records.event(order)
    assert [(each.external_order_id, str(each.status)) for each in detail.translation] == [("A", "shadowed")]


async def test_a_verdict_is_of_the_two_newest_states_and_renewed_by_either(floor):
    await floor.tell("l1", state("A", text="x"))
    await floor.tell("s1", state("A", text="y"), source=SHADOW)
    differing = await verdicts(floor)
    await floor.tell("s2", state("A", clock=2, text="x"), source=SHADOW)
    equal = await verdicts(floor)
    await floor.tell("s0", state("A", clock=0, text="old"), source=SHADOW)
    unmoved = await verdicts(floor)
    await floor.tell("l2", state("A", clock=3, text="z"))
    by_live = await verdicts(floor)

    assert counts(differing) == (0, 1, 0, 0)
    assert differing.members == {"text": 1}
    assert [(each.tenant, each.external_order_id, each.verdict) for each in differing.examples] == [
        (TENANT, "A", "differ")
    ]
    assert differing.examples[0].difference == (MemberChange("text", "x", "y"),)
    assert (counts(equal), equal.members, equal.examples) == ((1, 0, 0, 0), {}, ())
    assert counts(unmoved) == (1, 0, 0, 0)
    assert by_live.examples[0].difference == (MemberChange("text", "z", "x"),)


async def test_of_cancellations_the_kind_alone_counts(floor):
    await floor.tell("l1", state("A"), state("B"))
    await floor.tell("l2", state("A", clock=2, text=None))
    await floor.tell("s1", state("A", clock=3, text=None), state("B", clock=3, text=None), source=SHADOW)
    record = await verdicts(floor)

    assert counts(record) == (1, 1, 0, 0)
    assert record.members == {"cancelled": 1}
    assert record.examples[0].difference[0] == MemberChange("cancelled", before=False, after=True)


async def test_what_one_side_alone_told_of_is_said_after_a_quarter_of_an_hour(floor):
    await floor.tell("l1", state("THERE"))
    await floor.tell("s1", state("HERE"), source=SHADOW)
    early, late = await verdicts(floor, minutes=14), await verdicts(floor, minutes=16)

    assert (counts(early), early.settling, early.examples) == ((0, 0, 0, 0), 2, ())
    assert (counts(late), late.settling) == ((0, 0, 1, 1), 0)
    assert {(each.external_order_id, each.verdict) for each in late.examples} == {
        ("HERE", "onlyHere"),
        ("THERE", "onlyThere"),
    }


async def test_what_was_compared_before_the_shadow_began_counts_no_more(floor):
    await floor.tell("s1", state("A"), source=SHADOW)
    floor.pass_by(days=1)
    await enter(floor, SourceMode(SHADOW))
    with pytest.raises(ConflictingRequest):
        await verdicts(floor)
    floor.pass_by(days=1)
    await enter(floor, in_shadow())
    assert (await verdicts(floor, minutes=60)).only_here == 0
    await floor.tell("s2", state("A", clock=0), source=SHADOW)

    assert (await verdicts(floor, minutes=60)).only_here == 1


async def test_a_source_in_shadow_asks_the_vendor_and_a_lookup_given_up_ends_there(floor):
    await floor.receive("s1", says(state("A")), source=SHADOW)
    [event] = await floor.store.translation.untranslated([SHADOW], 9)
    waiting = replace(told(event), status=EventStatus.WAITING, states=(), lookups=(StoredLookup("o/1", "x"),))
    await floor.store.translation.commit([replace(waiting, subject="o/1")], floor.now)
    asks = (await verdicts(floor)).asks
    floor.pass_by(seconds=1)
    asked = await floor.store.lookups.ask(SHADOW, "x", "o/1", floor.now)
    [ended] = await floor.store.lookups.bury(asked, Reason("lookup_not_found", "404"), floor.now)

    assert asks == 1
    assert (str(ended.status), await floor.event_status(event.id)) == ("shadowed", "shadowed")
    assert (await verdicts(floor)).reasons == {"lookup_not_found": 1}


# ---- a second adapter beside a live one


async def test_a_second_adapter_is_compared_event_by_event(floor):
    """Dropped events make no verdict: neither side of them counts."""
    await enter(floor, SourceMode(SHADOW), SourceMode(SOURCE, second="acme 2"))
    first = await floor.tell("l1", state("A", text="v"), state("B", text="v"), state("GONE"))
    dropped = await floor.tell("l2", state("A", clock=2, text="newer"))
    await second(floor, first, states=[state("A", text="w"), state("B", text="v"), state("MORE")])
    record = await verdicts(floor, SOURCE, minutes=16)
    await second(floor, dropped)
    await second(floor, first, states=[state("A", text="late")])
    renewed = await verdicts(floor, SOURCE, minutes=16)
    await floor.store.shadows.skip(SOURCE, 3)

    assert (counts(record), record.members) == ((1, 1, 1, 1), {"text": 1})
    assert record.examples[0].difference == (MemberChange("text", "v", "w"),)
    assert counts(renewed) == (1, 0, 1, 2)
    assert (await verdicts(floor, SOURCE)).reasons == {NOT_COMPARED: 3}
    assert await floor.deliver() != []


# ---- what is stored of it


async def test_erasure_and_retention_take_comparisons_too(floor):
    for order in "AB":
        await floor.tell(f"l{order}", state(order, text="x"))
        await floor.tell(f"s{order}", state(order, text="y"), source=SHADOW)
    await floor.deliver()
    await floor.store.acts.erase(TENANT, "A", now=floor.now)
    left = await verdicts(floor)
    floor.pass_by(days=31)
    spans = RetentionSpans(bodies=30 * DAY, dead_letters=DAY, keys=90 * DAY, orders=400 * DAY, attempts=DAY, audit=DAY)
    await floor.store.acts.prune(spans, floor.now)

    assert [each.external_order_id for each in left.examples] == ["B"]
    assert counts(await verdicts(floor)) == (0, 0, 0, 0)


async def test_examples_are_few_however_much_differs_and_make_room_for_the_next_shadows(floor):
    await floor.tell("l", *[state(f"O{number}", text="x") for number in range(60)])
    await floor.tell("s", *[state(f"O{number}", text="y") for number in range(60)], source=SHADOW)
    record = await verdicts(floor)
    await enter(floor, SourceMode(SHADOW))
    floor.pass_by(seconds=1)
    await enter(floor, in_shadow())
    await floor.tell("s2", *[state(f"O{number}", clock=2, text="z") for number in range(30, 60)], source=SHADOW)
    again = await verdicts(floor)

    assert (counts(record), record.members, len(record.examples)) == ((0, 60, 0, 0), {"text": 60}, 20)
    assert (counts(again), len(again.examples)) == ((0, 30, 0, 0), 20)
    assert {each.difference for each in again.examples} == {(MemberChange("text", "x", "z"),)}


async def test_what_is_erased_while_a_second_adapter_looks_at_it_leaves_nothing(floor):
    await enter(floor, SourceMode(SHADOW), SourceMode(SOURCE, second="acme 2"))
    event = await floor.tell("l1", state("A", text="x"))
    await floor.deliver()
    [stored] = await floor.store.archive.stored([event])
    await floor.store.acts.erase(TENANT, "A", now=floor.now)
    await floor.store.shadows.compare([told(stored, states=[state("A", text="y"), state("B", text="y")])], floor.now)
    record = await verdicts(floor, SOURCE, minutes=16)

    assert (counts(record), record.examples) == ((0, 0, 0, 0), ())


async def test_an_order_that_the_shadow_alone_told_of_is_erased_too(floor):
    event = await floor.tell("s1", state("A", text="a person"), source=SHADOW)
    await floor.store.acts.erase(TENANT, "A", now=floor.now)
    detail = await floor.store.records.event(event)
    record = await verdicts(floor, minutes=16)

    assert (counts(record), record.examples, record.settling) == ((0, 0, 0, 0), (), 0)
    assert (detail.body, [each.body for each in detail.translation]) == (None, [None])
