"""All tenants' deliveries: one supervised worker a pushed tenant, and the rescue of leases that nobody holds."""

import asyncio
import random as randomness
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from gateway.config.model import Tenant
from gateway.delivery.worker import OnAttempt, TenantWorker, no_report
from gateway.errors import ConflictingRequest, StoreUnavailable, UnknownRecord
from gateway.events import Clock, Micros
from gateway.ground.backoff import Random
from gateway.ground.clock import micros, monotonic
from gateway.ground.outgoing import Sleep
from gateway.orders import TenantState
from gateway.records import Act
from gateway.store.ports import Outbox

_RESCUE_EVERY: Final = 5.0
_RESTART_PAUSE: Final = 1.0

OnCrash = Callable[[str, Exception], None]
"""Told which loop died of what; it is restarted."""


def no_crash(_loop: str, _error: Exception) -> None:
    """Nobody listens."""


class Delivery:
    """Starts, supervises and stops the delivery of every pushed tenant."""

    def __init__(
        self,
        tenants: Mapping[str, Tenant],
        outbox: Outbox,
        *,
        clock: Clock,
        random: Random = randomness.random,
        sleep: Sleep = asyncio.sleep,
        on_attempt: OnAttempt = no_report,
        on_crash: OnCrash = no_crash,
    ) -> None:
        self._tenants = tenants
        self._outbox = outbox
        self._clock = clock
        self._sleep = sleep
        self._on_crash = on_crash
        self._workers = {
            name: TenantWorker(name, tenants, outbox, clock=clock, random=random, sleep=sleep, on_attempt=on_attempt)
            for name, tenant in tenants.items()
            if tenant.delivery == "push"
        }
        # Whatever may have been in flight when a lease was lost rests as long as the slowest tenant asks for.
        self._rest = micros(max((tenant.settle_delay for tenant in tenants.values()), default=0.0))
        self._rescued_at = monotonic()
        self._is_stopping = False
        self._rescued = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._rescuer: asyncio.Task[None] | None = None

    @property
    def ticks(self) -> dict[str, Micros]:
        """When each loop last moved, for the supervision of the whole."""
        ticks = {f"delivery:{name}": worker.moved_at() for name, worker in self._workers.items()}
        return {**ticks, "delivery:rescue": self._rescued_at}

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
        self._tasks = [
            asyncio.create_task(self._supervise(f"delivery:{name}", self._when_rescued(worker)))
            for name, worker in self._workers.items()
        ]
        self._rescuer = asyncio.create_task(self._supervise("delivery:rescue", self._rescue_often))

    async def stop(self, grace: float) -> None:
        """Let requests in flight end and be settled, for `grace` seconds; the rest stays leased, to be rescued."""
        self._is_stopping = True
        for worker in self._workers.values():
            worker.stop()
        self._rescued.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        tasks = [*self._tasks, *([self._rescuer] if self._rescuer else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in self._workers.values():
            await worker.close()

    def _worker(self, tenant: str) -> TenantWorker:
        if tenant not in self._tenants:
            raise UnknownRecord(f"there is no tenant {tenant!r}")
        worker = self._workers.get(tenant)
        if worker is None:
            raise ConflictingRequest(f"tenant {tenant!r} is pulled from, not pushed to")
        return worker

    async def _supervise(self, loop: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run it again whenever it dies."""
        while not self._is_stopping:
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - whatever it dies of, it is told and restarted
                self._on_crash(loop, error)
                await self._sleep(_RESTART_PAUSE)

    def _when_rescued(self, worker: TenantWorker) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self._rescued.wait()
            await worker.run()

        return run

    async def _rescue_often(self) -> None:
        while True:
            # An answer that waits for a store that is down would find its orders taken away.
            if not any(worker.holds_results for worker in self._workers.values()):
                with suppress(StoreUnavailable):
                    await self._rescue()
            self._rescued_at = monotonic()
            await self._sleep(_RESCUE_EVERY if self._rescued.is_set() else _RESTART_PAUSE)

    async def _rescue(self) -> None:
        now, is_first = self._clock(), not self._rescued.is_set()
        found = await self._outbox.rescue(now=now, rests_until=now + self._rest, everything=is_first)
        self._rescued.set()
        if found:
            for worker in self._workers.values():
                worker.wake()
