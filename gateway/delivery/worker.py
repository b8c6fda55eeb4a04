"""One tenant's delivery: claim, send, judge, settle; and, when halted, probe.

Every request is settled in one commit as soon as it is answered. A crash at any point leaves orders leased; they are
rescued and sent again, never judged.
"""

import asyncio
import random as randomness
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from gateway.config.model import Tenant
from gateway.delivery import policy
from gateway.delivery.client import IntakeClient
from gateway.delivery.judgement import Decision, Sent, Situation, decide, untouched
from gateway.delivery.split import Search
from gateway.delivery.verdict import (
    Delivered,
    NotAnIntake,
    Refused,
    Unavailable,
    Verdict,
    WrongDoor,
    judge,
    outcome_of,
    said,
    words_of,
)
from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Clock, Micros
from gateway.ground.backoff import Random
from gateway.ground.clock import micros, monotonic
from gateway.ground.outgoing import Sleep
from gateway.ground.supervision import Tick
from gateway.orders import (
    Attempt,
    Claim,
    Lease,
    LeasedOrder,
    Settled,
    Settlement,
    Settling,
    TenantState,
    TenantStatus,
    Wait,
)
from gateway.records import Act
from gateway.store.ports import Outbox

# A lease outlives its request by this: connecting twice, a busy loop, a slow commit.
_LEASE_MARGIN: Final[Micros] = 30 * SECOND

# Longest time without a look at the outbox, so that a lost wake-up only delays.
_IDLE: Final[Micros] = 5 * SECOND

# Seconds until a store that could not be written to is tried again.
_STORE_PAUSE: Final = 1.0

Kind: TypeAlias = Literal["push", "probe"]


class DeliveryReport(msgspec.Struct, frozen=True):
    """One attempt and what it did, for the log and the metrics, and how often what else than the contract it held."""

    tenant: str
    attempt: Attempt
    settled: Sequence[Settled]
    before: TenantState
    after: TenantState
    oddities: Mapping[str, int] = msgspec.field(default_factory=dict)


OnAttempt = Callable[[DeliveryReport], None]


def no_report(_report: DeliveryReport) -> None:
    """Nobody listens."""


class _Lane:
    """One sequence of requests with its own connection; a tenant has as many as its `concurrency`."""

    def __init__(self, number: int, client: IntakeClient) -> None:
        self.number = number
        self.client = client
        self.woken = asyncio.Event()
        # The next batch, leased with the last one's settlement.
        self.lease: Lease | None = None
        self.moved_at: Micros = monotonic()
        self.busy_until: Micros = 0


