"""Answers as they move a tenant and settle orders."""

import pytest
from msgspec.structs import replace

from gateway.config.model import Backoff, Batching, Tenant
from gateway.delivery import policy
from gateway.delivery.judgement import Sent, Situation, decide
from gateway.delivery.verdict import Answer, Delivered, Failure, Listing, NotAnIntake, judge
from gateway.events import SECOND, Reason
from gateway.orders import LeasedOrder, Notes, TenantState, TenantStatus, Trial
from gateway.store.rules.tenants import halted_by_hand, resumed_by_hand

NOW = 1_750_000_000 * SECOND
HOUR = 3600 * SECOND
SETTINGS = Tenant(
    intake_url="http://127.0.0.1:1/", backoff=Backoff(base=0.5, max=300.0), batch=Batching(max_orders=100)
)

TIMED_OUT = Failure("timed_out", "no answer", was_written=True)
NOT_CONNECTED = Failure("not_connected", "refused", was_written=False)


def order(number=1, **notes):
    return LeasedOrder(number, f"O{number}", b"{}", Notes(**notes), NOW)


def orders(count):
    return tuple(order(number) for number in range(1, count + 1))


def listing(*of):
    return Delivered({each.external_order_id: Listing(f"T{each.id}", is_created=True) for each in of})


def answer(state, sent, said, *, now=NOW, kind="push", is_late=False, settings=SETTINGS):
    verdict = (
        judge(said, [each.external_order_id for each in sent], now) if isinstance(said, Answer | Failure) else said
    )
    return decide(Sent(sent, kind, is_late=is_late), verdict, Situation(state, settings, now, lambda: 0.0))


def after(state, *answers, sent=None, **rest):
    for each in answers:
        state = answer(state, sent or orders(8), each, **rest).state
    return state


def halted(code, **members):
    return TenantState(
        status=TenantStatus.HALTED, reason=Reason(code, "why"), halted_at=NOW, next_attempt_at=NOW, **members
    )


# Back-off


def test_backs_off_exponentially_and_recovers():
    """Each failure doubles the wait; the first 200 ends it."""
    state = TenantState()
    waits = []
    for _ in range(4):
        state = after(state, Answer(503))
        waits.append((state.next_attempt_at - NOW) / SECOND)

    assert state.status is TenantStatus.BACKING_OFF
    assert waits == [0.25, 0.5, 1.0, 2.0]
    recovered = after(state, listing(*orders(8)))
    assert (recovered.status, recovered.failures, recovered.next_attempt_at) == (TenantStatus.ACTIVE, 0, None)


@pytest.mark.parametrize(("text", "seconds"), [("120", 120), ("1e9", 3600), ("-1", 0.25), ("soon", 0.25)])
def test_retry_after_is_honoured(text, seconds):
    """Retry-After lengthens the wait, up to an hour."""
    state = after(TenantState(), Answer(429, retry_after=text))

    assert state.next_attempt_at == NOW + seconds * SECOND


@pytest.mark.parametrize(
    ("said", "result", "rests"),
    [
        (Answer(500), "uncertain", False),
        (Answer(408), "uncertain", False),
        (Answer(429), "unchanged", False),
        (Answer(425), "unchanged", False),
        (Answer(200, b"<html>"), "uncertain", False),
        (Answer(202), "uncertain", False),
        (Answer(401), "unchanged", False),
        (Answer(302), "unchanged", False),
        (Answer(413), "unchanged", False),
        (TIMED_OUT, "uncertain", True),
        (Failure("lost", "reset", was_written=True), "uncertain", True),
        (NOT_CONNECTED, "unchanged", False),
    ],
)
def test_what_may_have_been_applied(said, result, rests):
    """All orders are pending again; uncertain where the intake may have taken them, at rest where it gave no answer."""
    decision = answer(TenantState(), orders(8), said)

    assert [each.result for each in decision.settlements] == [result] * 8
    assert {each.rests_until for each in decision.settlements} == {NOW + 5 * SECOND if rests else 0}


