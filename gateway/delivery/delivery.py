"""All tenants' deliveries: one supervised worker a pushed tenant, and the rescue of leases that nobody holds."""

import asyncio
import random as randomness
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from gateway.config.model import Tenant
from gateway.delivery.standing import Around, OnAttempt, no_report, unwatched
from gateway.delivery.worker import TenantWorker
from gateway.errors import ConflictingRequest, StoreUnavailable, UnknownRecord
from gateway.events import Clock
from gateway.ground.backoff import Random
from gateway.ground.clock import micros
from gateway.ground.outgoing import Sleep
from gateway.ground.supervision import Loop, Supervisor, Tick
from gateway.orders import TenantState
from gateway.records import Act
from gateway.store.ports import Outbox

_RESCUE_EVERY: Final = 5.0
_FIRST_RESCUE_EVERY: Final = 1.0
_RESCUE: Final = "delivery:rescue"


class Delivery:
    """Starts the delivery of every pushed tenant, under supervision, and stops it."""

    def __init__(
        self,
        tenants: Mapping[str, Tenant],
        outbox: Outbox,
        supervisor: Supervisor,
        *,
        clock: Clock,
        random: Random = randomness.random,
        sleep: Sleep = asyncio.sleep,
        on_attempt: OnAttempt = no_report,
        around: Around = unwatched,
    ) -> None:
        self._tenants = tenants
        self._outbox = outbox
        self._supervisor = supervisor
        self._clock = clock
        self._sleep = sleep
        self._workers = {
            name: TenantWorker(
                name, tenants, outbox, clock=clock, random=random, sleep=sleep, on_attempt=on_attempt, around=around
            )
            for name, tenant in tenants.items()
            if tenant.delivery == "push"
        }
        # Whatever may have been in flight when a lease was lost rests as long as the slowest tenant asks for.
        self._rest = micros(max((tenant.settle_delay for tenant in tenants.values()), default=0.0))
        self._rescued = asyncio.Event()

    def states(self) -> dict[str, TenantState]:
        """How deliveries go, by pushed tenant."""
        return {name: worker.state for name, worker in self._workers.items()}

    def wake(self, tenant: str) -> None:
        """Something new is pending for the tenant; one that is not pushed is no matter."""
        worker = self._workers.get(tenant)
        if worker is not None:
            worker.wake()

    async def halt(self, tenant: str, detail: str, act: Act | None = None) -> None:
        """Stop sending to the tenant until somebody resumes it. Raises UnknownRecord, ConflictingRequest."""
        await self._worker(tenant).halt(detail, act)

    async def resume(self, tenant: str, act: Act | None = None) -> None:
        """Send to the tenant again, at once. Raises UnknownRecord, ConflictingRequest."""
        await self._worker(tenant).resume(act)

    async def forget_words(self, tenant: str) -> None:
        """Keep of the tenant's present trouble its code, not the intake's words. A tenant not pushed to has none."""
        worker = self._workers.get(tenant)
        if worker is not None:
            await worker.forget_words()

    async def start(self) -> None:
        """Read the tenants' states and begin, as soon as what an earlier run left leased is put back."""
        for worker in self._workers.values():
            await worker.load()
        for loop, worker in self._loops().items():
            self._supervisor.start(loop, self._when_rescued(worker), worker.moved_at)
        self._supervisor.start(_RESCUE, self._rescue_often)

    async def stop(self, grace: float) -> None:
        """Let requests in flight end and be settled, for `grace` seconds; the rest stays leased, to be rescued."""
        for worker in self._workers.values():
            worker.stop()
        self._rescued.set()
        await self._supervisor.stop(self._loops(), grace)
        await self._supervisor.stop([_RESCUE])
        for worker in self._workers.values():
            await worker.close()

    def _worker(self, tenant: str) -> TenantWorker:
        if tenant not in self._tenants:
            raise UnknownRecord(f"there is no tenant {tenant!r}")
        worker = self._workers.get(tenant)
        if worker is None:
            raise ConflictingRequest(f"tenant {tenant!r} is pulled from, not pushed to")
        return worker

    def _loops(self) -> dict[str, TenantWorker]:
        return {f"delivery:{name}": worker for name, worker in self._workers.items()}

    def _when_rescued(self, worker: TenantWorker) -> Loop:
        async def run(tick: Tick) -> None:
            await self._rescued.wait()
            await worker.run(tick)

        return run

    async def _rescue_often(self, tick: Tick) -> None:
        while True:
            # An answer that waits for a store that is down would find its orders taken away.
            if not any(worker.holds_results for worker in self._workers.values()):
                with suppress(StoreUnavailable):
                    await self._rescue()
            tick()
            await self._sleep(_RESCUE_EVERY if self._rescued.is_set() else _FIRST_RESCUE_EVERY)

    async def _rescue(self) -> None:
        now, is_first = self._clock(), not self._rescued.is_set()
        found = await self._outbox.rescue(now=now, rests_until=now + self._rest, everything=is_first)
        self._rescued.set()
        if found:
            for worker in self._workers.values():
                worker.wake()
