"""Gateways on one PostgreSQL, beside stock uvicorn: rates, processor time of both, and the log's bytes an event."""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from gateway.store.postgresql.connection import ONE_AT_A_TIME
from gateway.workshop.bench import rig
from gateway.workshop.bench.drain import DRAIN_SECONDS
from gateway.workshop.bench.load import LoadFailed, press
from gateway.workshop.bench.usage import Usage, usage_of
from gateway.workshop.postgres import Postgres

SETTINGS: Final = {"shared_buffers": "128MB", "max_wal_size": "4GB"}
"""Else as PostgreSQL comes, and as durable."""

_LOOK_SECONDS: Final = 0.05

_HELD: Final = (
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "  # noqa: S608 - a number
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND (classid::bigint << 32) + objid::bigint = {ONE_AT_A_TIME}"
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """So many replicas: medians over the rounds.

    `stored` are durable 200s a second with nothing else going on, `accepted` with all going on, `delivered` orders from
    the first hook to the last order's settlement; each beside the bare server's 200s of the same round. `cpu` is
    microseconds of all gateways' processes an event from its hook to its settlement, `cpu_database` the database's,
    `times` both beside those of the first row. `alone` are microseconds an event in which nobody else could be in a
    transaction of the rules'. `wal` are bytes of the database's log an event.
    """

    replicas: int
    stored: float
    stored_ratio: float
    accepted: float
    accepted_ratio: float
    delivered: float
    delivered_ratio: float
    cpu: float
    cpu_database: float
    times: float = 1.0
    alone: float
    wal: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure."""

    replicas: Sequence[int] = (1, 2, 3)
    connections: int = 64
    body: int = 3000
    rounds: int = 3
    seconds: float = 3.0


class Pressed(NamedTuple):
    """What came of load on several servers at once."""

    requests: int
    rate: float


class Cluster:
    """The gateways of one database."""

    def __init__(self, gateways: Sequence[rig.Running], server: Postgres, address: str) -> None:
        self._gateways = gateways
        self._server = server
        self._address = address

    def press(self, plan: Plan) -> Pressed:
        """Hooks for each of them, at the same time."""
        share = max(1, plan.connections // len(self._gateways))

        def one(gateway: rig.Running) -> Pressed:
            load = press(gateway.target, connections=share, body=plan.body, seconds=plan.seconds)
            return Pressed(load.requests, load.rate)

        with ThreadPoolExecutor(len(self._gateways)) as threads:
            found = list(threads.map(one, self._gateways))
        return Pressed(sum(each.requests for each in found), sum(each.rate for each in found))

    def used(self) -> tuple[Usage, Usage]:
        """By the gateways, and by the database."""
        each = [gateway.usage() for gateway in self._gateways]
        ours = Usage(sum(one.seconds for one in each), sum(one.written for one in each))
        return ours, usage_of(self._server.pid)

    def logged(self) -> int:
        """Bytes of the database's log so far."""
        return int(self.ask("SELECT pg_current_wal_insert_lsn() - '0/0'"))

    def ask(self, statement: str) -> Any:
        """The first value that a statement finds."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            found = connection.execute(statement.encode()).fetchone()
        return found and found[0]

    def held(self, is_over: threading.Event) -> float:
        """For how much of the time somebody is in a transaction of the rules', looked at until it is over."""
        looks, held = 0, 0
        with psycopg.connect(self._address, autocommit=True) as connection:
            while not is_over.wait(_LOOK_SECONDS):
                looks += 1
                held += len(connection.execute(_HELD.encode()).fetchall())
        return held / max(looks, 1)

    def wait_until_delivered(self) -> None:
        """Wait until all that was received is delivered."""
        until = time.perf_counter() + DRAIN_SECONDS
        while time.perf_counter() < until:
            figures = [gateway.figures() for gateway in self._gateways]
            received, delivered = (
                int(sum(each.get(name, 0) for each in figures)) for name in ("received", "delivered")
            )
            if received and delivered >= received:
                return
            time.sleep(_LOOK_SECONDS)
        raise LoadFailed("the outbox did not become empty")


class Drained(NamedTuple):
    """A round with all going on: hooks, their rates, and what an event cost."""

    events: int
    accepted: float
    delivered: float
    cpu: float
    cpu_database: float
    alone: float
    wal: float


class _Round(NamedTuple):
    bare: float
    stored: float
    whole: Drained


def measure(plan: Plan, on_run: Callable[[], None] = lambda: None) -> list[Row]:
    """A row for each number of replicas. Raises LoadFailed, PostgresFailed."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(Postgres(**SETTINGS))
        bare = stack.enter_context(rig.running("bare", folder / "bare"))
        intake = stack.enter_context(rig.running("intake", folder / "intake"))
        for count in plan.replicas:
            rounds = []
            with _clusters(folder / str(count), server, count, intake) as (storing, whole):
                for each in (storing, whole):
                    each.press(msgspec.structs.replace(plan, connections=8 * count, seconds=1.0))
                whole.wait_until_delivered()
                for _ in range(plan.rounds):
                    rounds.append(_round(plan, bare, storing, whole))
                    on_run()
            rows.append(_row(count, rounds))
    first = rows[0].cpu + rows[0].cpu_database
    return [msgspec.structs.replace(row, times=round((row.cpu + row.cpu_database) / first, 3)) for row in rows]


@contextmanager
def _clusters(folder: Path, server: Postgres, count: int, intake: rig.Running) -> Iterator[tuple[Cluster, Cluster]]:
    """Those that only store, and those that do all, each on a database of its own."""
    storing, whole = (
        cluster(kind, folder / kind, count, intake, server, database(server, f"{kind}_{count}"))
        for kind in ("durable", "gateway")
    )
    with storing as first, whole as second:
        yield first, second


@contextmanager
def cluster(
    kind: str, folder: Path, count: int, intake: rig.Running, server: Postgres, address: str
) -> Iterator[Cluster]:
    """So many gateways on one database, which push to an intake."""
    tenant = rig.pushed_to(intake, batch={"max_orders": 100, "max_bytes": 4 * 2**20})
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(
                rig.running(kind, folder / str(number), tenant, store=address, replica={"name": f"replica-{number}"})
            )
            for number in range(count)
        ]
        yield Cluster(gateways, server, address)


def database(server: Postgres, name: str) -> str:
    """Make an empty database; its address."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.url(name)


def _round(plan: Plan, bare: rig.Running, storing: Cluster, whole: Cluster) -> _Round:
    beside = press(bare.target, connections=plan.connections, body=plan.body, seconds=plan.seconds)
    return _Round(beside.rate, storing.press(plan).rate, drain(plan, whole))


def drain(plan: Plan, whole: Cluster) -> Drained:
    """Hooks as fast as they are answered, until the last order is settled."""
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(whole.held, is_over)
        (ours, its), logged, started = whole.used(), whole.logged(), time.perf_counter()
        try:
            accepted = whole.press(plan)
            whole.wait_until_delivered()
        finally:
            is_over.set()
        seconds, count = time.perf_counter() - started, accepted.requests
        ours_after, its_after = whole.used()
    return Drained(
        events=count,
        accepted=accepted.rate,
        delivered=count / seconds,
        cpu=(ours_after - ours).seconds / count * 1e6,
        cpu_database=(its_after - its).seconds / count * 1e6,
        alone=looking.result() * seconds / count * 1e6,
        wal=(whole.logged() - logged) / count,
    )


def _row(count: int, rounds: Sequence[_Round]) -> Row:
    def median(of: Callable[[_Round], float], digits: int) -> float:
        return round(statistics.median(of(each) for each in rounds), digits)

    return Row(
        replicas=count,
        stored=median(lambda each: each.stored, 0),
        stored_ratio=median(lambda each: each.stored / each.bare, 3),
        accepted=median(lambda each: each.whole.accepted, 0),
        accepted_ratio=median(lambda each: each.whole.accepted / each.bare, 3),
        delivered=median(lambda each: each.whole.delivered, 0),
        delivered_ratio=median(lambda each: each.whole.delivered / each.bare, 3),
        cpu=median(lambda each: each.whole.cpu, 1),
        cpu_database=median(lambda each: each.whole.cpu_database, 1),
        alone=median(lambda each: each.whole.alone, 1),
        wal=round(median(lambda each: each.whole.wal, 0)),
    )


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Orders a second from the first hook to the last settlement: nothing held, and beside a snapshot that is held.

    `quiet` and `held` are medians over the last half of as many minutes each; `ratio` is the second's to the first's.
    """

    minutes: float
    quiet: float
    held: float
    ratio: float
    dead: int
    """Versions of rows that nobody could clear away, at the end."""


def held(plan: Plan, minutes: float, on_run: Callable[[], None] = lambda: None) -> Held:
    """Drain for so long, then as long beside a snapshot that was taken before. Raises LoadFailed, PostgresFailed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(Postgres(**SETTINGS))
        intake = stack.enter_context(rig.running("intake", folder / "intake"))
        address = database(server, "held")
        whole = stack.enter_context(cluster("gateway", folder, plan.replicas[0], intake, server, address))
        quiet = _drained(plan, whole, minutes)
        on_run()
        with psycopg.connect(address) as holding:
            holding.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            holding.execute("SELECT count(*) FROM pg_class")
            beside = _drained(plan, whole, minutes)
            dead = whole.ask("SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables")
        on_run()
    return Held(minutes=minutes, quiet=round(quiet), held=round(beside), ratio=round(beside / quiet, 3), dead=int(dead))


def _drained(plan: Plan, whole: Cluster, minutes: float) -> float:
    """The median rate of the second half of so many minutes."""
    rates, until = list[float](), time.perf_counter() + minutes * 60
    while not rates or time.perf_counter() < until:
        rates.append(drain(plan, whole).delivered)
    return statistics.median(rates[len(rates) // 2 :])
