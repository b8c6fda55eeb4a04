"""The order's life as pure functions over its row: what an arriving state, or a settled attempt, does to it.

No SQL and no clock: every engine loads rows, calls these, and writes back what changed. ARCHITECTURE.md draws the
same transitions.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.events import EventStatus, Micros, OrderStatus, Reason
from gateway.orders import Notes, Settlement
from gateway.store.rules import reasons

NEVER, MAYBE, DELIVERED = 0, 1, 2
"""What Trackely may have of an order: surely nothing of ours, perhaps something, at least one state."""

NOTHING: Final = Notes()
AGAIN: Final = 2
"""Of `must_send`: whatever is in flight, the newest state is sent once more after it."""

_SURELY_UNCHANGED: Final = frozenset({"refused", "too_large"})


class OrderRow(msgspec.Struct):
    """An order's row; mutable, written back whole. What of it is in flight stands in its lease."""

    id: int
    tenant: str
    external_order_id: str
    owner: str
    status: str
    reason_code: str | None
    reason_detail: str | None
    reason_path: str | None
    state: int
    is_cancelled: int
    clock: int
    tie: int
    arrival: int
    digest: bytes | None
    must_send: int
    has_twin: int
    changed_at: Micros
    pending_since: Micros | None
    due_at: Micros
    rests_until: Micros
    attempted: int
    delivered_digest: bytes | None
    order_id: str | None
    is_created: int | None
    delivered_at: Micros | None
    is_alone: int
    failures: int
    lone_since: Micros | None
    unconfirmed: int
    trial: str
    ended_at: Micros | None
    received_at: Micros
    leased_state: int | None = None
    leased_digest: bytes | None = None

    @property
    def is_in_flight(self) -> bool:
        """Whether a state of it is being sent."""
        return self.leased_state is not None


class PresentOrder(msgspec.Struct, frozen=True):
    """An order as it is, and its newest state's canonical bytes; None: a cancellation, or erased."""

    row: OrderRow
    body: bytes | None


class NewState(msgspec.Struct, frozen=True):
    """A state about to be placed: its row id, whose it is, its version, its digest (None: a cancellation).

    `received_at`: when its event was received, which is an order's first receipt if it is its first state.
    """

    id: int
    tenant: str
    external_order_id: str
    owner: str
    clock: int
    tie: int
    arrival: int
    digest: bytes | None
    received_at: Micros = 0


class StateChange(msgspec.Struct, frozen=True):
    """A state's new status. `has_twin`: the order's superseded states that are identical to it share the status."""

    state: int
    status: str
    reason: Reason | None = None
    has_twin: bool = False


CANCELLED_AFTER_DELIVERY = Reason(
    "cancelled_after_delivery", "the vendor cancelled it after it was delivered; Trackely knows no cancellation"
)
CANCELLED_MAYBE_DELIVERED = Reason(
    "cancelled_maybe_delivered", "the vendor cancelled it while an attempt may have delivered it"
)


def is_same_owner(one: str, other: str) -> bool:
    """Whether two owners, `adapter:place/who`, are one; where nobody told the place, `adapter:/who` is that of any."""
    (kind, _, who), (other_kind, _, other_who) = one.partition(":"), other.partition(":")
    is_placeless = kind == other_kind and (who.startswith("/") or other_who.startswith("/"))
    return one == other or (is_placeless and who.rpartition("/")[2] == other_who.rpartition("/")[2])


def first(row: int, state: NewState, now: Micros, release_at: Micros = 0) -> tuple[OrderRow, StateChange]:
    """The row of an order never seen before, which rests until `release_at`. A cancellation leaves a tombstone."""
    release_at = max(now, release_at)
    cancelled = state.digest is None
    status = OrderStatus.WITHDRAWN if cancelled else OrderStatus.PENDING
    order = OrderRow(
        id=row, tenant=state.tenant, external_order_id=state.external_order_id, owner=state.owner, status=status,
        reason_code=None, reason_detail=None, reason_path=None,
        state=state.id, is_cancelled=cancelled, clock=state.clock, tie=state.tie, arrival=state.arrival,
        digest=state.digest, must_send=0, has_twin=0, changed_at=now, pending_since=None if cancelled else release_at,
        due_at=release_at, rests_until=release_at if release_at > now else 0, attempted=NEVER,
        delivered_digest=None, order_id=None, is_created=None, delivered_at=None,
        is_alone=0, failures=0, lone_since=None, unconfirmed=0, trial="none",
        ended_at=now if cancelled else None, received_at=state.received_at,
    )  # fmt: skip
    return order, StateChange(state.id, status)


