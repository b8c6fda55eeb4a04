import itertools
import random

import pytest

from gateway.events import SECOND, Transition, TranslatedEvent
from gateway.orders import Lease, Wait
from gateway.records import Belonging, EventFilter
from tests.contract.engines import SOURCE, TENANT, names, says, state, texts, told

# ---- what becomes of an event


async def test_a_translated_event_is_on_its_way_and_then_delivered(floor):
    """Its order is pending, then leased, then delivered with Trackely's id."""
    event = await floor.tell("e1", state("A", text="v1"), references=["PO 1"])
    seen = [(await floor.event_status(event), await floor.order_status())]
    lease = await floor.lease()
    seen.append((await floor.event_status(event), await floor.order_status()))
    await floor.settle(lease, "delivered")
    seen.append((await floor.event_status(event), await floor.order_status()))

    detail = await floor.store.records.order(TENANT, "A")
    assert seen == [("translated", "pending"), ("translated", "leased"), ("delivered", "delivered")]
    assert texts(lease) == ["v1"]
    assert (detail.order_id, detail.is_created) == (f"trackely-{lease.orders[0].id}", True)
    assert detail.delivered_at == floor.now
    assert detail.events[0].references == ("PO 1",)


async def test_a_commit_says_what_became_of_each_event(floor):
    """Transitions name status and reason, for the log."""
    for event_id, body in {
        "e1": says(state("A")),
        "e2": says(ignored="a test call"),
        "e3": says(dead="incomplete_payload"),
        "e4": says(),
        "e5": says(state("B", invalid="invalid_order")),
    }.items():
        await floor.receive(event_id, body)
    found = await floor.store.translation.untranslated([SOURCE], 10)

    transitions = await floor.store.translation.commit([told(event) for event in found], floor.now)

    assert all(isinstance(each, Transition) and each.source == SOURCE for each in transitions)
    assert {each.event_id: (str(each.status), each.reason and each.reason.code) for each in transitions} == {
        "e1": ("translated", None),
        "e2": ("ignored", "ignored"),
        "e3": ("dead", "incomplete_payload"),
        "e4": ("ignored", "no_orders"),
        "e5": ("dead", "invalid_order"),
    }
    for each in transitions:
        record = (await floor.store.records.event(each.id)).record
        assert (record.status, record.reason) == (each.status, each.reason)


async def test_the_oldest_events_of_the_named_sources_are_translated_first(floor):
    """In order of arrival, at most as many as were asked for, other sources' left alone; orphans wait."""
    for number in range(6):
        await floor.receive(f"e{number}", source="acme" if number % 2 == 0 else "gone")

    found = await floor.store.translation.untranslated([SOURCE], 2)

    assert [event.event_id for event in found] == ["e0", "e2"]
    assert [event.event_id for event in await floor.store.translation.untranslated(["gone"], 9)] == ["e1", "e3", "e5"]


async def test_sources_are_translated_in_turn(floor):
    """What waits of one source holds up no other; what is left out is no turn."""
    for number in range(6):
        await floor.receive(f"b{number}", source="busy")
    for number in range(2):
        await floor.receive(f"a{number}")
    first, *_ = await floor.store.translation.untranslated(["busy"], 1)

    found = await floor.store.translation.untranslated(["busy", SOURCE], 4, [first.id])

    assert {event.event_id for event in found} == {"b1", "a0", "b2", "a1"}


async def test_an_event_is_translated_once(floor):
    """A commit of an event that is no longer waiting changes nothing."""
    await floor.receive("e1", says(state("A", text="v1")))
    (event,) = await floor.store.translation.untranslated([SOURCE], 10)
    await floor.store.translation.commit([told(event)], floor.now)

    again = await floor.store.translation.commit([told(event, states=[state("A", clock=9, text="v2")])], floor.now)

    assert again == []
    assert await floor.deliver() == ["v1"]


