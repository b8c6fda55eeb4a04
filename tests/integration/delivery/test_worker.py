"""What may happen around a request: crashes, lost leases, a store that is down, states that come meanwhile."""

import asyncio
import random

import pytest

from gateway.config.model import Batching
from gateway.events import SECOND
from gateway.orders import Claim
from tests import intakes
from tests.intakes import Intake, always, in_turn, refusing, status
from tests.integration.delivery.conftest import Flaky

NAMES = [f"O{number:02}" for number in range(20)]


@pytest.mark.parametrize("reaction", [intakes.applied_then_hanging, intakes.applied_then_lost, intakes.half_closed])
async def test_order_rests_after_no_answer(desk, reaction):
    """No version of it is sent within the settle delay, also a newer one; other orders are."""
    times = {}

    def behave(call):
        for name in call.ids:
            times.setdefault(name, []).append(desk.clock.now)
        return reaction if len(times.get("A", [])) == 1 and "A" in call.ids else intakes.accepted

    async with Intake(behave) as intake:
        worker = await desk.worker(intake, timeout=0.1)
        await desk.put("A")
        while not intake.calls:
            await desk.turn(worker)
        await desk.put("A", customerName="newer")
        await desk.put("B")
        await desk.drain(worker)

    first, second = times["A"]
    assert second - first >= 5 * SECOND
    assert times["B"][0] - first < 5 * SECOND
    assert intake.orders["A"]["customerName"] == "newer"


async def test_answer_is_kept_while_the_store_is_down(desk):
    """It is stored once the store is there again; the intake is not asked twice."""
    async with Intake() as intake:
        outbox = Flaky(desk.store.outbox, settle=30)
        worker = await desk.worker(intake, outbox=outbox)
        await desk.put(*NAMES)
        await desk.drain(worker)

    assert outbox.failures["settle"] == 0
    assert intake.sent == [NAMES]
    assert await desk.statuses() == dict.fromkeys(NAMES, "delivered")


@pytest.mark.parametrize("call", ["claim", "extend", "settle"])
async def test_store_down_at_any_call(desk, call):
    """Each call that fails delays, and nobody dies of it but the culprits."""
    async with Intake(always(refusing("O03", "O17"))) as intake:
        worker = await desk.worker(intake, outbox=Flaky(desk.store.outbox, **{call: 5}))
        await desk.put(*NAMES)
        await desk.drain(worker)

    assert set(await desk.dead()) == {"O03", "O17"}
    assert sorted(intake.orders) == sorted(set(NAMES) - {"O03", "O17"})


async def test_lost_lease_ends_the_search(desk):
    """What was taken away in the middle is not sent by us, nor judged."""
    culprit = refusing("O03")

    def behave(call):
        async def react(call):
            if len(intake.calls) == 2:
                await desk.store.outbox.rescue(now=desk.clock(), rests_until=0)
            await culprit(call)

        return react

    async with Intake(behave) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        while not intake.calls:
            await desk.turn(worker)
        assert len(intake.calls) == 2
        assert set((await desk.statuses()).values()) == {"pending"}
        await desk.drain(worker)

    assert set(await desk.dead()) == {"O03"}


async def test_late_result_is_refused(desk):
    """Of a holder whose lease was taken away and given to another, the result changes nothing."""

    async def robbed(call):
        await desk.store.outbox.rescue(now=desk.clock(), rests_until=0)
        now = desk.clock()
        claim = Claim(now=now, until=now + SECOND, linger=0, max_orders=100, max_bytes=1000)
        await desk.store.outbox.claim("acme", claim)
        await intakes.accepted(call)

    async with Intake(always(robbed)) as intake:
        worker = await desk.worker(intake)
        await desk.put("A")
        while not intake.calls:
            await desk.turn(worker)

    assert desk.reports[0].settled == []
    assert await desk.statuses() == {"A": "leased"}


