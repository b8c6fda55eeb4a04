"""What looking costs: the operators' calls and pages over a store of a busy year, and hooks while streams are open."""

import asyncio
import math
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from gateway.store.copying import copy
from gateway.store.sqlite.place import SqlitePlace
from gateway.workshop.bench import rig
from gateway.workshop.bench.filling import fill
from gateway.workshop.bench.ingest import catch_up
from gateway.workshop.bench.load import LoadFailed, press

API: Final = "/api/v1"
SAME_ORIGIN: Final = {"Sec-Fetch-Site": "same-origin"}
BEARER: Final = {"Authorization": f"Bearer {rig.TOKEN}"}
PAGES: Final = (
    "", "/orders", "/events", "/dead-letters", "/operations", "/tenants", "/sources", "/drift", "/refusals",
    "/configuration", "/audit", "/zone",
)  # fmt: skip
CHANGING: Final = ("", "/orders", "/events", "/tenants", "/sources")
"""Pages on which each hook shows."""

REFRESH_SECONDS: Final = 30.0
"""How often such a page is asked for while all changes: `LONGEST` of console.js."""

LISTS: Final = (
    "events", "events?status=dead", "events?status=ignored", "orders", "orders?status=pending", "dead-letters",
    "dead-letters?code=malformed_payload", "stats", "tenants", "sources", "refusals", "operations", "audit",
)  # fmt: skip


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A call or a page: the median of its answers' milliseconds, as whoever asks sees them, and how large it is."""

    path: str
    milliseconds: float
    kilobytes: float


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """Processor time of a hook, in microseconds, by rounds in turn: no page is open, so many are; and the share more.

    `share` is the median of the pairs', `error` the standard error of their mean: a share within two of it is noise.
    """

    streams: int
    alone: float
    followed: float
    share: float
    error: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much is there, and how often it is asked for."""

    events: int = 1_000_000
    dead: int = 100_000
    pending: int = 1_000
    rounds: int = 5
    looks: int = 15
    streams: int = 10
    connections: int = 64
    body: int = 3000
    seconds: float = 2.0


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    plan: Plan
    looks: list[Look]
    streams: Streams | None


def measure(plan: Plan, on_events: Callable[[int], None] = lambda _count: None, database: str | None = None) -> Figures:
    """Fill a store, look at all of it, then let hooks come with and without followers. Raises LoadFailed.

    With an empty database what was filled goes there and is looked at; no hooks then.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "filled"
        folder.mkdir()
        asyncio.run(
            fill(folder / "gateway.db", events=plan.events, pending=plan.pending, dead=plan.dead, on_events=on_events)
        )
        settings = {} if database is None else _moved(folder / "gateway.db", database)
        with rig.running("gateway", folder, **settings) as gateway, closing(_signed_in(gateway)) as client:
            looks = [_looked(plan, client, path) for path in _places(client)]
        return Figures(plan=plan, looks=looks, streams=None if database else _streamed(plan, Path(name)))


def _moved(file: Path, database: str) -> dict[str, Any]:
    """Copy a file's store into a database; what a configuration says of it."""
    from gateway.store.postgresql.place import PostgresPlace  # noqa: PLC0415 - an extra

    with SqlitePlace(file) as source, PostgresPlace(database) as target:
        copy(source, target, now=datetime.now(UTC), told=lambda *_told: None)
    return {"store": database, "allow_unsafe": True}


def _places(client: httpx.Client) -> Iterator[str]:
    client.headers.update(BEARER)
    event = client.get(f"{API}/events?limit=1").json()["events"][0]
    order = client.get(f"{API}/orders?limit=1").json()["orders"][0]
    name = order["externalOrderId"]
    wanted = [event["eventId"], name.upper(), name[: len(name) - 3], event["id"], "nothing-bears-this"]
    for path in (*LISTS, f"events/{event['id']}", f"orders/{order['tenant']}/{quote(name, safe='')}"):
        yield f"{API}/{path}"
    for text in wanted:
        yield f"{API}/find?q={quote(text, safe='')}"
    for path in (*PAGES, f"/find?q={name}", f"/events/{event['id']}", f"/orders/{order['tenant']}/{name}"):
        yield f"/console{path}"