async def test_an_event_that_cannot_be_stored_is_dead_and_holds_up_nobody(floor):
    """What an adapter made, and no disk takes, is a dead letter; the others of the transaction go on."""
    await floor.receive("e1", says(state("A")))
    odd = await floor.receive("e2", says(state("B")))
    await floor.receive("e3", says(state("C")))
    found = await floor.store.translation.untranslated([SOURCE], 10)
    outcomes = [told(event, **({"states": [state("\ud800")]} if event.event_id == "e2" else {})) for event in found]

    transitions = await floor.store.translation.commit(outcomes, floor.now)

    assert {each.event_id: str(each.status) for each in transitions} == {
        "e1": "translated",
        "e2": "dead",
        "e3": "translated",
    }
    assert await floor.event_reason(odd.id) == "adapter_defect"
    assert names(await floor.lease()) == ["A", "C"]
    assert floor.store.failure is None


async def test_an_event_of_two_orders_is_delivered_when_both_are_settled(floor):
    """On its way while one is; delivered as soon as both ended, one of them in its own state."""
    event = await floor.tell("e1", state("A", text="a1"), state("B", text="b1"))
    lease = await floor.lease()
    await floor.settle(lease, "delivered", only=["A"])
    halfway = await floor.event_status(event)
    await floor.tell("e2", state("B", clock=2, text="b2"))
    await floor.settle(lease, "unchanged", only=["B"], due_at=floor.now)

    assert halfway == "translated"
    assert await floor.event_status(event) == "delivered"
    assert await floor.deliver() == ["b2"]
    assert await floor.event_status(event) == "delivered"


async def test_an_event_with_a_dead_order_is_dead(floor):
    """One dead letter among its orders makes the event dead, whatever the others become."""
    event = await floor.tell("e1", state("A"), state("B"))
    await floor.kill("A")
    await floor.deliver()

    assert await floor.order_status("B") == "delivered"
    assert await floor.event_status(event) == "dead"
    assert await floor.event_reason(event) == "refused"


# ---- cancellations by the record alone


async def test_a_record_alone_names_the_order_that_it_was_sent_under(floor):
    """Wherever that is and whoever's it is; one that is older than the order changes nothing."""
    await floor.tell("e1", state("SO-1", clock=5, record="71", tenant="south", owner="acme:/9"))
    stale = await floor.tell("e2", state("", clock=2, text=None, record="71"))
    event = await floor.tell("e3", state("", clock=6, text=None, record="71"))

    assert await floor.order_status("SO-1", "south") == "withdrawn"
    assert (await floor.event_status(stale), await floor.event_status(event)) == ("superseded", "withdrawn")


async def test_a_record_that_was_never_sent_keeps_its_late_order_back(floor):
    """The cancellation is a tombstone, which the order of that record takes over; one that is newer revives it."""
    await floor.tell("e1", state("", clock=6, text=None, record="71"))
    late = await floor.tell("e2", state("SO-1", clock=5, record="71", owner="acme:/9", text="old"))
    withdrawn = await floor.order_status("SO-1")
    await floor.tell("e3", state("SO-1", clock=7, record="71", owner="acme:/9", text="new"))

    assert withdrawn == "withdrawn"
    assert await floor.event_status(late) == "superseded"
    assert await floor.deliver() == ["new"]


async def test_order_and_cancellation_by_record_may_come_together(floor):
    """In one transaction, in either order."""
    for name, said in (("e1", state("SO-1", clock=5, record="71")), ("e2", state("", clock=6, text=None, record="71"))):
        await floor.receive(name, says(said))
    await floor.translate()
    for name, said in (("e3", state("", clock=6, text=None, record="72")), ("e4", state("SO-2", clock=5, record="72"))):
        await floor.receive(name, says(said))
    await floor.translate()

    assert [await floor.order_status(order) for order in ("SO-1", "SO-2")] == ["withdrawn", "withdrawn"]
    assert await floor.deliver() == []


# ---- versions


