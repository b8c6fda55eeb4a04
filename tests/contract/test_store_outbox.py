import msgspec
import pytest

from gateway.events import SECOND, Reason
from gateway.orders import (
    FIRST_PLACE,
    Attempt,
    Claim,
    Lease,
    Notes,
    Settlement,
    Settling,
    TenantState,
    TenantStatus,
    Trial,
    Wait,
)
from gateway.records import EventFilter
from tests.contract.engines import TENANT, canonical, names, state, texts

MINUTE = 60 * SECOND


async def orders(floor, *wanted, tenant=TENANT):
    """Orders that are due, in this order, one event each."""
    for order in wanted:
        await floor.tell(f"{tenant} {order}", state(order, tenant=tenant))
        floor.pass_by(seconds=0.001)


def attempt(floor, **rest):
    values = {"kind": "push", "http_status": 200, "outcome": "delivered", "detail": None, "batch_size": 1}
    return Attempt(at=floor.now, milliseconds=12, **{**values, **rest})


# ---- claiming


async def test_the_oldest_orders_are_leased_first_and_once(floor):
    """At most `max_orders`, by the time when they were due; what is leased is not leased again."""
    await orders(floor, "C", "A", "B")

    first = await floor.lease(max_orders=2)
    second = await floor.lease(max_orders=2)

    assert (names(first), names(second)) == (["C", "A"], ["B"])
    assert first.token != second.token
    assert [order.body for order in first.orders] == [canonical("C", "v"), canonical("A", "v")]
    assert await floor.claim() == Wait(None)


async def test_tenants_are_leased_apart(floor):
    """A lease holds one tenant's orders."""
    await orders(floor, "A")
    await orders(floor, "B", tenant="south")

    assert names(await floor.lease("south")) == ["B"]
    assert names(await floor.lease(TENANT)) == ["A"]
    assert await floor.claim("nobody") == Wait(None)


async def test_a_batch_waits_for_its_linger_unless_it_is_full(floor):
    """It counts from the oldest pending order; a full batch goes at once."""
    started = floor.now
    await orders(floor, "A", "B")

    assert await floor.claim(linger=SECOND, max_orders=3) == Wait(started + SECOND)
    await orders(floor, "C")
    assert names(await floor.lease(linger=SECOND, max_orders=3)) == ["A", "B", "C"]


async def test_a_batch_goes_when_its_linger_is_over(floor):
    """However small it is."""
    await orders(floor, "A")
    floor.pass_by(seconds=1)

    assert names(await floor.lease(linger=SECOND)) == ["A"]


async def test_a_newer_state_does_not_prolong_the_linger(floor):
    """An order that changes all the time is not held back for ever."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    floor.pass_by(seconds=0.9)
    await floor.tell("e2", state("A", clock=2, text="v2"))
    floor.pass_by(seconds=0.1)

    assert texts(await floor.lease(linger=SECOND)) == ["v2"]


async def test_a_batch_holds_max_bytes_of_json(floor):
    """Counted as the array that is sent: brackets and commas too; to the byte."""
    await orders(floor, "A", "B", "C")
    of_two = len(b"[" + canonical("A", "v") + b"," + canonical("B", "v") + b"]")

    assert names(await floor.lease(max_bytes=of_two, linger=SECOND)) == ["A", "B"]
    await orders(floor, "D")
    assert names(await floor.lease(max_bytes=of_two - 1, linger=SECOND)) == ["C"]


async def test_an_order_larger_than_a_batch_goes_alone(floor):
    """It is leased alone rather than never."""
    await floor.tell("e1", state("A", text="x" * 500))
    await orders(floor, "B")

    assert names(await floor.lease(max_bytes=100)) == ["A"]
    assert names(await floor.lease(max_bytes=100)) == ["B"]


async def test_an_order_that_goes_alone_is_leased_alone(floor):
    """By its notes; others of the same time go without it."""
    await orders(floor, "A", "B", "C")
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", only=["B"], notes=Notes(is_alone=True, failures=1), due_at=floor.now)
    await floor.settle(lease, "unchanged", only=["A", "C"], due_at=floor.now - 1)

    assert names(await floor.lease(linger=MINUTE, max_orders=2)) == ["A", "C"]
    alone = await floor.lease(linger=MINUTE)
    assert names(alone) == ["B"]
    assert alone.orders[0].notes == Notes(is_alone=True, failures=1)


async def test_an_order_that_is_not_due_is_waited_for(floor):
    """`Wait` names the next time at which something is due."""
    await orders(floor, "A", "B")
    later, much_later = floor.now + MINUTE, floor.now + 2 * MINUTE
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", only=["A"], due_at=much_later)
    await floor.settle(lease, "unchanged", only=["B"], due_at=later)

    assert await floor.claim() == Wait(later)
    floor.pass_by(seconds=60)
    assert names(await floor.lease()) == ["B"]
    assert await floor.claim() == Wait(much_later)


async def test_claiming_survives_a_restart(floor):
    """What was pending is pending, in the same order; what was leased stays so until it is rescued."""
    await orders(floor, "A", "B", "C")
    await floor.lease(max_orders=1)
    await floor.reopen()

    assert names(await floor.lease()) == ["B", "C"]


async def test_pending_orders_are_counted_up_to_a_limit(floor):
    """For a tenant's backlog; leased ones are not pending."""
    await orders(floor, "A", "B", "C")
    await floor.lease(max_orders=1)

    assert await floor.store.outbox.pending_at_most(TENANT, 10) == 2
    assert await floor.store.outbox.pending_at_most(TENANT, 1) == 1
    assert await floor.store.outbox.pending_at_most("nobody", 10) == 0