def _looked(plan: Plan, client: httpx.Client, path: str) -> Look:
    taken, size = [], 0
    for _ in range(plan.looks):
        began = time.perf_counter()
        answer = client.get(path)
        taken.append(time.perf_counter() - began)
        if answer.status_code != httpx.codes.OK:
            raise LoadFailed(f"{path} is answered with {answer.status_code}")
        size = len(answer.content)
    return Look(path=path, milliseconds=round(statistics.median(taken) * 1000, 1), kilobytes=round(size / 1000, 1))


def _streamed(plan: Plan, folder: Path) -> Streams:
    """Two gateways in turn: after its last follower one listens for a while longer."""
    alone, followed = list[float](), list[float]()
    with (
        rig.running("gateway", folder / "alone") as quiet,
        rig.running("gateway", folder / "followed") as watched,
        _following(watched, plan.streams),
    ):
        for gateway in (quiet, watched):
            _round(plan, gateway)
        for number in range(plan.rounds):
            # Whichever is the second of a pair finds the machine as the first has left it.
            for gateway, found in ((quiet, alone), (watched, followed))[:: 1 - 2 * (number % 2)]:
                found.append(_round(plan, gateway))
    shares = [with_ / without - 1 for without, with_ in zip(alone, followed, strict=True)]
    return Streams(
        streams=plan.streams,
        alone=round(statistics.median(alone), 1),
        followed=round(statistics.median(followed), 1),
        share=round(statistics.median(shares), 4),
        error=round(statistics.stdev(shares) / math.sqrt(len(shares)), 4) if shares[1:] else math.inf,
    )


@contextmanager
def _following(gateway: rig.Running, count: int) -> Iterator[None]:
    """So many open pages, each with its stream, and asked for anew as often as a page is while all changes."""
    begun, ended = threading.Semaphore(0), threading.Event()
    with closing(_signed_in(gateway)) as client, ThreadPoolExecutor(2 * count) as threads:
        heard = [threads.submit(_hear, client, begun, ended) for _ in range(count)]
        asked = [threads.submit(_ask, client, number, count, ended) for number in range(count)]
        try:
            if not all([begun.acquire(timeout=30) for _ in heard]):  # noqa: C419 - as many as there are
                raise LoadFailed("a stream did not begin")
            yield
        finally:
            ended.set()
    for each in (*heard, *asked):
        each.result()


def _hear(client: httpx.Client, begun: threading.Semaphore, ended: threading.Event) -> None:
    with client.stream("GET", "/console/stream") as answer:
        if answer.status_code != httpx.codes.OK:
            raise LoadFailed(f"a stream is answered with {answer.status_code}")
        for _ in answer.iter_raw():
            begun.release()
            if ended.is_set():
                return


def _ask(client: httpx.Client, number: int, count: int, ended: threading.Event) -> None:
    wait = REFRESH_SECONDS * number / count
    while not ended.wait(wait):
        client.get(f"/console{CHANGING[number % len(CHANGING)]}")
        wait = REFRESH_SECONDS


def _signed_in(gateway: rig.Running) -> httpx.Client:
    client = httpx.Client(base_url=gateway.origin, headers=SAME_ORIGIN, trust_env=False, timeout=120)
    signed_in = client.post("/console/login", data={"token": rig.TOKEN})
    if signed_in.status_code != httpx.codes.SEE_OTHER:
        raise LoadFailed(f"the console says {signed_in.status_code} to a token")
    return client


def _round(plan: Plan, gateway: rig.Running) -> float:
    """Microseconds of processor time a hook."""
    before = gateway.usage()
    load = press(gateway.target, connections=plan.connections, body=plan.body, seconds=plan.seconds)
    catch_up(gateway)
    return (gateway.usage() - before).seconds / load.requests * 1e6
