"""All tenants' deliveries: one supervised worker a pushed tenant, and the rescue of leases that nobody holds."""

import asyncio
import random as randomness
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from gateway.config.model import Tenant
from gateway.delivery.standing import Around, OnAttempt, Standing, no_report, unwatched
from gateway.delivery.worker import TenantWorker
from gateway.errors import ConflictingRequest, StoreUnavailable, UnknownRecord
from gateway.events import Clock
from gateway.ground.backoff import Random
from gateway.ground.clock import micros
from gateway.ground.holding import Everything, Holding
from gateway.ground.outgoing import Sleep
from gateway.ground.supervision import Supervisor, Tick
from gateway.orders import TenantState
from gateway.records import Act
from gateway.store.ports import Outbox

_RESCUE_EVERY: Final = 5.0
_RESCUE: Final = "rescue"


class Delivery:
    """Starts the delivery of every pushed tenant, under supervision, and stops it.

    Attributes:
        holding: which tenants' deliveries are this gateway's.
    """

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
        self.holding: Holding = Everything()
        self._tenants = tenants
        self._outbox = outbox
        self._supervisor = supervisor
        self._clock = clock
        self._sleep = sleep
        self._workers = {
            name: TenantWorker(
                Standing(
                    name, tenants, outbox, clock=clock, random=random, sleep=sleep, on_attempt=on_attempt, around=around
                )
            )
            for name, tenant in tenants.items()
            if tenant.delivery == "push"
        }
        # Whatever may have been in flight when a lease was lost rests as long as the slowest tenant asks for.
        self._rest = micros(max((tenant.settle_delay for tenant in tenants.values()), default=0.0))

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

    def hear(self, states: Mapping[str, TenantState]) -> None:
        """How deliveries go at other replicas, as they have told."""
        for name, worker in self._workers.items():
            worker.hear(states.get(name, TenantState()))

    async def start(self) -> None:
        """Read the tenants' states and begin; what an earlier run, or another replica, left leased is put back."""
        for name, worker in self._workers.items():
            await worker.load()
            worker.go_by(partial(self.holding.holds, _duty(name)))
            loop = self.holding.during(_duty(name), worker.take_over, worker.wind_up)
            self._supervisor.start(_duty(name), loop, worker.moved_at)
        self._supervisor.start(_RESCUE, self.holding.during(_RESCUE, self._rescue_often))

    async def stop(self, grace: float) -> None:
        """Let requests in flight end and be settled, for `grace` seconds; the rest stays leased, to be rescued."""
        self._supervisor.let_end([*map(_duty, self._workers)])
        for worker in self._workers.values():
            worker.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                for worker in self._workers.values():
                    await worker.ended()
        await self._supervisor.stop([*map(_duty, self._workers), _RESCUE])
        for worker in self._workers.values():
            await worker.close()

    def _worker(self, tenant: str) -> TenantWorker:
        if tenant not in self._tenants:
            raise UnknownRecord(f"there is no tenant {tenant!r}")
        worker = self._workers.get(tenant)
        if worker is None:
            raise ConflictingRequest(f"tenant {tenant!r} is pulled from, not pushed to")
        return worker

    async def _rescue_often(self, tick: Tick) -> None:
        """Put back what was leased of tenants that are nobody's any more; the others' holders see to their own."""
        while True:
            now = self._clock()
            with suppress(StoreUnavailable):
                await self._outbox.rescue_expired(now=now, rests_until=now + self._rest, but=list(self._tenants))
            tick()
            await self._sleep(_RESCUE_EVERY)


def _duty(tenant: str) -> str:
    return f"delivery:{tenant}"