@pytest.mark.parametrize("point", range(1, 14))
async def test_crash_in_the_middle_of_a_search(desk, point):
    """Killed at any request of it and started again: the culprits are dead, the others delivered, nobody else died."""
    culprits = {"O03", "O17"}
    intake = Intake()

    reached = asyncio.Event()

    def behave(_call):
        if len(intake.calls) < point or reached.is_set():
            return refusing(*culprits)
        reached.set()
        return intakes.applied_then_hanging

    intake.behave = behave
    async with intake:
        worker = await desk.worker(intake, timeout=30)
        await desk.put(*NAMES)
        desk.clock.forward(1)
        running = asyncio.create_task(worker.step())
        await asyncio.wait({running, asyncio.create_task(reached.wait())}, return_when=asyncio.FIRST_COMPLETED)
        reached.set()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await desk.store.outbox.rescue(now=desk.clock(), rests_until=desk.clock() + 5 * SECOND)
        again = await desk.worker(intake)
        await desk.drain(again)

    assert set(await desk.dead()) == culprits
    assert set(NAMES) - culprits <= set(intake.orders)
    statuses = await desk.statuses()
    assert {name for name, status in statuses.items() if status == "delivered"} == set(NAMES) - culprits


async def test_halt_by_hand_ends_the_search(desk):
    """The request in flight is settled; nothing further is sent until resumed."""
    culprit = refusing("O03")

    def behave(_call):
        async def react(call):
            if len(intake.calls) == 3:
                await worker.halt("stop")
            await culprit(call)

        return react

    async with Intake(behave) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        await desk.drain(worker)
        assert len(intake.calls) == 3
        assert "leased" not in (await desk.statuses()).values()
        intake.behave = always(culprit)
        await worker.resume()
        await desk.drain(worker)

    assert set(await desk.dead()) == {"O03"}
    assert sorted(intake.orders) == sorted(set(NAMES) - {"O03"})


async def test_the_next_batch_is_leased_with_the_last_ones_settlement(desk):
    """One transaction a batch, not two: claims of their own are the first one, and the one that finds nothing."""

    class Counted(Flaky):
        def __getattr__(self, name):
            calls.append(name)
            return super().__getattr__(name)

    calls = []
    async with Intake() as intake:
        batch = Batching(max_orders=5, linger=0.0)
        worker = await desk.worker(intake, outbox=Counted(desk.store.outbox), batch=batch)
        await desk.put(*NAMES)
        await desk.drain(worker)

    assert intake.sent == [NAMES[start : start + 5] for start in range(0, len(NAMES), 5)]
    assert (calls.count("claim"), calls.count("settle")) == (2, len(intake.sent))


@pytest.mark.parametrize("ends", ["stop", "halt"])
async def test_what_was_leased_ahead_is_put_back(desk, ends):
    """Stopped, or halted by hand, while a batch is under way: that one is settled, the next one waits as it was."""

    class Late(Flaky):
        async def settle(self, lease, settling):
            settled = await self._outbox.settle(lease, settling)
            leased.append(settled[1])
            if len(leased) == 1:
                worker.stop() if ends == "stop" else await worker.halt("by hand")
            else:
                is_put_back.set()
            return settled

    leased, is_put_back = [], asyncio.Event()
    async with Intake() as intake:
        batch = Batching(max_orders=10, linger=0.0)
        worker = await desk.worker(intake, outbox=Late(desk.store.outbox), batch=batch)
        await desk.put(*NAMES)
        running = asyncio.create_task(worker.run(lambda: None))
        await is_put_back.wait()
        worker.stop()
        await running

    assert [order.external_order_id for order in leased[0].orders] == NAMES[10:20]
    assert intake.sent == [NAMES[:10]]
    assert [*(await desk.statuses()).values()].count("pending") == len(NAMES) - 10
    assert await desk.attempts(NAMES[10]) == []


async def test_a_batch_that_is_not_settled_at_once_is_followed_by_one(desk):
    """The store is down for two tries: what is leased ahead is leased once."""
    async with Intake() as intake:
        batch = Batching(max_orders=10, linger=0.0)
        worker = await desk.worker(intake, outbox=Flaky(desk.store.outbox, settle=2), batch=batch)
        await desk.put(*NAMES)
        await desk.drain(worker)

    assert intake.sent == [NAMES[start : start + 10] for start in range(0, len(NAMES), 10)]
    assert set((await desk.statuses()).values()) == {"delivered"}


