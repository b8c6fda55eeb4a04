"""What serving a pull needs: unserved orders leased in steps, served ones read in steps."""

from collections.abc import Sequence

from gateway.events import Micros
from gateway.orders import Lease, Place
from gateway.store.rules.outbox import lease_rows
from gateway.store.rules.transactions import Room, Transaction, reads, writes


class PullLedger(Room):
    """Steps through a tenant's orders without holding them in memory."""

    @writes
    def claim_unserved(
        self, transaction: Transaction, tenant: str, *, now: Micros, until: Micros, limit: int
    ) -> Lease | None:
        """Lease orders whose newest state was never served whole, oldest change first."""
        transaction.execute("pulls.in_order_of_change", (tenant, now))
        rows = transaction.execute("pulls.unserved", (tenant, now, limit)).fetchall()
        return lease_rows(transaction, tenant, rows, until) if rows else None

    @reads
    def served(self, transaction: Transaction, tenant: str, *, since: Micros, after: Place, limit: int) -> list[Place]:
        """The orders that were served from `since` on and not changed afterwards, oldest change first."""
        return transaction.execute("pulls.served", (tenant, since, *after, limit)).fetchall()

    @reads
    def bodies(self, transaction: Transaction, orders: Sequence[int]) -> list[bytes]:
        """Their canonical bytes, in this order; what has changed meanwhile, or was erased, is left out."""
        return [body for (body,) in transaction.execute("pulls.bodies", (list(orders),)).fetchall()]
