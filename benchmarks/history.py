"""Gateways on a database with a long history, beside an empty one: claims and processor time, and retention at work."""

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal

import msgspec
import psycopg

from benchmarks.backlog import BATCH, turn
from benchmarks.replicas import SETTINGS, Cluster, Drained, Plan, cluster, database, drain
from gateway.events import SECOND, Micros
from gateway.records import RetentionSpans
from gateway.store.postgresql import PostgresStore, migrating
from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import fill_open
from gateway.workshop.postgres import Postgres

A_DAY: Final = 10_000_000
"""Events that retention is to remove."""

DAY_SECONDS: Final = 86_400
BEGAN: Final[Micros] = 1_700_000_000 * SECOND
"""When the first of the history was received; each ended when it was, and the next a microsecond later."""

CLAIMS: Final = 50
_CHUNK: Final = 100_000


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What events cost beside nothing, beside the history, and beside retention that removes of the history.

    `claim` are milliseconds of a claim of 100 orders, `cpu` microseconds of gateways and database an event from its
    hook to its settlement, retention's own included; both medians, beside retention the mean over all its time.
    `deleted` are events that went, with their bodies, states and orders; a day by the time given, or by what it took
    where that is longer. Two gigabytes more are the log's.
    """

    beside: Literal["nothing", "history", "retention"]
    events: int = 0
    gigabytes: float
    claim: float | None = None
    claim_ratio: float | None = None
    cpu: float
    cpu_ratio: float = 1.0
    accepted: float
    delivered: float
    seconds: float | None = None
    """How long retention took, of the time given."""
    deleted: int = 0
    deleted_a_day: int = 0


def measure(plan: Plan, events: int, minutes: float, on_run: Callable[[], None] = lambda: None) -> list[Beside]:
    """A row for each. `minutes` is how long retention is measured. Raises LoadFailed, PostgresFailed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(Postgres(**{**SETTINGS, "max_wal_size": "2GB"}))
        empty, filled = (database(server, name) for name in ("empty", "filled"))
        fill(filled, events)
        on_run()
        claims = [asyncio.run(_claim(address)) for address in (empty, filled)]
        intake = stack.enter_context(rig.running("intake", folder / "intake"))
        both = [
            stack.enter_context(cluster("gateway", folder / name, 1, intake, server, address))
            for name, address in (("empty", empty), ("filled", filled))
        ]
        for each in both:
            drain(msgspec.structs.replace(plan, connections=8, seconds=1.0), each)
        rounds: list[list[Drained]] = [[], []]
        for _ in range(plan.rounds):
            for each, found in zip(both, rounds, strict=True):
                found.append(drain(plan, each))
            on_run()
        rows = [
            _row("nothing", both[0], 0, claims[0], rounds[0]),
            _row("history", both[1], events, claims[1], rounds[1]),
        ]
        rows.append(
            _retained(plan, both[1], filled, min(events, round(A_DAY / DAY_SECONDS * minutes * 60)), minutes * 60)
        )
        on_run()
    return [
        msgspec.structs.replace(
            row,
            cpu_ratio=round(row.cpu / rows[0].cpu, 3),
            claim_ratio=row.claim and round(row.claim / claims[0], 3),
        )
        for row in rows
    ]


def _row(
    beside: Literal["nothing", "history"], whole: Cluster, events: int, claim: float, rounds: Sequence[Drained]
) -> Beside:
    return Beside(
        beside=beside,
        events=events,
        gigabytes=_gigabytes(whole),
        claim=round(claim, 2),
        cpu=round(statistics.median(each.cpu + each.cpu_database for each in rounds), 1),
        accepted=round(statistics.median(each.accepted for each in rounds)),
        delivered=round(statistics.median(each.delivered for each in rounds)),
    )