async def test_newer_state_during_a_lease_is_sent_next(desk):
    """The result touches only the version that was sent."""

    async def meanwhile(call):
        await desk.put("A", customerName="newer")
        await intakes.accepted(call)

    async with Intake(in_turn(meanwhile, then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put("A", customerName="older")
        await desk.drain(worker)

    assert [order["customerName"] for order in intake.history] == ["older", "newer"]


@pytest.mark.parametrize(
    ("reaction", "status_after"),
    [(intakes.reset, "cancelled_maybe_delivered"), (status(400), None), (intakes.accepted, "cancelled_after_delivery")],
)
async def test_cancelled_during_a_lease(desk, reaction, status_after):
    """The cancellation waits for the settlement, and is judged by it."""

    async def meanwhile(call):
        await desk.cancel("A")
        await reaction(call)

    async with Intake(in_turn(meanwhile, then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put("A")
        await desk.drain(worker)
    dead = await desk.dead()

    assert len(intake.calls) == 1
    assert [reason.code for reason in dead.values()] == ([status_after] if status_after else [])
    if status_after is None:
        assert await desk.statuses() == {"A": "withdrawn"}


@pytest.mark.parametrize("seed", range(10))
async def test_shuffled_versions_never_go_backwards(desk, seed):
    """Fifty versions in any order, with faults between: the intake ends on the newest and only ever moves forwards."""
    chance = random.Random(seed)
    versions = list(range(1, 51))
    chance.shuffle(versions)
    faults = [intakes.accepted, intakes.accepted, status(503), intakes.applied_then_lost, intakes.reset, status(429)]
    intake = Intake(lambda _call: chance.choice(faults))
    async with intake:
        worker = await desk.worker(intake)
        while versions:
            for _ in range(min(len(versions), chance.randint(1, 8))):
                version = versions.pop()
                await desk.put("A", clock=version, customerName=str(version))
            for _ in range(chance.randint(0, 3)):
                await desk.turn(worker)
        intake.behave = always(intakes.accepted)
        await desk.drain(worker)
    seen = [int(order["customerName"]) for order in intake.history]

    assert seen == sorted(seen)
    assert seen[-1] == 50


async def test_clock_a_day_back(desk):
    """A back-off reckoned before the clock was set back is not waited for."""
    async with Intake(in_turn(status(503), then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put("A")
        while not intake.calls:
            await desk.turn(worker)
        desk.clock.forward(-86400)
        await desk.put("B")
        for _ in range(20):
            await desk.turn(worker)

    assert worker.state.failures == 0
    assert "B" in intake.orders


async def test_answer_of_a_request_begun_before_the_trouble(desk):
    """Of two requests under way one fails, the other is answered later: it delivers, and the tenant still backs off."""
    begun = asyncio.Event()

    async def failing(call):
        await begun.wait()
        await call.send(500)

    async def later(call):
        begun.set()
        await asyncio.sleep(0.2)
        await intakes.accepted(call)

    async with Intake(lambda call: failing if "O00" in call.ids else later) as intake:
        batch = Batching(max_orders=10, linger=0.0)
        worker = await desk.worker(intake, concurrency=2, batch=batch, timeout=5.0)
        await desk.put(*NAMES)
        await asyncio.gather(worker.step(0), worker.step(1))

    assert sorted(intake.orders) == NAMES[10:]
    assert (worker.state.status, worker.state.failures, worker.state.suspicions) == ("backing_off", 1, 1)
    assert worker.state.last_success_at is not None


async def test_request_not_begun_when_the_trouble_shows(desk):
    """What another lane has leased by then is put back, not sent."""

    class Slow(Flaky):
        async def claim(self, *args, **rest):
            claimed = await self._outbox.claim(*args, **rest)
            claims.append(claimed)
            if len(claims) == 2:
                await asyncio.sleep(0.2)
                desk.clock.forward(600)
            return claimed

    claims = []
    async with Intake(always(status(500))) as intake:
        batch = Batching(max_orders=10, linger=0.0)
        worker = await desk.worker(intake, outbox=Slow(desk.store.outbox), concurrency=2, batch=batch)
        await desk.put(*NAMES)
        await asyncio.gather(worker.step(0), worker.step(1))

    assert len(claims) == 2
    assert intake.sent == [NAMES[:10]]
    assert set((await desk.statuses()).values()) == {"pending"}


async def test_other_lanes_wait_while_something_is_wrong(desk):
    """In trouble one request at a time is sent, whatever the concurrency."""
    async with Intake(always(status(500))) as intake:
        worker = await desk.worker(intake, concurrency=3, batch=Batching(max_orders=2, linger=0.0))
        await desk.put(*NAMES)
        await worker.step(0)
        for _ in range(5):
            desk.clock.forward(600)
            assert await worker.step(1) is None
            assert await worker.step(2) is None

        assert len(intake.calls) == 1
