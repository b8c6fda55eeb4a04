"""What the store's steps cost with nothing in it, with a backlog, and with a history.

    python -m benchmarks.store_backlog [--pending 0 1000 100000 1000000] [--events 1000000] [--prune]

Rows are made up by SQL; the steps are the real store's, on a real file, synced. Every figure is a median.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw

from benchmarks.backlog import delivered
from gateway.events import SECOND, Arrival, EventStatus, OrderState, OrderStatus, TranslatedEvent
from gateway.orders import Claim, Lease
from gateway.records import Belonging, DeadLetterFilter, EventFilter, OrderFilter, RetentionSpans
from gateway.store.ports import Outbox
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite.connection import connect

DAY = 86_400 * SECOND
NOW = int(time.time()) * SECOND
BODY = json.dumps({"id": 1, "text": "x" * 2900}).encode()
CANONICAL = json.dumps({"externalOrderId": "order-0000000000", "deliveryAddress": "Storgata 1, 0155 Oslo, NO"}).encode()
GROUP, BUNDLE, BATCH = 64, 256, 100

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2) "
FILL_EVENTS = (
    "INSERT INTO events (id, source, event_id, topic, received_at, status, run, ended_at) "
    "SELECT i, 'acme', printf('event-%010d', i), 'order', ?4, ?3, 1, iif(?3 = 'delivered', ?4, NULL) FROM n"
)
FILL_BODIES = "INSERT INTO bodies (id, body, context) SELECT i, ?5, x'' FROM n"
FILL_STATES = (
    "INSERT INTO states (id, event, run, tenant, external_order_id, owner, clock, tie, arrival, body, status) "
    "SELECT i, i, 1, 'north', printf('order-%010d', i), 'source:acme', ?4, 0, i, ?6, ?7 FROM n"
)
FILL_ORDERS = (
    "INSERT INTO orders (id, tenant, external_order_id, owner, status, state, is_cancelled, clock, tie, arrival, "
    "digest, changed_at, pending_since, due_at, ended_at) "
    "SELECT i, 'north', printf('order-%010d', i), 'source:acme', ?7, i, 0, ?4, 0, i, randomblob(16), ?4 + i, "
    "iif(?7 = 'pending', ?4 + i, NULL), ?4 + i, iif(?7 = 'pending', NULL, ?4) FROM n"
)

TALLY = "INSERT INTO tallies VALUES ('event', 'acme', 'delivered', ?1), ('order', 'north', 'delivered', ?1)"
# The largest that a hook may be, and all that may stand beside it.
LARGE_BODY = "UPDATE bodies SET body = zeroblob(8 << 20) WHERE id = 1"
LARGE_OTHERS = (
    "INSERT INTO other_bodies (event, kind, received_at, body, context) "
    "SELECT 1, 'conflict', 0, zeroblob(8 << 20), x'' FROM n"
)


def fill(path: Path, delivered: int, pending: int, body: bytes) -> None:
    """Make up a history and, after it, a backlog."""
    connection = connect(path)
    connection.execute("INSERT INTO sources VALUES ('acme', ?)", (NOW,))
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -200000")
    for first, last, event, order in (
        (1, delivered, "delivered", "delivered"),
        (delivered + 1, delivered + pending, "translated", "pending"),
    ):
        if last < first:
            continue
        values = (first, last, event, NOW - 40 * DAY, body, CANONICAL, order)
        connection.execute("BEGIN")
        for statement in (FILL_EVENTS, FILL_BODIES, FILL_STATES, FILL_ORDERS):
            used = max(int(part[0]) for part in (NUMBERS + statement).split("?")[1:])
            connection.execute(NUMBERS + statement, values[:used])
        connection.execute("COMMIT")
    if delivered:
        connection.execute(TALLY, (delivered,))
        connection.execute(LARGE_BODY)
        connection.execute(NUMBERS + LARGE_OTHERS, (1, 5))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def timed(step: Callable[[], Awaitable[Any]], *, times: int = 15) -> float:
    """Median seconds of a step."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        await step()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