async def test_fifty_versions_in_any_order_end_on_the_newest(floor):
    """However they are shuffled, repeated and delivered between, the newest is sent last and none goes back."""
    chance = random.Random(7)
    for round_ in range(10):
        order, clocks = f"order {round_}", [*range(1, 51), *chance.choices(range(1, 51), k=20)]
        chance.shuffle(clocks)
        sent = []
        for number, clock in enumerate(clocks):
            await floor.tell(f"{round_}-{number}", state(order, clock=clock, text=f"v{clock}"))
            if chance.random() < 0.2:
                sent += await floor.deliver()
        sent += await floor.deliver()

        versions = [int(text[1:]) for text in sent]
        assert versions[-1] == 50
        assert versions == sorted(versions)


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        ({"clock": 1, "tie": 9}, {"clock": 2, "tie": 0}, "second"),
        ({"clock": 2, "tie": 0}, {"clock": 1, "tie": 9}, "first"),
        ({"clock": 1, "tie": 1}, {"clock": 1, "tie": 2}, "second"),
        ({"clock": 1, "tie": 2}, {"clock": 1, "tie": 1}, "first"),
        ({"clock": 1, "tie": 1}, {"clock": 1, "tie": 1}, "second"),
    ],
)
async def test_the_clock_decides_then_the_tie_then_the_arrival(floor, first, second, wins):
    """Versions compare member by member."""
    older = await floor.tell("e1", state("A", text="first", **first))
    newer = await floor.tell("e2", state("A", text="second", **second))

    assert await floor.deliver() == [wins]
    statuses = [await floor.event_status(older), await floor.event_status(newer)]
    assert statuses == (["superseded", "delivered"] if wins == "second" else ["delivered", "superseded"])


async def test_the_first_arrival_wins_no_matter_when_it_is_translated(floor):
    """The number of arrival is the event's own: a replay of the older one does not overtake."""
    older = await floor.tell("e1", state("A", text="first"))
    await floor.tell("e2", state("A", text="second"))
    await floor.deliver()
    await floor.store.acts.replay([older], force=False)
    await floor.translate()

    assert await floor.deliver() == []
    assert await floor.event_status(older) == "superseded"


async def test_an_equal_version_applies_again(floor):
    """The same event translated anew, by a mended adapter, takes its own place."""
    event = await floor.tell("e1", state("A", text="wrong"))
    await floor.deliver()
    await floor.store.acts.replay([event], force=False)
    await floor.translate(states=[state("A", text="mended")])

    assert await floor.deliver() == ["mended"]
    assert await floor.event_status(event) == "delivered"


async def test_states_of_one_bundle_collapse(floor):
    """Events translated in one transaction leave one order with the newest of them."""
    for number in (2, 3, 1):
        await floor.receive(f"e{number}", says(state("A", clock=number, text=f"v{number}")))
    statuses = await floor.translate()

    assert sorted(statuses.values()) == ["superseded", "superseded", "translated"]
    assert await floor.deliver() == ["v3"]


async def test_two_states_of_one_order_in_one_event_collapse(floor):
    """The later one of equals stands."""
    event = await floor.tell("e1", state("A", text="x"), state("A", text="y"))

    assert await floor.deliver() == ["y"]
    assert await floor.event_status(event) == "delivered"


async def test_an_order_lives_on_in_its_own_tenant(floor):
    """The same externalOrderId in two tenants is two orders."""
    await floor.tell("e1", state("A", text="n"), state("A", text="s", tenant="south"))

    assert await floor.deliver("north") == ["n"]
    assert await floor.deliver("south") == ["s"]


# ---- what is identical


async def test_a_state_identical_to_what_was_delivered_is_not_sent(floor):
    """Its event is delivered, its version counts."""
    await floor.tell("e1", state("A", clock=1, text="v"))
    await floor.deliver()
    twin = await floor.tell("e2", state("A", clock=3, text="v"))
    late = await floor.tell("e3", state("A", clock=2, text="old"))

    assert await floor.deliver() == []
    assert await floor.event_status(twin) == "delivered"
    assert await floor.event_status(late) == "superseded"