def arrive(
    order: OrderRow, state: NewState, now: Micros, *, is_shared: bool, must_send: bool, collision_hint: str
) -> list[StateChange]:
    """Place a state in its order's row, or say why not; a newer or equal version takes the place of the present one."""
    if not is_same_owner(order.owner, state.owner) and not is_shared:
        detail = f"{state.external_order_id!r} is another owner's order ({order.owner}); {collision_hint}"
        return [StateChange(state.id, EventStatus.DEAD, Reason("order_collision", detail))]
    if not is_shared:
        # The one that names the place.
        order.owner = max(order.owner, state.owner, key=lambda owner: not owner.partition(":")[2].startswith("/"))
    if (state.clock, state.tie, state.arrival) < (order.clock, order.tie, order.arrival):
        return [StateChange(state.id, EventStatus.SUPERSEDED)]
    changes = []
    if order.status in (OrderStatus.PENDING, OrderStatus.DEAD) and order.state != order.leased_state:
        changes.append(StateChange(order.state, EventStatus.SUPERSEDED))
        order.has_twin = int(order.has_twin or order.digest == state.digest)
    order.state, order.digest, order.is_cancelled = state.id, state.digest, state.digest is None
    order.clock, order.tie, order.arrival = state.clock, state.tie, state.arrival
    order.must_send = int(must_send)
    order.changed_at = now
    if order.is_in_flight:
        changes.append(StateChange(state.id, OrderStatus.PENDING))
    else:
        if order.status != OrderStatus.PENDING:
            _note(order, Notes())
        order.trial = "none"
        changes.append(_come_to_rest(order, now, due_at=order.due_at if order.failures else now))
    return changes


def settle(order: OrderRow, settlement: Settlement, now: Micros) -> list[StateChange]:
    """End the lease of an order by what its attempt showed; only the version that was sent is touched by it."""
    sent, sent_digest = order.leased_state, order.leased_digest
    assert sent is not None  # noqa: S101 - whoever settles has noted it
    order.leased_state = order.leased_digest = None
    order.rests_until = max(order.rests_until, settlement.rests_until)
    result, is_newest = settlement.result, order.state == sent
    if result == "delivered":
        order.attempted, order.delivered_digest = DELIVERED, sent_digest
        order.order_id, order.is_created, order.delivered_at = settlement.order_id, settlement.is_created, now
        if is_newest and order.must_send != AGAIN:
            order.must_send = 0
        else:
            order.pending_since = order.changed_at
    else:
        if order.delivered_digest != sent_digest:
            order.delivered_digest = None
        if result == "uncertain" or (result == "dead" and not _surely_unchanged(settlement)):
            order.attempted = max(order.attempted, MAYBE)
    if is_newest:
        _note(order, settlement.notes)
        return [_settle_newest(order, settlement, now)]
    # A refusal of the version that was sent says nothing of the one that took its place; a failure may be the order's.
    _note(order, settlement.notes if result in ("unchanged", "uncertain") else Notes())
    order.trial = "none"
    if result == "delivered":
        return [StateChange(sent, EventStatus.DELIVERED), _come_to_rest(order, now, due_at=order.changed_at)]
    order.has_twin = int(order.has_twin or order.digest == sent_digest)
    return [
        StateChange(sent, EventStatus.SUPERSEDED),
        _come_to_rest(order, now, due_at=max(now, settlement.due_at)),
    ]


def doubt(order: OrderRow, now: Micros, rests_until: Micros) -> list[StateChange]:
    """A request may have reached Trackely after a later one, since it outlived its lease: send the newest again.

    What is in flight is sent once more when that is settled.
    """
    order.attempted, order.delivered_digest = max(order.attempted, MAYBE), None
    order.rests_until = max(order.rests_until, rests_until)
    if order.is_in_flight:
        order.must_send = AGAIN
        return []
    if order.is_cancelled:
        return [_cancel(order, now)]
    if order.status in (OrderStatus.DEAD, OrderStatus.DISCARDED):
        return []
    order.must_send = 1
    return [_pend(order, now, now)]


