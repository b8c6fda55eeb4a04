"""What one answer means for the orders that were sent and for the tenant: pure, row by row of "Towards Trackely".

Whether an attempt may have changed something at the intake is `unchanged` or `uncertain`: it surely changed nothing if
the request was never written or was answered 3xx or 4xx other than 408.

An order that fails alone. A failure that may be one order's doing stamps the request's orders (`lone_since`); from the
third running on, an order that was alone in its request goes alone. That is no proof yet: the intake may be down, so
the tenant backs off as usual. It is proven when others passed after the stamp and it then fails alone. From then on its
failures are its own: they do not delay the tenant, and it waits on a schedule of its own. Its 48 hours are counted by
the tenant's uptime, so that an outage does not use them up, and it dies only if others passed lately, so that an outage
that only it would notice does not kill it either.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from gateway.config.model import Tenant
from gateway.delivery import policy
from gateway.delivery.verdict import Delivered, NotAnIntake, Refused, TooLarge, Unavailable, Verdict, WrongDoor, said
from gateway.events import Micros, Reason
from gateway.ground.backoff import Random, delay
from gateway.ground.clock import micros
from gateway.orders import LeasedOrder, Notes, Settlement, TenantState, TenantStatus, Trial
from gateway.store.rules.tenants import keep_trouble

Kind: TypeAlias = Literal["push", "probe"]


class Sent(msgspec.Struct, frozen=True):
    """A request that was answered. `is_late`: it began before the present trouble did."""

    orders: tuple[LeasedOrder, ...]
    kind: Kind = "push"
    is_late: bool = False


class Decision(msgspec.Struct, frozen=True):
    """What to store: the tenant's state, the orders whose lease ends, those that died of the intake's fault.

    `releases`: the intake accepts again after it refused everything.
    """

    state: TenantState
    settlements: tuple[Settlement, ...] = ()
    revived: tuple[int, ...] = ()
    releases: bool = False


class Situation(msgspec.Struct, frozen=True):
    """Where and when an answer is judged."""

    state: TenantState
    settings: Tenant
    now: Micros
    random: Random


def decide(sent: Sent, verdict: Verdict, situation: Situation) -> Decision:
    """Judge an answer. Orders without a settlement keep their lease: something in a batch was refused."""
    state = situation.state
    if sent.kind == "probe" and state.status is TenantStatus.HALTED and not state.is_halted_by_hand:
        return _judge_probe(sent.orders[0], verdict, situation)
    decision = _judge(sent.orders, verdict, situation)
    new = replace(decision.state, last_answer=verdict.summary)
    is_halting = new.status is TenantStatus.HALTED
    if state.status is TenantStatus.HALTED or (sent.is_late and not is_halting):
        new = keep_trouble(state, new)
    return replace(decision, state=new)


def untouched(orders: Iterable[LeasedOrder]) -> tuple[Settlement, ...]:
    """Orders of a search that was broken off: so far they were only in refused requests."""
    return tuple(_unchanged(order) for order in orders)


def _judge(orders: tuple[LeasedOrder, ...], verdict: Verdict, situation: Situation) -> Decision:
    match verdict:
        case Delivered():
            return _judge_delivered(orders, verdict, situation)
        case NotAnIntake() | Unavailable():
            return _judge_failure(orders, verdict, situation)
        case WrongDoor():
            state = policy.halted(situation.state, policy.wrong_door(verdict), situation.settings, situation.now)
            return Decision(state, untouched(orders))
        case TooLarge():
            return _judge_too_large(orders, verdict, situation)
        case Refused():
            return _judge_refused(orders, verdict, situation)


def _judge_delivered(orders: tuple[LeasedOrder, ...], verdict: Delivered, situation: Situation) -> Decision:
    state = policy.succeeded(situation.state, verdict, situation.now)
    settlements: list[Settlement] = []
    dead: list[int] = []
    for order in orders:
        listing = verdict.listed.get(order.external_order_id)
        if listing is None:
            settlements.append(left_out := _left_out(order, situation))
            if left_out.result == "dead" and order.notes.trial is not Trial.FINAL:
                dead.append(order.id)
        else:
            settlements.append(
                Settlement(order=order.id, result="delivered", order_id=listing.order_id, is_created=listing.is_created)
            )
    unconfirmed = () if verdict.listed else _added(state.unconfirmed, dead)
    state = replace(state, unconfirmed=unconfirmed)
    if dead and len(unconfirmed) >= policy.STREAK:
        detail = f"{policy.STREAK} orders running were accepted {policy.UNCONFIRMED} times each and never listed"
        halted = policy.halted(state, Reason(policy.NOT_AN_INTAKE, detail), situation.settings, situation.now)
        return Decision(halted, tuple(settlements), revived=unconfirmed)
    return Decision(state, tuple(settlements))


def _left_out(order: LeasedOrder, situation: Situation) -> Settlement:
    times = order.notes.unconfirmed + 1
    notes = replace(order.notes, is_alone=True, unconfirmed=times, failures=0, lone_since=None)
    if times >= policy.UNCONFIRMED:
        reason = Reason("unconfirmed", f"accepted {times} times by the intake, which never listed it")
        return Settlement(order=order.id, result="dead", reason=reason, notes=notes)
    backoff = situation.settings.backoff
    due_at = situation.now + delay(backoff.base, backoff.max, times, situation.random)
    return Settlement(order=order.id, result="uncertain", due_at=due_at, notes=notes)


def _judge_failure(
    orders: tuple[LeasedOrder, ...], verdict: Unavailable | NotAnIntake, situation: Situation
) -> Decision:
    is_lone = len(orders) == 1 and policy.is_suspicious(verdict)
    if is_lone and _is_proven(orders[0].notes, situation.state):
        return Decision(situation.state, (_judge_lone(orders[0], verdict, situation),))
    state = policy.backed_off(
        situation.state, verdict, len(orders), situation.settings, situation.now, situation.random
    )
    if not policy.is_suspicious(verdict):
        return Decision(state, tuple(_again(order, verdict, situation) for order in orders))
    is_alone = is_lone and (orders[0].notes.is_alone or state.suspicions >= policy.SUSPICIONS)
    # Behind those never tried: one of them will show whether it is the order or the intake.
    due_at = (state.next_attempt_at or 0) if is_alone else 0
    stamped = (
        (order, replace(order.notes, is_alone=is_alone, failures=0, lone_since=situation.now)) for order in orders
    )
    return Decision(
        state, tuple(_again(order, verdict, situation, notes=notes, due_at=due_at) for order, notes in stamped)
    )


def _is_proven(notes: Notes, state: TenantState) -> bool:
    """Whether others passed since the order was last in a request that failed."""
    if notes.failures:
        return True
    return notes.lone_since is not None and (state.last_success_at or 0) > notes.lone_since


def _judge_lone(order: LeasedOrder, verdict: Unavailable | NotAnIntake, situation: Situation) -> Settlement:
    state, now, notes = situation.state, situation.now, order.notes
    present = policy.uptime(state, now)
    since = notes.lone_since if notes.failures and notes.lone_since is not None else present
    schedule = policy.lone_backoff(situation.settings)
    notes = replace(notes, is_alone=True, failures=notes.failures + 1, lone_since=since)
    have_others_passed = (state.last_success_at or 0) > now - micros(schedule.max)
    if present - since >= policy.LONE_LIMIT and have_others_passed:
        hours = policy.LONE_LIMIT // micros(3600)
        reason = Reason("intake_error", f"failed alone for {hours} h while others passed; the last: {said(verdict)}")
        return replace(_again(order, verdict, situation, notes=notes), result="dead", reason=reason)
    due_at = now + delay(schedule.base, schedule.max, notes.failures, situation.random)
    return _again(order, verdict, situation, notes=notes, due_at=due_at)


def _judge_too_large(orders: tuple[LeasedOrder, ...], verdict: TooLarge, situation: Situation) -> Decision:
    state = policy.answered(situation.state)
    if len(orders) > 1:
        return Decision(replace(state, max_size=len(orders) // 2), untouched(orders))
    # The order was what was too large, so what its batches taught is forgotten; others will teach it anew.
    dead = Settlement(
        order=orders[0].id, result="dead", reason=Reason("too_large", said(verdict)), notes=orders[0].notes
    )
    return Decision(replace(state, max_size=None), (dead,))


def _judge_refused(orders: tuple[LeasedOrder, ...], verdict: Refused, situation: Situation) -> Decision:
    state = policy.answered(situation.state)
    if len(orders) > 1:
        return Decision(state)
    order = orders[0]
    dead = Settlement(
        order=order.id,
        result="dead",
        reason=Reason("refused", said(verdict)),
        notes=replace(order.notes, is_alone=True),
    )
    if order.notes.trial is Trial.FINAL:
        return Decision(state, (dead,))
    refused = _added(state.refused, (order.id,))
    if len(refused) < policy.STREAK:
        return Decision(replace(state, refused=refused), (dead,))
    detail = f"{policy.STREAK} orders running were refused, each alone; the last: {said(verdict)}"
    reason = Reason(policy.REFUSES_EVERYTHING, detail)
    halted = policy.halted(replace(state, refused=()), reason, situation.settings, situation.now)
    return Decision(halted, (dead,), revived=refused)


def _judge_probe(order: LeasedOrder, verdict: Verdict, situation: Situation) -> Decision:
    state = situation.state
    if policy.has_worked(state, verdict):
        refused_everything = state.reason is not None and state.reason.code == policy.REFUSES_EVERYTHING
        resumed = replace(situation, state=policy.resumed(state))
        decision = _judge((order,), verdict, resumed)
        new = replace(decision.state, last_answer=verdict.summary)
        return replace(decision, state=new, releases=refused_everything)
    notes = order.notes
    if isinstance(verdict, Refused) and notes.trial is Trial.NONE:
        notes = replace(notes, trial=Trial.REFUSED)
    # Due now, not before: the next probe takes another order if there is one.
    settlement = _again(order, verdict, situation, notes=notes, due_at=situation.now)
    return Decision(policy.probed_in_vain(state, verdict, situation.settings, situation.now), (settlement,))


def _again(
    order: LeasedOrder, verdict: Verdict, situation: Situation, *, notes: Notes | None = None, due_at: Micros = 0
) -> Settlement:
    """Pending again, at rest if the request was written and got no answer."""
    is_certain = verdict.is_certain if isinstance(verdict, Unavailable) else not isinstance(verdict, _MAYBE_APPLIED)
    rests = isinstance(verdict, Unavailable) and not (verdict.has_answer or verdict.is_certain)
    return Settlement(
        order=order.id,
        result="unchanged" if is_certain else "uncertain",
        due_at=due_at,
        rests_until=situation.now + micros(situation.settings.settle_delay) if rests else 0,
        notes=order.notes if notes is None else notes,
    )


_MAYBE_APPLIED = (Delivered, NotAnIntake)


def _unchanged(order: LeasedOrder) -> Settlement:
    return Settlement(order=order.id, result="unchanged", notes=order.notes)


def _added(orders: tuple[int, ...], more: Iterable[int]) -> tuple[int, ...]:
    """Each order counts once in a streak, however often it was revived between."""
    return (*orders, *(order for order in more if order not in orders))
