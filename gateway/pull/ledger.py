"""One pull: what it serves, in which order, and what becomes of it when it was written whole, or was not."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from gateway.config.model import Tenant
from gateway.events import SECOND, Clock, Micros
from gateway.orders import Attempt, Lease, Settled, Settlement, Settling, TenantState
from gateway.store.ports import Outbox, PullLedger

STEP: Final = 500
LEASE_SPAN: Final = 900 * SECOND


class Write(Protocol):
    """Where the answer goes."""

    async def __call__(self, piece: bytes, *, is_last: bool = False) -> None:
        """Write a piece of the answer; raises `NotWritten` when the caller is gone."""
        ...


OnSettled = Callable[[str, Attempt, Sequence[Settled]], None]
"""Told the tenant, the attempt and what became of its orders."""


class NotWritten(Exception):  # noqa: N818 - named by what happened
    """The answer did not reach its end: the caller went away, or did not read."""


class PullTenant:
    """Serves the pulls of one tenant, one after another."""

    def __init__(
        self,
        name: str,
        tenants: Mapping[str, Tenant],
        outbox: Outbox,
        ledger: PullLedger,
        *,
        clock: Clock,
        on_settled: OnSettled,
    ) -> None:
        self.name = name
        self._tenants = tenants
        self.state = TenantState()
        self._outbox = outbox
        self._ledger = ledger
        self._clock = clock
        self._on_settled = on_settled
        self._one_at_a_time = asyncio.Lock()

    @property
    def settings(self) -> Tenant:
        """Those in force."""
        return self._tenants[self.name]

    async def load(self) -> None:
        """Take up what was remembered over the restart."""
        self.state = await self._outbox.tenant_state(self.name)

    async def serve(self, write: Write) -> None:
        """Write the array: first what was never served whole, then what was and changed within the window.

        Raises:
            NotWritten: it did not reach its end; everything unserved is pending again.
            StoreUnavailable: the same, because the store failed.
        """
        async with self._one_at_a_time:
            started = self._clock()
            leases: list[bytes] = []
            try:
                served_again = await self._write_all(write, started, leases)
            except BaseException:
                # A cancelled request too: its orders are not to wait for the lease's end.
                await asyncio.shield(self._settle(leases, started, is_whole=False))
                raise
            await asyncio.shield(self._settle(leases, started, is_whole=True, served_again=served_again))

    async def _write_all(self, write: Write, started: Micros, leases: list[bytes]) -> int:
        """Write the answer, its new orders into `leases`; how many were served before."""
        room = self.settings.pull.max_orders
        opening = b"["
        while room > 0:
            lease = await self._ledger.claim_unserved(
                self.name, now=started, until=self._clock() + LEASE_SPAN, limit=min(STEP, room)
            )
            if lease is None:
                break
            leases.append(_packed(lease))
            await write(opening + b",".join(order.body for order in lease.orders))
            room, opening = room - len(lease.orders), b","
        served_again, after, since = 0, (0, 0), started - int(self.settings.pull.window * SECOND)
        while room > 0:
            rows = await self._ledger.served(self.name, since=since, now=started, after=after, limit=min(STEP, room))
            if not rows:
                break
            await write(opening + b",".join(body for _, _, body in rows))
            room, opening, after = room - len(rows), b",", rows[-1][:2]
            served_again += len(rows)
        await write(b"[]" if opening == b"[" else b"]", is_last=True)
        return served_again

    async def _settle(self, leases: Sequence[bytes], started: Micros, *, is_whole: bool, served_again: int = 0) -> None:
        now = self._clock()
        total = sum(len(_unpacked(lease).orders) for lease in leases)
        attempt = Attempt(
            at=started,
            kind="pull",
            http_status=200,
            outcome="delivered" if is_whole else "lost",
            detail=None if is_whole else "the answer was not written whole",
            batch_size=total,
            milliseconds=(now - started) // 1000,
        )
        served = total + served_again
        answer = f"pull of {served} order{'' if served == 1 else 's'}" if is_whole else "pull broken off"
        self.state = msgspec.structs.replace(self.state, last_answer=answer)
        if is_whole and total:
            self.state = msgspec.structs.replace(self.state, last_delivered_at=now, last_success_at=now)
        for lease in map(_unpacked, leases):
            settlements = [
                Settlement(order=order.id, result="delivered" if is_whole else "uncertain", notes=order.notes)
                for order in lease.orders
            ]
            settling = Settling(settlements=settlements, attempt=attempt, state=self.state, now=now)
            settled, _ = await self._outbox.settle(lease, settling)
            self._on_settled(self.name, attempt, settled)


_encode = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Lease).decode


def _packed(lease: Lease) -> bytes:
    """What is kept of a lease until the answer is written: a big pull must not stand in memory as objects."""
    orders = tuple(msgspec.structs.replace(order, body=b"") for order in lease.orders)
    return _encode(msgspec.structs.replace(lease, orders=orders))
