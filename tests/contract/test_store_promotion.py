"""A source in shadow takes over: nothing lost, nothing sent twice, nobody's order collides."""

import pytest
from msgspec.structs import replace

from gateway.errors import ConflictingRequest
from gateway.events import EventStatus, Reason, StoredLookup
from gateway.records import NOT_COMPARED, Amendment, DeadLetterFilter, EventFilter, MemberChange, SourceMode
from tests.contract.engines import SOURCE, TENANT, canonical, says, state, told
from tests.contract.shadowing import SHADOW, counts, enter, in_shadow, promote, switch, verdicts


@pytest.fixture(autouse=True)
async def begun(floor):
    await enter(floor, in_shadow(), SourceMode(SOURCE))


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


async def test_who_is_replaced_has_missed_nothing_that_was_told_before(floor):
    """What the promotion judges is not new; what comes later is, and is compared with what was judged."""
    await floor.tell("s1", state("A", text="mine"), state("B", text="mine"), source=SHADOW)
    floor.pass_by(seconds=1)
    await switch(floor)
    await floor.tell("l1", state("A", clock=0, text="theirs"))
    early = await verdicts(floor, SOURCE, minutes=16)
    [operation] = await floor.store.bulk.running()
    await floor.store.bulk.step(operation, 50, floor.now)
    await floor.translate()
    record = await verdicts(floor, SOURCE, minutes=16)
    await floor.tell("s2", state("C", text="mine"), source=SHADOW)
    missed = await verdicts(floor, SOURCE, minutes=16)

    assert counts(early) == (0, 0, 1, 0)
    assert counts(record) == (0, 1, 0, 0)
    assert record.examples[0].difference == (MemberChange("text", "mine", "theirs"),)
    assert counts(missed) == (0, 1, 0, 1)


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


async def test_what_was_accepted_before_a_promotion_goes_out(floor):
    """Of both sources, translated after it: each was taken from its vendor. What the replaced one gets later is not."""
    await floor.receive("s1", says(state("A", text="mine"), state("C", text="older")), source=SHADOW)
    await floor.receive("l1", says(state("B", text="theirs"), state("C", clock=2, text="newer")))
    floor.pass_by(seconds=1)
    await promote(floor)
    sent = await floor.deliver()
    late = await floor.tell("l2", state("B", clock=9, text="late"))
    await floor.tell("s2", state("B", clock=8, text="mine too"), state("C", clock=8, text="mine too"), source=SHADOW)

    assert sorted(sent) == ["mine", "newer", "theirs"]
    assert await floor.event_status(late) == "shadowed"
    assert await floor.deliver() == ["mine too", "mine too"]
    assert "dead" not in (await floor.store.records.counts()).events


async def test_what_was_accepted_before_a_promotion_collides_with_nobody(floor):
    """In whichever order the two sources' states are placed, in one transaction or another."""
    await floor.receive("l1", says(state("A", clock=3, text="theirs")))
    await floor.receive("s1", says(state("A", clock=2, text="mine")), source=SHADOW)
    await floor.receive("s2", says(state("A", clock=4, text="mine")), source=SHADOW)
    for number in (3, 4):
        await floor.receive(f"l{number}", says(state("A", clock=number + 2, text="theirs at last")))
    floor.pass_by(seconds=1)
    await switch(floor)
    found = {event.event_id: told(event) for event in await floor.store.translation.untranslated([SOURCE, SHADOW], 9)}
    await floor.store.translation.commit([found["l1"], found["s1"]], floor.now)
    for name in ("s2", "l3", "l4"):
        await floor.store.translation.commit([found[name]], floor.now)

    assert await floor.deliver() == ["theirs at last"]
    assert "dead" not in (await floor.store.records.counts()).events


async def test_a_lookup_given_up_after_a_promotion_is_a_dead_letter_of_what_was_accepted_before(floor):
    """Of what came later it is none."""
    waiting = {"status": EventStatus.WAITING, "states": (), "lookups": (StoredLookup("o/1", "x"),), "subject": "o/1"}
    await floor.receive("before", says(state("A")))
    floor.pass_by(seconds=1)
    await switch(floor)
    await floor.receive("after", says(state("A")))
    found = await floor.store.translation.untranslated([SOURCE], 9)
    await floor.store.translation.commit([replace(told(event), **waiting) for event in found], floor.now)
    floor.pass_by(seconds=1)
    asked = await floor.store.lookups.ask(SOURCE, "x", "o/1", floor.now)
    ended = await floor.store.lookups.bury(asked, Reason("lookup_not_found", "404"), floor.now)

    assert {each.event_id: str(each.status) for each in ended} == {"before": "dead", "after": "shadowed"}


async def test_what_is_replayed_of_a_replaced_source_goes_nowhere(floor):
    """Though it was received before: it is asked for now."""
    event = await floor.tell("l1", state("A", text="theirs"))
    await floor.deliver()
    floor.pass_by(seconds=1)
    await promote(floor)
    await floor.replay_matching(EventFilter(source=SOURCE))
    await floor.translate()

    assert await floor.event_status(event) == "shadowed"
    assert await floor.deliver() == []


async def test_what_a_person_amends_goes_out_whoever_told_of_it(floor):
    """An order of the replaced source, which tells nothing more; then the vendor's next state is taken."""
    await floor.tell("l1", state("A", text="theirs"))
    await floor.deliver()
    await promote(floor)
    floor.pass_by(seconds=60)
    amendment = Amendment(
        tenant=TENANT, external_order_id="A", was=canonical("A", "theirs"), order=canonical("A", "by hand"), said=b"{}"
    )
    await floor.store.acts.amend(amendment, now=floor.now)
    by_hand = await floor.deliver()
    await floor.tell("s1", state("A", clock=90, text="mine"), source=SHADOW)

    assert by_hand == ["by hand"]
    assert await floor.deliver() == ["mine"]


async def test_what_would_be_held_is_held_at_a_promotion(floor):
    """In shadow nobody can release it; then somebody can, and it goes out."""
    event = await floor.tell("s1", state("A", text="doubted", invalid="held"), source=SHADOW)
    in_shadow = await floor.event_status(event)
    await promote(floor)
    letters = (await floor.store.records.dead_letters(DeadLetterFilter(code="held"), limit=9, cursor=None)).rows
    await floor.store.acts.release([each.id for each in letters], shared=(), now=floor.now)

    assert in_shadow == "shadowed"
    assert [each.reason.code for each in letters] == ["held"]
    assert await floor.deliver() == ["doubted"]


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