class Walk:
    """The way of new events through a store that holds much already."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.number = 0

    async def ingest(self) -> None:
        """A group of arrivals."""
        await asyncio.gather(*(self._put() for _ in range(GROUP)))

    async def _put(self) -> None:
        self.number += 1
        arrival = Arrival("acme", f"new-{self.number:010}", "order", NOW, BODY)
        await self.store.inbox.put(arrival)

    async def translate(self) -> None:
        """A bundle of events, each of an order of its own."""
        found = await self.store.translation.untranslated(["acme"], BUNDLE)
        await self.store.translation.commit([_translated(event.id, event.event_id) for event in found], NOW)

    async def claim_and_settle(self, spent: dict[str, list[float]]) -> None:
        """A batch, leased and delivered."""
        started = time.perf_counter()
        claim = Claim(now=NOW, until=NOW + 60 * SECOND, linger=0, max_orders=BATCH, max_bytes=1 << 20)
        lease = await self.store.outbox.claim("north", claim)
        spent["claim"].append(time.perf_counter() - started)
        if not isinstance(lease, Lease):
            raise TypeError("nothing is due")
        settling = delivered(lease, NOW)
        started = time.perf_counter()
        await self.store.outbox.settle(lease, settling)
        spent["settle"].append(time.perf_counter() - started)


def _translated(id_: int, event_id: str) -> TranslatedEvent:
    state = OrderState(
        tenant="north", external_order_id=event_id, owner="source:acme", clock=NOW, tie=0, body=CANONICAL
    )
    return TranslatedEvent(
        id=id_, source="acme", event_id=event_id, status=EventStatus.TRANSLATED, adapter_version="1", states=(state,),
        references=(event_id,),
    )  # fmt: skip


async def measure(path: Path) -> dict[str, float]:
    """Every step's cost on a file, in the unit that its name says."""
    started = time.perf_counter()
    store = await SqliteStore.open(path)
    figures = {"open ms": (time.perf_counter() - started) * 1e3}
    walk = Walk(store)
    figures["ingest us/event"] = await timed(walk.ingest, times=60) / GROUP * 1e6
    figures["translate us/event"] = await timed(walk.translate, times=12) / BUNDLE * 1e6
    spent: dict[str, list[float]] = {"claim": [], "settle": []}
    for _ in range(7):
        await walk.claim_and_settle(spent)
    figures["claim us/order"] = statistics.median(spent["claim"]) / BATCH * 1e6
    figures["settle us/order"] = statistics.median(spent["settle"]) / BATCH * 1e6
    figures |= {f"{name} ms": await timed(step, times=5) * 1e3 for name, step in questions(store).items()}
    await store.close()
    return figures


def questions(store: SqliteStore) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What loops and operators ask."""
    records = store.records

    def events(**which: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: records.events(EventFilter(**which), limit=100, cursor=None)

    def orders(**which: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: records.orders(OrderFilter(**which), limit=100, cursor=None)

    return {
        **_of_the_outbox(store.outbox),
        "events": events(),
        "events of source": events(source="acme"),
        "events of no source": events(source="nobody"),
        "events received": events(status=EventStatus.RECEIVED),
        "events dead": events(status=EventStatus.DEAD),
        "events ignored": events(status=EventStatus.IGNORED),
        "events by id": events(event_id="event-0000000500"),
        "events by reference": events(reference="new-0000000001"),
        "events by order": events(external_order_id="order-0000000500"),
        "events of no tenant": events(tenant="nobody"),
        "events by code": events(code="refused"),
        "events since": events(since=NOW + DAY),
        "orders": orders(),
        "orders pending": orders(status=OrderStatus.PENDING),
        "orders dead": orders(status=OrderStatus.DEAD),
        "orders withdrawn": orders(status=OrderStatus.WITHDRAWN),
        "orders of no tenant": orders(tenant="nobody"),
        "orders by q": orders(q="order-0000000500"),
        "order": lambda: records.order("north", "new-0000000001"),
        "dead letters": lambda: records.dead_letters(DeadLetterFilter(), limit=100, cursor=None),
        "figures": lambda: records.tenant_figures(Belonging()),
        "counts": records.counts,
    }


def _of_the_outbox(outbox: Outbox) -> dict[str, Callable[[], Awaitable[Any]]]:
    return {
        "claim nothing": lambda: outbox.claim(
            "nobody", Claim(now=NOW, until=NOW + SECOND, linger=0, max_orders=BATCH, max_bytes=1 << 20)
        ),
        "rescue": lambda: outbox.rescue_expired(now=0, rests_until=0),
        "rescue all": lambda: outbox.rescue(now=NOW, rests_until=NOW),
        "resume": lambda: outbox.resume("north", NOW),
        "probe": lambda: outbox.claim_probe("north", now=NOW, until=NOW + SECOND),
        "pending at most": lambda: outbox.pending_at_most("north", 10_000),
    }


def megabytes(path: Path) -> float:
    """A file's size."""
    return path.stat().st_size / 1e6