# Halving


def test_batches_are_halved_from_the_third_suspicion():
    """Two failures keep the batch, the third halves it, and each one more."""
    state, sizes = TenantState(), []
    for count in (100, 100, 100, 50, 25, 12, 6, 3, 1, 1):
        state = after(state, TIMED_OUT, sent=orders(count))
        sizes.append(policy.batch_limit(state, SETTINGS))

    assert sizes == [100, 100, 50, 25, 12, 6, 3, 1, 1, 1]
    assert policy.batch_limit(after(state, listing(order())), SETTINGS) == 100


@pytest.mark.parametrize(
    "said", [Answer(429), Answer(425), Answer(503, retry_after="1"), Answer(500, retry_after="1"), NOT_CONNECTED]
)
def test_what_says_later_neither_counts_nor_breaks_a_run(said):
    """425, 429, Retry-After and a connection that never stood are nobody's doing."""
    assert after(TenantState(), *[said] * 50).size is None
    assert after(TenantState(), TIMED_OUT, Answer(500), said, TIMED_OUT).size == 4


def test_refusal_keeps_the_suspicions():
    """Only a 200 ends them, or an order that breaks the intake would hide behind one that it refuses."""
    state = after(TenantState(), TIMED_OUT, TIMED_OUT, Answer(400), TIMED_OUT)

    assert state.size == 4


# Fails alone


def test_first_failure_alone_backs_the_tenant_off():
    """Nobody knows yet whether it is the order or the intake; the order goes behind the others."""
    state = after(TenantState(), TIMED_OUT, TIMED_OUT)
    decision = answer(state, (order(),), Answer(500))
    [settled] = decision.settlements

    assert decision.state.failures == 3
    assert settled.notes == Notes(is_alone=True, lone_since=NOW)
    assert settled.due_at == decision.state.next_attempt_at


def test_single_order_of_a_healthy_tenant_is_no_suspect():
    """A hiccup of the intake marks no order."""
    decision = answer(TenantState(), (order(),), Answer(500))
    [settled] = decision.settlements

    assert not settled.notes.is_alone
    assert settled.due_at == 0


def lone(state, notes, now):
    decision = answer(state, (LeasedOrder(1, "O1", b"{}", notes, NOW),), Answer(500, b"boom"), now=now)
    return decision.state, decision.settlements[0]


def test_proven_when_others_passed_between():
    """From then on its failures are its own: the tenant goes on, the order waits on its own schedule."""
    healthy = TenantState(last_success_at=NOW + 1)
    state, settled = lone(healthy, Notes(is_alone=True, lone_since=NOW), NOW + SECOND)

    assert (state.failures, state.status) == (0, TenantStatus.ACTIVE)
    assert settled.notes.failures == 1
    assert settled.due_at == NOW + SECOND + SECOND // 4


def test_proven_by_a_batch_that_failed_while_others_passed():
    """A failed batch stamps its orders; one that fails alone after others passed is proven at once."""
    batch = answer(TenantState(), orders(2), Answer(500))
    notes = batch.settlements[0].notes
    assert notes == Notes(lone_since=NOW)

    healthy = after(batch.state, listing(*orders(2)), now=NOW + SECOND)
    state, settled = lone(healthy, notes, NOW + 2 * SECOND)
    assert state.status is TenantStatus.ACTIVE
    assert (settled.notes.is_alone, settled.notes.failures) == (True, 1)


def test_own_schedule_grows_to_an_hour():
    """With the default back-off it is tried at least once an hour."""
    healthy = TenantState(last_success_at=NOW)
    _, settled = lone(healthy, Notes(is_alone=True, failures=60, lone_since=NOW), NOW + SECOND)

    assert settled.due_at - NOW - SECOND == HOUR // 2


