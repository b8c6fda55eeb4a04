"""The delivery loop's port: claim, extend, settle; the lease's token fences late holders."""

from collections.abc import Collection, Sequence
from copy import copy

from gateway.events import Micros, Reason
from gateway.orders import (
    Attempt,
    Claim,
    Lease,
    LeasedOrder,
    Notes,
    Settled,
    Settlement,
    Settling,
    TenantState,
    Trial,
    Wait,
)
from gateway.records import Act
from gateway.store.rules import auditing, ledger, lifecycle, tenants
from gateway.store.rules.transactions import Room, Transaction, reads, writes

# The array's own bytes: brackets once, a comma an order.
_BRACKETS, _COMMA = 2, 1

_REVIVABLE = frozenset({"refused", "unconfirmed"})


class Outbox(Room):
    """Leases orders and settles them, every call one transaction."""

    @writes
    def claim(self, transaction: Transaction, tenant: str, claim: Claim) -> Lease | Wait:
        """Lease the tenant's due orders, oldest first; or when to come again."""
        return _claim(transaction, tenant, claim)

    @writes
    def claim_probe(
        self, transaction: Transaction, tenant: str, *, now: Micros, until: Micros, hand: int = 0
    ) -> Lease | Wait:
        """Lease one pending order for a probe, first those not yet refused."""
        if (spoken := _spoken(transaction, tenant, hand)) is not None:
            return spoken
        row = transaction.execute("outbox.probe", (tenant, now)).fetchone()
        row = row or transaction.execute("outbox.probe_refused", (tenant, now)).fetchone()
        return Wait(None) if row is None else lease_orders(transaction, tenant, [leased_order(row)], until)

    @writes
    def extend(self, transaction: Transaction, lease: Lease, orders: Collection[int], until: Micros) -> bool:
        """Prolong the lease of these orders; False: it was lost, do not send."""
        return transaction.execute("outbox.extend", (until, lease.token, list(orders))).rowcount == len(orders)

    async def settle(self, lease: Lease, settling: Settling) -> tuple[list[Settled], Lease | None]:
        """End the lease of these orders by what the attempt showed, and remember the tenant's state; the next lease."""
        # A lease is on disk before anything is sent; a settlement that is lost is an order whose lease runs out.
        return await self._engine.write(
            lambda transaction: _settle_all(transaction, lease, settling), is_synced=settling.claim is not None
        )

    @reads
    def tenant_state(self, transaction: Transaction, tenant: str) -> TenantState:
        """What delivery remembered of the tenant, and what a person said; a new tenant's defaults."""
        return tenants.tenant(transaction, tenant)

    @writes
    def save_tenant_state(self, transaction: Transaction, tenant: str, state: TenantState) -> None:
        """Remember the tenant's state; what a person said since it was known stands."""
        tenants.save(transaction, tenant, state)

    @writes
    def halt(
        self, transaction: Transaction, tenant: str, reason: Reason, now: Micros, act: Act | None = None
    ) -> TenantState:
        """Lease nothing of the tenant's until somebody resumes it."""
        auditing.note(transaction, act)
        return tenants.halt(transaction, tenant, reason, now)

    @writes
    def resume(self, transaction: Transaction, tenant: str, now: Micros, act: Act | None = None) -> TenantState:
        """Go on, whatever was the matter; orders marked REFUSED are forgiven."""
        auditing.note(transaction, act)
        transaction.execute("outbox.release", (Trial.NONE, now, tenant))
        return tenants.resume(transaction, tenant)

    @writes
    def reschedule(self, transaction: Transaction, tenant: str, *, farthest: Micros, due_at: Micros) -> int:
        """The clock was set back: what it had put off beyond `farthest` is due at `due_at`; how many orders."""
        return transaction.execute("outbox.reschedule", (tenant, due_at, farthest)).rowcount

    @writes
    def rescue(self, transaction: Transaction, *, now: Micros, rests_until: Micros, everything: bool) -> int:
        """Put back orders whose lease ran out (`everything`: all leases, at a start), as uncertain."""
        name, values = ("outbox.leased", ()) if everything else ("outbox.expired", (now,))
        ids = [id_ for (id_,) in transaction.execute(name, values).fetchall()]
        orders = list(ledger.orders_by_id(transaction, ids).values())
        settlements = [
            Settlement(order=order.id, result="uncertain", due_at=now, rests_until=rests_until, notes=_notes_of(order))
            for order in orders
        ]
        _apply(transaction, orders, settlements, now)
        return len(orders)

    @reads
    def pending_at_most(self, transaction: Transaction, tenant: str, limit: int) -> int:
        """How many orders of the tenant are pending, counted no further than `limit`."""
        return int(transaction.execute("outbox.pending_at_most", (tenant, limit)).fetchone()[0])


def leased_order(row: Sequence[object]) -> LeasedOrder:
    """A row of a claim's query."""
    id_, external_order_id, body, is_alone, failures, lone_since, unconfirmed, trial, _, received_at, *event = row
    notes = Notes(
        is_alone=bool(is_alone),
        failures=failures,  # type: ignore[arg-type]
        lone_since=lone_since,  # type: ignore[arg-type]
        unconfirmed=unconfirmed,  # type: ignore[arg-type]
        trial=Trial(str(trial)),
    )
    source, event_id = (str(each or "") for each in event)
    return LeasedOrder(id_, external_order_id, body, notes, received_at or 0, source, event_id)  # type: ignore[arg-type]


def _notes_of(order: lifecycle.OrderRow) -> Notes:
    return Notes(
        is_alone=bool(order.is_alone),
        failures=order.failures,
        lone_since=order.lone_since,
        unconfirmed=order.unconfirmed,
        trial=Trial(order.trial),
    )