# ---- leases and fencing


async def test_a_late_holders_settlement_is_dropped(floor):
    """After a rescue and another lease, the first holder's result changes nothing."""
    await floor.tell("e1", state("A", text="v"))
    late = await floor.lease()
    floor.pass_by(seconds=61)
    await floor.store.outbox.rescue_expired(now=floor.now, rests_until=floor.now)
    present = await floor.lease()

    assert await floor.settle(late, "delivered") == []
    assert await floor.order_status() == "leased"
    assert not await floor.store.outbox.extend(late, [late.orders[0].id], floor.now + MINUTE)
    (settled,) = await floor.settle(present, "delivered")
    assert settled.status == "delivered"


async def test_a_settlement_after_a_rescue_is_dropped(floor):
    """Even while nobody has leased the order again: it may be sent at any moment."""
    await floor.tell("e1", state("A"))
    late = await floor.lease()
    await floor.store.outbox.rescue(now=floor.now, rests_until=floor.now)

    assert await floor.settle(late, "delivered") == []
    assert await floor.order_status() == "pending"


async def test_an_order_is_settled_once(floor):
    """A second settlement under the same lease changes nothing."""
    await floor.tell("e1", state("A"))
    lease = await floor.lease()
    await floor.settle(lease, "delivered")

    assert await floor.settle(lease, "dead", code="refused") == []
    assert await floor.order_status() == "delivered"


async def test_a_lease_is_prolonged_by_its_holder(floor):
    """`extend` moves its end, so that it is not rescued."""
    await orders(floor, "A", "B")
    lease = await floor.lease()

    assert await floor.store.outbox.extend(lease, [order.id for order in lease.orders], floor.now + 5 * MINUTE)
    floor.pass_by(seconds=120)
    assert await floor.store.outbox.rescue_expired(now=floor.now, rests_until=floor.now) == 0
    assert len(await floor.settle(lease, "delivered")) == 2


async def test_a_lease_is_lost_when_one_order_of_it_is(floor):
    """`extend` says so even if others are still held."""
    await orders(floor, "A", "B")
    lease = await floor.lease()
    await floor.settle(lease, "delivered", only=["A"])

    assert not await floor.store.outbox.extend(lease, [order.id for order in lease.orders], floor.now + MINUTE)
    assert await floor.store.outbox.extend(lease, [lease.orders[1].id], floor.now + MINUTE)


async def test_a_lease_that_ran_out_is_rescued(floor):
    """And rests, since nobody knows what was sent; its notes stay; others' leases are left alone."""
    await orders(floor, "A")
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", notes=Notes(is_alone=True, failures=3, lone_since=7), due_at=floor.now)
    await floor.lease()
    await orders(floor, "B")
    await floor.lease(until=floor.now + 10 * MINUTE)
    floor.pass_by(seconds=61)

    assert await floor.store.outbox.rescue_expired(now=floor.now, rests_until=floor.now + MINUTE) == 1
    assert await floor.claim() == Wait(floor.now + MINUTE)
    floor.pass_by(seconds=60)
    again = await floor.lease()
    assert names(again) == ["A"]
    assert again.orders[0].notes == Notes(is_alone=True, failures=3, lone_since=7)


async def test_a_start_rescues_every_lease(floor):
    """Its holders are gone, whatever time they had left."""
    await orders(floor, "A", "B", "C")
    await floor.lease(max_orders=2)
    await floor.reopen()

    assert await floor.store.outbox.rescue(now=floor.now, rests_until=floor.now) == 2
    assert names(await floor.lease()) == ["C", "A", "B"]


