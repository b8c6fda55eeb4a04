"""Sources in shadow: they deliver nothing, are compared, and take over when they are promoted."""

import pytest
from msgspec.structs import replace

from gateway.errors import ConflictingRequest
from gateway.events import SECOND, EventStatus, Reason, StoredLookup
from gateway.records import NOT_COMPARED, Act, MemberChange, RetentionSpans, SourceMode
from tests.contract.engines import DAY, SOURCE, TENANT, says, state, told

SHADOW = "other"


def in_shadow(source=SHADOW, replaces=SOURCE):
    return SourceMode(source, "shadow", replaces)


async def enter(floor, *wanted):
    return {each.source: each for each in await floor.store.shadows.enter(wanted, floor.now)}


@pytest.fixture(autouse=True)
async def begun(floor):
    await enter(floor, in_shadow(), SourceMode(SOURCE))


async def verdicts(floor, source=SHADOW, *, minutes=0):
    return await floor.store.shadows.verdicts(source, floor.now + minutes * 60 * SECOND)


def counts(record):
    return record.equal, record.differ, record.only_here, record.only_there


async def promote(floor, source=SHADOW):
    operation = await floor.store.shadows.promote(source, Act(at=floor.now, by="night", act="promote", what=source))
    while await floor.store.bulk.step(operation, 50, floor.now):
        pass
    await floor.translate()
    return await floor.store.bulk.operation(operation.id)


async def second(floor, *events, **outcome):
    """Let a second adapter look on at what was translated."""
    stored = await floor.store.archive.stored(events)
    await floor.store.shadows.compare([told(event, **outcome) for event in stored], floor.now)


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


# ---- promotion


async def test_promotion_hands_over_and_judges_the_newest_states(floor):
    """Nothing is lost and nothing sent twice; the newer version wins across both; nobody's order collides."""
    await floor.tell(
        "l1", state("SAME", text="same"), state("OLDER", clock=5, text="live"), state("NEWER", text="live")
    )
    await floor.tell("l2", state("ONLY-LIVE"))
    await floor.deliver()
    await floor.tell("s1", state("SAME", text="same"), state("OLDER", clock=4, text="shadow"), source=SHADOW)
    await floor.tell("s2", state("NEWER", clock=2, text="shadow"), state("MISSED", text="mine"), source=SHADOW)
    done = await promote(floor)
    sent = await floor.deliver()
    await floor.tell("s3", state("ONLY-LIVE", clock=9, text="taken over"), source=SHADOW)

    assert (done.status, done.total, done.done, done.failed, done.skipped) == ("done", 2, 2, 0, 0)
    assert sorted(sent) == ["mine", "shadow"]
    assert await floor.deliver() == ["taken over"]
    assert [await floor.order_status(each) for each in ("SAME", "OLDER", "NEWER", "MISSED", "ONLY-LIVE")] == [
        "delivered"
    ] * 5
    assert "dead" not in (await floor.store.records.counts()).events


async def test_who_is_replaced_looks_on_from_then_on_and_may_take_over_again(floor):
    await floor.tell("l1", state("A", text="live"))
    await floor.deliver()
    await promote(floor)
    looking = await floor.tell("l2", state("A", clock=7, text="on-looker"))
    record = await verdicts(floor, SOURCE)
    with pytest.raises(ConflictingRequest):
        await promote(floor, SHADOW)
    await promote(floor, SOURCE)
    sent = await floor.deliver()
    await floor.tell("s2", state("A", clock=8, text="off"), source=SHADOW)

    assert (record.mode.replaces, counts(record)) == (SHADOW, (0, 1, 0, 0))
    assert sent == ["on-looker"]
    assert await floor.event_status(looking) == "delivered"
    assert await floor.deliver() == []


async def test_what_a_promotion_decided_outlives_a_restart_until_the_file_says_it(floor):
    said = (in_shadow(), SourceMode(SOURCE))
    await promote(floor)
    await floor.reopen()
    still = await enter(floor, *said)
    agreed = await enter(floor, SourceMode(SHADOW), in_shadow(SOURCE, SHADOW))
    turned = await enter(floor, *said)

    assert {name: (each.mode, each.is_decided) for name, each in still.items()} == {
        SHADOW: ("live", True),
        SOURCE: ("shadow", True),
    }
    assert not any(each.is_decided for each in agreed.values())
    assert (turned[SHADOW].mode, turned[SOURCE].mode) == ("shadow", "live")


async def test_what_waits_for_translation_at_a_promotion_goes_out(floor):
    """Received before it, translated after it; and what the replaced source's adapter was still given is not sent."""
    await floor.receive("s1", says(state("A", text="mine")), source=SHADOW)
    await floor.receive("l1", says(state("B", text="theirs")))
    await promote(floor)

    assert await floor.deliver() == ["mine"]


async def test_what_the_adapter_in_shadow_was_not_given_is_judged_at_a_promotion(floor):
    await floor.receive("s1", says(state("A", text="mine")), source=SHADOW)
    [event] = await floor.store.translation.untranslated([SHADOW], 9)
    skipped = replace(told(event), status=EventStatus.SHADOWED, states=(), reason=Reason(NOT_COMPARED, "it crashes"))
    await floor.store.translation.commit([skipped], floor.now)
    reasons = (await verdicts(floor)).reasons
    await floor.receive("s2", says(state("B", text="late")), source=SHADOW)
    [late] = await floor.store.translation.untranslated([SHADOW], 9)
    await promote(floor)
    told_late = replace(skipped, id=late.id, event_id="s2")
    await floor.store.translation.commit([told_late], floor.now)

    assert reasons == {NOT_COMPARED: 1}
    assert sorted(await floor.deliver()) == ["late", "mine"]


async def test_another_owner_collides_still(floor):
    """A third source's order is nobody's to take over."""
    await floor.receive("t1", says(state("A")), source="third")
    found = await floor.store.translation.untranslated(["third"], 9)
    await floor.store.translation.commit([told(event) for event in found], floor.now)
    await promote(floor)
    event = await floor.tell("s1", state("A", clock=5), source=SHADOW)

    assert await floor.event_reason(event) == "order_collision"


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


async def test_examples_are_few_however_much_differs(floor):
    await floor.tell("l", *[state(f"O{number}", text="x") for number in range(60)])
    await floor.tell("s", *[state(f"O{number}", text="y") for number in range(60)], source=SHADOW)
    record = await verdicts(floor)

    assert (counts(record), record.members, len(record.examples)) == ((0, 60, 0, 0), {"text": 60}, 20)
