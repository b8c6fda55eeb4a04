"""How long a large day's ledger takes: streamed whole, as a table, and as a page with its sums."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import fill
from gateway.workshop.bench.load import LoadFailed

BEARER: Final = {"Authorization": f"Bearer {rig.TOKEN}"}
WAYS: Final = {"json": {}, "csv": {"format": "csv"}, "page": {"difference": "any", "limit": "200"}}


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A way of asking: seconds until the first byte and until the last, megabytes, and the orders of the day."""

    way: str
    orders: int
    first_byte: float
    seconds: float
    megabytes: float


async def measure(*, orders: int, on_events: Callable[[int], None]) -> list[Look]:
    """Fill a store with a day's orders and as many ignored events, and ask for the day. Raises LoadFailed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await fill(folder / "gateway.db", events=2 * orders, pending=orders, on_events=on_events)
        with rig.running("gateway", folder) as gateway, httpx.Client(trust_env=False, timeout=300) as client:
            return [_look(client, gateway.origin, way, orders) for way in WAYS]


def _look(client: httpx.Client, origin: str, way: str, orders: int) -> Look:
    asked = {"day": datetime.now(UTC).date().isoformat(), **WAYS[way]}
    began = time.perf_counter()
    size, first = 0, 0.0
    with client.stream("GET", f"{origin}/api/v1/ledger", params=asked, headers=BEARER) as answer:
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - began
            size += len(piece)
        if answer.status_code != httpx.codes.OK:
            raise LoadFailed(f"the ledger is answered with {answer.status_code}")
    seconds = time.perf_counter() - began
    return Look(way=way, orders=orders, first_byte=first, seconds=seconds, megabytes=size / 1e6)
