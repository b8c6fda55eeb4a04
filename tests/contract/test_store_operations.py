import pytest

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import Arrival, EventStatus, Reason
from gateway.orders import Notes, Trial, Wait
from gateway.records import DeadLetterFilter, EventFilter
from tests.contract.engines import SOURCE, TENANT, names, says, state, told


async def letters(floor, **which):
    page = await floor.store.records.dead_letters(DeadLetterFilter(**which), limit=1000, cursor=None)
    return [row.id for row in page.rows]


# ---- replay


async def test_a_dead_event_is_translated_again(floor):
    """Its dead letter is closed; the body is the one that came; the adapter is told that it is a replay."""
    event = await floor.tell("e1", dead="adapter_defect")

    assert await floor.store.acts.replay([event], force=False) == 1
    assert await letters(floor) == []
    assert (await floor.event_status(event), await floor.event_reason(event)) == ("received", None)
    (waiting,) = await floor.store.translation.untranslated([SOURCE], 9)
    assert (waiting.id, waiting.body) == (event, says(dead="adapter_defect"))
    assert (waiting.is_replayed, waiting.is_forced) == (True, False)


async def test_a_refused_order_is_sent_again_after_its_event_is_replayed(floor):
    """The mended state takes the dead one's place, since its version is equal."""
    event = await floor.tell("e1", state("A", text="wrong"))
    await floor.kill("A")
    await floor.store.acts.replay([event], force=False)
    await floor.translate(states=[state("A", text="mended")])

    assert await letters(floor) == []
    assert await floor.deliver() == ["mended"]
    assert await floor.event_status(event) == "delivered"


async def test_the_newest_state_is_sent_again_when_replayed_by_hand(floor):
    """Identical to what was delivered or not: a person asked for it. Once."""
    event = await floor.tell("e1", state("A", text="v"))
    await floor.deliver()
    await floor.store.acts.replay([event], force=False)
    await floor.translate()

    assert await floor.event_status(event) == "translated"
    assert await floor.deliver() == ["v"]
    await floor.tell("e2", state("A", clock=2, text="v"))
    assert await floor.deliver() == []


async def test_a_replay_during_a_lease_is_sent_after_it(floor):
    """Though it is identical to what is in flight."""
    event = await floor.tell("e1", state("A", text="v"))
    lease = await floor.lease()
    await floor.store.acts.replay([event], force=False)
    await floor.translate()
    await floor.settle(lease, "delivered")

    assert await floor.deliver() == ["v"]


async def test_a_replay_never_overwrites_something_newer(floor):
    """An older event replayed is superseded once more."""
    older = await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.tell("e2", state("A", clock=2, text="v2"))
    await floor.deliver()
    await floor.store.acts.replay([older], force=False)
    await floor.translate()

    assert await floor.event_status(older) == "superseded"
    assert await floor.deliver() == []


async def test_a_forced_replay_makes_it_the_newest(floor):
    """An older event's state goes out, and stands until something newer than this moment comes."""
    older = await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.tell("e2", state("A", clock=2, text="v2"))
    await floor.deliver()
    floor.pass_by(seconds=60)
    await floor.store.acts.replay([older], force=True)
    (waiting,) = await floor.store.translation.untranslated([SOURCE], 9)
    await floor.translate()
    sent = await floor.deliver()
    await floor.tell("e3", state("A", clock=59, text="v59"))

    assert (waiting.is_forced, waiting.is_replayed) == (True, True)
    assert sent == ["v1"]
    assert await floor.deliver() == []
    await floor.tell("e4", state("A", clock=61, text="v61"))
    assert await floor.deliver() == ["v61"]


async def test_a_forced_replay_beats_a_clock_in_the_future(floor):
    """It is newer than whatever the order has."""
    older = await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.tell("e2", state("A", clock=10**9, text="2056"))
    await floor.deliver()
    await floor.store.acts.replay([older], force=True)
    await floor.translate()

    assert await floor.deliver() == ["v1"]


async def test_forced_replays_are_newer_each_than_the_one_before(floor):
    """Within one microsecond, too."""
    events = [await floor.tell(f"e{n}", state("A", clock=n, text=f"v{n}")) for n in (3, 2, 1)]
    await floor.deliver()
    sent = []
    for event in events:
        await floor.store.acts.replay([event], force=True)
        await floor.translate()
        sent += await floor.deliver()

    assert sent == ["v3", "v2", "v1"]