async def test_who_takes_a_tenant_over_rescues_that_tenants_leases_alone(floor):
    """Others' holders live: what they have leased they settle."""
    await orders(floor, "A")
    await orders(floor, "B", tenant="other")
    await floor.lease()
    held = await floor.lease("other")

    assert await floor.store.outbox.rescue(now=floor.now, rests_until=floor.now, tenant=TENANT) == 1
    (settled,) = await floor.settle(held, "delivered")
    assert settled.status == "delivered"


async def test_tokens_are_never_used_twice(floor):
    """Over restarts, too: or a late holder could settle another's lease."""
    tokens = []
    for _ in range(3):
        await floor.tell(f"e{len(tokens)}", state("A", clock=len(tokens), text=str(len(tokens))))
        tokens.append((await floor.lease()).token)
        await floor.reopen()
        await floor.store.outbox.rescue(now=floor.now, rests_until=0)

    assert tokens == sorted(set(tokens))


# ---- what was sent under a lease that was over


async def late(floor, text: str = "old"):
    """A lease that has run out, whose order is another's to send, and a newer state of it."""
    await floor.tell("e1", state("A", clock=1, text=text))
    lease = await floor.lease()
    floor.pass_by(seconds=61)
    await floor.store.outbox.rescue_expired(now=floor.now, rests_until=floor.now)
    await floor.tell("e2", state("A", clock=2, text="new"))
    return lease


async def settle_late(floor, lease, result: str = "delivered", **rest):
    """What a holder says that was stopped in the middle of its request."""
    return await floor.settle(lease, result, attempt=attempt(floor), resend_at=floor.now + 5 * SECOND, **rest)


@pytest.mark.parametrize("result", ["delivered", "uncertain"])
async def test_after_a_late_write_the_newest_state_goes_once_more(floor, result):
    """It may have come to Trackely after a newer one: the order rests, then all is told again."""
    lease = await late(floor)
    assert await floor.deliver() == ["new"]
    assert await settle_late(floor, lease, result) == []

    assert await floor.order_status() == "pending"
    assert await floor.claim() == Wait(floor.now + 5 * SECOND)
    floor.pass_by(seconds=5)
    assert await floor.deliver() == ["new"]
    assert await floor.order_status() == "delivered"
    assert await floor.deliver() == []


async def test_after_a_late_write_what_is_in_flight_goes_once_more(floor):
    """Nobody knows which of the two requests came last."""
    lease = await late(floor)
    present = await floor.lease()
    await settle_late(floor, lease)

    assert await floor.order_status() == "leased"
    (settled,) = await floor.settle(present, "delivered")
    assert settled.status == "pending"
    floor.pass_by(seconds=5)
    assert await floor.deliver() == ["new"]
    assert await floor.deliver() == []


async def test_a_late_refusal_changed_nothing(floor):
    """Nor does one of an order that was set aside meanwhile, or of a request that was never made."""
    lease = await late(floor)
    await floor.deliver()
    await settle_late(floor, lease, "dead", code="refused")
    await floor.settle(lease, "delivered")

    assert await floor.order_status() == "delivered"


async def test_a_late_write_of_what_was_cancelled_since_is_a_dead_letter(floor):
    """Trackely may have it now, and knows no cancellation."""
    await floor.tell("e1", state("A", clock=1))
    lease = await floor.lease()
    floor.pass_by(seconds=61)
    await floor.store.outbox.rescue_expired(now=floor.now, rests_until=floor.now)
    await floor.tell("e2", state("A", clock=2, text=None))
    await settle_late(floor, lease)

    assert (await floor.order_status(), await floor.order_reason()) == ("dead", "cancelled_maybe_delivered")


async def test_how_deliveries_go_is_the_present_holders_to_say(floor):
    """What a late holder thought of the tenant is not remembered; that it tried is."""
    lease = await late(floor)
    trouble = TenantState(status=TenantStatus.BACKING_OFF, failures=7)
    await settle_late(floor, lease, "uncertain", tenant_state=trouble)

    assert await floor.store.outbox.tenant_state(TENANT) == TenantState()
    assert [each.outcome for each in (await floor.store.records.order(TENANT, "A")).attempts] == ["delivered"]


# ---- settling


