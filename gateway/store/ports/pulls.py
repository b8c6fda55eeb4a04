"""The pull door's port, beside the outbox."""

from collections.abc import Sequence
from typing import Protocol

from gateway.events import Micros
from gateway.orders import Lease, Place


class PullLedger(Protocol):
    """What serving a pull needs, beside the outbox."""

    async def claim_unserved(self, tenant: str, *, now: Micros, until: Micros, limit: int) -> Lease | None:
        """Lease orders whose newest state was never served whole, unchanged since `now`, oldest change first."""
        ...

    async def served(self, tenant: str, *, since: Micros, after: Place, limit: int) -> list[Place]:
        """The orders behind a place that were served from `since` on and have not changed, oldest change first."""
        ...

    async def bodies(self, orders: Sequence[int]) -> list[bytes]:
        """Served orders' canonical bytes, in this order; what has changed meanwhile, or was erased, is left out."""
        ...
