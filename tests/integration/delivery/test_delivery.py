"""All workers together, running by themselves in real time."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from gateway.config.model import Backoff, Batching, Tenant
from gateway.delivery import Delivery
from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.ground.supervision import RESTART_SECONDS, Supervisor
from tests import intakes
from tests.intakes import Intake, always, poisoned, status
from tests.integration.delivery.conftest import Flaky, Hands, tenant

QUICK = {"backoff": Backoff(base=0.02, max=0.1), "batch": Batching(max_orders=10, linger=0.01), "settle_delay": 0.1}


def clock():
    return time.time_ns() // 1000


@asynccontextmanager
async def running(desk, tenants, supervisor=None, **rest):
    delivery = Delivery(tenants, desk.store.outbox, supervisor or Supervisor(), clock=clock, **rest)
    await delivery.start()
    try:
        yield delivery
    finally:
        await delivery.stop(2)


async def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.01)


def all_are(desk, status, name="acme"):
    async def check():
        found = set((await desk.statuses(name)).values())
        return found == {status}

    return check


@pytest.fixture
def desk(desk):
    desk.clock = clock
    return desk


async def test_woken_worker_delivers_at_once(desk):
    """What becomes pending is delivered within the linger, not at the next look."""
    supervisor = Supervisor()
    async with Intake() as intake, running(desk, {"acme": tenant(intake.url, **QUICK)}, supervisor) as delivery:
        await asyncio.sleep(0.1)
        await desk.put("A")
        began = time.monotonic()
        delivery.wake("acme")
        await until(all_are(desk, "delivered"))

        assert time.monotonic() - began < 1
        assert set(supervisor.ticks) == {"delivery:acme", "rescue"}
        assert all(time.monotonic_ns() // 1000 - tick < 10_000_000 for tick in supervisor.ticks.values())


async def test_one_tenants_trouble_is_nobody_elses(desk):
    """One hangs, one is halted, one has lost its way; the fourth is unmoved."""
    names = [f"O{number}" for number in range(50)]
    async with Intake(always(intakes.hanging)) as slow, Intake(always(status(401))) as shut, Intake() as well:
        tenants = {
            "slow": tenant(slow.url, **QUICK | {"timeout": 5.0}),
            "shut": tenant(shut.url, **QUICK),
            "lost": tenant("http://127.0.0.1:1/", **QUICK),
            "well": tenant(well.url, **QUICK),
        }
        async with running(desk, tenants) as delivery:
            for name in tenants:
                await desk.put(*names, tenant=name)
                delivery.wake(name)
            began = time.monotonic()
            await until(all_are(desk, "delivered", "well"))

            assert time.monotonic() - began < 3
            assert delivery.states()["shut"].status == "halted"
            assert delivery.states()["well"].status == "active"


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_no_order_is_in_two_requests_at_once(desk, concurrency):
    """However many lanes, and however often its state changes meanwhile."""
    flying, most, doubled = set(), 0, []

    async def slowly(call):
        nonlocal most
        doubled.extend(flying & set(call.ids))
        flying.update(call.ids)
        requests.append(call)
        most = max(most, len(requests))
        if most == concurrency:
            every_lane.set()
        await asyncio.wait_for(every_lane.wait(), 5)
        await asyncio.sleep(0.02)
        flying.difference_update(call.ids)
        requests.remove(call)
        await intakes.accepted(call)

    requests, every_lane = [], asyncio.Event()
    names = [f"O{number}" for number in range(60)]
    async with Intake(always(slowly)) as intake:
        settings = tenant(intake.url, concurrency=concurrency, timeout=10.0, **QUICK)
        async with running(desk, {"acme": settings}) as delivery:
            for version in range(4):
                await desk.put(*names, customerName=str(version))
                delivery.wake("acme")
                await asyncio.sleep(0.03)
            await until(all_are(desk, "delivered"))

    assert doubled == []
    assert most == concurrency
    assert {order["customerName"] for order in intake.orders.values()} == {"3"}


async def test_poison_is_found_with_several_lanes(desk):
    """The other lanes wait while it is sought, and all but the poison arrives."""
    names = [f"O{number}" for number in range(60)]
    async with Intake(always(poisoned("O7", by=status(500)))) as intake:
        settings = tenant(intake.url, concurrency=4, **QUICK)
        async with running(desk, {"acme": settings}) as delivery:
            await desk.put(*names)
            delivery.wake("acme")

            async def arrived():
                return len(intake.orders) == 59

            await until(arrived)
            assert await desk.dead() == {}


async def test_restart_delivers_what_was_in_flight(desk):
    """Stopped while a request hangs: the order stays leased, and the next start sends it again after its rest."""
    async with Intake(always(intakes.applied_then_hanging)) as intake:
        tenants = {"acme": tenant(intake.url, **QUICK | {"timeout": 30.0})}
        delivery = Delivery(tenants, desk.store.outbox, Supervisor(), clock=clock)
        await delivery.start()
        await desk.put("A")
        delivery.wake("acme")

        async def is_sent():
            return bool(intake.calls)

        await until(is_sent)
        began = time.monotonic()
        await delivery.stop(0.2)
        assert time.monotonic() - began < 1
        assert await desk.statuses() == {"A": "leased"}
        intake.behave = always(intakes.accepted)
        async with running(desk, tenants):
            await until(all_are(desk, "delivered"))


async def test_stop_settles_what_is_answered_in_time(desk):
    """A stopping gateway lets the request in flight end."""

    async def slowly(call):
        await asyncio.sleep(0.2)
        await intakes.accepted(call)

    async with Intake(always(slowly)) as intake:
        tenants = {"acme": tenant(intake.url, **QUICK | {"timeout": 5.0})}
        delivery = Delivery(tenants, desk.store.outbox, Supervisor(), clock=clock)
        await delivery.start()
        await desk.put("A")
        delivery.wake("acme")
        await asyncio.sleep(0.1)
        await delivery.stop(2)

    assert len(intake.calls) == 1
    assert await desk.statuses() == {"A": "delivered"}


async def test_loop_that_dies_is_restarted(desk):
    """The orders are delivered all the same."""
    attempts, pauses = [], []

    def fragile(report):
        attempts.append(report)
        if len(attempts) == 1:
            raise RuntimeError("a metric that breaks")

    async def no_pause(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0.01)

    async with Intake() as intake:
        supervisor = Supervisor(sleep=no_pause)
        async with running(desk, {"acme": tenant(intake.url, **QUICK)}, supervisor, on_attempt=fragile) as delivery:
            await desk.put("A")
            delivery.wake("acme")
            await until(all_are(desk, "delivered"))
            await desk.put("B")
            delivery.wake("acme")
            await until(all_are(desk, "delivered"))

    assert pauses == [RESTART_SECONDS]


async def test_halt_and_resume_by_name(desk):
    """Only a pushed tenant that exists can be halted."""
    async with (
        Intake() as intake,
        running(desk, {"acme": tenant(intake.url, **QUICK), "pulled": Tenant(delivery="pull")}) as delivery,
    ):
        await delivery.halt("acme", "stock-taking")
        await desk.put("A")
        delivery.wake("acme")
        delivery.wake("pulled")
        await asyncio.sleep(0.2)
        assert intake.calls == []
        assert delivery.states()["acme"].reason.detail == "stock-taking"
        assert set(delivery.states()) == {"acme"}
        await delivery.resume("acme")
        await until(all_are(desk, "delivered"))
        with pytest.raises(UnknownRecord):
            await delivery.halt("nobody", "x")
        with pytest.raises(ConflictingRequest):
            await delivery.resume("pulled")


async def test_answer_that_waits_for_the_store_is_not_robbed(desk):
    """However long the store is down after an answer, its orders are neither put back nor sent again."""
    hands = Hands()
    desk.clock = hands

    async def quickly(seconds):
        hands.forward(seconds)
        await asyncio.sleep(0.001)

    async with Intake() as intake:
        outbox = Flaky(desk.store.outbox, settle=200)
        tenants = {"acme": tenant(intake.url, **QUICK)}
        delivery = Delivery(tenants, outbox, Supervisor(), clock=hands, sleep=quickly)
        await desk.put("A")
        await delivery.start()
        await until(all_are(desk, "delivered"))
        await delivery.stop(2)

    assert outbox.failures["settle"] == 0
    assert intake.sent == [["A"]]