async def test_a_state_goes_back_without_being_sent_when_nothing_was_attempted_between(floor):
    """v1 delivered, v2 pending, then v1 again: what the intake has is right already."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.deliver()
    between = await floor.tell("e2", state("A", clock=2, text="v2"))
    last = await floor.tell("e3", state("A", clock=3, text="v1"))

    assert await floor.deliver() == []
    assert await floor.event_status(between) == "superseded"
    assert await floor.event_status(last) == "delivered"


@pytest.mark.parametrize("result", ["unchanged", "uncertain", "dead"])
async def test_an_identical_state_is_sent_again_once_another_was_attempted(floor, result):
    """v1 delivered, v2 attempted, then v1 again: it must be sent."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.deliver()
    await floor.tell("e2", state("A", clock=2, text="v2"))
    await floor.settle(await floor.lease(), result, code="refused", due_at=floor.now)
    await floor.tell("e3", state("A", clock=3, text="v1"))

    assert await floor.deliver() == ["v1"]


async def test_a_repeated_attempt_of_what_was_delivered_keeps_it_delivered(floor):
    """An uncertain attempt of the very state that was delivered leaves nothing in doubt."""
    event = await floor.tell("e1", state("A", text="v"))
    await floor.deliver()
    await floor.store.acts.replay([event], force=False)
    await floor.translate()
    await floor.settle(await floor.lease(), "uncertain", due_at=floor.now)
    twin = await floor.tell("e2", state("A", clock=2, text="v"))

    assert await floor.deliver() == []
    assert await floor.event_status(twin) == "delivered"


async def test_events_that_say_the_same_are_delivered_together(floor):
    """Several triggers of one change: one delivery, and each event's own state is what was delivered."""
    events = [await floor.tell(f"e{n}", state("A", clock=n, text="v")) for n in range(3)]
    other = await floor.tell("e9", state("A", clock=0, text="old"))

    assert await floor.deliver() == ["v"]
    assert [await floor.event_status(event) for event in events] == ["delivered"] * 3
    assert await floor.event_status(other) == "superseded"


async def test_an_identical_state_during_a_lease_shares_the_result(floor):
    """Delivered while in flight: both are; put back: the newer one goes out and both are delivered by it."""
    first = await floor.tell("e1", state("A", clock=1, text="v"))
    lease = await floor.lease()
    second = await floor.tell("e2", state("A", clock=2, text="v"))
    await floor.settle(lease, "uncertain", due_at=floor.now)

    assert await floor.deliver() == ["v"]
    assert await floor.event_status(first) == "delivered"
    assert await floor.event_status(second) == "delivered"


# ---- owners


async def test_another_owners_order_is_a_collision(floor):
    """The event is a dead letter that names the option; the order stays its first owner's, untouched."""
    await floor.tell("e1", state("A", clock=1, text="ours"))
    theirs = await floor.tell("e2", state("A", clock=2, text="theirs", owner="acme:other"))

    reason = (await floor.store.records.event(theirs)).record.reason
    assert (await floor.event_status(theirs), reason.code) == ("dead", "order_collision")
    assert "the option parts them" in reason.detail
    assert await floor.deliver() == ["ours"]
    assert (await floor.store.records.order(TENANT, "A")).owner == "source:acme"


async def test_a_collision_stays_one_while_the_order_goes_on(floor):
    """Nothing that becomes of the order touches the other owner's event, not even an identical state."""
    theirs = None
    await floor.tell("e1", state("A", clock=1, text="v"))
    theirs = await floor.tell("e2", state("A", clock=2, text="v", owner="acme:other"))
    await floor.deliver()
    await floor.tell("e3", state("A", clock=3, text="v3"))
    await floor.deliver()

    assert await floor.event_status(theirs) == "dead"
    assert await floor.event_reason(theirs) == "order_collision"


async def test_a_renamed_order_is_said_and_not_doubled(floor):
    """The vendor's record under another number is a dead letter that names both; by force it is an order of its own."""
    await floor.tell("e1", state("A", clock=1, text="v", record="1"))
    renamed = await floor.tell("e2", state("B", clock=2, text="v", record="1"))
    reason = (await floor.store.records.event(renamed)).record.reason
    delivered = await floor.deliver()
    await floor.store.acts.replay([renamed], force=True)
    await floor.translate()

    assert (reason.code, "'A'" in reason.detail, "'B'" in reason.detail) == ("order_renamed", True, True)
    assert (delivered, await floor.deliver()) == (["v"], ["v"])