def _spoken(transaction: Transaction, tenant: str, hand: int) -> Wait | None:
    """What to do instead of a claim where a person has halted the tenant, or spoken since `hand`."""
    found = transaction.execute("tenants.hand", (tenant,)).fetchone()
    if found is None or found == (hand, None):
        return None
    present, halted_at = found
    state = None if present == hand else tenants.tenant(transaction, tenant)
    return Wait(None if halted_at is not None else 0, state)


def _claim(transaction: Transaction, tenant: str, claim: Claim) -> Lease | Wait:
    if (spoken := _spoken(transaction, tenant, claim.hand)) is not None:
        return spoken
    rows = transaction.execute("outbox.due", (tenant, claim.now, claim.max_orders + 1)).fetchall()
    if not rows:
        (due_at,) = transaction.execute("outbox.next_due", (tenant,)).fetchone()
        return Wait(due_at)
    orders = [leased_order(row) for row in rows]
    batch, is_full = _fill(orders, claim.max_orders, claim.max_bytes)
    oldest = min(row[8] for row in rows)
    # One from the future was stored before the clock was set back: it has waited for long enough.
    if not is_full and oldest <= claim.now < oldest + claim.linger:
        return Wait(oldest + claim.linger)
    return lease_orders(transaction, tenant, batch, claim.until)


def _fill(orders: Sequence[LeasedOrder], max_orders: int, max_bytes: int) -> tuple[list[LeasedOrder], bool]:
    """The orders of the next batch, and whether it goes at once: it is full, or its first order goes alone."""
    if orders[0].notes.is_alone:
        return [orders[0]], True
    batch: list[LeasedOrder] = []
    size = _BRACKETS
    for order in orders:
        if order.notes.is_alone:
            continue
        size += len(order.body) + _COMMA
        if len(batch) == max_orders or (batch and size - _COMMA > max_bytes):
            return batch, True
        batch.append(order)
    return batch, len(batch) >= max_orders


def lease_orders(transaction: Transaction, tenant: str, orders: Sequence[LeasedOrder], until: Micros) -> Lease:
    """Mark orders as leased under a new token."""
    token = ledger.draw(transaction, "lease")
    transaction.execute("outbox.lease", (token, until, [order.id for order in orders]))
    return Lease(token, tenant, tuple(orders))


def _settle_all(transaction: Transaction, lease: Lease, settling: Settling) -> tuple[list[Settled], Lease | None]:
    settled = _settle(transaction, lease, settling.settlements, settling.now)
    if settling.attempt is not None:
        orders = {*(each.order for each in settling.settlements), *settling.tried}
        _record(transaction, lease.tenant, settling.attempt, orders)
    _revive(transaction, settling.revived, settling.state, settling.now)
    tenants.save(transaction, lease.tenant, settling.state)
    if settling.releases:
        transaction.execute("outbox.release", (Trial.FINAL, settling.now, lease.tenant))
    claimed = None if settling.claim is None else _claim(transaction, lease.tenant, settling.claim)
    return settled, claimed if isinstance(claimed, Lease) else None


def _settle(transaction: Transaction, lease: Lease, settlements: Sequence[Settlement], now: Micros) -> list[Settled]:
    found, held = ledger.orders_by_id(transaction, (settlement.order for settlement in settlements)), []
    for settlement in settlements:
        order = found.get(settlement.order)
        # The token is the fence: what was rescued, or leased again, is no longer this holder's.
        if order is not None and order.lease == lease.token:
            held.append((order, settlement))
    leased = {order.id: order for order in lease.orders}
    _apply(transaction, [order for order, _ in held], [settlement for _, settlement in held], now)
    return [
        Settled(
            order.external_order_id,
            settlement.result,
            order.status,
            settlement.reason,
            leased[order.id].received_at,
            leased[order.id].source,
            leased[order.id].event_id,
        )
        for order, settlement in held
    ]


def _apply(
    transaction: Transaction,
    orders: Sequence[lifecycle.OrderRow],
    settlements: Sequence[Settlement],
    now: Micros,
) -> None:
    before, changes = [copy(order) for order in orders], []
    for order, settlement in zip(orders, settlements, strict=True):
        changes += lifecycle.settle(order, settlement, now)
    ledger.update_settled(transaction, before, orders)
    ledger.recompute_events(transaction, ledger.change_states(transaction, changes), now)


def _record(transaction: Transaction, tenant: str, attempt: Attempt, orders: Collection[int]) -> None:
    row = (
        tenant, attempt.at, attempt.kind, attempt.http_status, attempt.outcome, attempt.detail, attempt.batch_size,
        attempt.milliseconds,
    )  # fmt: skip
    (id_,) = transaction.execute("outbox.insert_attempt", row).fetchone()
    transaction.many("outbox.insert_attempt_orders", [(order, id_) for order in orders])


def _revive(transaction: Transaction, ids: Collection[int], state: TenantState, now: Micros) -> None:
    """Deaths that were the intake's fault are undone: what refused everything is tried again, each alone."""
    code = state.reason.code if isinstance(state.reason, Reason) else ""
    trial = Trial.REFUSED if code == "refuses_everything" else Trial.NONE
    orders = [
        order
        for id_ in ids
        # A newer state, or a cancellation, may have come since: that stands.
        if (order := ledger.order_by_id(transaction, id_)) and order.reason_code in _REVIVABLE
    ]
    changes = [lifecycle.revive(order, trial, now) for order in orders]
    ledger.update_orders(transaction, orders)
    ledger.recompute_events(transaction, ledger.change_states(transaction, changes), now)