def test_dies_after_48_hours():
    """48 hours alone while others passed: a dead letter with the intake's words."""
    notes = Notes(is_alone=True, failures=50, lone_since=NOW)
    late = NOW + 48 * HOUR
    _, before = lone(TenantState(last_success_at=late - 2), notes, late - 1)
    _, settled = lone(TenantState(last_success_at=late - 2), notes, late)

    assert before.result == "uncertain"
    assert (settled.result, settled.reason.code) == ("dead", "intake_error")
    assert "500 Internal Server Error: boom" in settled.reason.detail


def test_outage_does_not_use_up_the_48_hours():
    """What lasted while nobody passed is not counted, neither during the outage nor after it."""
    notes = Notes(is_alone=True, failures=5, lone_since=NOW)
    state = TenantState(last_success_at=NOW)
    down = replace(after(state, Answer(503), now=NOW + HOUR), failures=0)
    during, settled = lone(down, notes, NOW + 60 * HOUR)
    assert settled.result == "uncertain"

    up = after(during, listing(*orders(8)), now=NOW + 60 * HOUR)
    _, settled = lone(up, notes, NOW + 60 * HOUR + 1)
    assert settled.result == "uncertain"

    up = replace(up, last_success_at=NOW + 107 * HOUR)
    _, settled = lone(up, notes, NOW + 107 * HOUR + 1)
    assert settled.result == "dead"


def test_outage_that_only_it_would_notice_does_not_kill_it():
    """With no other order to pass lately, nobody knows whether it is the order."""
    notes = Notes(is_alone=True, failures=5, lone_since=NOW)
    _, settled = lone(TenantState(last_success_at=NOW), notes, NOW + 60 * HOUR)

    assert settled.result == "uncertain"


@pytest.mark.parametrize("said", [NOT_CONNECTED, Answer(429), Answer(503, retry_after="5")])
def test_a_throttled_order_is_not_lone(said):
    """What is surely not the order's doing is the tenant's, also where the order goes alone."""
    notes = Notes(is_alone=True, failures=5, lone_since=NOW)
    decision = answer(TenantState(last_success_at=NOW), (LeasedOrder(1, "O1", b"{}", notes, NOW),), said)

    assert decision.state.failures == 1
    assert decision.settlements[0].notes == notes


# Lies


def test_ten_running_lies_halt():
    """Nine back off; the tenth halts; a true answer between starts the count anew."""
    lie = Answer(200, b"<html>")
    nine = after(TenantState(), *[lie] * 9)

    assert nine.status is TenantStatus.BACKING_OFF
    assert after(nine, lie).reason.code == "not_an_intake"
    assert after(nine, lie).status is TenantStatus.HALTED
    assert after(nine, listing(*orders(8)), *[lie] * 9).status is TenantStatus.BACKING_OFF
    assert after(nine, Answer(503), lie).status is TenantStatus.HALTED


# The wrong door


@pytest.mark.parametrize(
    "status", [301, 304, 401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 428, 431, 451]
)
def test_wrong_door_halts_and_says_so(status):
    """The tenant halts at once, is probed after five seconds, and the reason names the status."""
    state = after(TenantState(), Answer(status, b"who are you"))

    assert state.status is TenantStatus.HALTED
    assert str(status) in state.reason.detail
    assert "who are you" in state.reason.detail
    assert state.next_attempt_at == NOW + 5 * SECOND


def test_probes_double_up_to_the_configured_span():
    """5, 10, 20, 40, 60, 60 seconds."""
    state, waits = halted("intake_unauthorized"), []
    for _ in range(5):
        state = answer(state, (order(),), Answer(401), kind="probe").state
        waits.append((state.next_attempt_at - NOW) / SECOND)

    assert waits == [10, 20, 40, 60, 60]
    assert state.status is TenantStatus.HALTED


CONTRACT = listing(order())


