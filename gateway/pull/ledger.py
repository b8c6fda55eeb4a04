"""One pull: what it serves, in which order, and what becomes of it when it was written whole, or was not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from gateway.config.model import Tenant
from gateway.events import SECOND, Clock, Micros
from gateway.ground.holding import Everything, Holding
from gateway.orders import FIRST_PLACE, Attempt, Lease, Place, Settled, Settlement, Settling, TenantState, TenantStatus
from gateway.records import Act
from gateway.store.ports import Outbox, PullLedger

STEP: Final = 500
LEASE_SPAN: Final = 900 * SECOND
EXACT_PULLS: Final = 64
"""So many arrivals in a window are remembered each, and of more one in each such part of it."""

STALL_SECONDS: Final = 60.0
"""A caller that reads nothing for this long has gone."""

HURRY_SECONDS: Final = 3.0
"""The same where another waits for its turn."""


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
    """Serves the pulls of one tenant, one after another.

    Attributes:
        holding: lets one gateway at a time serve them.
    """

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
        self.holding: Holding = Everything()
        self._outbox = outbox
        self._ledger = ledger
        self._clock = clock
        self._on_settled = on_settled
        self._turns = _Turns()

    @property
    def settings(self) -> Tenant:
        """Those in force."""
        return self._tenants[self.name]

    @property
    def is_halted(self) -> bool:
        """Whether a restored store's states would be served: nobody has said yet that they may."""
        return self.state.status is TenantStatus.HALTED

    async def resume(self, act: Act | None = None) -> None:
        """Serve again. Raises StoreUnavailable: it holds, but would not outlive a restart."""
        self.state = msgspec.structs.replace(
            self.state, status=TenantStatus.ACTIVE, reason=None, is_halted_by_hand=False, halted_at=None,
            failing_since=None,
        )  # fmt: skip
        hand = (await self._outbox.resume(self.name, self._clock(), act)).hand
        self.state = replace(self.state, hand=hand)

    def hear(self, state: TenantState) -> None:
        """How the tenant's pulls go at other replicas."""
        if not self._turns.is_busy:
            self.state = state

    async def load(self) -> None:
        """Take up what was remembered over the restart."""
        self.state = await self._outbox.tenant_state(self.name)
        if not self.state.pulls and self.state.last_success_at is not None:
            # Pulled before arrivals were remembered: what was served a window before the last pull is long over.
            at = self.state.last_success_at
            self.state = replace(self.state, pulls=(at - int(self.settings.pull.window * SECOND), at))

    async def serve(self, write: Write) -> None:
        """Write the array: first what was never served whole, then what was and is still served again.

        A caller may have lost an answer that was written whole. So the window of what it held begins when a later pull
        arrives: only what was served before a pull that is older than the window is not served again.

        Raises:
            NotWritten: it did not reach its end; everything unserved is pending again.
            StoreUnavailable: the same, because the store failed.
        """
        async with self._turns.turn(), self.holding.alone(f"pull:{self.name}"):
            await self.load()
            started = self._clock()
            # Nobody else is at it: what is leased was never served to its end.
            await self._outbox.rescue(now=started, rests_until=started, tenant=self.name)
            since = self._arrived(started)
            leases: list[bytes] = []
            try:
                served_again = await self._write_all(write, started, since, leases)
            except BaseException:
                # A cancelled request too: its orders are not to wait for the lease's end.
                await asyncio.shield(self._settle(leases, started, is_whole=False))
                raise
            await asyncio.shield(self._settle(leases, started, is_whole=True, served_again=served_again))

    def _arrived(self, started: Micros) -> Micros:
        """Remember a pull; from when on what was served is served again."""
        window = int(self.settings.pull.window * SECOND)
        horizon = started - window
        known = self.state.pulls
        past = [at for at in known if at < horizon][-1:]
        pulls = [*past, *(at for at in known if at >= horizon), started]
        if len(pulls) > EXACT_PULLS and started - pulls[-3] < window // EXACT_PULLS:
            # What is forgotten only lets a window begin a little later.
            del pulls[-2]
        self.state = replace(self.state, pulls=tuple(pulls))
        return past[0] if past else 0

    async def _write_all(self, write: Write, started: Micros, since: Micros, leases: list[bytes]) -> int:
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
            await self._turns.wait(write(opening + b",".join(order.body for order in lease.orders)))
            room, opening = room - len(lease.orders), b","
        again, reached = await self._served(since, room) if room else ([], self.state.again)
        served_again = 0
        for first in range(0, len(again), STEP):
            bodies = await self._ledger.bodies(again[first : first + STEP])
            if bodies:
                await self._turns.wait(write(opening + b",".join(bodies)))
                opening, served_again = b",", served_again + len(bodies)
        await self._turns.wait(write(b"[]" if opening == b"[" else b"]", is_last=True))
        self.state = replace(self.state, again=reached)
        return served_again

    async def _served(self, since: Micros, room: int) -> tuple[list[int], Place]:
        """What is served again, and behind which one the next pull goes on, so that each has its turn."""
        after = self.state.again
        behind = await self._ledger.served(self.name, since=since, after=after, limit=room)
        left = room - len(behind)
        ahead = await self._ledger.served(self.name, since=since, after=FIRST_PLACE, limit=left) if left else []
        reached = next(iter([*ahead[-1:], *behind[-1:]]), FIRST_PLACE)
        return [id_ for _, id_ in sorted({*ahead, *behind})], reached

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
        self.state = replace(self.state, last_answer=answer)
        if is_whole and total:
            self.state = replace(self.state, last_delivered_at=now, last_success_at=now)
        if not leases:
            await self._outbox.save_tenant_state(self.name, self.state)
        for lease in map(_unpacked, leases):
            settlements = [
                Settlement(order=order.id, result="delivered" if is_whole else "uncertain", notes=order.notes)
                for order in lease.orders
            ]
            settling = Settling(settlements=settlements, attempt=attempt, state=self.state, now=now)
            settled, _ = await self._outbox.settle(lease, settling)
            self._on_settled(self.name, attempt, settled)


class _Turns:
    """One caller after another; one that does not read is not waited for for long where others wait."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._others = 0
        self._running: asyncio.Timeout | None = None

    @property
    def is_busy(self) -> bool:
        """Whether somebody's turn it is."""
        return self._one_at_a_time.locked()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Until it is this caller's, and while it is."""
        self._others += 1
        if self._running is not None:
            until = asyncio.get_running_loop().time() + HURRY_SECONDS
            self._running.reschedule(min(self._running.when() or until, until))
        try:
            await self._one_at_a_time.acquire()
        finally:
            self._others -= 1
        try:
            yield
        finally:
            self._one_at_a_time.release()

    async def wait(self, writing: Awaitable[None]) -> None:
        """Until the piece is written. Raises NotWritten."""
        try:
            async with asyncio.timeout(HURRY_SECONDS if self._others else STALL_SECONDS) as self._running:
                await writing
        except TimeoutError:
            raise NotWritten from None
        finally:
            self._running = None


_encode = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Lease).decode


def _packed(lease: Lease) -> bytes:
    """What is kept of a lease until the answer is written: a big pull must not stand in memory as objects."""
    orders = tuple(replace(order, body=b"") for order in lease.orders)
    return _encode(replace(lease, orders=orders))
