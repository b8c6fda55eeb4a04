"""What is told of the commits, while somebody listens."""

import asyncio

import pytest

from gateway.errors import ConflictingRequest
from gateway.events import EventStatus, Reason
from gateway.orders import TenantState, TenantStatus
from gateway.records import Act, NewOperation, Told
from tests.contract.engines import SOURCE, TENANT, state


@pytest.fixture
async def told(floor):
    """What was told, in order."""
    changes = []
    floor.store.observe(on_changes=lambda some, _missed: changes.extend(some))
    await floor.store.watch.listen()
    return changes


async def statuses(changes, kind, within=5.0):
    """Of one kind, once nothing more comes."""
    before, loop = -1, asyncio.get_running_loop()
    end = loop.time() + within
    while before != len(changes) and loop.time() < end:
        before = len(changes)
        await asyncio.sleep(0.35)
    return [(each.of, each.name, each.status, each.code) for each in changes if each.kind == kind]


async def test_each_status_of_an_event_and_its_order_is_told_in_turn(floor, told):
    """From the receipt to the delivery, a repeat not told."""
    await floor.tell("e1", state("A"))
    await floor.receive("e1", (await floor.store.records.event(1)).body)
    await floor.settle(await floor.lease(), "delivered")

    assert await statuses(told, "event") == [
        (SOURCE, "e1", "received", None),
        (SOURCE, "e1", "translated", None),
        (SOURCE, "e1", "delivered", None),
    ]
    assert [each[2] for each in await statuses(told, "order")] == ["pending", "leased", "delivered"]


async def test_who_was_told_of_what_is_remembered_while_somebody_listens(floor, told):
    """What listens has no name of the store's own."""
    begun = Told("whom", "dead_letters", TENANT, 1)
    await floor.store.told.remember([begun, Told("whom", "halt", TENANT, 2)], [])
    before = await floor.store.told.told()
    await floor.store.told.remember([], [begun])

    assert {(each.event, each.began_at) for each in before} == {("dead_letters", 1), ("halt", 2)}
    assert [each.event for each in await floor.store.told.told()] == ["halt"]


async def test_a_dead_letter_is_told_by_its_code_alone(floor, told):
    """The words may name a person."""
    await floor.tell("e1", dead="malformed_payload")
    await floor.tell("e2", state("A"))
    await floor.settle(await floor.lease(), "dead", code="refused")

    assert (SOURCE, "e1", "dead", "malformed_payload") in await statuses(told, "event")
    assert (await statuses(told, "order"))[-1] == (TENANT, "A", "dead", "refused")
    assert "because" not in str(told)


async def test_each_is_told_as_it_began(floor, told):
    """A dead letter, a tombstone, an order that is cancelled a moment later; listening anew loses nothing."""
    await floor.receive("e1", dead=Reason("malformed_payload", "because"))
    await floor.tell("e2", state("A", text=None))
    await floor.tell("e3", state("B"))
    await floor.store.watch.listen()
    await floor.tell("e4", state("B", clock=2, text=None))

    assert [each[1:] for each in await statuses(told, "event") if each[1] in ("e1", "e2")] == [
        ("e1", "dead", "malformed_payload"),
        ("e2", "received", None),
        ("e2", "withdrawn", None),
    ]
    assert [each[1:3] for each in await statuses(told, "order") if each[1] == "A"] == [("A", "withdrawn")]
    assert [each[1:3] for each in await statuses(told, "order") if each[1] == "B"] == [
        ("B", "pending"),
        ("B", "withdrawn"),
    ]


async def test_what_an_operator_does_is_told_too(floor, told):
    """Discards, replays, halts and operations on many."""
    act = Act(at=floor.now, by="night", act="discard", what="it")
    event = await floor.tell("e1", state("A"))
    await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now, act=act)
    await floor.store.acts.replay([event], force=False, act=act)
    for tenant_state in (TenantState(last_answer="200"), TenantState()):
        await floor.store.outbox.save_tenant_state(TENANT, tenant_state)
    for _ in range(2):
        await floor.store.outbox.halt(TENANT, Reason("by_hand", "a person's words"), floor.now, act)
    await floor.store.outbox.save_tenant_state(TENANT, TenantState(status=TenantStatus.BACKING_OFF))
    await floor.store.outbox.resume(TENANT, floor.now, act)
    made = await floor.store.bulk.make(NewOperation(kind="replay", of="events", items=(str(event),)), act)
    await floor.store.bulk.step(made, 10, floor.now)

    assert [each[2] for each in await statuses(told, "order")] == ["pending", "discarded"]
    assert [each[2] for each in await statuses(told, "event")][-2:] == ["discarded", "received"]
    assert await statuses(told, "tenant") == [
        (TENANT, "", "active", None),
        (TENANT, "", "halted", "by_hand"),
        (TENANT, "", "active", None),
    ]
    assert next(each.counts for each in told if each.kind == "operation") == "[1,0,0,0]"
    assert (await statuses(told, "operation"))[-1] == ("replay", "", "done", None)


async def test_what_was_undone_is_not_told(floor, told):
    """A transaction that fails changed nothing."""
    await floor.tell("e1", state("A"))
    await floor.lease()
    before = len(await statuses(told, "order"))
    with pytest.raises(ConflictingRequest):
        await floor.store.acts.discard_order(TENANT, "A", reason=None, now=floor.now)

    assert len(await statuses(told, "order")) == before


async def test_nothing_is_told_to_nobody(floor, told):
    """After a rest, until somebody listens again."""
    await floor.tell("e1", state("A"))
    await statuses(told, "event")
    await floor.store.watch.rest()
    told.clear()
    await floor.tell("e2", state("B"))
    unheard = await statuses(told, "event")
    await floor.store.watch.listen()
    await floor.store.watch.listen()
    await floor.tell("e3", ignored="a call")

    assert unheard == []
    assert [each[1:3] for each in await statuses(told, "event")] == [
        ("e3", str(EventStatus.RECEIVED)),
        ("e3", str(EventStatus.IGNORED)),
    ]