async def test_a_replay_asked_for_during_translation_is_not_lost(floor):
    """An event that was being translated when a person forced it is translated once more, as forced."""
    await floor.tell("newer", state("A", clock=5, text="newer"))
    await floor.deliver()
    event = (await floor.receive("e1", says(state("A", clock=1, text="forced")))).id
    (before,) = await floor.store.translation.untranslated([SOURCE], 9)
    await floor.store.acts.replay([event], force=True)

    assert await floor.store.translation.commit([told(before)], floor.now) == []
    await floor.translate()
    assert await floor.deliver() == ["forced"]


async def test_replays_are_counted(floor):
    """Each event once; those that are not there, or whose body was pruned, are left out."""
    events = [await floor.tell(f"e{n}", state(f"order {n}")) for n in range(3)]

    assert await floor.store.acts.replay([*events, *events, 99], force=False) == 3


async def test_all_events_that_fit_are_replayed(floor):
    """By filter; a dry run only counts."""
    for number in range(3):
        await floor.tell(f"e{number}", dead="adapter_defect")
    await floor.tell("e3", dead="malformed_payload")
    which = EventFilter(status=EventStatus.DEAD, code="adapter_defect")

    assert await floor.replay_matching(which, dry_run=True) == 3
    assert len(await letters(floor)) == 4
    assert await floor.replay_matching(which) == 3
    assert len(await letters(floor)) == 1


async def test_dead_letters_are_replayed_by_filter_or_by_id(floor):
    """An event's by its event, an order's by the event of its state; counted alike dry or not."""
    dead = await floor.tell("e1", dead="adapter_defect")
    await floor.tell("e2", state("A"))
    await floor.kill("A")
    both = await letters(floor)
    replay = floor.replay_letters

    assert await replay(DeadLetterFilter(code="refused"), dry_run=True) == 1
    assert await replay([*both, "event-99", "order-99", "nonsense", ""], dry_run=True) == 2
    assert await replay([f"event-{dead}"]) == 1
    assert await floor.event_status(dead) == "received"
    assert await replay(DeadLetterFilter(kind="order")) == 1
    assert await replay(DeadLetterFilter(kind="event")) == 0


async def test_an_events_two_dead_letters_are_one_replay(floor):
    """Its own and its order's: it is translated again once, dry run or not."""
    await floor.tell("e0", state("B", owner="acme:other"))
    await floor.tell("e1", state("A"), state("B"))
    await floor.kill("A")
    both = await letters(floor)

    assert len(both) == 2
    assert await floor.replay_letters(both, dry_run=True) == 1
    assert await floor.replay_letters(both) == 1


async def test_only_what_is_a_dead_letter_is_replayed_by_its_id(floor):
    """An id of an event or order that lives fits nothing."""
    event = await floor.tell("e1", state("A"))
    order = (await floor.store.records.order(TENANT, "A")).id

    ids = [f"event-{event}", f"order-{order}"]
    assert await floor.replay_letters(ids) == 0
    assert await floor.store.acts.discard_dead_letters(ids, reason=None, now=floor.now) == 0


# ---- discard


async def test_a_dead_event_is_discarded_with_a_reason(floor):
    """It is no dead letter any more and says why."""
    event = await floor.tell("e1", dead="malformed_payload")
    (letter,) = await letters(floor)

    assert await floor.store.acts.discard_dead_letters([letter], reason="a test", now=floor.now) == 1
    reason = (await floor.store.records.event(event)).record.reason
    assert (await floor.event_status(event), reason.code, reason.detail) == ("discarded", "discarded", "a test")
    assert await letters(floor) == []


async def test_a_dead_order_is_discarded_with_its_event(floor):
    """Its state is set aside for good; a newer one revives it."""
    event = await floor.tell("e1", state("A", clock=1))
    await floor.kill("A")

    count = await floor.store.acts.discard_dead_letters(DeadLetterFilter(), reason=None, now=floor.now)
    assert count == 1
    assert (await floor.order_status(), await floor.order_reason()) == ("discarded", "discarded")
    assert (await floor.event_status(event), await letters(floor)) == ("discarded", [])
    await floor.tell("e2", state("A", clock=2, text="v2"))
    assert await floor.deliver() == ["v2"]


