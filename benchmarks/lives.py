"""A gateway's memory and rate, and how soon it is ready: empty, and over a store that a long time has filled."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import fill
from gateway.workshop.bench.load import press

INGEST_ROUNDS: Final = 5


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """Resident mebibytes; None where the system does not tell. `full`: idle with `events` stored, then under load.

    `ingest` is the full store's rate of durable 200s as a share of the empty one's, loaded in turn, and `cpu` the
    processor time that a hook costs it, as a multiple.
    """

    events: int
    pending: int
    idle: float | None
    loaded: float | None
    full_idle: float | None
    full_loaded: float | None
    ingest: float
    cpu: float


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from the process's start to its `/readyz`; after a kill under load where it says so; medians."""

    pending: int
    empty: float
    killed: float
    full: float
    full_killed: float


async def memory(
    *,
    events: int,
    pending: int,
    connections: int,
    seconds: float,
    on_events: Callable[[int], None] = lambda _count: None,
) -> Memory:
    """Measure a gateway that has nothing, and one that has much. Raises LoadFailed."""
    with tempfile.TemporaryDirectory() as name:
        empty, full = Path(name) / "empty", Path(name) / "full"
        idle, loaded = _resident(empty, connections, seconds)
        await fill(full / "gateway.db", events=events, pending=pending, on_events=on_events)
        full_idle, full_loaded = _resident(full, connections, seconds)
        ingest, cpu = _ingest(empty, full, connections, seconds)
    return Memory(
        events=events,
        pending=pending,
        idle=idle,
        loaded=loaded,
        full_idle=full_idle,
        full_loaded=full_loaded,
        ingest=ingest,
        cpu=cpu,
    )


def _resident(folder: Path, connections: int, seconds: float) -> tuple[float | None, float | None]:
    with rig.running("gateway", folder) as gateway:
        idle = gateway.resident_mebibytes()
        press(gateway.target, connections=connections, body=3000, seconds=seconds)
        return _rounded(idle), _rounded(gateway.resident_mebibytes())


def _ingest(empty: Path, full: Path, connections: int, seconds: float) -> tuple[float, float]:
    """The full store's rate and processor time a hook, as multiples of the empty one's."""
    ratios = []
    with rig.running("durable", empty) as one, rig.running("durable", full) as other:
        for _ in range(INGEST_ROUNDS):
            rates, costs = [], []
            for server in (one, other):
                before = server.usage()
                load = press(server.target, connections=connections, body=3000, seconds=seconds)
                rates.append(load.rate)
                costs.append((server.usage() - before).seconds / load.requests)
            ratios.append((rates[1] / rates[0], costs[1] / costs[0]))
    rate, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
    return round(rate, 2), round(cpu, 2)


def _rounded(mebibytes: float | None) -> float | None:
    return None if mebibytes is None else round(mebibytes, 1)


async def start(
    *, pending: int, rounds: int, seconds: float, on_events: Callable[[int], None] = lambda _count: None
) -> Start:
    """Measure how soon a gateway is ready. Raises LoadFailed."""
    with tempfile.TemporaryDirectory() as name:
        empty, full = Path(name) / "empty", Path(name) / "full"
        first, killed = _ready([empty / str(number) for number in range(rounds)], seconds)
        await fill(full / "gateway.db", events=pending, pending=pending, on_events=on_events)
        full_first, full_killed = _ready([full] * rounds, seconds)
    return Start(pending=pending, empty=first, killed=killed, full=full_first, full_killed=full_killed)


def _ready(folders: Sequence[Path], seconds: float) -> tuple[float, float]:
    """After a stop, and after a kill under load."""
    stopped, killed = [], []
    for folder in folders:
        server = rig.start("gateway", folder)
        try:
            stopped.append(server.wait_until_ready())
            press(server.target, connections=16, body=1000, seconds=seconds)
        finally:
            server.kill()
        with rig.running("gateway", folder) as again:
            killed.append(again.ready_seconds)
    return round(statistics.median(stopped), 2), round(statistics.median(killed), 2)