async def test_an_order_rests_whatever_version_comes(floor):
    """After an attempt in doubt no version is sent before `rests_until`, not even a newer one."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    rest = floor.now + 5 * SECOND
    await floor.settle(await floor.lease(), "uncertain", rests_until=rest)
    await floor.tell("e2", state("A", clock=2, text="v2"))

    assert await floor.claim() == Wait(rest)
    assert await floor.store.outbox.claim_probe(TENANT, now=floor.now, until=rest) == Wait(None)
    floor.pass_by(seconds=5)
    assert texts(await floor.lease()) == ["v2"]


async def test_a_newer_state_during_a_lease_rests_too(floor):
    """The rest is the order's, not the version's."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    lease = await floor.lease()
    await floor.tell("e2", state("A", clock=2, text="v2"))
    await floor.settle(lease, "uncertain", rests_until=floor.now + 5 * SECOND)

    assert await floor.claim() == Wait(floor.now + 5 * SECOND)


async def test_a_dead_order_rests_when_it_comes_back(floor):
    """Dead after a doubtful attempt and revived by a newer state: the rest still holds."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.settle(await floor.lease(), "dead", code="intake_error", rests_until=floor.now + 5 * SECOND)
    await floor.tell("e2", state("A", clock=2, text="v2"))

    assert await floor.claim() == Wait(floor.now + 5 * SECOND)


async def test_a_failing_orders_schedule_survives_newer_states(floor):
    """An order that fails alone waits on its own schedule; a newer state of it does not jump the queue."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    due_at = floor.now + MINUTE
    notes = Notes(is_alone=True, failures=2, lone_since=floor.now)
    await floor.settle(await floor.lease(), "uncertain", notes=notes, due_at=due_at)
    await floor.tell("e2", state("A", clock=2, text="v2"))

    assert await floor.claim() == Wait(due_at)
    floor.pass_by(seconds=60)
    (leased,) = (await floor.lease()).orders
    assert leased.notes == notes