@pytest.mark.parametrize(
    ("code", "said", "has_worked"),
    [
        ("intake_unauthorized", CONTRACT, True),
        ("intake_unauthorized", Answer(200, b"<html>"), True),
        ("intake_unauthorized", Answer(202), False),
        ("intake_unauthorized", Answer(400), True),
        ("intake_unauthorized", Answer(422), True),
        ("intake_unauthorized", Answer(409), False),
        ("intake_unauthorized", Answer(413), False),
        ("intake_unauthorized", Answer(500), False),
        ("intake_unauthorized", TIMED_OUT, False),
        ("intake_wrong_door", Answer(401), False),
        ("refuses_everything", CONTRACT, True),
        ("refuses_everything", Answer(400), False),
        ("refuses_everything", Answer(200, b""), False),
        ("not_an_intake", CONTRACT, True),
        ("not_an_intake", Answer(422), False),
        ("not_an_intake", Answer(200, b""), False),
    ],
)
def test_what_ends_a_halt(code, said, has_worked):
    """A probe has worked with a 200, 400 or 422; after lies or refusals of everything only with the contract."""
    decision = answer(halted(code), (order(),), said, kind="probe")

    assert (decision.state.status is not TenantStatus.HALTED) == has_worked


def test_failed_probe_gives_the_next_order_its_turn():
    """The probed order is pending, behind the others; one refused while all is refused is marked."""
    [settled] = answer(halted("refuses_everything"), (order(),), Answer(400), kind="probe").settlements

    assert (settled.result, settled.due_at, settled.notes.trial) == ("unchanged", NOW, Trial.REFUSED)


def test_probe_refused_at_the_right_door_is_a_culprit():
    """The order was alone and was refused."""
    decision = answer(halted("intake_unauthorized"), (order(),), Answer(400, b"no"), kind="probe")

    assert decision.settlements[0].reason == Reason("refused", "400 Bad Request: no")
    assert decision.state.refused == (1,)


def test_halt_by_hand_is_kept():
    """Whatever is in flight is settled; only a person resumes."""
    state = halted_by_hand(TenantState(last_delivered_at=5), Reason("halted_by_hand", "maintenance"), NOW)
    decision = answer(state, orders(2), listing(*orders(2)))
    probed = answer(state, (order(),), listing(order()), kind="probe")

    assert [each.result for each in decision.settlements] == ["delivered"] * 2
    for moved in (decision.state, probed.state):
        assert (moved.status, moved.is_halted_by_hand, moved.next_attempt_at) == (TenantStatus.HALTED, True, None)
        assert moved.last_delivered_at == NOW
    assert resumed_by_hand(state) == TenantState(last_delivered_at=5, failing_since=NOW)


def test_late_answers_do_not_blur_the_trouble():
    """Of a request that began before the trouble, only what it delivered counts; a wrong door halts all the same."""
    state = after(TenantState(), *[TIMED_OUT] * 3)
    late = answer(state, orders(8), listing(*orders(8)), is_late=True).state

    assert (late.failures, late.size, late.status) == (3, 4, TenantStatus.BACKING_OFF)
    assert late.last_success_at == NOW
    assert answer(state, orders(8), Answer(401), is_late=True).state.status is TenantStatus.HALTED


# 413


def test_too_large_is_halved_and_remembered():
    """Without any wait; the size outlives the next 200; alone it is a dead letter and what it taught is forgotten."""
    decision = answer(TenantState(), orders(100), Answer(413))
    kept = after(decision.state, listing(order()))

    assert decision.state.next_attempt_at is None
    assert policy.batch_limit(kept, SETTINGS) == 50
    alone = answer(replace(kept, max_size=1), (order(),), Answer(413, b"too big"))
    reason = alone.settlements[0].reason
    assert (reason.code, reason.detail.startswith("413 "), reason.detail.endswith("too big")) == (
        "too_large",
        True,
        True,
    )
    assert alone.state.max_size is None


# Refused


