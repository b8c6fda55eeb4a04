"""Every answer and fault of the table, against a real intake and a real store."""

import pytest

from tests import intakes
from tests.intakes import Intake, always, in_turn, status

NAMES = [f"O{number}" for number in range(1, 11)]
RETRY_AFTER = ["0", "7", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2065 07:28:00 GMT", "-5", "1e9", "soon"]
WRONG_DOORS = [300, 301, 302, 304, 307, 308, 401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 428, 431, 451]


async def drained(desk, intake, worker):
    """What a while later must be true whatever the intake did first."""
    await desk.drain(worker)
    assert await desk.statuses() == dict.fromkeys(NAMES, "delivered")
    assert await desk.dead() == {}
    assert sorted(intake.orders) == sorted(NAMES)


async def test_delivered(desk):
    """One request of all that is pending, in the order of arrival, keeping the intake's orderId."""
    async with Intake() as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        await drained(desk, intake, worker)
        detail = await desk.store.records.order("acme", "O1")

    assert intake.sent == [NAMES]
    assert (detail.order_id, detail.is_created) == ("T-O1", True)
    assert [report.attempt.outcome for report in desk.reports] == ["delivered"]


@pytest.mark.parametrize("retry_after", [None, *RETRY_AFTER])
@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_later(desk, code, retry_after):
    """An outage, however announced, is a delay."""
    headers = {} if retry_after is None else {"retry_after": retry_after}
    async with Intake(in_turn(*[status(code, **headers)] * 4, then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        began = desk.clock.now
        await drained(desk, intake, worker)

    assert worker.state.failures == 0
    if retry_after == "1e9":
        assert desk.clock.now - began >= 4 * 3600 * 1_000_000


@pytest.mark.parametrize(
    "fault",
    [
        intakes.hanging,
        intakes.hanging_in_the_middle,
        intakes.applied_then_hanging,
        intakes.dripping_headers,
        intakes.dripping_body,
        intakes.reset,
        intakes.half_closed,
        intakes.nonsense,
        intakes.applied_then_lost,
        intakes.enormous,
        intakes.gzip_bomb,
        status(200, b""),
        status(200, b"<html>welcome</html>"),
        status(202, b"{}"),
        status(204, b""),
        intakes.replied(accepted=False),
        intakes.replied(orders=None),
    ],
)
async def test_faults(desk, fault):
    """No answer, or one that is not the contract, twice over: delivered in the end."""
    async with Intake(in_turn(fault, fault, then=intakes.accepted)) as intake:
        worker = await desk.worker(intake, timeout=2.0 if fault in (intakes.enormous, intakes.gzip_bomb) else 0.1)
        await desk.put(*NAMES)
        await drained(desk, intake, worker)


async def test_wrong_count_and_foreign_ids(desk):
    """They are counted and change nothing."""
    stranger = {"externalOrderId": "X", "orderId": "T-X", "created": True}
    listed = [{"externalOrderId": name, "orderId": f"T-{name}", "created": True} for name in NAMES]
    async with Intake(always(intakes.replied(processed=7, orders=[*listed, stranger]))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        await drained(desk, intake, worker)
    [report] = desk.reports

    assert report.oddities == {"foreign_id": 1, "no_order_id": 0, "wrong_count": 1}


@pytest.mark.parametrize("code", WRONG_DOORS)
async def test_wrong_door(desk, code):
    """Halted and said; probed with one order; resumed by itself when the door opens."""
    async with Intake(in_turn(*[status(code)] * 3, then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        while not worker.state.halted_at:
            await desk.turn(worker)
        assert worker.state.status == "halted"
        assert str(code) in worker.state.reason.detail
        await drained(desk, intake, worker)

    assert [len(names) for names in intake.sent] == [10, 1, 1, 1, 9]
    assert [report.attempt.kind for report in desk.reports] == ["push", "probe", "probe", "probe", "push"]


async def test_halt_waits_for_an_order_to_probe_with(desk):
    """With nothing pending there is no probe; the first order to come is one."""
    async with Intake(in_turn(status(401), then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put("A")
        for _ in range(3):
            await desk.turn(worker)
            if worker.state.halted_at:
                break
        await desk.cancel("A")
        desk.clock.forward(3600)
        assert await worker.step() is None
        assert len(intake.calls) == 1
        await desk.put("B")
        await desk.drain(worker)

    assert worker.state.status == "active"
    assert await desk.statuses() == {"A": "withdrawn", "B": "delivered"}


async def test_halt_survives_a_restart(desk):
    """A new worker over the same store is halted, with the reason, and its schedule goes on."""
    async with Intake(always(status(403))) as intake:
        worker = await desk.worker(intake)
        await desk.put("A")
        while not worker.state.halted_at:
            await desk.turn(worker)
        again = await desk.worker(intake)

        assert again.state == worker.state
        assert (again.state.status, again.state.reason.code) == ("halted", "intake_unauthorized")


async def test_backoff_survives_a_restart(desk):
    """A new worker over the same store waits as long as the old one would have."""
    async with Intake(always(status(503, retry_after="600"))) as intake:
        worker = await desk.worker(intake)
        await desk.put("A")
        desk.clock.forward(1)
        await worker.step()
        again = await desk.worker(intake)
        at = await again.step()

    assert at == worker.state.next_attempt_at
    assert at - desk.clock.now > 599 * 1_000_000
    assert len(intake.calls) == 1


async def test_halt_and_resume_by_hand(desk):
    """Nothing is sent, nor probed, for a week; then at once."""
    async with Intake() as intake:
        worker = await desk.worker(intake)
        await worker.halt("maintenance at Acme")
        await desk.put(*NAMES)
        for _ in range(7 * 24):
            assert await worker.step() is None
            desk.clock.forward(3600)
        assert intake.calls == []
        again = await desk.worker(intake)
        assert again.state.reason.detail == "maintenance at Acme"
        await again.resume()
        await drained(desk, intake, again)


async def test_too_large(desk):
    """Batches are halved until they pass, the size is remembered; what is too large alone is a dead letter."""

    def behave(call):
        return status(413, b"at most three") if len(call.ids) > 3 or "O4" in call.ids else intakes.accepted

    async with Intake(behave) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        await desk.drain(worker)

    assert {name: reason.code for name, reason in (await desk.dead()).items()} == {"O4": "too_large"}
    assert "at most three" in (await desk.dead())["O4"].detail
    assert sorted(intake.orders) == sorted(set(NAMES) - {"O4"})


async def test_size_learnt_from_413_is_kept(desk):
    """Ten orders at most three at a time: two halvings, then every batch fits."""
    async with Intake(lambda call: status(413) if len(call.ids) > 3 else intakes.accepted) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        await drained(desk, intake, worker)

    assert [len(names) for names in intake.sent] == [10, 5, 2, 2, 2, 2, 2]


async def test_ten_lies_halt(desk):
    """An intake that says 200 and means nothing by it delivers nothing; once it speaks the contract, all goes out."""
    async with Intake(in_turn(*[status(200, b"<html>")] * 12, then=intakes.accepted)) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        codes = []
        for _ in range(40):
            await desk.turn(worker)
            if worker.state.status == "halted":
                codes.append((len(intake.calls), worker.state.reason.code))
        assert codes[0] == (10, "not_an_intake")
        await drained(desk, intake, worker)


async def test_left_out(desk):
    """An order that the answers leave out is sent again alone, and is dead after five; the rest is delivered."""
    async with Intake(always(intakes.leaving_out("O3"))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*NAMES)
        await desk.drain(worker)

    assert intake.sent == [NAMES, *[["O3"]] * 4]
    assert [reason.code for reason in (await desk.dead()).values()] == ["unconfirmed"]
    assert sorted(intake.orders) == sorted(set(NAMES) - {"O3"})
    assert await desk.attempts("O3") == ["partly"] * 5


async def test_nothing_is_ever_listed(desk):
    """Twenty unconfirmed with none listed between halt the tenant and are pending again; later all are delivered."""
    names = [f"P{number}" for number in range(25)]
    async with Intake(always(intakes.replied(orders=[], processed=0))) as intake:
        worker = await desk.worker(intake)
        await desk.put(*names)
        while not worker.state.halted_at:
            await desk.turn(worker)
        assert worker.state.reason.code == "not_an_intake"
        assert await desk.dead() == {}
        intake.behave = always(intakes.accepted)
        await desk.drain(worker)

    assert await desk.statuses() == dict.fromkeys(names, "delivered")
