"""What a hook and a delivered order cost: processor time as a multiple of a bare server's, and bytes written.

A rate tells how fast this machine is at the moment, a cost what the program asks of it. Senders and intake are
processes of their own, and not counted.
"""

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Literal

import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.drain import wait_until_delivered
from gateway.workshop.bench.filling import fill_keys
from gateway.workshop.bench.ingest import catch_up
from gateway.workshop.bench.load import Ids, press

What = Literal["hook", "order"]
"""Stored and translated, for a tenant that is pulled; or delivered to an intake too."""

WHAT: Final[tuple[What, ...]] = ("hook", "order")

TOLERANCE: Final = 1.25

DRAIN_SECONDS: Final = 0.3
"""From the last hook to the first look whether all is done: a look at the figures takes as much as a dozen orders."""


class Share(msgspec.Struct, frozen=True):
    """One process's part: microseconds, and bytes but for those of the last checkpoint."""

    cpu: float
    written: int


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one `what` costs, with IDs that rise or come in no order.

    `cpu` is microseconds of all processes of the gateway, `multiple` that of the bare server's for one request: each
    the median of the rounds, each round in turn with the bare server. `written` is bytes, up to the last checkpoint.
    `processes` are the shares, as medians of the rounds.
    """

    what: What
    ids: Ids
    cpu: float
    multiple: float
    written: int
    processes: dict[str, Share] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    connections: int = 64
    body: int = 3000
    batch: int = 100
    rounds: int = 5
    seconds: float = 2.0
    ids: tuple[Ids, ...] = ("rising", "random", "scattered")
    keys: int = 0
    """Event IDs, in no order, that the store has already."""

    @property
    def runs(self) -> int:
        """How many costs that makes."""
        return len(WHAT) * len(self.ids)


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """The costs, and what they were measured with; `bare` is the bare server's microseconds."""

    plan: Plan
    bare: float
    costs: list[Cost]


def measure(plan: Plan, on_run: Callable[[], None] = lambda: None) -> Costs:
    """Each cost, beside the bare server's. Raises LoadFailed."""
    bares: list[float] = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        bare = stack.enter_context(rig.running("bare", Path(name) / "bare"))
        intake = stack.enter_context(rig.running("intake", Path(name) / "intake"))
        _warm(plan, bare)
        filled = Path(name) / "filled.db" if plan.keys else None
        if filled is not None:
            asyncio.run(fill_keys(filled, plan.keys))
        costs = []
        for what in WHAT:
            for ids in plan.ids:
                folder = Path(name) / f"{what}-{ids}"
                if filled is not None:
                    folder.mkdir()
                    shutil.copyfile(filled, folder / rig.STORE)
                costs.append(_measured(plan, what, ids, folder, bare, intake, bares))
                shutil.rmtree(folder)
                on_run()
    return Costs(plan=plan, bare=round(statistics.median(bares), 1), costs=costs)


def beyond(found: Costs, committed: Costs, *, bytes_only: bool = False) -> list[str]:
    """What costs more than `TOLERANCE` times what it is known to cost, in words."""
    known = {(cost.what, cost.ids): cost for cost in committed.costs}
    said = []
    for cost in found.costs:
        before = known[cost.what, cost.ids]
        name = f"a {cost.what} with {cost.ids} ids"
        if cost.written > TOLERANCE * before.written:
            said.append(f"{name} writes {cost.written} bytes, and is known to write {before.written}")
        if not bytes_only and cost.multiple > TOLERANCE * before.multiple:
            said.append(f"{name} costs {cost.multiple} times a bare one, and is known to cost {before.multiple} times")
    return said


def _warm(plan: Plan, server: rig.Running, ids: Ids = "rising") -> int:
    return press(server.target, connections=plan.connections, body=plan.body, seconds=1.0, ids=ids).requests


def _measured(
    plan: Plan, what: What, ids: Ids, folder: Path, bare: rig.Running, intake: rig.Running, bares: list[float]
) -> Cost:
    tenant = rig.pushed_to(intake, batch={"max_orders": plan.batch}) if what == "order" else None
    cpus, multiples, shares = [], [], list[dict[str, Share]]()
    with rig.running("gateway", folder, tenant) as gateway:
        ready = gateway.usage()
        hooks = _warm(plan, gateway, ids)
        _settle(what, gateway)
        for _ in range(plan.rounds):
            beside, _ = _round(plan, bare, "rising", lambda: None)
            share, count = _round(plan, gateway, ids, lambda: _settle(what, gateway))
            bares.append(_cpu(beside))
            cpus.append(_cpu(share))
            multiples.append(cpus[-1] / bares[-1])
            shares.append(share)
            hooks += count
        written = (gateway.end() - ready).written
    return Cost(
        what=what,
        ids=ids,
        cpu=round(statistics.median(cpus), 1),
        multiple=round(statistics.median(multiples), 2),
        written=round(written / hooks),
        processes={name: _median([share[name] for share in shares]) for name in shares[0]},
    )


def _settle(what: What, gateway: rig.Running) -> None:
    time.sleep(DRAIN_SECONDS)
    if what == "order":
        wait_until_delivered(gateway)
    else:
        catch_up(gateway)


def _cpu(shares: Mapping[str, Share]) -> float:
    return sum(share.cpu for share in shares.values())


def _median(shares: Sequence[Share]) -> Share:
    cpu, written = (statistics.median(column) for column in zip(*map(msgspec.structs.astuple, shares), strict=True))
    return Share(round(cpu, 1), round(written))


def _round(plan: Plan, server: rig.Running, ids: Ids, settle: Callable[[], None]) -> tuple[dict[str, Share], int]:
    """Each process's share of a hook, and how many hooks."""
    before = server.usage_by_process()
    load = press(server.target, connections=plan.connections, body=plan.body, seconds=plan.seconds, ids=ids)
    settle()
    used = {name: usage - before[name] for name, usage in server.usage_by_process().items()}
    shares = {
        name: Share(each.seconds / load.requests * 1e6, round(each.written / load.requests))
        for name, each in used.items()
    }
    return shares, load.requests