def timed_steps(store: SqliteStore) -> list[tuple[float, float]]:
    """Seconds of each transaction from now on, commit included: by the wall, and of the writer's thread alone."""
    steps: list[tuple[float, float]] = []
    transact = store.writer._transact  # noqa: SLF001 - nothing but the writer knows how long it was held

    def watched(run: Callable[[apsw.Connection], Any], *, is_synced: bool = True) -> Any:
        started, working = time.perf_counter(), time.thread_time()
        try:
            return transact(run, is_synced=is_synced)
        finally:
            steps.append((time.perf_counter() - started, time.thread_time() - working))

    store.writer._transact = watched  # type: ignore[method-assign]  # noqa: SLF001 - as above
    return steps


async def measure_pruning(path: Path) -> dict[str, float]:
    """One pass over a history of which every body is old; and the longest that it held the writer."""
    store = await SqliteStore.open(path)
    waits: list[float] = []
    number = 0

    async def arrive() -> None:
        nonlocal number
        while True:
            number += 1
            started = time.perf_counter()
            await store.inbox.put(Arrival("acme", f"while-{number:010}", "order", NOW, b"{}"))
            waits.append(time.perf_counter() - started)
            await asyncio.sleep(0.001)

    spans = RetentionSpans(bodies=30 * DAY, dead_letters=180 * DAY, keys=35 * DAY, orders=39 * DAY, attempts=30 * DAY)
    size, steps = megabytes(path), timed_steps(store)
    arriving = asyncio.create_task(arrive())
    await asyncio.sleep(0.5)
    idle, waits[:], steps[:] = list(waits), [], []
    started = time.perf_counter()
    pruned = await store.acts.prune(spans, NOW)
    taken = time.perf_counter() - started
    arriving.cancel()
    await asyncio.gather(arriving, return_exceptions=True)
    await store.close()
    return {
        "prune rows": pruned,
        "prune us/row": taken / max(pruned, 1) * 1e6,
        "an arrival waits ms, idle, median": statistics.median(idle) * 1e3,
        "an arrival waits ms, p99": statistics.quantiles(waits, n=100)[98] * 1e3,
        "an arrival waits ms, at most": max(waits) * 1e3,
        "a transaction ms, p99": statistics.quantiles([wall for wall, _ in steps], n=100)[98] * 1e3,
        "a transaction ms, at most": max(wall for wall, _ in steps) * 1e3,
        "a transaction's work ms, at most": max(work for _, work in steps) * 1e3,
        "file MB before": size,
        "file MB after": megabytes(path),
    }


async def run(pending: list[int], events: int, *, prune: bool, body: int) -> None:
    """Measure each backlog in a file of its own; print one column for each."""
    columns: dict[str, dict[str, float]] = {}
    for backlog in pending:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gateway.db"
            await (await SqliteStore.open(path)).close()
            history = 0 if backlog == 0 else max(events - backlog, 0)
            fill(path, history, backlog, b"x" * body)
            columns[f"{backlog} of {history + backlog}"] = await measure(path)
            print(f"measured {backlog} pending", flush=True)  # noqa: T201 - it talks to a person
            if prune and history:
                columns[f"{backlog} of {history + backlog}"] |= await measure_pruning(path)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    print(f"{'':36}" + "".join(f"{name:>20}" for name in columns))  # noqa: T201 - as above
    for name in names:
        print(f"{name:36}" + "".join(f"{column.get(name, float('nan')):20.2f}" for column in columns.values()))  # noqa: T201 - as above


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pending", type=int, nargs="+", default=[0, 1000, 100_000, 1_000_000])
    parser.add_argument("--events", type=int, default=1_000_000, help="stored in all, where there is a backlog")
    parser.add_argument("--body", type=int, default=500, help="bytes of a made-up body")
    parser.add_argument("--prune", action="store_true", help="also prune the history while events arrive")
    asked = parser.parse_args()
    asyncio.run(run(asked.pending, asked.events, prune=asked.prune, body=asked.body))


if __name__ == "__main__":
    main()