async def test_a_collision_is_discarded_without_its_order(floor):
    """The order belongs to another and goes on."""
    await floor.tell("e1", state("A"))
    theirs = await floor.tell("e2", state("A", clock=2, owner="acme:other"))
    await floor.store.acts.discard_dead_letters(DeadLetterFilter(), reason=None, now=floor.now)

    assert await floor.event_status(theirs) == "discarded"
    assert await floor.deliver() == ["v"]
    assert await floor.event_status(theirs) == "discarded"


async def test_discarding_one_of_an_events_dead_letters_leaves_the_other(floor):
    """An event that is dead for its order's sake too stays dead until that is discarded as well."""
    await floor.tell("e0", state("B", owner="acme:other"))
    event = await floor.tell("e1", state("A"), state("B"))
    await floor.kill("A")
    own = [letter for letter in await letters(floor) if letter.startswith("event")]
    await floor.store.acts.discard_dead_letters(own, reason=None, now=floor.now)
    halfway = (await floor.event_status(event), await letters(floor, kind="order"))
    await floor.store.acts.discard_dead_letters(DeadLetterFilter(), reason=None, now=floor.now)

    assert halfway[0] == "dead"
    assert len(halfway[1]) == 1
    assert await floor.event_status(event) == "discarded"


async def test_many_dead_letters_are_discarded_in_steps(floor):
    """More than one step holds."""
    for number in range(1100):
        receipt = floor.store.inbox.put(_dead_arrival(floor, number))
    await receipt

    count = await floor.store.acts.discard_dead_letters(DeadLetterFilter(kind="event"), reason=None, now=floor.now)
    assert count == 1100
    assert await letters(floor) == []


@pytest.mark.parametrize("status", ["pending", "dead"])
async def test_an_order_is_discarded(floor, status):
    """Pending or dead: its present state is never sent."""
    event = await floor.tell("e1", state("A"))
    if status == "dead":
        await floor.kill("A")
    await floor.store.acts.discard_order(TENANT, "A", reason="lost", now=floor.now)

    reason = (await floor.store.records.order(TENANT, "A")).reason
    assert (await floor.order_status(), reason.code, reason.detail) == ("discarded", "discarded", "lost")
    assert await floor.event_status(event) == "discarded"
    assert await floor.claim() == Wait(None)


async def test_an_order_that_cannot_be_discarded_is_left_alone(floor):
    """In flight, delivered, or never seen."""
    await floor.tell("e1", state("A"))
    lease = await floor.lease()
    with pytest.raises(ConflictingRequest):
        await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now)
    await floor.settle(lease, "delivered")
    with pytest.raises(ConflictingRequest):
        await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now)
    with pytest.raises(UnknownRecord):
        await floor.store.acts.discard_order(TENANT, "B", reason=None, now=floor.now)

    assert await floor.order_status() == "delivered"


async def test_a_replay_takes_a_discard_back(floor):
    """A person may change their mind."""
    event = await floor.tell("e1", state("A", text="v"))
    lease = await floor.lease()
    await floor.settle(lease, "dead", code="refused", notes=Notes(is_alone=True, trial=Trial.FINAL))
    await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now)
    await floor.store.acts.replay([event], force=False)
    await floor.translate()

    again = await floor.lease()
    assert names(again) == ["A"]
    assert again.orders[0].notes == Notes()


def _dead_arrival(floor, number):
    return Arrival(
        source=SOURCE,
        event_id=f"sha256:{number}",
        topic=None,
        received_at=floor.now,
        body=b"{}",
        dead=Reason("malformed_payload", "no id"),
    )


async def test_an_event_discarded_in_part_is_delivered_by_a_state_identical_to_its_other(floor):
    """What became of its orders counts, in whatever order it happened."""
    event = await floor.tell("e1", state("A", clock=1), state("B", clock=1))
    await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now)
    await floor.tell("e2", state("B", clock=2))
    before = await floor.event_status(event)
    await floor.deliver()

    assert before == "discarded"
    assert await floor.event_status(event) == "delivered"
