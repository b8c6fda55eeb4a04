"""Acknowledgements while something else goes on: an outage of the intake, a pull of everything, the largest bodies."""

import itertools
import statistics
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import httpx
import msgspec

from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import fill
from gateway.workshop.bench.load import press

BODY: Final = 3000
COSTLY: Final = b"[" * 508 + b"[]," * 2_790_000 + b"0" + b"]" * 508
"""JSON of the largest size whose depth takes the longest to find; it is stored as a dead letter."""
_LONGEST_SECONDS: Final = 120.0


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """The acknowledgement's p99 in milliseconds, with nothing pending and with a backlog for an intake that is down."""

    pending: int
    p99_before: float
    p99_during: float
    ratio: float


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """The acknowledgement's p99 in milliseconds, alone and while Trackely pulls; resident mebibytes after the pulls."""

    orders: int
    pulls: int
    p99_alone: float
    p99_during: float
    ratio: float
    resident: float | None


class Large(msgspec.Struct, frozen=True, kw_only=True):
    """What small hooks wait for, in milliseconds: alone, and beside senders of the largest and costliest bodies.

    `rim` keeps nothing and shows what judging costs the neighbours; `gateway` stores each of the bodies besides.
    """

    kind: str
    senders: int
    bodies: int
    p50_alone: float
    p50_beside: float
    p99_beside: float
    longest_beside: float


async def outage(
    *,
    pending: int,
    connections: int,
    rounds: int,
    seconds: float,
    on_events: Callable[[int], None] = lambda _count: None,
) -> Outage:
    """Measure with an intake that nobody can reach; one round after the other, in turn. Raises LoadFailed."""
    tenant = {"intake_url": f"http://127.0.0.1:{rig.free_port()}/intake", "secret": rig.PASSWORD}
    with tempfile.TemporaryDirectory() as name:
        empty, full = Path(name) / "empty", Path(name) / "full"
        await fill(full / "gateway.db", events=pending, pending=pending, on_events=on_events)
        before, during = [], []
        with rig.running("gateway", empty, tenant) as calm, rig.running("gateway", full, tenant) as burdened:
            for _ in range(rounds):
                before.append(_p99(calm, connections, seconds))
                during.append(_p99(burdened, connections, seconds))
    return Outage(
        pending=pending,
        p99_before=round(statistics.median(before), 1),
        p99_during=round(statistics.median(during), 1),
        ratio=_ratio(before, during),
    )


async def pull(
    *,
    orders: int,
    connections: int,
    rounds: int,
    seconds: float,
    on_events: Callable[[int], None] = lambda _count: None,
) -> Pull:
    """Measure while everything is pulled again and again. Raises LoadFailed."""
    tenant: Mapping[str, Any] = {
        "delivery": "pull",
        "pull_secret": rig.TOKEN,
        "pull": {"max_orders": orders},
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await fill(folder / "gateway.db", events=orders, pending=orders, on_events=on_events)
        alone, during, pulls = [], [], 0
        with rig.running("gateway", folder, tenant) as gateway:
            for _ in range(rounds):
                alone.append(_p99(gateway, connections, seconds))
                with _Beside(partial(_pull, gateway)) as puller:
                    during.append(_p99(gateway, connections, seconds))
                pulls += puller.count
            resident = gateway.resident_mebibytes()
    return Pull(
        orders=orders,
        pulls=pulls,
        p99_alone=round(statistics.median(alone), 1),
        p99_during=round(statistics.median(during), 1),
        ratio=_ratio(alone, during),
        resident=None if resident is None else round(resident, 1),
    )


def large(kind: str, *, senders: int, connections: int, seconds: float) -> Large:
    """Measure a few small senders without and with others who send the largest bodies. Raises LoadFailed."""
    with tempfile.TemporaryDirectory() as name, rig.running(kind, Path(name)) as gateway:
        target = gateway.target
        alone = press(target, connections=connections, body=BODY, seconds=seconds)
        headers = {"Content-Type": "application/json", **target.headers}

        numbers = itertools.count(1)

        def send(client: httpx.Client) -> None:
            # Each another body, by its blanks.
            client.post(target.url, content=COSTLY + b" " * next(numbers), headers=headers)

        with _Beside(send, senders) as others:
            beside = press(target, connections=connections, body=BODY, seconds=seconds)
    return Large(
        kind=kind,
        senders=senders,
        bodies=others.count,
        p50_alone=alone.p50 / 1000,
        p50_beside=beside.p50 / 1000,
        p99_beside=beside.p99 / 1000,
        longest_beside=beside.longest / 1000,
    )


class _Beside:
    """Does something again and again, in threads of its own, until the block ends."""

    def __init__(self, act: Callable[[httpx.Client], None], threads: int = 1) -> None:
        self.count = 0
        self._act = act
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=_LONGEST_SECONDS) as client:
            while not self._is_over.is_set():
                self._act(client)
                self.count += 1


def _pull(gateway: rig.Running, client: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {rig.TOKEN}"}
    with client.stream("GET", f"{gateway.origin}/pull/{rig.TENANT}", headers=headers) as answer:
        for _ in answer.iter_raw():
            pass


def _p99(server: rig.Running, connections: int, seconds: float) -> float:
    return press(server.target, connections=connections, body=BODY, seconds=seconds).p99 / 1000


def _ratio(before: list[float], during: list[float]) -> float:
    """The median of the rounds' own ratios."""
    return round(statistics.median(b / max(a, 0.001) for a, b in zip(before, during, strict=True)), 2)
