"""What delivery remembers of a tenant, and what a person has said of it: commands, which no settlement undoes."""

from typing import Final

import msgspec
from msgspec.structs import replace

from gateway.events import Micros, Reason
from gateway.orders import TenantState, TenantStatus
from gateway.store.rules.transactions import Transaction

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(TenantState).decode


def tenant(transaction: Transaction, name: str) -> TenantState:
    """How deliveries to a tenant go, as delivery and persons have left it; a new tenant's defaults."""
    found = transaction.execute("tenants.tenant", (name,)).fetchone()
    return TenantState() if found is None else _told(*found)


def all_of_them(transaction: Transaction) -> dict[str, TenantState]:
    """The same of all tenants of which anything is remembered."""
    return {name: _told(*found) for name, *found in transaction.execute("tenants.all").fetchall()}


def _told(state: bytes, hand: int, halted_at: Micros | None, code: str, detail: str) -> TenantState:
    told = replace(_decode(state), hand=hand)
    return told if halted_at is None else halted_by_hand(told, Reason(code, detail), halted_at)


def save(transaction: Transaction, name: str, state: TenantState) -> None:
    """Remember how deliveries go. Where a person has spoken since, only the record of it counts."""
    found = transaction.execute("tenants.hand", (name,)).fetchone()
    if found is not None and found[0] != state.hand:
        state = keep_trouble(tenant(transaction, name), state)
    if state.hand or state.is_halted_by_hand:
        state = replace(state, hand=0, is_halted_by_hand=False)
    transaction.execute("tenants.save", (name, _encode(state)))


def halt(transaction: Transaction, name: str, reason: Reason, now: Micros) -> TenantState:
    """Nothing is leased any more until somebody resumes it."""
    _ensure(transaction, name)
    transaction.execute("tenants.halt", (now, reason.code, reason.detail, name))
    return tenant(transaction, name)


def resume(transaction: Transaction, name: str) -> TenantState:
    """A fresh start, whatever was the matter and whoever had said so."""
    _ensure(transaction, name)
    state = replace(resumed_by_hand(tenant(transaction, name)), hand=0)
    transaction.execute("tenants.resume", (_encode(state), name))
    return tenant(transaction, name)


def _ensure(transaction: Transaction, name: str) -> None:
    transaction.execute("tenants.begin", (name, _encode(TenantState())))


def halted_by_hand(state: TenantState, reason: Reason, now: Micros) -> TenantState:
    """Halted until somebody resumes it; never probed."""
    return replace(
        state,
        status=TenantStatus.HALTED,
        reason=reason,
        is_halted_by_hand=True,
        halted_at=now,
        next_attempt_at=None,
        failing_since=now if state.failing_since is None else state.failing_since,
    )


def resumed_by_hand(state: TenantState) -> TenantState:
    """A fresh start at once: no back-off, no streaks, no learnt sizes; what was achieved stays on record."""
    return TenantState(
        last_success_at=state.last_success_at,
        last_delivered_at=state.last_delivered_at,
        last_answer=state.last_answer,
        failing_since=state.failing_since,
        downtime=state.downtime,
        pulls=state.pulls,
        hand=state.hand,
    )


def keep_trouble(old: TenantState, new: TenantState) -> TenantState:
    """The new state without what it says about the trouble.

    Of an answer to a request that began before the trouble did, or that ended during a halt, only the record counts.
    """
    return replace(
        new,
        status=old.status,
        reason=old.reason,
        hand=old.hand,
        is_halted_by_hand=old.is_halted_by_hand,
        halted_at=old.halted_at,
        next_attempt_at=old.next_attempt_at,
        probes=old.probes,
        failures=old.failures,
        suspicions=old.suspicions,
        size=old.size,
        lies=old.lies,
        failing_since=old.failing_since,
        downtime=old.downtime,
    )
