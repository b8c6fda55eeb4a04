"""Durable 200s a second, always in turn with the same server answering bare 200s."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Final

import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.load import Ids, Load, LoadFailed, Target, press
from gateway.workshop.bench.usage import Usage

Peer = Callable[[Path], AbstractContextManager[Target]]
"""Runs another program that takes webhooks, its files in the folder. Raises LoadFailed."""

KINDS: Final = ("bare", "rim", "durable", "gateway")
"""Bare 200s, the rim without a store, stored with translation held back, stored with translation going on."""

WARM_SECONDS: Final = 1.0
CATCH_UP_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.05


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One server at one setting: medians of the rounds, and of the rounds' own ratios to the bare server.

    Latencies are milliseconds. `behind_seconds` is how long after the last acknowledgement everything was translated.
    `durable_times` is, for a peer, how many times its rate our durable rate was. `cpu` is microseconds of the server's
    processes a hook, its translation included, and `written` the bytes that they gave the kernel to write.
    """

    server: str
    connections: int
    body: int
    rate: float
    ratio: float
    ratio_to_rim: float | None
    p50: float
    p90: float
    p99: float
    p99_ratio: float
    behind_seconds: float | None = None
    durable_times: float | None = None
    cpu: float | None = None
    written: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to measure."""

    connections: Sequence[int]
    bodies: Sequence[int]
    rounds: int
    seconds: float
    peers: Mapping[str, Peer] = msgspec.field(default_factory=dict)
    ids: Ids = "rising"

    @property
    def runs(self) -> int:
        """How many runs of load that makes."""
        return len(self.connections) * len(self.bodies) * self.rounds * (len(KINDS) + len(self.peers))


def plan_of(
    connections: Sequence[int] | None,
    bodies: Sequence[int] | None,
    *,
    rounds: int,
    seconds: float,
    has_random_ids: bool,
) -> Plan:
    """What is measured where a person says no more."""
    return Plan(
        connections=connections or [1, 16, 64, 256],
        bodies=bodies or [1000, 3000, 30000],
        rounds=rounds,
        seconds=seconds,
        ids="random" if has_random_ids else "rising",
    )


def measure(plan: Plan, on_run: Callable[[], None] = lambda: None) -> list[Row]:
    """Every server at every setting. Raises LoadFailed."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        # First, since a peer may not be there.
        peers = {peer: stack.enter_context(open_peer(Path(name) / peer)) for peer, open_peer in plan.peers.items()}
        servers = {kind: stack.enter_context(rig.running(kind, Path(name) / kind)) for kind in KINDS}
        targets = {kind: server.target for kind, server in servers.items()} | peers
        for target in targets.values():
            press(target, connections=8, body=plan.bodies[0], seconds=WARM_SECONDS, ids=plan.ids)
        for body in plan.bodies:
            for connections in plan.connections:
                rows += _setting(plan, targets, servers, connections, body, on_run)
    return rows


def _setting(
    plan: Plan,
    targets: dict[str, Target],
    servers: Mapping[str, rig.Running],
    connections: int,
    body: int,
    on_run: Callable[[], None],
) -> list[Row]:
    loads: dict[str, list[Load]] = {kind: [] for kind in targets}
    used: dict[str, list[Usage]] = {kind: [] for kind in servers}
    behind = []
    for _ in range(plan.rounds):
        for kind, target in targets.items():
            server = servers.get(kind)
            before = None if server is None else server.usage()
            loads[kind].append(press(target, connections=connections, body=body, seconds=plan.seconds, ids=plan.ids))
            if kind == "gateway":
                # The next server is not to be measured beside what this one still has to do.
                behind.append(catch_up(servers[kind]))
            if server is not None and before is not None:
                used[kind].append(server.usage() - before)
            on_run()
    rows = [_row(kind, connections, body, runs, loads) for kind, runs in loads.items()]
    return [
        msgspec.structs.replace(
            row,
            behind_seconds=round(_median(behind), 2) if row.server == "gateway" else None,
            **_a_hook(loads[row.server], used.get(row.server, [])),
        )
        for row in rows
    ]


def _a_hook(loads: Sequence[Load], used: Sequence[Usage]) -> dict[str, float]:
    """What a hook cost the server's processes, where they are ours."""
    if not used:
        return {}
    pairs = list(zip(used, loads, strict=True))
    return {
        "cpu": round(_median(usage.seconds / load.requests * 1e6 for usage, load in pairs), 1),
        "written": round(_median(usage.written / load.requests for usage, load in pairs)),
    }


def _row(kind: str, connections: int, body: int, runs: Sequence[Load], loads: dict[str, list[Load]]) -> Row:
    bare, rim, durable = loads["bare"], loads["rim"], loads["durable"]
    times = None if kind in KINDS else _median(ours.rate / run.rate for run, ours in zip(runs, durable, strict=True))
    return Row(
        server=kind,
        connections=connections,
        body=body,
        rate=round(_median(run.rate for run in runs)),
        ratio=round(_median(run.rate / beside.rate for run, beside in zip(runs, bare, strict=True)), 3),
        ratio_to_rim=round(_median(run.rate / beside.rate for run, beside in zip(runs, rim, strict=True)), 3),
        p50=round(_median(run.p50 for run in runs) / 1000, 2),
        p90=round(_median(run.p90 for run in runs) / 1000, 2),
        p99=round(_median(run.p99 for run in runs) / 1000, 2),
        p99_ratio=round(_median(run.p99 / max(1, beside.p99) for run, beside in zip(runs, bare, strict=True)), 2),
        durable_times=None if times is None else round(times, 2),
    )


def catch_up(gateway: rig.Running) -> float:
    """Wait until everything that was stored is translated; the seconds that it took."""
    started = time.perf_counter()
    while time.perf_counter() - started < CATCH_UP_SECONDS:
        figures = gateway.figures()
        if figures.get("translated", 0) >= figures.get("received", 0):
            return time.perf_counter() - started
        time.sleep(_LOOK_SECONDS)
    raise LoadFailed("translation did not catch up")


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