def is_plain(settlement: Settlement) -> bool:
    """Whether it makes of an order that is as it was leased, and has no twin, delivered and no more."""
    return settlement.result == "delivered" and not settlement.rests_until and settlement.notes == NOTHING


def revive(order: OrderRow, trial: str, now: Micros) -> StateChange:
    """A dead order is pending again, its death having been the intake's fault."""
    _note(order, Notes())
    order.trial = trial
    return _pend(order, now, now)


def discard(order: OrderRow, reason: Reason, now: Micros) -> StateChange:
    """A person sets the order's present state aside."""
    _end(order, OrderStatus.DISCARDED, now, reason)
    return StateChange(order.state, EventStatus.DISCARDED, reason)


def event_status(statuses: Iterable[str]) -> EventStatus:
    """What an event is, given what its states of the last translation are (at least one)."""
    found = set(statuses)
    if EventStatus.DEAD in found:
        return EventStatus.DEAD
    if OrderStatus.PENDING in found:
        return EventStatus.TRANSLATED
    for status in (EventStatus.DELIVERED, EventStatus.DISCARDED, EventStatus.WITHDRAWN, EventStatus.SHADOWED):
        if status in found:
            return status
    return EventStatus.SUPERSEDED


def may_have_changed(settlement: Settlement) -> bool:
    """Whether an attempt that ended so may have changed the order at Trackely."""
    return settlement.result != "unchanged" and not (settlement.result == "dead" and _surely_unchanged(settlement))


def _surely_unchanged(settlement: Settlement) -> bool:
    return settlement.reason is not None and settlement.reason.code in _SURELY_UNCHANGED


def _note(order: OrderRow, notes: Notes) -> None:
    order.is_alone, order.failures, order.lone_since = int(notes.is_alone), notes.failures, notes.lone_since
    order.unconfirmed, order.trial = notes.unconfirmed, notes.trial.value


def _settle_newest(order: OrderRow, settlement: Settlement, now: Micros) -> StateChange:
    if settlement.result == "delivered" and order.must_send == AGAIN:
        order.must_send = 1
        return _pend(order, now, now)
    if settlement.result == "delivered":
        return _deliver(order, now)
    if settlement.result == "dead":
        _end(order, OrderStatus.DEAD, now, settlement.reason)
        return StateChange(order.state, EventStatus.DEAD, settlement.reason)
    return _pend(order, now, settlement.due_at)


def _come_to_rest(order: OrderRow, now: Micros, *, due_at: Micros) -> StateChange:
    """Where an order that is not in flight goes with its newest state."""
    if order.is_cancelled:
        return _cancel(order, now)
    if order.delivered_digest == order.digest and not order.must_send:
        return _deliver(order, now)
    return _pend(order, now, due_at)


def _cancel(order: OrderRow, now: Micros) -> StateChange:
    if order.attempted == NEVER:
        _end(order, OrderStatus.WITHDRAWN, now, None)
        return StateChange(order.state, EventStatus.WITHDRAWN)
    reason = CANCELLED_AFTER_DELIVERY if order.attempted == DELIVERED else CANCELLED_MAYBE_DELIVERED
    _end(order, OrderStatus.DEAD, now, reason)
    return StateChange(order.state, EventStatus.DEAD, reason)


def _deliver(order: OrderRow, now: Micros) -> StateChange:
    _end(order, OrderStatus.DELIVERED, now, None)
    has_twin, order.has_twin = bool(order.has_twin), 0
    return StateChange(order.state, EventStatus.DELIVERED, has_twin=has_twin)


def _pend(order: OrderRow, now: Micros, due_at: Micros) -> StateChange:
    order.status, order.ended_at = OrderStatus.PENDING, None
    order.reason_code = order.reason_detail = order.reason_path = None
    order.pending_since = now if order.pending_since is None else order.pending_since
    order.due_at = max(due_at, order.rests_until)
    return StateChange(order.state, OrderStatus.PENDING)


def _end(order: OrderRow, status: OrderStatus, now: Micros, reason: Reason | None) -> None:
    order.status, order.ended_at, order.pending_since = status, now, None
    order.reason_code, order.reason_detail, order.reason_path = reasons.columns(reason)