async def test_a_shared_order_takes_every_owners_states(floor):
    """With `is_shared` the newest wins, whoever says it; the first owner stays on record."""
    await floor.tell("e1", state("A", clock=1, text="ours"))
    await floor.tell("e2", state("A", clock=2, text="theirs", owner="acme:other", shared=True))

    assert await floor.deliver() == ["theirs"]
    assert (await floor.store.records.order(TENANT, "A")).owner == "source:acme"


async def test_a_state_that_can_never_leave_does_not_touch_its_order(floor):
    """An invalid newer state is its event's dead letter; the order keeps what it has."""
    await floor.tell("e1", state("A", clock=1, text="good"))
    bad = await floor.tell("e2", state("A", clock=2, text="bad", invalid="invalid_order"))

    assert await floor.event_reason(bad) == "invalid_order"
    assert await floor.deliver() == ["good"]


# ---- a newer state and what ended


@pytest.mark.parametrize("how", ["dead", "withdrawn", "discarded"])
async def test_a_newer_state_revives_an_order_that_ended(floor, how):
    """Dead, withdrawn or discarded: it is pending again and its dead letter is closed."""
    first = await floor.tell("e1", state("A", clock=1, text="v1"))
    if how == "dead":
        await floor.kill("A")
    elif how == "withdrawn":
        await floor.tell("e2", state("A", clock=2, text=None))
    else:
        await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now)
    ended = await floor.order_status()
    await floor.tell("e3", state("A", clock=3, text="v3"))

    assert ended == how
    assert await floor.order_status() == "pending"
    assert await floor.order_reason() is None
    assert (
        await floor.event_status(first)
        == {"dead": "superseded", "withdrawn": "superseded", "discarded": "discarded"}[how]
    )
    assert (await floor.store.records.tenant_figures(Belonging()))[TENANT].dead_letters == 0
    assert await floor.deliver() == ["v3"]


async def test_a_newer_state_during_a_lease_goes_out_next(floor):
    """The lease carries what it sends; its result touches that version alone."""
    first = await floor.tell("e1", state("A", clock=1, text="v1"))
    lease = await floor.lease()
    second = await floor.tell("e2", state("A", clock=2, text="v2"))
    third = await floor.tell("e3", state("A", clock=3, text="v3"))
    unmoved = await floor.claim()
    (settled,) = await floor.settle(lease, "delivered")

    assert unmoved == Wait(None)
    assert settled.status == "pending"
    assert [await floor.event_status(event) for event in (first, second, third)] == [
        "delivered",
        "superseded",
        "translated",
    ]
    assert await floor.deliver() == ["v3"]


async def test_a_refusal_of_what_was_sent_does_not_kill_the_newer_state(floor):
    """A dead result for the leased version leaves the newer one pending and due."""
    first = await floor.tell("e1", state("A", clock=1, text="v1"))
    lease = await floor.lease()
    await floor.tell("e2", state("A", clock=2, text="v2"))
    await floor.settle(lease, "dead", code="refused")

    assert await floor.event_status(first) == "superseded"
    assert await floor.order_status() == "pending"
    assert await floor.deliver() == ["v2"]


async def test_an_older_state_during_a_lease_is_superseded(floor):
    """What is older than what is in flight waits for nothing."""
    await floor.tell("e1", state("A", clock=2, text="v2"))
    lease = await floor.lease()
    late = await floor.tell("e2", state("A", clock=1, text="v1"))

    assert await floor.event_status(late) == "superseded"
    await floor.settle(lease, "delivered")
    assert await floor.deliver() == []


# ---- cancellations

CANCELLED = {"text": None}


async def test_a_cancellation_before_delivery_withdraws_the_order(floor):
    """Nothing of it ever reaches Trackely."""
    first = await floor.tell("e1", state("A", clock=1, text="v1"))
    cancellation = await floor.tell("e2", state("A", clock=2, **CANCELLED))

    assert await floor.deliver() == []
    assert await floor.order_status() == "withdrawn"
    assert await floor.event_status(first) == "superseded"
    assert await floor.event_status(cancellation) == "withdrawn"


