"""From accept to delivered: a flood of hooks, and how soon an intake in another process has every order."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.load import LoadFailed, press

DRAIN_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.05


class Drained(msgspec.Struct, frozen=True, kw_only=True):
    """Medians over the rounds.

    `orders_per_second` counts from the first hook to the last order's settlement; `ratio` is to the bare server's 200s
    in the same round; `tail_seconds` is how long after the last acknowledgement the outbox was empty. `cpu` is
    microseconds of the gateway's processes an order, `written` their bytes.
    """

    connections: int
    body: int
    batch: int
    orders: int
    orders_per_second: float
    accepted_per_second: float
    ratio: float
    tail_seconds: float
    cpu: float
    written: int


def measure(
    *, connections: int, body: int, batch: int, rounds: int, seconds: float, on_run: Callable[[], None] = lambda: None
) -> Drained:
    """Flood and drain in batches of so many orders, `rounds` times, each beside the bare server. Raises LoadFailed."""
    found: list[tuple[float, ...]] = []
    with tempfile.TemporaryDirectory() as name, rig.running("intake", Path(name) / "intake") as intake:
        tenant = rig.pushed_to(intake, batch={"max_orders": batch, "max_bytes": 4 * 2**20})
        with (
            rig.running("bare", Path(name) / "bare") as bare,
            rig.running("gateway", Path(name) / "gateway", tenant) as gateway,
        ):
            press(gateway.target, connections=8, body=body, seconds=1.0)
            press(bare.target, connections=8, body=body, seconds=1.0)
            before = _taken(gateway, intake)
            for _ in range(rounds):
                beside = press(bare.target, connections=connections, body=body, seconds=seconds)
                started, used = time.perf_counter(), gateway.usage()
                load = press(gateway.target, connections=connections, body=body, seconds=seconds)
                accepted_at = time.perf_counter()
                before, orders = (taken := _taken(gateway, intake)), taken - before
                ended, used = time.perf_counter(), gateway.usage() - used
                rate, each = orders / (ended - started), (used.seconds / orders * 1e6, used.written / orders)
                found.append((orders, rate, load.rate, rate / beside.rate, ended - accepted_at, *each))
                on_run()
    orders, rate, accepted, ratio, tail, cpu, written = (
        statistics.median(column) for column in zip(*found, strict=True)
    )
    return Drained(
        connections=connections,
        body=body,
        batch=batch,
        orders=round(orders),
        orders_per_second=round(rate),
        accepted_per_second=round(accepted),
        ratio=round(ratio, 3),
        tail_seconds=round(tail, 2),
        cpu=round(cpu, 1),
        written=round(written),
    )


def _taken(gateway: rig.Running, intake: rig.Running) -> int:
    """Wait until all that was received is delivered; how many orders the intake has, which are as many."""
    received = wait_until_delivered(gateway)
    taken = msgspec.json.decode(httpx.get(f"{intake.origin}/taken", trust_env=False).content)["taken"]
    if taken != received:
        raise LoadFailed(f"{received} orders were accepted, and the intake has {taken}")
    return received


def wait_until_delivered(gateway: rig.Running) -> int:
    """Wait until all that was received is delivered; how many hooks that were."""
    until = time.perf_counter() + DRAIN_SECONDS
    while time.perf_counter() < until:
        figures = gateway.figures()
        if figures.get("received", 0) and figures.get("delivered", 0) >= figures["received"]:
            return int(figures["received"])
        time.sleep(_LOOK_SECONDS)
    raise LoadFailed("the outbox did not become empty")
