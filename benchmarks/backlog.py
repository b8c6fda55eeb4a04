"""What storing, claiming and settling cost as the outbox grows."""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gateway.events import SECOND, Micros
from gateway.orders import Attempt, Claim, Lease, Settlement, Settling, TenantState
from gateway.store.ports import Outbox
from gateway.store.sqlite import SqliteStore
from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import BODY, arrival, fill_open
from gateway.workshop.bench.load import LoadFailed
from gateway.workshop.bench.samples import template

BATCH = 100
GROUP = 64


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Medians, in milliseconds: a group of 64 stored, 100 orders claimed, 100 settled; ratios to the first size's."""

    pending: int
    store: float
    claim: float
    settle: float
    store_ratio: float = 1.0
    claim_ratio: float = 1.0
    settle_ratio: float = 1.0


async def measure(
    sizes: Sequence[int], *, rounds: int, on_events: Callable[[int], None] = lambda _count: None
) -> list[Cost]:
    """The costs at each number of pending orders, smallest first."""
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory() as name:
        store = await SqliteStore.open(Path(name) / "gateway.db")
        try:
            there = 0
            for size in sorted(sizes):
                await fill_open(
                    store.inbox, store.translation, events=size - there, pending=size - there, on_events=on_events
                )
                there = size
                cost = await _cost(store, size, rounds)
                costs.append(cost if not costs else _beside(cost, costs[0]))
                # What the measurement delivered is made up for.
                there -= rounds * BATCH
        finally:
            await store.close()
    return costs


def _beside(cost: Cost, first: Cost) -> Cost:
    return msgspec.structs.replace(
        cost,
        store_ratio=round(cost.store / first.store, 2),
        claim_ratio=round(cost.claim / first.claim, 2),
        settle_ratio=round(cost.settle / first.settle, 2),
    )


def delivered(lease: Lease, now: Micros) -> Settling:
    """All of it, by one request."""
    return Settling(
        settlements=[
            Settlement(order=order.id, result="delivered", order_id="T", is_created=True) for order in lease.orders
        ],
        attempt=Attempt(
            at=now,
            kind="push",
            http_status=200,
            outcome="delivered",
            detail=None,
            batch_size=len(lease.orders),
            milliseconds=1,
        ),
        state=TenantState(),
        now=now,
    )


async def turn(outbox: Outbox) -> tuple[float, float]:
    """Seconds of a claim of 100 orders, and of their settlement. Raises LoadFailed where there are none."""
    now = time.time_ns() // 1000
    started = time.perf_counter()
    claim = Claim(now=now, until=now + 60 * SECOND, linger=0, max_orders=BATCH, max_bytes=2**20)
    lease = await outbox.claim(rig.TENANT, claim)
    claimed = time.perf_counter() - started
    if not isinstance(lease, Lease):
        raise LoadFailed(f"too few orders for batches of {BATCH}")
    started = time.perf_counter()
    await outbox.settle(lease, delivered(lease, now))
    return claimed, time.perf_counter() - started


async def _cost(store: SqliteStore, pending: int, rounds: int) -> Cost:
    stored, turns = [], []
    made, run = template(BODY), time.time_ns() >> 20
    for number in range(rounds):
        group = [arrival(made, run, number * GROUP + each, time.time_ns() // 1000) for each in range(GROUP)]
        started = time.perf_counter()
        for receipt in [store.inbox.put(each) for each in group]:
            await receipt
        stored.append(time.perf_counter() - started)
        turns.append(await turn(store.outbox))
    store_ms, claim_ms, settle_ms = (
        round(statistics.median(each) * 1000, 2) for each in (stored, *zip(*turns, strict=True))
    )
    return Cost(pending=pending, store=store_ms, claim=claim_ms, settle=settle_ms)