async def test_a_cancellation_leaves_a_tombstone(floor):
    """An order that we never saw: its late creation is not delivered; a newer state revives it."""
    cancellation = await floor.tell("e1", state("A", clock=5, **CANCELLED))
    late = await floor.tell("e2", state("A", clock=4, text="v4"))
    before = await floor.deliver()
    newer = await floor.tell("e3", state("A", clock=6, text="v6"))

    assert before == []
    assert await floor.event_status(cancellation) == "withdrawn"
    assert await floor.event_status(late) == "superseded"
    assert await floor.deliver() == ["v6"]
    assert await floor.event_status(newer) == "delivered"


async def test_an_older_cancellation_changes_nothing(floor):
    """It is a state with a version like any other."""
    await floor.tell("e1", state("A", clock=2, text="v2"))
    cancellation = await floor.tell("e2", state("A", clock=1, **CANCELLED))

    assert await floor.event_status(cancellation) == "superseded"
    assert await floor.deliver() == ["v2"]


async def test_a_cancellation_after_delivery_is_a_persons_business(floor):
    """The order is a dead letter `cancelled_after_delivery`; nothing is sent."""
    first = await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.deliver()
    cancellation = (await floor.receive("e2", says(state("A", clock=2, **CANCELLED)))).id
    [waiting] = await floor.store.translation.untranslated([SOURCE], 9)
    [transition] = await floor.store.translation.commit([told(waiting)], floor.now)

    assert (transition.reason, transition.buried) == (None, ((TENANT, "cancelled_after_delivery"),))
    assert (await floor.order_status(), await floor.order_reason()) == ("dead", "cancelled_after_delivery")
    assert (await floor.event_status(first), await floor.event_status(cancellation)) == ("delivered", "dead")
    assert await floor.deliver() == []


@pytest.mark.parametrize(
    ("result", "code", "becomes"),
    [
        ("unchanged", None, ("withdrawn", None)),
        ("uncertain", None, ("dead", "cancelled_maybe_delivered")),
        ("dead", "refused", ("withdrawn", None)),
        ("dead", "too_large", ("withdrawn", None)),
        ("dead", "intake_error", ("dead", "cancelled_maybe_delivered")),
        ("dead", "unconfirmed", ("dead", "cancelled_maybe_delivered")),
        ("delivered", None, ("dead", "cancelled_after_delivery")),
    ],
)
@pytest.mark.parametrize("when", ["during the lease", "after it"])
async def test_a_cancellation_is_judged_by_what_was_attempted(floor, when, result, code, becomes):
    """Surely unchanged: withdrawn. Maybe, or surely, delivered: set aside. During a lease it waits."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    lease = await floor.lease()
    if when == "after it":
        await floor.settle(lease, result, code=code, due_at=floor.now)
        cancellation = await floor.tell("e2", state("A", clock=2, **CANCELLED))
    else:
        cancellation = await floor.tell("e2", state("A", clock=2, **CANCELLED))
        assert await floor.event_status(cancellation) == "translated"
        assert await floor.order_status() == "leased"
        [settled] = await floor.settle(lease, result, code=code, due_at=floor.now)
        # By this the figures count it, whatever the answer was.
        assert settled.status == becomes[0]
        assert settled.status != "dead" or (settled.reason and settled.reason.code) == becomes[1]

    assert (await floor.order_status(), await floor.order_reason()) == becomes
    assert await floor.event_status(cancellation) == becomes[0]
    assert await floor.deliver() == []


async def test_one_attempt_that_may_have_delivered_is_remembered(floor):
    """A later attempt that surely changed nothing does not undo the earlier doubt."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.settle(await floor.lease(), "uncertain", due_at=floor.now)
    await floor.settle(await floor.lease(), "unchanged", due_at=floor.now)
    await floor.tell("e2", state("A", clock=2, **CANCELLED))

    assert await floor.order_reason() == "cancelled_maybe_delivered"


