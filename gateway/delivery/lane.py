"""One sequence of requests to a tenant's intake: claim, send, judge, settle; and, when halted, probe.

Every request is settled in one commit as soon as it is answered. A crash at any point leaves orders leased; they are
rescued and sent again, never judged.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final

from gateway.delivery import policy
from gateway.delivery.client import IntakeClient
from gateway.delivery.judgement import Decision, Kind, Sent, Situation, decide, untouched
from gateway.delivery.split import Search
from gateway.delivery.standing import STORE_PAUSE_SECONDS, DeliveryReport, Standing
from gateway.delivery.verdict import (
    Answer,
    Delivered,
    Failure,
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
from gateway.events import SECOND, Micros
from gateway.ground.clock import micros, monotonic
from gateway.ground.supervision import Tick, comes
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

# A lease outlives its request by this: connecting twice, a busy loop, a slow commit.
_LEASE_MARGIN: Final[Micros] = 30 * SECOND

# Longest time without a look at the outbox, so that a lost wake-up only delays.
_IDLE: Final[Micros] = 5 * SECOND


class Lane:
    """Has its own connection; a tenant has as many as its `concurrency`. `run` it, or `step` by step."""

    def __init__(self, number: int, standing: Standing) -> None:
        self._number = number
        self._standing = standing
        settings = standing.settings
        # The configuration was checked: a pushed tenant has an address, and a secret.
        self._client = IntakeClient(settings.intake_url or "", allow_http=settings.allow_http, sleep=standing.sleep)
        self._woken = asyncio.Event()
        standing.woken.append(self._woken)
        # The next batch, leased with the last one's settlement.
        self._lease: Lease | None = None
        self._moved_at: Micros = monotonic()
        self._posting: asyncio.Future[Answer | Failure] | None = None
        self._busy_until: Micros = 0

    def moved_at(self) -> Micros:
        """When it last moved, by the monotonic clock; a request within its time-out is moving."""
        return max(self._moved_at, min(monotonic(), self._busy_until))

    def abort(self) -> None:
        """Wait no longer for the answer to what was sent: it counts as one that did not come."""
        if self._posting is not None:
            self._posting.cancel()

    async def close(self) -> None:
        """Give the connection up."""
        await self._client.close()

    async def step(self) -> Micros | None:
        """Send at most one lease. When to step again: a moment, perhaps past; None: when woken."""
        now = self._standing.clock()
        if self._lease is not None:
            lease, self._lease = self._lease, None
            with suppress(StoreUnavailable):
                await self._catch_up(now)
            await self._deliver(lease, "push")
            return self._standing.clock()
        # Further lanes wait until nothing is wrong: what is being found out must not be blurred by their answers.
        if self._standing.state.is_halted_by_hand:
            await self._hear()
        if self._standing.state.is_halted_by_hand or (self._number and not policy.is_calm(self._standing.state)):
            return None
        at = policy.next_attempt_at(self._standing.state, self._standing.settings, now)
        if at > now:
            return at
        try:
            await self._catch_up(now)
            claimed = await self._claim(now)
        except StoreUnavailable:
            return now + micros(STORE_PAUSE_SECONDS)
        if isinstance(claimed, Wait):
            return claimed.until
        await self._deliver(*claimed)
        return self._standing.clock()

    async def run(self, tick: Tick) -> None:
        """Step until stopped."""
        while not self._standing.is_stopping or self._lease is not None:
            self._woken.clear()
            at = await self.step()
            tick()
            self._moved_at, now = monotonic(), self._standing.clock()
            longest = now + _IDLE
            pause = (longest if at is None else min(at, longest)) - now
            if pause > 0 and not self._standing.is_stopping:
                await comes(self._woken, pause / SECOND)

    async def _catch_up(self, now: Micros) -> None:
        """At the start, and when the clock was set back: no order waits for a moment beyond any wait of ours."""
        if self._standing.latest is None or now < self._standing.latest - SECOND:
            farthest = now + policy.longest_wait(self._standing.settings)
            await self._standing.outbox.reschedule(
                self._standing.name, farthest=farthest, due_at=now + micros(self._standing.settings.settle_delay)
            )
        self._standing.latest = now

    async def _claim(self, now: Micros) -> tuple[Lease, Kind] | Wait:
        if self._standing.state.status is TenantStatus.HALTED:
            kind: Kind = "probe"
            claimed = await self._standing.outbox.claim_probe(
                self._standing.name, now=now, until=self._lease_end(now), hand=self._standing.state.hand
            )
        else:
            kind, claimed = "push", await self._standing.outbox.claim(self._standing.name, self._next_batch(now))
        if isinstance(claimed, Lease):
            return claimed, kind
        if claimed.state is not None:
            self._standing.state = claimed.state
        return claimed

    async def _hear(self) -> None:
        """Halted by hand: whether somebody has resumed it elsewhere."""
        with suppress(StoreUnavailable):
            known = await self._standing.outbox.tenant_state(self._standing.name)
            if known.hand != self._standing.state.hand:
                self._standing.state = known

    def _next_batch(self, now: Micros) -> Claim:
        batch = self._standing.settings.batch
        return Claim(
            now=now,
            until=self._lease_end(now),
            linger=micros(batch.linger),
            max_orders=policy.batch_limit(self._standing.state, self._standing.settings),
            max_bytes=batch.max_bytes,
            hand=self._standing.state.hand,
        )

    def _lease_end(self, now: Micros) -> Micros:
        return now + micros(self._standing.settings.timeout) + _LEASE_MARGIN

    async def _deliver(self, lease: Lease, kind: Kind) -> None:
        """Send a lease whole, and, where it is refused, in the groups that find the culprits."""
        held = {order.id: order for order in lease.orders}
        search = Search(list(held))
        group = search.next() if self._may_send(kind) else None
        while group is not None:
            orders = tuple(held[order] for order in group)
            verdict, settlements = await self._attempt(lease, orders, kind, left=len(held))
            for settlement in settlements:
                del held[settlement.order]
            if isinstance(verdict, Refused):
                search.refused({group[hint] for hint in verdict.hints})
            elif isinstance(verdict, Delivered):
                search.accepted()
            else:
                break
            is_ours = bool(held) and self._may_send(kind) and await self._extend(lease, held)
            group = search.next() if is_ours else None
        if held:
            await self._settle(lease, Decision(self._standing.state, untouched(held.values())), None)

    def _may_send(self, kind: Kind) -> bool:
        """Whether nothing has come up since the lease was claimed, or since the last request of a search."""
        state, now = self._standing.state, self._standing.clock()
        if (
            self._standing.is_stopping
            or not self._standing.may_send()
            or state.is_halted_by_hand
            or policy.next_attempt_at(state, self._standing.settings, now) > now
            or (kind == "push" and state.status is TenantStatus.HALTED)
        ):
            return False
        return self._number == 0 or policy.is_calm(state)

    async def _extend(self, lease: Lease, held: Collection[int]) -> bool:
        """Whether the lease is still ours for the time of one more request."""
        try:
            return await self._standing.outbox.extend(lease, held, self._lease_end(self._standing.clock()))
        except StoreUnavailable:
            return False

    async def _attempt(
        self, lease: Lease, orders: tuple[LeasedOrder, ...], kind: Kind, *, left: int
    ) -> tuple[Verdict, Sequence[Settlement]]:
        """One request: sent, judged, settled, reported. `left`: how many orders of the lease are unsettled before."""
        self._standing.begun += 1
        ticket, at = self._standing.begun, self._standing.clock()
        self._busy_until = self._lease_end(monotonic())
        with self._standing.around(self._standing.name, orders) as told:
            answer = await self._post([order.body for order in orders])
            told(answer.status, answer.kind if isinstance(answer, Failure) else None)
        now = self._standing.clock()
        self._busy_until = 0
        verdict = judge(answer, [order.external_order_id for order in orders], now)
        sent = Sent(orders, kind, is_late=ticket <= self._standing.troubled)
        before = self._standing.state
        decision = decide(sent, verdict, Situation(before, self._standing.settings, now, self._standing.random))
        self._standing.state = decision.state
        if isinstance(verdict, NotAnIntake | Unavailable | WrongDoor) and not sent.is_late:
            self._standing.troubled = self._standing.begun
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
        settled = await self._settle(lease, decision, attempt, orders, goes_on=goes_on)
        self._report(attempt, settled, before, verdict)
        return verdict, decision.settlements

    async def _post(self, bodies: Sequence[bytes]) -> Answer | Failure:
        settings = self._standing.settings
        self._posting = asyncio.ensure_future(self._client.post(bodies, settings.secret or "", settings.timeout))
        try:
            return await self._posting
        except asyncio.CancelledError:
            if not self._posting.cancelled() or _is_cancelled():
                raise
            return Failure("lost", "broken off: deliveries to the tenant are another replica's", was_written=True)
        finally:
            self._posting = None

    async def _settle(
        self,
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
        while True:
            self._moved_at, now = monotonic(), self._standing.clock()
            settling = Settling(
                settlements=decision.settlements,
                attempt=attempt,
                state=self._standing.state,
                now=now,
                tried=[order.id for order in orders if order.id not in ended],
                revived=decision.revived,
                releases=decision.releases,
                claim=self._next_batch(now) if goes_on and self._may_send("push") else None,
                rests_until=now + micros(self._standing.settings.settle_delay),
            )
            try:
                settled, self._lease = await self._standing.outbox.settle(lease, settling)
            except StoreUnavailable:
                await self._standing.sleep(STORE_PAUSE_SECONDS)
            else:
                return settled

    def _report(self, attempt: Attempt, settled: Sequence[Settled], before: TenantState, verdict: Verdict) -> None:
        after = self._standing.state
        if policy.is_calm(after) and not policy.is_calm(before):
            self._standing.wake()
        oddities = verdict.oddities if isinstance(verdict, Delivered) else {}
        self._standing.on_attempt(DeliveryReport(self._standing.name, attempt, settled, before, after, oddities))


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
