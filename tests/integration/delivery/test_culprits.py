"""One bad order harms nobody."""

import pytest

from gateway.config.model import Backoff
from tests import intakes
from tests.intakes import Intake, always, poisoned, refusing, status

HUNDRED = [f"WMS-{number:03}" for number in range(100)]


def plain(guilty, ids):
    return {"error": "customer not found"}


def by_index(guilty, ids):
    return {"error": "invalid", "fieldErrors": {"plannedDate": [{"index": position} for position in guilty]}}


def by_id(guilty, ids):
    return {"error": "invalid", "fieldErrors": {"plannedDate": {ids[position]: ["bad"] for position in guilty}}}


def first_only(guilty, ids):
    return {"error": "invalid", "details": f"{ids[guilty[0]]}: customer not found"}


def always_the_first(guilty, ids):
    return {"error": "invalid", "details": [{"index": 0}]}


@pytest.mark.parametrize("body", [plain, by_index, by_id, first_only, always_the_first])
@pytest.mark.parametrize("code", [400, 422, 409])
async def test_two_culprits_in_a_hundred(desk, code, body):
    """98 arrive, two are dead letters with the intake's words, within thirty requests; wrong hints kill nobody."""
    culprits = {"WMS-017", "WMS-083"}
    async with Intake(always(refusing(*culprits, code=code, body=body))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED)
        await desk.drain(worker)
    dead = await desk.dead()

    assert set(dead) == culprits
    assert all(reason.code == "refused" and str(code) in reason.detail for reason in dead.values())
    assert sorted(intake.orders) == sorted(set(HUNDRED) - culprits)
    assert len(intake.history) == 98
    assert len(intake.calls) <= (45 if body is always_the_first else 30)
    for name in culprits:
        assert [name] in intake.sent
        assert set(await desk.attempts(name)) == {"refused"}
    assert (await desk.attempts("WMS-000"))[0] == "refused"
    assert (await desk.attempts("WMS-000"))[-1] == "delivered"


async def test_corrected_order_arrives(desk):
    """A newer state revives the dead order and is delivered."""
    async with Intake(always(refusing("WMS-001"))) as intake:
        worker = await desk.worker(intake)
        await desk.put("WMS-001")
        await desk.drain(worker)
        intake.behave = always(intakes.accepted)
        await desk.put("WMS-001", customerName="mended")
        await desk.drain(worker)

    assert await desk.dead() == {}
    assert intake.orders["WMS-001"]["customerName"] == "mended"


@pytest.mark.parametrize("start", [0, 30, 75])
@pytest.mark.parametrize("body", [plain, by_index])
async def test_twenty_five_side_by_side(desk, start, body):
    """They neither halt the tenant for good nor strand the others."""
    culprits = set(HUNDRED[start : start + 25])
    async with Intake(always(refusing(*culprits, body=body))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED)
        await desk.put("WMS-100")
        for _ in range(200):
            if await desk.turn(worker) is None:
                break
        # A halt with nothing but culprits left ends with the next good order.
        await desk.put("WMS-101")
        await desk.drain(worker)

    assert worker.state.status == "active"
    assert set(await desk.dead()) == culprits
    assert sorted(intake.orders) == sorted({*HUNDRED, "WMS-100", "WMS-101"} - culprits)


async def test_refuses_everything(desk):
    """Twenty refused alone halt the tenant; nobody is dead; once it accepts again, all are delivered."""
    async with Intake(always(status(400, b"we are closed"))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED)
        while not worker.state.halted_at:
            await desk.turn(worker)
        assert worker.state.reason.code == "refuses_everything"
        assert "we are closed" in worker.state.reason.detail
        assert await desk.dead() == {}
        probed = len(intake.calls)
        for _ in range(60):
            await desk.turn(worker)
        probes = intake.sent[probed:]
        assert all(len(names) == 1 for names in probes)
        assert len({names[0] for names in probes}) == len(probes)
        intake.behave = always(intakes.accepted)
        await desk.drain(worker)

    assert await desk.statuses() == dict.fromkeys(HUNDRED, "delivered")