class TenantWorker:
    """Delivers to one pushed tenant. `run` until `stop`; or, in a test, `load` and then `step` by step."""

    def __init__(
        self,
        name: str,
        tenants: Mapping[str, Tenant],
        outbox: Outbox,
        *,
        clock: Clock,
        random: Random = randomness.random,
        sleep: Sleep = asyncio.sleep,
        on_attempt: OnAttempt = no_report,
    ) -> None:
        self.name = name
        self._tenants = tenants
        self._outbox = outbox
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._on_attempt = on_attempt
        self._state = TenantState()
        self._is_stopping = False
        self._unsettled = 0
        # Requests begun, and how many had been when the last trouble showed: those up to it are late.
        self._begun = 0
        self._troubled = 0
        self._latest: Micros | None = None
        self._lanes = [_Lane(number, self._new_client()) for number in range(max(1, self._settings.concurrency))]

    @property
    def _settings(self) -> Tenant:
        """Those in force."""
        return self._tenants[self.name]

    def _new_client(self) -> IntakeClient:
        settings = self._settings
        # The configuration was checked: a pushed tenant has both.
        url, secret = settings.intake_url or "", settings.secret or ""
        return IntakeClient(url, secret, timeout=settings.timeout, allow_http=settings.allow_http, sleep=self._sleep)

    @property
    def state(self) -> TenantState:
        """How deliveries to the tenant go."""
        return self._state

    @property
    def holds_results(self) -> bool:
        """Whether an answer waits for the store: its orders must not be put back meanwhile."""
        return self._unsettled > 0

    def moved_at(self) -> Micros:
        """When the slowest lane last moved, by the monotonic clock; a request within its time-out is moving."""
        now = monotonic()
        return min(max(lane.moved_at, min(now, lane.busy_until)) for lane in self._lanes)

    def wake(self) -> None:
        """Something new is pending."""
        for lane in self._lanes:
            lane.woken.set()

    async def halt(self, detail: str, act: Act | None = None) -> None:
        """Stop sending until resumed; what is in flight is settled.

        Raises:
            StoreUnavailable: it holds, but would not outlive a restart.
        """
        self._state = policy.halted_by_hand(self._state, detail, self._clock())
        await self._outbox.save_tenant_state(self.name, self._state, act)

    async def resume(self, act: Act | None = None) -> None:
        """Go on at once, whatever was the matter.

        Raises:
            StoreUnavailable: it holds, but would not outlive a restart.
        """
        self._state = policy.resumed_by_hand(self._state)
        # What was in flight before says nothing about the time after.
        self._troubled = self._begun
        await self._outbox.save_tenant_state(self.name, self._state, act)
        await self._outbox.release(self.name, now=self._clock(), trial_is_final=False)
        self.wake()

    async def forget_words(self) -> None:
        """Keep of the present trouble its code, not the intake's words.

        Raises:
            StoreUnavailable: it holds, but would not outlive a restart.
        """
        reason = self._state.reason
        if reason is not None and not self._state.is_halted_by_hand:
            self._state = replace(self._state, reason=replace(reason, detail="the intake's words were erased"))
            await self._outbox.save_tenant_state(self.name, self._state)

    def stop(self) -> None:
        """End `run` once what is in flight is settled."""
        self._is_stopping = True
        self.wake()

    async def close(self) -> None:
        """Give the connections up."""
        for lane in self._lanes:
            await lane.client.close()

    async def load(self) -> None:
        """Read what was remembered of the tenant."""
        self._state = await self._outbox.tenant_state(self.name)

    async def run(self, tick: Tick) -> None:
        """Deliver until stopped."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes:
                lanes.create_task(self._run_lane(lane, tick))

    async def step(self, number: int = 0) -> Micros | None:
        """Send at most one lease. When to step again: a moment, perhaps past; None: when woken."""
        lane, now = self._lanes[number], self._clock()
        if lane.lease is not None:
            lease, lane.lease = lane.lease, None
            with suppress(StoreUnavailable):
                await self._catch_up(now)
            await self._deliver(lane, lease, "push")
            return self._clock()
        # Further lanes wait until nothing is wrong: what is being found out must not be blurred by their answers.
        if self._state.is_halted_by_hand or (number and not policy.is_calm(self._state)):
            return None
        at = policy.next_attempt_at(self._state, self._settings, now)
        if at > now:
            return at
        try:
            await self._catch_up(now)
            claimed = await self._claim(now)
        except StoreUnavailable:
            return now + micros(_STORE_PAUSE)
        if isinstance(claimed, Wait):
            return claimed.until
        await self._deliver(lane, *claimed)
        return self._clock()

    async def _run_lane(self, lane: _Lane, tick: Tick) -> None:
        while not self._is_stopping or lane.lease is not None:
            lane.woken.clear()
            at = await self.step(lane.number)
            tick()
            lane.moved_at, now = monotonic(), self._clock()
            longest = now + _IDLE
            pause = (longest if at is None else min(at, longest)) - now
            if pause > 0 and not self._is_stopping:
                await _wait(lane.woken, pause / SECOND)

    async def _catch_up(self, now: Micros) -> None:
        """At the start, and when the clock was set back: no order waits for a moment beyond any wait of ours."""
        if self._latest is None or now < self._latest - SECOND:
            farthest = now + policy.longest_wait(self._settings)
            await self._outbox.reschedule(
                self.name, farthest=farthest, due_at=now + micros(self._settings.settle_delay)
            )
        self._latest = now

    async def _claim(self, now: Micros) -> tuple[Lease, Kind] | Wait:
        if self._state.status is TenantStatus.HALTED:
            lease = await self._outbox.claim_probe(self.name, now=now, until=self._lease_end(now))
            return Wait(None) if lease is None else (lease, "probe")
        claimed = await self._outbox.claim(self.name, self._next_batch(now))
        return claimed if isinstance(claimed, Wait) else (claimed, "push")

    def _next_batch(self, now: Micros) -> Claim:
        batch = self._settings.batch
        return Claim(
            now=now,
            until=self._lease_end(now),
            linger=micros(batch.linger),
            max_orders=policy.batch_limit(self._state, self._settings),
            max_bytes=batch.max_bytes,
        )

    def _lease_end(self, now: Micros) -> Micros:
        return now + micros(self._settings.timeout) + _LEASE_MARGIN

    async def _deliver(self, lane: _Lane, lease: Lease, kind: Kind) -> None:
        """Send a lease whole, and, where it is refused, in the groups that find the culprits."""
        held = {order.id: order for order in lease.orders}
        search = Search(list(held))
        group = search.next() if self._may_send(lane, kind) else None
        while group is not None:
            orders = tuple(held[order] for order in group)
            verdict, settlements = await self._attempt(lane, lease, orders, kind, left=len(held))
            for settlement in settlements:
                del held[settlement.order]
            if isinstance(verdict, Refused):
                search.refused({group[hint] for hint in verdict.hints})
            elif isinstance(verdict, Delivered):
                search.accepted()
            else:
                break
            is_ours = bool(held) and self._may_send(lane, kind) and await self._extend(lease, held)
            group = search.next() if is_ours else None
        if held:
            await self._settle(lane, lease, Decision(self._state, untouched(held.values())), None)

    def _may_send(self, lane: _Lane, kind: Kind) -> bool:
        """Whether nothing has come up since the lease was claimed, or since the last request of a search."""
        state, now = self._state, self._clock()
        if self._is_stopping or state.is_halted_by_hand or policy.next_attempt_at(state, self._settings, now) > now:
            return False
        if kind == "push" and state.status is TenantStatus.HALTED:
            return False
        return lane.number == 0 or policy.is_calm(state)

    async def _extend(self, lease: Lease, held: Collection[int]) -> bool:
        """Whether the lease is still ours for the time of one more request."""
        try:
            return await self._outbox.extend(lease, held, self._lease_end(self._clock()))
        except StoreUnavailable:
            return False

    async def _attempt(
        self, lane: _Lane, lease: Lease, orders: tuple[LeasedOrder, ...], kind: Kind, *, left: int
    ) -> tuple[Verdict, Sequence[Settlement]]:
        """One request: sent, judged, settled, reported. `left`: how many orders of the lease are unsettled before."""
        self._begun += 1
        ticket, at = self._begun, self._clock()
        lane.busy_until = self._lease_end(monotonic())
        lane.client.secret = self._settings.secret or ""
        answer = await lane.client.post([order.body for order in orders])
        now = self._clock()
        lane.busy_until = 0
        verdict = judge(answer, [order.external_order_id for order in orders], now)
        sent = Sent(orders, kind, is_late=ticket <= self._troubled)
        before = self._state
        decision = decide(sent, verdict, Situation(before, self._settings, now, self._random))
        self._state = decision.state
        if isinstance(verdict, NotAnIntake | Unavailable | WrongDoor) and not sent.is_late:
            self._troubled = self._begun
        outcome = outcome_of(verdict, len(orders))
        attempt = Attempt(
            at=at,
            kind=kind,
            http_status=verdict.status,
            outcome=outcome,
            detail=None if outcome == "delivered" else words_of(said(verdict).encode()),
            batch_size=len(orders),
            milliseconds=max(0, now - at) // 1000,
        )
        is_last = kind == "push" and isinstance(verdict, Delivered) and len(decision.settlements) == left
        goes_on = is_last and not decision.releases
        settled = await self._settle(lane, lease, decision, attempt, orders, goes_on=goes_on)
        self._report(attempt, settled, before, verdict)
        return verdict, decision.settlements

    async def _settle(
        self,
        lane: _Lane,
        lease: Lease,
        decision: Decision,
        attempt: Attempt | None,
        orders: Sequence[LeasedOrder] = (),
        *,
        goes_on: bool = False,
    ) -> Sequence[Settled]:
        """Store what an answer meant, however long the store is down: an answer is not to be had twice.

        `goes_on`: and lease the next batch, unless something has come up.
        """
        ended = {settlement.order for settlement in decision.settlements}
        self._unsettled += 1
        try:
            while True:
                lane.moved_at, now = monotonic(), self._clock()
                settling = Settling(
                    settlements=decision.settlements,
                    attempt=attempt,
                    state=self._state,
                    now=now,
                    tried=[order.id for order in orders if order.id not in ended],
                    revived=decision.revived,
                    claim=self._next_batch(now) if goes_on and self._may_send(lane, "push") else None,
                )
                try:
                    settled, lane.lease = await self._outbox.settle(lease, settling)
                    if decision.releases:
                        await self._outbox.release(self.name, now=now, trial_is_final=True)
                except StoreUnavailable:
                    await self._sleep(_STORE_PAUSE)
                else:
                    return settled
        finally:
            self._unsettled -= 1

    def _report(self, attempt: Attempt, settled: Sequence[Settled], before: TenantState, verdict: Verdict) -> None:
        after = self._state
        if policy.is_calm(after) and not policy.is_calm(before):
            self.wake()
        oddities = verdict.oddities if isinstance(verdict, Delivered) else {}
        self._on_attempt(DeliveryReport(self.name, attempt, settled, before, after, oddities))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