def test_refused_batch_kills_nobody():
    """Only what was refused alone is a culprit."""
    assert answer(TenantState(), orders(2), Answer(400)).settlements == ()
    assert answer(TenantState(), orders(1), Answer(409, b"no")).settlements[0].result == "dead"


def refuse_alone(state, numbers, **notes):
    decision = None
    for number in numbers:
        decision = answer(state, (order(number, **notes),), Answer(400))
        state = decision.state
    return decision


def test_twenty_refused_alone_halt_and_are_revived():
    """Nineteen do not; an acceptance between starts the count anew."""
    nineteen = refuse_alone(TenantState(), range(1, 20))
    assert nineteen.state.status is TenantStatus.ACTIVE

    twentieth = refuse_alone(nineteen.state, [20])
    assert (twentieth.state.status, twentieth.state.reason.code) == (TenantStatus.HALTED, "refuses_everything")
    assert sorted(twentieth.revived) == list(range(1, 21))

    accepted = after(nineteen.state, listing(*orders(2)))
    assert refuse_alone(accepted, range(20, 39)).state.status is TenantStatus.ACTIVE


def test_accepted_probe_releases_those_who_waited():
    """Then each is tried alone once more, and a refusal is final and counts towards no halt."""
    decision = answer(halted("refuses_everything"), (order(),), CONTRACT, kind="probe")
    final = refuse_alone(TenantState(), range(1, 30), trial=Trial.FINAL)

    assert decision.releases
    assert decision.settlements[0].result == "delivered"
    assert final.settlements[0].result == "dead"
    assert final.state == TenantState(last_answer="400 Bad Request")


# Left out


def test_left_out_goes_alone_and_dies_after_five():
    """Four times it is sent again, alone; the fifth answer without it makes it a dead letter."""
    decision = answer(TenantState(), orders(2), listing(order(2)))
    [left_out, delivered] = decision.settlements

    assert delivered.result == "delivered"
    assert (left_out.result, left_out.notes.is_alone, left_out.notes.unconfirmed) == ("uncertain", True, 1)
    assert left_out.due_at > NOW
    fourth = answer(TenantState(), (order(1, unconfirmed=3),), Delivered({}))
    fifth = answer(TenantState(), (order(1, unconfirmed=4),), Delivered({}))
    assert fourth.settlements[0].result == "uncertain"
    assert fifth.settlements[0].reason.code == "unconfirmed"


def leave_out(state, numbers):
    decision = None
    for number in numbers:
        decision = answer(state, (order(number, unconfirmed=4),), Delivered({}))
        state = decision.state
    return decision


def test_twenty_unconfirmed_halt_and_are_revived():
    """With none listed between; and only a probe that is listed resumes."""
    twentieth = leave_out(TenantState(), range(1, 21))

    assert twentieth.state.reason.code == "not_an_intake"
    assert sorted(twentieth.revived) == list(range(1, 21))
    assert answer(twentieth.state, (order(),), Delivered({}), kind="probe").state.status is TenantStatus.HALTED
    resumed = answer(twentieth.state, (order(),), CONTRACT, kind="probe").state
    assert (resumed.status, resumed.unconfirmed) == (TenantStatus.ACTIVE, ())
    listed = after(leave_out(TenantState(), range(1, 20)).state, listing(order(99)), sent=(order(99),))
    assert leave_out(listed, [20]).state.status is TenantStatus.ACTIVE


# Clocks


def test_clock_set_back_does_not_stall():
    """A moment farther off than any wait that we choose is no moment to wait for."""
    state = after(TenantState(), Answer(503))

    assert policy.next_attempt_at(state, SETTINGS, NOW) == state.next_attempt_at
    assert policy.next_attempt_at(state, SETTINGS, NOW - 24 * HOUR) == NOW - 24 * HOUR


def test_lies_are_suspicious():
    """One order may make an intake answer what is no contract; the batch is halved to find it."""
    assert policy.is_suspicious(NotAnIntake(200, "200 OK", ""))
