"""One tenant's flood beside another tenant's single orders: how soon these are delivered."""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx
import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import fill
from gateway.workshop.bench.load import LoadFailed, press
from gateway.workshop.bench.samples import numbered, template

_LOOK_SECONDS: Final = 0.02
_LONGEST_SECONDS: Final = 60.0
_RUN: Final = 0xF100D


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from a neighbour's 200 to its order's delivery, while `orders` of one tenant waited and more came.

    `left` is how many of these still waited when the last of the neighbour's was delivered: more than none, or the
    flood was over before.
    """

    orders: int
    samples: int
    median: float
    longest: float
    left: int


async def measure(
    *, orders: int, samples: int, connections: int, on_events: Callable[[int], None] = lambda _count: None
) -> Flood:
    """Let one tenant's orders pile up, start, and let the neighbour send one after another. Raises LoadFailed."""
    with tempfile.TemporaryDirectory() as name, rig.running("intake", Path(name) / "intake") as intake:
        folder, tenant = Path(name) / "gateway", rig.pushed_to(intake, batch={"max_orders": 100})
        await fill(folder / "gateway.db", events=orders, pending=orders, on_events=on_events)
        # Two tenants may not share a URL.
        neighbour = {**tenant, "intake_url": tenant["intake_url"].replace("127.0.0.1", "localhost")}
        with rig.running("gateway", folder, tenant, neighbour) as gateway, ThreadPoolExecutor(1) as sender:
            flood = sender.submit(press, gateway.target, connections=connections, body=3000, seconds=float(samples))
            spans = [_delivered(gateway, number) for number in range(samples)]
            left = gateway.figures().get("pending", 0.0)
            flood.result()
    return Flood(
        orders=orders,
        samples=samples,
        median=round(statistics.median(spans), 2),
        longest=round(max(spans), 2),
        left=round(left),
    )


def _delivered(gateway: rig.Running, number: int) -> float:
    """Send the neighbour's next order; the seconds until it is delivered."""
    hook, order = numbered(template(1000), _RUN, number), f"{_RUN:08x}{number:016d}"
    url = f"{gateway.origin}/api/v1/orders/{rig.NEIGHBOUR}/{order}"
    with httpx.Client(trust_env=False, timeout=_LONGEST_SECONDS) as http:
        hooks = gateway.target.url.replace(rig.SOURCE, rig.NEIGHBOUR)
        http.post(hooks, content=hook, headers=gateway.target.headers).raise_for_status()
        accepted = time.perf_counter()
        while (seconds := time.perf_counter() - accepted) < _LONGEST_SECONDS:
            found = http.get(url, headers={"Authorization": f"Bearer {rig.TOKEN}"})
            if found.status_code == httpx.codes.OK and found.json()["status"] == "delivered":
                return seconds
            time.sleep(_LOOK_SECONDS)
    raise LoadFailed(f"the neighbour's order was not delivered within {_LONGEST_SECONDS:g} s")
