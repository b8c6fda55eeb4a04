"""The delivery loop's port: claim, extend, settle; the lease's token fences late holders."""

from collections.abc import Collection, Sequence
from typing import Any

from gateway.events import Micros, Reason
from gateway.orders import (
    Claim,
    Lease,
    LeasedOrder,
    Settled,
    Settling,
    TenantState,
    Trial,
    Wait,
)
from gateway.records import Act
from gateway.store.rules import auditing, leases, settling, tenants
from gateway.store.rules.leases import Sent
from gateway.store.rules.settling import noted
from gateway.store.rules.transactions import Room, Transaction, reads, writes

# The array's own bytes: brackets once, a comma an order.
_BRACKETS, _COMMA = 2, 1

_PENDING_SINCE = 8
"""Its place in a row of a claim's query."""


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
        return Wait(None) if row is None else lease_rows(transaction, tenant, [row], until)

    @writes
    def extend(self, transaction: Transaction, lease: Lease, orders: Collection[int], until: Micros) -> bool:
        """Prolong the lease of these orders; False: it was lost, do not send."""
        return leases.extend(transaction, lease.token, orders, until)

    async def settle(self, lease: Lease, given: Settling) -> tuple[list[Settled], Lease | None]:
        """End the lease of these orders by what the attempt showed, and remember the tenant's state; the next lease."""

        def run(transaction: Transaction) -> tuple[list[Settled], Lease | None]:
            settled = settling.settle(transaction, lease, given)
            claimed = None if given.claim is None else _claim(transaction, lease.tenant, given.claim)
            return settled, claimed if isinstance(claimed, Lease) else None

        # A lease is on disk before anything is sent; a settlement that is lost is an order whose lease runs out.
        return await self._engine.write(run, is_synced=given.claim is not None)

    @reads
    def tenant_state(self, transaction: Transaction, tenant: str) -> TenantState:
        """What delivery remembered of the tenant, and what a person said; a new tenant's defaults."""
        return tenants.tenant(transaction, tenant)

    @reads
    def tenant_states(self, transaction: Transaction) -> dict[str, TenantState]:
        """The same of all tenants of which anything is remembered."""
        return tenants.all_of_them(transaction)

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
        return transaction.changed("outbox.reschedule", (tenant, due_at, farthest))

    @writes
    def rescue(self, transaction: Transaction, *, now: Micros, rests_until: Micros, tenant: str | None = None) -> int:
        """Put back what is leased, as uncertain: nobody holds it. Of one tenant, or of all."""
        return sum(settling.put_back(transaction, each, now, rests_until) for each in leases.of(transaction, tenant))

    @writes
    def rescue_expired(
        self, transaction: Transaction, *, now: Micros, rests_until: Micros, but: Collection[str] = ()
    ) -> int:
        """Put back the orders whose lease ran out, as uncertain, those of some tenants left out."""
        return sum(
            settling.put_back(transaction, each, now, rests_until) for each in leases.over(transaction, now, but)
        )

    @reads
    def pending_at_most(self, transaction: Transaction, tenant: str, limit: int) -> int:
        """How many orders of the tenant are pending, counted no further than `limit`."""
        return int(transaction.execute("outbox.pending_at_most", (tenant, limit)).fetchone()[0])


def leased_order(row: Sequence[Any]) -> LeasedOrder:
    """A row of a claim's query."""
    id_, external_order_id, body, *notes, _, received_at, source, event_id, _, _ = row
    return LeasedOrder(id_, external_order_id, body, noted(*notes), received_at or 0, source or "", event_id or "")


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
        (due_at,) = transaction.execute("outbox.next_due", (tenant, claim.now)).fetchone()
        return Wait(due_at)
    batch, is_full = _fill([(row, leased_order(row)) for row in rows], claim.max_orders, claim.max_bytes)
    oldest = min(row[_PENDING_SINCE] for row in rows)
    # One from the future was stored before the clock was set back: it has waited for long enough.
    if not is_full and oldest <= claim.now < oldest + claim.linger:
        return Wait(oldest + claim.linger)
    return _lease(transaction, tenant, batch, claim.until)


def _fill(
    rows: Sequence[tuple[Sequence[Any], LeasedOrder]], max_orders: int, max_bytes: int
) -> tuple[list[tuple[Sequence[Any], LeasedOrder]], bool]:
    """The orders of the next batch, and whether it goes at once: it is full, or its first order goes alone."""
    if rows[0][1].notes.is_alone:
        return [rows[0]], True
    batch: list[tuple[Sequence[Any], LeasedOrder]] = []
    size = _BRACKETS
    for row, order in rows:
        if order.notes.is_alone:
            continue
        size += len(order.body) + _COMMA
        if len(batch) == max_orders or (batch and size - _COMMA > max_bytes):
            return batch, True
        batch.append((row, order))
    return batch, len(batch) >= max_orders


def lease_rows(transaction: Transaction, tenant: str, rows: Sequence[Sequence[Any]], until: Micros) -> Lease:
    """Lease all of these rows of a claim's query."""
    return _lease(transaction, tenant, [(row, leased_order(row)) for row in rows], until)


def _lease(
    transaction: Transaction, tenant: str, batch: Sequence[tuple[Sequence[Any], LeasedOrder]], until: Micros
) -> Lease:
    token = leases.begin(transaction, tenant, [Sent(row[0], row[-2], row[-1].hex()) for row, _ in batch], until)
    return Lease(token, tenant, tuple([order for _, order in batch]))