async def test_a_dead_orders_notes_end_with_it(floor):
    """A newer state starts afresh, in the company of others."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await floor.settle(await floor.lease(), "dead", code="refused", notes=Notes(is_alone=True, failures=9))
    await floor.tell("e2", state("A", clock=2, text="v2"))

    assert (await floor.lease()).orders[0].notes == Notes()


async def test_part_of_a_lease_may_be_settled(floor):
    """The rest of it goes on, under the same token."""
    await orders(floor, "A", "B", "C")
    lease = await floor.lease()
    settled = await floor.settle(lease, "delivered", only=["B"])

    assert [(each.external_order_id, each.result, each.status) for each in settled] == [("B", "delivered", "delivered")]
    assert await floor.order_status("A") == "leased"
    assert [each.external_order_id for each in await floor.settle(lease, "delivered")] == ["A", "C"]


async def test_the_short_way_to_delivered_leads_where_the_long_one_does(floor):
    """Of what is as it was leased nothing is read before it is written."""
    rests = {"A": 0, "B": 1}
    for name in rests:
        await floor.tell(f"{name} and another", state(name), state(f"{name}2"))
    troubled = Notes(is_alone=True, failures=3, lone_since=floor.now, unconfirmed=2)
    while isinstance(lease := await floor.claim(), Lease):
        await floor.settle(lease, "uncertain", notes=troubled, due_at=floor.now + MINUTE)
    floor.pass_by(seconds=60)
    while isinstance(lease := await floor.claim(), Lease):
        for order in lease.orders:
            name = order.external_order_id
            await floor.settle(lease, "delivered", only=[name], rests_until=rests.get(name, 0))
    keys = [(TENANT, name) for name in rests]
    short, long = sorted((each.row for each in await floor.store.archive.present(keys)), key=lambda row: row.id)
    own = {"id", "external_order_id", "state", "arrival", "digest", "delivered_digest", "order_id"}
    columns = set(short.__struct_fields__)

    assert {each for each in columns if getattr(short, each) != getattr(long, each)} == own | {"rests_until"}
    assert (short.status, short.order_id, short.failures) == ("delivered", f"trackely-{short.id}", 0)
    events = (await floor.store.records.events(EventFilter(), limit=9, cursor=None)).rows
    assert [str(event.status) for event in events] == ["delivered"] * 2


@pytest.mark.parametrize(
    ("first", "second", "then", "last"),
    [
        ("delivered", "delivered", "translated", "delivered"),
        ("delivered", "dead", "translated", "dead"),
        ("dead", "delivered", "dead", "dead"),
    ],
)
async def test_an_event_of_two_orders_ends_with_both(floor, first, second, then, last):
    """However the other one fared."""
    event = await floor.tell("both", state("A"), state("B"))
    lease = await floor.lease()
    seen = []
    for name, result in (("A", first), ("B", second)):
        await floor.settle(lease, result, only=[name], code="refused" if result == "dead" else None)
        seen.append(await floor.event_status(event))

    assert seen == [then, last]


async def test_the_next_lease_comes_with_a_settlement(floor):
    """It holds what is due after the settlement; none where nothing may go yet."""
    await orders(floor, "A", "B", "C")
    lease = await floor.lease(max_orders=2)
    a, b = lease.orders
    done = Settlement(order=a.id, result="delivered", order_id="T", is_created=True)
    again = Settlement(order=b.id, result="unchanged", due_at=floor.now)
    claim = Claim(now=floor.now, until=floor.now + MINUTE, linger=0, max_orders=2, max_bytes=1 << 20)
    settling = Settling(settlements=[done, again], attempt=None, state=TenantState(), now=floor.now, claim=claim)
    settled, following = await floor.store.outbox.settle(lease, settling)
    patient = Claim(now=floor.now, until=floor.now + MINUTE, linger=MINUTE, max_orders=2, max_bytes=1 << 20)
    back = [Settlement(order=order.id, result="unchanged", due_at=floor.now) for order in following.orders[:1]]
    ending = Settling(settlements=back, attempt=None, state=TenantState(), now=floor.now, claim=patient)
    _, nothing = await floor.store.outbox.settle(following, ending)

    assert [each.external_order_id for each in settled] == ["A", "B"]
    assert sorted(names(following)) == ["B", "C"]
    assert following.token != lease.token
    assert nothing is None
    assert await floor.order_status(names(following)[1]) == "leased"


async def fail(floor, only=None, **rest):
    """Send what is due, or one of it, in vain."""
    floor.pass_by(seconds=1)
    lease = await floor.lease()
    how = attempt(
        floor, **{"http_status": 503, "outcome": "unavailable", "batch_size": len(only or lease.orders), **rest}
    )
    await floor.settle(lease, "unchanged", only=only, attempt=how, due_at=floor.now)
    if only is not None:
        await floor.settle(lease, "unchanged", due_at=floor.now)


async def test_attempts_that_go_on_alike_are_one_in_a_long_story(floor):
    """The first ten stand each for itself; what came out otherwise, or held another order, begins anew."""
    await orders(floor, "A", "B")
    began = floor.now
    for _ in range(15):
        await fail(floor)
    await fail(floor, only=["A"])
    await fail(floor)
    await fail(floor)
    await fail(floor, http_status=429)
    stories = {name: (await floor.store.records.order(TENANT, name)).attempts for name in "AB"}

    assert [each.times for each in stories["A"]] == [1] * 9 + [6, 1, 2, 1]
    assert [each.times for each in stories["B"]] == [1] * 9 + [6, 2, 1]
    assert [(each.at, each.last_at) for each in stories["A"]][9:11] == [
        (began + 10 * SECOND, began + 15 * SECOND),
        (began + 16 * SECOND,) * 2,
    ]


async def test_a_story_that_goes_on_and_on_keeps_its_last_fifty_attempts(floor):
    """Of each order; what another one has of the same attempts stays."""
    await orders(floor, "A", "B")
    for number in range(40):
        await fail(floor, detail=f"no. {number}")
    for number in range(40, 55):
        await fail(floor, only=["A"], detail=f"no. {number}")
    stories = {name: (await floor.store.records.order(TENANT, name)).attempts for name in "AB"}

    assert [each.detail for each in stories["A"]] == [f"no. {number}" for number in range(5, 55)]
    assert [each.detail for each in stories["B"]] == [f"no. {number}" for number in range(40)]


async def test_an_attempt_is_in_the_story_of_each_order_it_held(floor):
    """Those that it settled and those that it only tried, oldest first, the intake's words with it."""
    await orders(floor, "A", "B")
    lease = await floor.lease()
    a, b = lease.orders
    refused = attempt(floor, http_status=400, outcome="refused", detail="no such customer")
    settlement = Settlement(order=a.id, result="dead", reason=Reason("refused", "400: no such customer"))
    await floor.store.outbox.settle(
        lease,
        Settling(settlements=[settlement], attempt=refused, state=TenantState(), tried=[a.id, b.id], now=floor.now),
    )
    await floor.settle(lease, "delivered", attempt=attempt(floor))

    stories = {name: (await floor.store.records.order(TENANT, name)).attempts for name in "AB"}
    assert [(each.outcome, each.http_status, each.detail) for each in stories["A"]] == [
        ("refused", 400, "no such customer"),
        ("delivered", 200, None),
    ]
    assert [each.outcome for each in stories["B"]] == ["refused", "delivered"]
    assert stories["A"][0].id == stories["B"][0].id
    assert stories["A"][0].milliseconds == 12