def _retained(plan: Plan, whole: Cluster, address: str, due: int, seconds: float) -> Beside:
    """So many are due at once, as many as become due in so many seconds, and go as retention's duty has them go."""
    deleted, rounds, began = whole.ask(_DELETED), list[Drained](), time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        retention = apart.submit(prune, address, BEGAN + due + 1)
        while not rounds or not retention.done() or time.perf_counter() - began < seconds:
            rounds.append(drain(plan, whole))
        took, own = retention.result()
    count = sum(each.events for each in rounds)
    deleted = whole.ask(_DELETED) - deleted
    cpu = sum((each.cpu + each.cpu_database) * each.events for each in rounds) + own * 1e6
    return Beside(
        beside="retention",
        events=due,
        gigabytes=_gigabytes(whole),
        cpu=round(cpu / count, 1),
        accepted=round(statistics.mean(each.accepted for each in rounds)),
        delivered=round(statistics.mean(each.delivered for each in rounds)),
        seconds=round(took, 1),
        deleted=deleted,
        deleted_a_day=round(deleted / max(took, seconds) * DAY_SECONDS),
    )


def _gigabytes(whole: Cluster) -> float:
    return round(int(whole.ask("SELECT pg_database_size(current_database())")) / 1e9, 2)


_DELETED: Final = "SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'events'"


def prune(address: str, before: Micros) -> tuple[float, float]:
    """Remove all that ended before; the seconds that it took, and those of this process' processor."""
    began, used = time.perf_counter(), time.process_time()
    asyncio.run(_prune(address, before))
    return time.perf_counter() - began, time.process_time() - used


async def _prune(address: str, before: Micros) -> None:
    store = await PostgresStore.open(address)
    try:
        now = time.time_ns() // 1000
        span = now - before
        spans = RetentionSpans(bodies=span, dead_letters=span, keys=span, orders=span, attempts=span)
        await store.acts.prune(spans, now)
    finally:
        await store.close()


async def _claim(address: str) -> float:
    """Milliseconds of a claim, nobody else being there."""
    orders = CLAIMS * BATCH
    store = await PostgresStore.open(address)
    try:
        await fill_open(store.inbox, store.translation, events=orders, pending=orders)
        return statistics.median([(await turn(store.outbox))[0] for _ in range(CLAIMS)]) * 1000
    finally:
        await store.close()


def fill(address: str, events: int) -> None:
    """Make the schema, and so many events of former days, ten an order, with bodies of a few bytes."""
    with psycopg.connect(address, autocommit=True) as connection:
        migrating.migrate(connection)

        def some(first: int) -> None:
            last = min(events, first + _CHUNK - 1)
            given = {"first": first, "last": last, "tenant": rig.TENANT, "source": rig.SOURCE, "began": BEGAN}
            with psycopg.connect(address, autocommit=True) as filling:
                filling.execute(_FILL.format(**given).encode())

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(some, range(1, events + 1, _CHUNK)))
        connection.execute("VACUUM ANALYZE")


_FILL: Final = """
WITH made AS (
    SELECT n, nextval(pg_get_serial_sequence('events', 'id')) AS id, {began} + n AS at, 'filled-' || n / 10 AS name,
        CASE n % 10 WHEN 9 THEN 'delivered' ELSE 'superseded' END AS status
    FROM generate_series({first}, {last}) AS n
), stored AS (
    INSERT INTO events (id, source, event_id, received_at, status, run, adapter_version, ended_at)
    SELECT id, '{source}', 'filled-' || n, at, status, 1, '1', at FROM made
), kept AS (
    INSERT INTO bodies (id, body, context) SELECT id, '{{}}', '{{}}' FROM made
), said AS (
    INSERT INTO states (event, run, tenant, external_order_id, owner, clock, tie, arrival, body, status)
    SELECT id, 1, '{tenant}', name, 'source:{source}', at, 0, id, '{{}}', status FROM made
    RETURNING id, external_order_id, clock, arrival, status
)
INSERT INTO orders (tenant, external_order_id, owner, status, state, is_cancelled, clock, tie, arrival, changed_at,
                    attempted, delivered_at, order_id, ended_at)
SELECT '{tenant}', external_order_id, 'source:{source}', status, id, 0, clock, 0, arrival, clock,
       2, clock, 'T-' || external_order_id, clock
FROM said WHERE status = 'delivered'
"""
