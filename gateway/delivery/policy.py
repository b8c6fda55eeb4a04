"""A tenant's state and how it moves: back-off, halving, halts, probes. Pure; `judgement.py` applies it to orders."""

from typing import Final

from msgspec.structs import replace

from gateway.config.model import Backoff, Tenant
from gateway.delivery.verdict import Delivered, NotAnIntake, Refused, Unavailable, Verdict, WrongDoor, said
from gateway.events import SECOND, Micros, Reason
from gateway.ground.backoff import LONGEST_RETRY_AFTER, Random, delay, doubled
from gateway.ground.clock import micros
from gateway.orders import TenantState, TenantStatus
from gateway.store.rules.tenants import halted_by_hand

REFUSES_EVERYTHING: Final = "refuses_everything"
NOT_AN_INTAKE: Final = "not_an_intake"
INTAKE_UNAVAILABLE: Final = "intake_unavailable"

STREAK: Final = 20
"""Orders refused alone, or unconfirmed, with none accepted between, that halt the tenant."""

LIES: Final = 10
"""Running 2xx that are not the contract, that halt the tenant."""

SUSPICIONS: Final = 3
"""Running failures that may be one order's doing, from which on batches are halved."""

UNCONFIRMED: Final = 5
"""Answers by the contract that leave an order out, after which it is a dead letter."""

LONE_LIMIT: Final[Micros] = 48 * 3600 * SECOND
"""How long an order fails alone while others pass before it is a dead letter."""

FIRST_PROBE: Final = 5.0
"""Seconds from a halt to its first probe."""

# An order known to fail alone is tried ever more rarely, up to this many of the longest back-offs apart: with the
# default, an hour. Ten that hang for half a minute each then cost the tenant a twelfth of its time.
_LONE_BACKOFFS: Final = 12


def batch_limit(state: TenantState, settings: Tenant) -> int:
    """How many orders the next batch may hold."""
    return min(size for size in (settings.batch.max_orders, state.size, state.max_size) if size is not None)


def next_attempt_at(state: TenantState, settings: Tenant, now: Micros) -> Micros:
    """When the tenant may be sent to, or probed, again.

    A moment farther off than any wait that we choose means that the clock was set back: then at once.
    """
    at = state.next_attempt_at or 0
    longest = max(LONGEST_RETRY_AFTER, micros(settings.backoff.max), micros(settings.probe))
    return now if at > now + longest else at


def longest_wait(settings: Tenant) -> Micros:
    """No order waits for longer than this; a moment farther off was set by a clock that was set back since."""
    spans = (lone_backoff(settings).max, settings.probe, settings.settle_delay, settings.release_after)
    return max(LONGEST_RETRY_AFTER, *map(micros, spans))


def is_calm(state: TenantState) -> bool:
    """Whether nothing is wrong, so that several requests may be under way at once."""
    return state.status is TenantStatus.ACTIVE and not (state.failures or state.suspicions or state.size)


def uptime(state: TenantState, now: Micros) -> Micros:
    """The clock without the tenant's outages and halts."""
    return (now if state.failing_since is None else min(now, state.failing_since)) - state.downtime


def lone_backoff(settings: Tenant) -> Backoff:
    """The schedule of an order that fails alone while others pass."""
    return Backoff(base=settings.backoff.base, max=settings.backoff.max * _LONE_BACKOFFS)


def resumed(state: TenantState) -> TenantState:
    """Out of a halt; what a 413 taught, the record, and the unconfirmed until one is listed, are kept."""
    return TenantState(
        max_size=state.max_size,
        unconfirmed=state.unconfirmed,
        last_success_at=state.last_success_at,
        last_delivered_at=state.last_delivered_at,
        last_answer=state.last_answer,
        failing_since=state.failing_since,
        downtime=state.downtime,
        hand=state.hand,
    )


def answered(state: TenantState) -> TenantState:
    """The intake is up and speaks the contract; whether an order makes it fail is still open."""
    return replace(state, status=TenantStatus.ACTIVE, reason=None, next_attempt_at=None, failures=0, lies=0)