async def test_a_tenants_state_is_remembered(floor):
    """Saved alone or with a settlement, over a restart; a tenant never seen has the defaults."""
    halted = TenantState(
        status=TenantStatus.HALTED,
        reason=Reason("refuses_everything", "20 refused"),
        failures=3,
        refused=(1, 2),
        size=50,
    )
    await floor.store.outbox.save_tenant_state("south", halted)
    await orders(floor, "A")
    await floor.settle(await floor.lease(), "delivered", tenant_state=TenantState(last_success_at=floor.now))
    await floor.reopen()

    assert await floor.store.outbox.tenant_state("south") == halted
    assert await floor.store.outbox.tenant_state(TENANT) == TenantState(last_success_at=floor.now)
    assert await floor.store.outbox.tenant_state("nobody") == TenantState()


# ---- an intake that refuses everything


REFUSES = TenantState(status=TenantStatus.HALTED, reason=Reason("refuses_everything", "20 refused"))


async def test_deaths_that_were_the_intakes_fault_are_undone(floor):
    """Revived orders are pending again and marked; their events are on their way again."""
    event = await floor.tell("e1", state("A"))
    await orders(floor, "B")
    lease = await floor.lease()
    revived = [lease.orders[0].id, lease.orders[1].id]
    await floor.settle(lease, "dead", only=["A"], code="refused")
    await floor.settle(lease, "dead", only=["B"], code="refused", tenant_state=REFUSES, revived=revived)

    assert [await floor.order_status(each) for each in "AB"] == ["pending", "pending"]
    assert (await floor.event_status(event), await floor.event_reason(event)) == ("translated", None)
    probe = await floor.store.outbox.claim_probe(TENANT, now=floor.now, until=floor.now + MINUTE)
    assert probe.orders[0].notes.trial == Trial.REFUSED
    await floor.settle(probe, "delivered")
    assert await floor.event_status(event) == "delivered"


@pytest.mark.parametrize("since", ["a newer state", "a cancellation", "a person's discard"])
async def test_a_death_is_not_undone_when_something_else_happened_since(floor, since):
    """A newer state, a cancellation or a discard of the dead order stands."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    await orders(floor, "B")
    lease = await floor.lease()
    await floor.settle(lease, "dead", only=["A"], code="refused")
    if since == "a newer state":
        await floor.tell("e2", state("A", clock=2, text="v2"))
    elif since == "a cancellation":
        await floor.tell("e2", state("A", clock=2, text=None))
    else:
        await floor.store.acts.discard_order(TENANT, "A", reason="no", now=floor.now)
    before = await floor.order_status("A")
    await floor.settle(lease, "dead", only=["B"], code="refused", tenant_state=REFUSES, revived=[lease.orders[0].id])

    assert await floor.order_status("A") == before


async def test_a_probe_takes_those_not_yet_refused_first(floor):
    """Then the refused ones in turn; one at a time; whatever their own schedule says, except a rest."""
    await orders(floor, "A", "B", "C")
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", only=["A"], notes=Notes(trial=Trial.REFUSED), due_at=floor.now)
    await floor.settle(lease, "unchanged", only=["B"], due_at=floor.now + 60 * MINUTE)
    await floor.settle(lease, "unchanged", only=["C"], notes=Notes(trial=Trial.REFUSED), due_at=floor.now + 1)

    probed = []
    for _ in range(4):
        probe = await floor.store.outbox.claim_probe(TENANT, now=floor.now, until=floor.now + MINUTE)
        probed += names(probe) if isinstance(probe, Lease) else ["none"]
    assert probed == ["B", "A", "C", "none"]


async def test_refused_orders_take_turns(floor):
    """One that was refused again goes behind the others."""
    await orders(floor, "A", "B", "C")
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", notes=Notes(trial=Trial.REFUSED), due_at=floor.now)
    probed = []
    for _ in range(4):
        floor.pass_by(seconds=60)
        probe = await floor.store.outbox.claim_probe(TENANT, now=floor.now, until=floor.now + MINUTE)
        probed += names(probe)
        await floor.settle(probe, "unchanged", notes=Notes(trial=Trial.REFUSED), due_at=floor.now)

    assert probed == ["A", "B", "C", "A"]


async def test_refused_orders_are_released_for_a_last_trial(floor):
    """Each alone and due now, marked FINAL; another tenant's are left alone."""
    await orders(floor, "A", "B")
    await orders(floor, "S", tenant="south")
    for tenant in (TENANT, "south"):
        lease = await floor.lease(tenant)
        await floor.settle(lease, "unchanged", notes=Notes(trial=Trial.REFUSED), due_at=floor.now + 60 * MINUTE)
    await floor.settle(Lease(0, TENANT, ()), "delivered", releases=True)

    first, second = await floor.lease(), await floor.lease()
    assert (names(first), names(second)) == (["A"], ["B"])
    assert first.orders[0].notes == Notes(is_alone=True, trial=Trial.FINAL)
    assert await floor.claim("south") == Wait(floor.now + 60 * MINUTE)


