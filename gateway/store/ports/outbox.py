"""Delivery's port."""

from collections.abc import Collection
from typing import Protocol

from gateway.events import Micros, Reason
from gateway.orders import Claim, Lease, Settled, Settling, TenantState, Wait
from gateway.records import Act


class Outbox(Protocol):
    """What delivery needs. An order is one row holding its newest state."""

    async def claim(self, tenant: str, claim: Claim) -> Lease | Wait:
        """Lease the tenant's due orders, oldest first.

        An order that goes alone, or is larger than a batch may be, is leased alone.
        """
        ...

    async def claim_probe(self, tenant: str, *, now: Micros, until: Micros, hand: int = 0) -> Lease | Wait:
        """Lease one pending order for a probe of a halted tenant, unless a person has spoken since `hand`.

        First those not yet refused, oldest first, whatever their own schedule says except a rest.
        """
        ...

    async def extend(self, lease: Lease, orders: Collection[int], until: Micros) -> bool:
        """Prolong the lease of these orders; False: it was lost, do not send."""
        ...

    async def settle(self, lease: Lease, settling: Settling) -> tuple[list[Settled], Lease | None]:
        """End the lease of these orders by what the attempt showed; what became of them, and the next lease.

        A settlement touches only the version that was leased: where a newer state came meanwhile, that one is pending
        (or, a cancellation, takes effect). Settlements of orders that the lease no longer holds are dropped. The next
        lease is None where none was claimed, or nothing may go yet.
        """
        ...

    async def tenant_state(self, tenant: str) -> TenantState:
        """What delivery remembered of the tenant; a new tenant's defaults."""
        ...

    async def tenant_states(self) -> dict[str, TenantState]:
        """The same of all tenants of which anything is remembered."""
        ...

    async def save_tenant_state(self, tenant: str, state: TenantState) -> None:
        """Remember the tenant's state; of what a person said since `state.hand` nothing is undone."""
        ...

    async def halt(self, tenant: str, reason: Reason, now: Micros, act: Act | None = None) -> TenantState:
        """Lease nothing of the tenant's until somebody resumes it; what holds now. What is leased may still be sent."""
        ...

    async def resume(self, tenant: str, now: Micros, act: Act | None = None) -> TenantState:
        """Go on at once, whatever was the matter, orders marked REFUSED forgiven; what holds now."""
        ...

    async def reschedule(self, tenant: str, *, farthest: Micros, due_at: Micros) -> int:
        """The clock was set back: what it had put off beyond `farthest` is due at `due_at`; how many orders."""
        ...

    async def rescue(self, *, now: Micros, rests_until: Micros, tenant: str | None = None) -> int:
        """Put back what is leased, as uncertain: nobody holds it. Of one tenant, or of all; how many orders."""
        ...

    async def rescue_expired(self, *, now: Micros, rests_until: Micros, but: Collection[str] = ()) -> int:
        """Put back the orders whose lease ran out, as uncertain, those of some tenants left out; how many."""
        ...

    async def pending_at_most(self, tenant: str, limit: int) -> int:
        """How many orders of the tenant are pending, counted no further than `limit`."""
        ...