def succeeded(state: TenantState, verdict: Delivered, now: Micros) -> TenantState:
    """After a 200 by the contract: full batches again, the outage over."""
    state = replace(answered(state), suspicions=0, size=None)
    if state.failing_since is not None:
        outage = max(0, now - state.failing_since)
        state = replace(state, failing_since=None, downtime=state.downtime + outage)
    if verdict.listed:
        state = replace(state, refused=(), unconfirmed=(), last_success_at=now, last_delivered_at=now)
    return state


def backed_off(
    state: TenantState, verdict: Unavailable | NotAnIntake, sent: int, settings: Tenant, now: Micros, random: Random
) -> TenantState:
    """After no answer, one that says later, or a lie. A failure of another kind neither counts nor breaks a run."""
    failures = state.failures + 1
    retry_after = (verdict.retry_after or 0) if isinstance(verdict, Unavailable) else 0
    state = replace(
        state,
        status=TenantStatus.BACKING_OFF,
        reason=Reason(INTAKE_UNAVAILABLE, said(verdict)),
        failures=failures,
        next_attempt_at=now + max(delay(settings.backoff.base, settings.backoff.max, failures, random), retry_after),
        failing_since=now if state.failing_since is None else state.failing_since,
    )
    if is_suspicious(verdict):
        suspicions = state.suspicions + 1
        halved = max(1, sent // 2) if suspicions >= SUSPICIONS else state.size
        state = replace(state, suspicions=suspicions, size=halved)
    if isinstance(verdict, NotAnIntake):
        state = replace(state, reason=Reason(NOT_AN_INTAKE, f"not the contract: {said(verdict)}"), lies=state.lies + 1)
        if state.lies >= LIES:
            detail = f"{LIES} running answers are not the contract; the last: {said(verdict)}"
            return halted(state, Reason(NOT_AN_INTAKE, detail), settings, now)
    return state


def is_suspicious(verdict: Verdict) -> bool:
    """Whether one order of the request may be to blame."""
    return isinstance(verdict, NotAnIntake) or (isinstance(verdict, Unavailable) and verdict.is_suspicious)


def halted(state: TenantState, reason: Reason, settings: Tenant, now: Micros) -> TenantState:
    """Halted as by hand, but a probe that works ends it, too."""
    at = now + _probe_delay(0, settings)
    return replace(halted_by_hand(state, reason, now), is_halted_by_hand=False, next_attempt_at=at, probes=0)


def wrong_door(verdict: WrongDoor) -> Reason:
    """Why a tenant is halted at the wrong door, and what it means."""
    if verdict.code == "intake_unauthorized":
        meaning = "the secret is wrong, or the integration is inactive"
    else:
        meaning = "the intake_url is wrong, or what answers there is not the intake"
    return Reason(verdict.code, f"{meaning}: {said(verdict)}")


def has_worked(state: TenantState, verdict: Verdict) -> bool:
    """Whether a probe's answer ends this halt.

    What refused everything, or did not speak the contract, must answer by the contract; where the contract was spoken
    but the orders were left out, the probed one must be listed.
    """
    code = state.reason.code if state.reason else ""
    if code in (REFUSES_EVERYTHING, NOT_AN_INTAKE):
        return isinstance(verdict, Delivered) and (bool(verdict.listed) or not state.unconfirmed)
    if isinstance(verdict, NotAnIntake):
        return verdict.status == 200  # noqa: PLR2004 - the door is right, whatever stands behind it
    return isinstance(verdict, Delivered) or (isinstance(verdict, Refused) and verdict.status in (400, 422))


def probed_in_vain(state: TenantState, verdict: Verdict, settings: Tenant, now: Micros) -> TenantState:
    """After a probe that did not work: the next one later, and the door's newest answer as the reason."""
    probes = state.probes + 1
    retry_after = (verdict.retry_after or 0) if isinstance(verdict, Unavailable) else 0
    is_about_the_door = state.reason is None or state.reason.code not in (REFUSES_EVERYTHING, NOT_AN_INTAKE)
    reason = wrong_door(verdict) if isinstance(verdict, WrongDoor) and is_about_the_door else state.reason
    return replace(
        state,
        reason=reason,
        probes=probes,
        next_attempt_at=now + max(_probe_delay(probes, settings), retry_after),
        last_answer=verdict.summary,
    )


def _probe_delay(probes: int, settings: Tenant) -> Micros:
    return micros(doubled(FIRST_PROBE, settings.probe, probes))