async def test_refused_orders_may_be_forgiven(floor):
    """Resumed by a person, the mark is gone."""
    await orders(floor, "A")
    await floor.settle(await floor.lease(), "unchanged", notes=Notes(trial=Trial.REFUSED), due_at=floor.now + MINUTE)
    await floor.store.outbox.resume(TENANT, floor.now)

    assert (await floor.lease(hand=1)).orders[0].notes.trial == Trial.NONE


async def test_a_release_keeps_a_rest(floor):
    """A doubtful attempt's rest outlives the halt."""
    await orders(floor, "A")
    rest = floor.now + 5 * SECOND
    await floor.settle(await floor.lease(), "uncertain", notes=Notes(trial=Trial.REFUSED), rests_until=rest)
    await floor.settle(Lease(0, TENANT, ()), "delivered", releases=True)

    assert await floor.claim() == Wait(rest)


async def test_a_newer_state_is_not_yet_refused(floor):
    """What was learnt of a version says nothing of the next, pending or in flight."""
    await floor.tell("a1", state("A", clock=1, text="a1"))
    await floor.tell("b1", state("B", clock=1, text="b1"))
    lease = await floor.lease()
    refused = Notes(trial=Trial.REFUSED)
    await floor.settle(lease, "unchanged", only=["A"], notes=refused, due_at=floor.now)
    await floor.tell("a2", state("A", clock=2, text="a2"))
    await floor.tell("b2", state("B", clock=2, text="b2"))
    await floor.settle(lease, "unchanged", only=["B"], notes=refused, due_at=floor.now)

    again = await floor.lease()
    assert isinstance(again, Lease)
    assert {order.external_order_id: order.notes.trial for order in again.orders} == {"A": "none", "B": "none"}


# ---- pulling


async def test_a_pull_leases_what_was_never_served_oldest_change_first(floor):
    """In steps; what changed after the pull began waits for the next one."""
    await orders(floor, "A", "B", "C")
    began = floor.now
    floor.pass_by(seconds=1)
    await orders(floor, "D")
    await floor.tell("A again", state("A", clock=2, text="a2"))

    claims = []
    for _ in range(3):
        lease = await floor.store.pulls.claim_unserved(TENANT, now=began, until=floor.now + MINUTE, limit=1)
        claims.append(names(lease) if lease else None)
    assert claims == [["B"], ["C"], None]


async def test_a_broken_pull_is_served_again_in_its_place(floor):
    """What a broken answer, or a crash, put back keeps its place by its time of change."""
    await orders(floor, "A", "B")
    lease = await floor.store.pulls.claim_unserved(TENANT, now=floor.now, until=floor.now + MINUTE, limit=1)
    await floor.settle(lease, "uncertain", due_at=floor.now + 10 * MINUTE)

    again = await floor.store.pulls.claim_unserved(TENANT, now=floor.now, until=floor.now + MINUTE, limit=9)
    assert names(again) == ["A", "B"]


async def serve(floor):
    """Serve all that is due, whole: Trackely tells a pull no id of its own."""
    lease = await floor.lease()
    settlements = [Settlement(order=order.id, result="delivered") for order in lease.orders]
    settling = Settling(settlements=settlements, attempt=None, state=TenantState(), now=floor.now)
    await floor.store.outbox.settle(lease, settling)