async def test_a_newer_state_revives_a_cancelled_order(floor):
    """Whatever its cancellation became: the order goes out again and the dead letter is closed."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.deliver()
    cancellation = await floor.tell("e2", state("A", clock=2, **CANCELLED))
    await floor.tell("e3", state("A", clock=3, text="v3"))

    assert await floor.event_status(cancellation) == "superseded"
    assert await floor.deliver() == ["v3"]
    assert (await floor.store.records.tenant_figures(Belonging())).get(TENANT) is None


async def test_a_cancellation_that_a_newer_state_overtook_in_flight_does_not_count(floor):
    """Create in flight, cancelled, created anew: the newest goes out."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    lease = await floor.lease()
    cancellation = await floor.tell("e2", state("A", clock=2, **CANCELLED))
    await floor.tell("e3", state("A", clock=3, text="v3"))
    await floor.settle(lease, "delivered")

    assert await floor.event_status(cancellation) == "superseded"
    assert await floor.deliver() == ["v3"]


async def test_a_rescued_lease_may_have_delivered(floor):
    """A cancellation after a crash in flight is a person's business."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.lease()
    await floor.store.outbox.rescue(now=floor.now, rests_until=floor.now)
    await floor.tell("e2", state("A", clock=2, **CANCELLED))

    assert await floor.order_reason() == "cancelled_maybe_delivered"


async def test_every_order_of_arrival_of_a_short_life_ends_alike(floor):
    """Created, changed, cancelled, in any order, undelivered: withdrawn."""
    life = [state("A", clock=1, text="v1"), state("A", clock=2, text="v2"), state("A", clock=3, **CANCELLED)]
    for number, order in enumerate(itertools.permutations(life)):
        name = f"order {number}"
        for step, each in enumerate(order):
            await floor.tell(f"{number}-{step}", {**each, "order": name})

        assert await floor.order_status(name) == "withdrawn"
    assert await floor.claim() == Wait(None)


# ---- what else a translation keeps


async def test_what_translation_learnt_is_on_the_event(floor):
    """Version of the adapter, topic, time of occurrence, traceback, references: all readable afterwards."""
    receipt = await floor.receive("e1")
    outcome = TranslatedEvent(
        id=receipt.id,
        source=SOURCE,
        event_id="e1",
        status="dead",
        adapter_version="7",
        topic="order",
        occurred_at=floor.now - SECOND,
        references=("PO 1", "PO 2"),
        reason=told((await floor.store.translation.untranslated([SOURCE], 1))[0], dead="adapter_defect").reason,
        traceback="line 1",
    )
    await floor.store.translation.commit([outcome], floor.now)

    detail = await floor.store.records.event(receipt.id)
    assert (detail.adapter_version, detail.traceback, detail.record.topic) == ("7", "line 1", "order")
    assert (detail.record.occurred_at, detail.record.references) == (floor.now - SECOND, ("PO 1", "PO 2"))


async def test_references_follow_the_last_translation(floor):
    """An event is found by what it refers to now, not by what an older adapter read."""
    event = await floor.tell("e1", state("A"), references=["old", "both"])
    await floor.store.acts.replay([event], force=False)
    await floor.translate(references=["both", "new"])

    found = {}
    for reference in ("old", "both", "new"):
        page = await floor.store.records.events(EventFilter(reference=reference), limit=9, cursor=None)
        found[reference] = len(page.rows)
    assert found == {"old": 0, "both": 1, "new": 1}


async def test_only_the_last_translation_counts(floor):
    """A replay that goes elsewhere: the event is what its new states are; the old order goes its own way."""
    event = await floor.tell("e1", state("A", text="a"))
    await floor.store.acts.replay([event], force=False)
    await floor.translate(states=[state("B", text="b")])
    await floor.settle(await floor.lease(), "delivered", only=["B"])

    assert await floor.event_status(event) == "delivered"
    assert await floor.order_status("A") == "leased"
    assert [each.external_order_id for each in (await floor.store.records.event(event)).translation] == ["B"]


async def test_a_lease_names_when_the_event_came(floor):
    """For the latency from receipt to delivery."""
    received_at = floor.now
    await floor.tell("e1", state("A"))
    floor.pass_by(seconds=9)
    lease = await floor.lease()

    (settled,) = await floor.settle(lease, "delivered")
    assert isinstance(lease, Lease)
    assert settled.received_at == received_at
