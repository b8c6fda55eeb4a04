"""One tenant's delivery: its lanes, and what operators say to it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from gateway.delivery.lane import Lane
from gateway.delivery.standing import STORE_PAUSE_SECONDS, Standing
from gateway.errors import StoreUnavailable
from gateway.events import Micros, Reason
from gateway.ground.clock import micros, monotonic
from gateway.ground.supervision import Tick
from gateway.orders import TenantState
from gateway.records import Act
from gateway.store.rules.tenants import halted_by_hand, resumed_by_hand

HALTED_BY_HAND: Final = "halted_by_hand"


class TenantWorker:
    """Delivers to one pushed tenant. `run` until `stop`; or, in a test, `load` and then `step` by step."""

    def __init__(self, standing: Standing) -> None:
        self.name = standing.name
        self._standing = standing
        self._is_running = False
        self._ended = asyncio.Event()
        self._ended.set()
        self._lanes = [Lane(number, self._standing) for number in range(max(1, standing.settings.concurrency))]

    @property
    def state(self) -> TenantState:
        """How deliveries to the tenant go."""
        return self._standing.state

    def moved_at(self) -> Micros:
        """When the slowest lane last moved, by the monotonic clock; who waits for an answer, or rests, is moving."""
        return min(lane.moved_at() for lane in self._lanes) if self._is_running else monotonic()

    def go_by(self, may_send: Callable[[], bool]) -> None:
        """Send only while the tenant's deliveries are this gateway's."""
        self._standing.may_send = may_send

    def wake(self) -> None:
        """Something new is pending."""
        self._standing.wake()

    async def halt(self, detail: str, act: Act | None = None) -> None:
        """Stop sending until resumed; what is in flight is settled.

        Raises:
            StoreUnavailable: it holds, but would not outlive a restart.
        """
        standing, now = self._standing, self._standing.clock()
        reason = Reason(HALTED_BY_HAND, detail)
        standing.state = halted_by_hand(standing.state, reason, now)
        standing.state = replace(standing.state, hand=(await standing.outbox.halt(self.name, reason, now, act)).hand)

    async def resume(self, act: Act | None = None) -> None:
        """Go on at once, whatever was the matter.

        Raises:
            StoreUnavailable: it holds, but would not outlive a restart.
        """
        standing = self._standing
        standing.state = resumed_by_hand(standing.state)
        # What was in flight before says nothing about the time after.
        standing.troubled = standing.begun
        resumed = await standing.outbox.resume(self.name, standing.clock(), act)
        standing.state = replace(standing.state, hand=resumed.hand)
        self.wake()

    async def forget_words(self) -> None:
        """Keep of the present trouble its code, not the intake's words.

        Raises:
            StoreUnavailable: it holds, but would not outlive a restart.
        """
        reason = self._standing.state.reason
        if reason is not None and not self._standing.state.is_halted_by_hand:
            self._standing.state = replace(
                self._standing.state, reason=replace(reason, detail="the intake's words were erased")
            )
            await self._standing.outbox.save_tenant_state(self.name, self._standing.state)

    def stop(self) -> None:
        """End `run` once what is in flight is settled."""
        self._standing.is_stopping = True
        self.wake()

    async def ended(self) -> None:
        """Return once nothing is in flight."""
        await self._ended.wait()

    async def wind_up(self, *, is_lost: bool) -> None:
        """Send nothing more, and let `run` end once what is in flight is settled; `is_lost`: wait for no answer."""
        self.stop()
        if not is_lost:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._standing.settings.timeout):
                    await self.ended()
        for lane in self._lanes:
            lane.abort()

    def hear(self, state: TenantState) -> None:
        """How deliveries go at another replica."""
        if not self._is_running:
            self._standing.state = state
        elif state.hand > self._standing.state.hand:
            # Somebody has spoken there.
            self._standing.state = state
            self.wake()

    async def close(self) -> None:
        """Give the connections up."""
        for lane in self._lanes:
            await lane.close()

    async def load(self) -> None:
        """Read what was remembered of the tenant."""
        self._standing.state = await self._standing.outbox.tenant_state(self.name)

    async def run(self, tick: Tick) -> None:
        """Deliver until stopped."""
        self._is_running = True
        self._ended.clear()
        try:
            async with asyncio.TaskGroup() as lanes:
                for lane in self._lanes:
                    lanes.create_task(lane.run(tick))
        finally:
            self._is_running = False
            self._ended.set()

    async def take_over(self, tick: Tick) -> None:
        """Deliver until stopped, whoever did before: what was leased to it then rests, and is sent again."""
        standing = self._standing
        standing.is_stopping, standing.latest = False, None
        while not standing.is_stopping:
            now = standing.clock()
            try:
                await self.load()
                rests_until = now + micros(standing.settings.settle_delay)
                await standing.outbox.rescue(now=now, rests_until=rests_until, tenant=self.name)
            except StoreUnavailable:
                tick()
                await standing.sleep(STORE_PAUSE_SECONDS)
            else:
                await self.run(tick)
                return

    async def step(self, number: int = 0) -> Micros | None:
        """Send at most one lease. When to step again: a moment, perhaps past; None: when woken."""
        return await self._lanes[number].step()