async def test_refused_once_more_is_final(desk):
    """After it accepts again, those refused meanwhile are each tried alone once more; a refusal then is final."""
    culprits = set(HUNDRED[:30])
    async with Intake(always(status(400, b"closed"))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED[:40])
        while not worker.state.halted_at:
            await desk.turn(worker)
        intake.behave = always(refusing(*culprits))
        await desk.drain(worker)

    assert worker.state.status == "active"
    assert set(await desk.dead()) == culprits
    assert sorted(intake.orders) == HUNDRED[30:40]


async def test_resumed_by_hand_while_everything_is_refused(desk):
    """A hand that resumes too early kills nobody: twenty more refusals halt it again."""
    async with Intake(always(status(400))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED[:30])
        for _ in range(2):
            while not worker.state.halted_at:
                await desk.turn(worker)
            assert await desk.dead() == {}
            await worker.resume()
            assert worker.state.status == "active"


@pytest.mark.parametrize("poison", [status(500), intakes.hanging, intakes.reset, status(200, b"<html>")])
async def test_poison_is_found_and_waits_alone(desk, poison):
    """An order that makes the intake fail, hang or lie is parted from the others, which all arrive; it is not dead."""
    async with Intake(always(poisoned("WMS-011", by=poison))) as intake:
        worker = await desk.worker(intake, timeout=0.1)
        await desk.put(*HUNDRED[:20])
        for _ in range(60):
            await desk.turn(worker)
        assert sorted(intake.orders) == sorted(set(HUNDRED[:20]) - {"WMS-011"})
        assert await desk.dead() == {}
        assert worker.state.failures == 0
        await desk.put("WMS-200")
        before = desk.clock.now
        desk.clock.forward(0.3)
        while "WMS-200" not in intake.orders:
            await desk.turn(worker)

    assert desk.clock.now - before < 2_000_000


async def test_poison_dies_after_48_hours(desk):
    """While others pass; with the intake's words."""
    async with Intake(always(poisoned("WMS-001", by=status(500, b"NullPointerException")))) as intake:
        worker = await desk.worker(intake, backoff=Backoff(base=0.5, max=120.0))
        await desk.put(*HUNDRED[:3])
        began = desk.clock.now
        number = 300
        while "WMS-001" not in await desk.dead():
            await desk.turn(worker)
            if number < 300 + (desk.clock.now - began) / (3600 * 1_000_000):
                await desk.put(f"WMS-{number}")
                number += 1
        reason = (await desk.dead())["WMS-001"]

    assert reason.code == "intake_error"
    assert "NullPointerException" in reason.detail
    assert 48 <= (desk.clock.now - began) / (3600 * 1_000_000) < 51


async def test_outage_kills_and_strands_nobody(desk):
    """A day of 500 marks orders as suspects; when it ends all arrive, soon."""
    async with Intake(always(status(500))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED)
        began = desk.clock.now
        while desk.clock.now - began < 24 * 3600 * 1_000_000:
            await desk.turn(worker)
        assert await desk.dead() == {}
        intake.behave = always(intakes.accepted)
        back = desk.clock.now
        await desk.drain(worker)

    assert await desk.statuses() == dict.fromkeys(HUNDRED, "delivered")
    assert desk.clock.now - back < 400 * 1_000_000


async def test_poison_and_culprit_in_one_batch(desk):
    """An order that breaks the intake does not hide behind one that it refuses."""

    def behave(call):
        if "WMS-005" in call.ids:
            return status(400)
        return status(500) if "WMS-006" in call.ids else intakes.accepted

    async with Intake(behave) as intake:
        worker = await desk.worker(intake)
        await desk.put(*HUNDRED[:16])
        for _ in range(100):
            await desk.turn(worker)

    assert set(await desk.dead()) == {"WMS-005"}
    assert sorted(intake.orders) == sorted(set(HUNDRED[:16]) - {"WMS-005", "WMS-006"})
