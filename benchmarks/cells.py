"""Cells on paper: what one database and its gateways bear, and how many of them a load needs, from what was measured.

A cell is a database with its replicas. Its rules' transactions run one after another, so the time that an event takes
alone there bounds the cell, whatever its cores. A tenant is in one cell; tenants are parted over the cells.
"""

import heapq
import random
from collections import deque
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

import msgspec

BUNDLES: Final = (256, 100)
"""Events in a transaction that stores translations; orders in one that settles a request and leases the next."""

SHARES: Final = (0.25, 0.5, 0.6, 0.8, 0.95)
SIMULATED_SECONDS: Final = 30.0
LOADS: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
TENANT: Final = 10.0
"""Events a second of a tenant, in the mean; drawn by Pareto's law, as customers are."""

SHAPE: Final = 1.3
DAY: Final = 86_400


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """Of an event: microseconds of processor time, `alone` in the rules' transactions; bytes of the log, and kept.

    `commit` is a commit's milliseconds, a standby's included.
    `fill` is how much of what it bears a cell is given in the fullest hour, which has `peak` times the day's mean.
    """

    gateway: float = 756.0
    database: float = 642.0
    alone: float = 840.0
    commit: float = 2.0
    log: float = 7_000.0
    kept: float = 4_200.0
    fill: float = 0.6
    peak: float = 3.0

    @property
    def most(self) -> float:
        """Events a second that a cell bears and no more."""
        return 1e6 / (self.alone + sum(self.commit * 1e3 / bundle for bundle in BUNDLES))


class Waited(msgspec.Struct, frozen=True):
    """Milliseconds from an event's receipt to its settlement, the intake's own time left out."""

    share: float
    events: int
    p50: float
    p99: float


class Needed(msgspec.Struct, frozen=True):
    """What so many events a second of the fullest hour need, tenants being parted over the cells by their sizes."""

    load: int
    tenants: int
    cells: int
    gateway_cores: int
    database_cores: int
    log: float
    """MB a second of a cell's log."""
    kept: float
    """TB that a cell keeps in thirty days."""


def waits(costs: Costs, seed: int = 1) -> Iterator[Waited]:
    """How long events wait, the fuller a cell is."""
    for share in SHARES:
        spans = sorted(_spans(costs, costs.most * share, random.Random(seed)))  # noqa: S311 - a simulation
        p50, p99 = (spans[int(len(spans) * part)] * 1e3 for part in (0.5, 0.99))
        yield Waited(share, round(costs.most * share), round(p50), round(p99))


def _spans(costs: Costs, rate: float, chance: random.Random) -> list[float]:
    """Events come by chance; one transaction after another takes what waits, translations and settlements in turn."""
    now = at = 0.0
    received, translated, spans = deque[float](), deque[float](), list[float]()
    each = costs.alone / 1e6 / len(BUNDLES)
    ways = [(received, BUNDLES[0], translated.append), (translated, BUNDLES[1], lambda came: spans.append(now - came))]
    while now < SIMULATED_SECONDS:
        while at <= now:
            received.append(at)
            at += chance.expovariate(rate)
        if not received and not translated:
            now = at
        for queue, most, give in ways:
            taken = [queue.popleft() for _ in range(min(most, len(queue)))]
            if taken:
                now += costs.commit / 1e3 + each * len(taken)
            for came in taken:
                give(came)
    return spans


def needs(costs: Costs, loads: Sequence[int] = LOADS, seed: int = 1) -> Iterator[Needed]:
    """How many cells, cores and bytes these loads need."""
    limit = costs.most * costs.fill
    for load in loads:
        sizes = _sizes(load, limit, random.Random(seed))  # noqa: S311 - a simulation
        cells = _by_size(sizes, limit)
        yield Needed(
            load=load,
            tenants=len(sizes),
            cells=cells,
            gateway_cores=ceil(load * costs.gateway / 1e6 / costs.fill),
            database_cores=ceil(load * costs.database / 1e6 / costs.fill),
            log=round(load * costs.log / cells / 1e6, 1),
            kept=round(load / costs.peak * costs.kept * DAY * 30 / cells / 1e12, 1),
        )


def _sizes(load: int, limit: float, chance: random.Random) -> list[float]:
    """Tenants' events a second, all together the load; one that no cell bears is parted by its warehouses."""
    drawn = [chance.paretovariate(SHAPE) for _ in range(max(1, round(load / TENANT)))]
    scale = load / sum(drawn)
    sizes = []
    for each in drawn:
        parts = ceil(each * scale / limit)
        sizes += [each * scale / parts] * parts
    return sizes


def _by_size(sizes: Sequence[float], limit: float) -> int:
    """The largest first, each where there is most room; a cell more where none has any."""
    cells: list[float] = []
    for size in sorted(sizes, reverse=True):
        if cells and cells[0] + size <= limit:
            heapq.heapreplace(cells, cells[0] + size)
        else:
            heapq.heappush(cells, size)
    return len(cells)


def told(costs: Costs) -> str:
    """Both tables, as the page shows them."""
    lines = ["| of what a cell bears | events a second | median, ms | p99, ms |", "|---|---|---|---|"]
    lines += [f"| {each.share:.0%} | {each.events:,} | {each.p50:,.0f} | {each.p99:,.0f} |" for each in waits(costs)]
    lines += [
        "",
        "| events a second | tenants | cells | cores of gateways | cores of databases | log, MB/s | kept, TB |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.load:,} | {each.tenants:,} | {each.cells:,} | {each.gateway_cores:,} | {each.database_cores:,} "
        f"| {each.log} | {each.kept} |"
        for each in needs(costs)
    ]
    return "\n".join(lines) + "\n"