async def test_what_was_served_is_read_by_its_time_of_change(floor):
    """What was served from a moment on, whenever it changed, unless it has changed since."""
    await orders(floor, "A", "B")
    await serve(floor)
    await orders(floor, "D")
    floor.pass_by(seconds=10)
    since = floor.now
    await orders(floor, "E", "F", "G")
    await serve(floor)
    await floor.tell("F again", state("F", clock=2, text="f2"))
    await orders(floor, "H")

    found = await floor.store.pulls.served(TENANT, since=since, after=FIRST_PLACE, limit=9)
    rows = [row for _, row in found]
    assert await floor.store.pulls.bodies(rows) == [canonical(name, "v") for name in "DEG"]
    assert await floor.store.pulls.served(TENANT, since=since, after=FIRST_PLACE, limit=2) == found[:2]
    assert await floor.store.pulls.served(TENANT, since=since, after=found[0], limit=1) == found[1:2]
    assert await floor.store.pulls.bodies(rows[::-1]) == [canonical(name, "v") for name in "GED"]


async def test_what_changes_while_it_is_served_again_is_left_out(floor):
    """It is another pull's."""
    await orders(floor, "A", "B")
    await serve(floor)
    found = await floor.store.pulls.served(TENANT, since=0, after=FIRST_PLACE, limit=9)
    await floor.tell("A again", state("A", clock=2, text="a2"))

    assert await floor.store.pulls.bodies([row for _, row in found]) == [canonical("B", "v")]


# ---- a clock that was set back


async def test_what_a_clock_from_the_future_put_off_is_brought_back(floor):
    """Only what lies beyond the farthest that anything may be put off, and only this tenant's."""
    await orders(floor, "A", "B")
    await orders(floor, "S", tenant="south")
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", only=["A"], due_at=floor.now + 60 * MINUTE)
    await floor.settle(lease, "unchanged", only=["B"], due_at=floor.now + MINUTE)
    await floor.settle(await floor.lease("south"), "unchanged", due_at=floor.now + 60 * MINUTE)

    assert await floor.store.outbox.reschedule(TENANT, farthest=floor.now + 5 * MINUTE, due_at=floor.now) == 1
    assert names(await floor.lease()) == ["A"]
    assert await floor.claim() == Wait(floor.now + MINUTE)
    assert await floor.claim("south") == Wait(floor.now + 60 * MINUTE)


async def test_an_order_from_the_future_does_not_linger(floor):
    """It was stored before the clock was set back: it has waited for long enough."""
    await orders(floor, "A")
    floor.pass_by(days=-1)
    await floor.store.outbox.reschedule(TENANT, farthest=floor.now, due_at=floor.now)

    assert names(await floor.lease(linger=SECOND)) == ["A"]


async def test_a_settlement_undoes_no_halt(floor):
    """One that ends after a person has halted the tenant, elsewhere, is settled; nothing is leased any more."""
    await orders(floor, "A", "B")
    lease = await floor.lease(max_orders=1)
    reason = Reason("halted_by_hand", "stocktaking")
    told = await floor.store.outbox.halt(TENANT, reason, floor.now)
    goes_on = Claim(now=floor.now, until=floor.now + MINUTE, linger=0, max_orders=9, max_bytes=1 << 20)
    settlements = [Settlement(order=lease.orders[0].id, result="delivered", order_id="1", is_created=True)]
    state_ = TenantState(last_success_at=floor.now, status=TenantStatus.BACKING_OFF, failures=3)
    settling = Settling(settlements=settlements, attempt=None, state=state_, now=floor.now, claim=goes_on)
    settled, following = await floor.store.outbox.settle(lease, settling)
    await floor.reopen()

    now = await floor.store.outbox.tenant_state(TENANT)
    assert ([each.status for each in settled], following) == (["delivered"], None)
    assert (told.status, told.reason, told.is_halted_by_hand, told.hand) == (TenantStatus.HALTED, reason, True, 1)
    assert now == msgspec.structs.replace(told, last_success_at=floor.now)
    assert await floor.claim() == Wait(None, now)
    assert await floor.claim(hand=1) == Wait(None)
    assert await floor.store.outbox.claim_probe(TENANT, now=floor.now, until=floor.now, hand=1) == Wait(None)


async def test_a_settlement_undoes_no_resumption(floor):
    """Nor does one that ends after somebody has resumed it halt it again."""
    await orders(floor, "A", "B")
    lease = await floor.lease(max_orders=1)
    halted = await floor.store.outbox.halt(TENANT, Reason("halted_by_hand", "stocktaking"), floor.now)
    resumed = await floor.store.outbox.resume(TENANT, floor.now)
    await floor.settle(lease, "delivered", tenant_state=halted)

    assert (resumed.status, resumed.reason, resumed.hand) == (TenantStatus.ACTIVE, None, 2)
    assert await floor.store.outbox.tenant_state(TENANT) == resumed
    assert await floor.claim(hand=1) == Wait(0, resumed)
    assert names(await floor.lease(hand=2)) == ["B"]
