"""What is measured beside `gateway serve`: `python -m gateway.workshop.bench.server KIND CONFIG`, a process each.

- `bare`: uvicorn as it comes, and a Starlette route that reads the body and answers 200;
- `rim`: the gateway's own rim, its inbox answering at once and keeping nothing;
- `durable`: the rim and the store, translation held back;
- `intake`: a core intake that takes everything at once.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.config.live import Live
from gateway.config.load import load, secrets_of
from gateway.config.model import Config
from gateway.events import Arrival, Reason, Receipt
from gateway.ground import collector, logs
from gateway.ground.clock import now
from gateway.ground.metrics import Metrics
from gateway.ingress.refusals import RefusalLog
from gateway.ingress.rim import Rim
from gateway.registry import find_adapter
from gateway.service.upkeep import Conditions
from gateway.serving import create_server, listen
from gateway.store.ports import Inbox, Tell
from gateway.store.process.client import Database, ProcessStore
from schemas import IntakeReply, OrderResult

Room = Callable[[Config], AbstractAsyncContextManager[ASGIApp]]

_ANSWER: Final = b'{"accepted":true,"duplicate":false,"eventId":"0"}'


class Named(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """All that the intake reads of an order."""

    external_order_id: str


@asynccontextmanager
async def bare(_config: Config) -> AsyncIterator[ASGIApp]:
    """Answers 200 from a Starlette route once the body is read."""

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(_ANSWER, media_type="application/json")

    yield Starlette(routes=[Route("/hooks/{source}", answer, methods=["POST"])])


class Nowhere(Inbox):
    """An inbox that keeps nothing."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._last = 0

    def give(self, arrival: Arrival, tell: Tell) -> None:  # noqa: ARG002 - it is nowhere
        """Say that it is stored."""
        self._last += 1
        self._loop.call_soon(tell, Receipt(self._last, "stored"))

    async def is_duplicate(self, arrival: Arrival) -> bool:  # noqa: ARG002 - as above
        """Nothing is."""
        return False


@asynccontextmanager
async def rim_alone(config: Config) -> AsyncIterator[ASGIApp]:
    """The rim without a store."""
    with _rim(config, Nowhere(), _metrics(config)) as front:
        yield front


@asynccontextmanager
async def durable(config: Config) -> AsyncIterator[ASGIApp]:
    """The rim over the store, wired as the gateway wires them, and nothing behind the inbox."""
    database = config.database and Database(config.database, config.settings.allow_unsafe)
    store = await ProcessStore.open(database or Path(config.store_path))
    try:
        metrics = _metrics(config)
        store.observe(on_commit=metrics.committed)
        conditions = Conditions(config, store)
        conditions.look_at_disk()
        with _rim(config, store.inbox, metrics, conditions.blocked) as front:
            yield front
    finally:
        await store.close()


@contextmanager
def _rim(
    config: Config, inbox: Inbox, metrics: Metrics, blocked: Callable[[str], Reason | None] = lambda _source: None
) -> Iterator[ASGIApp]:
    rim = Rim(Live(config), inbox, clock=now, refusals=RefusalLog(), figures=metrics, blocked=blocked)
    try:
        yield rim.before(Starlette())
    finally:
        rim.close()


def _metrics(config: Config) -> Metrics:
    return Metrics(config.sources, config.settings.tenants)


@asynccontextmanager
async def intake(_config: Config) -> AsyncIterator[ASGIApp]:
    """Takes every order at once; `GET /taken` says how many, each counted once."""
    taken: set[str] = set()
    decode, encode = msgspec.json.Decoder(list[Named]).decode, msgspec.json.Encoder().encode

    async def take(request: Request) -> Response:
        results = []
        for order in decode(await request.body()):
            name = order.external_order_id
            results.append(OrderResult(name, f"T-{name}", name not in taken))
            taken.add(name)
        reply = IntakeReply(accepted=True, orders=results, processed=len(results))
        return Response(encode(reply), media_type="application/json")

    async def count(_request: Request) -> Response:
        return Response(encode({"taken": len(taken)}), media_type="application/json")

    yield Starlette(routes=[Route("/intake", take, methods=["POST"]), Route("/taken", count)])


ROOMS: Final[dict[str, Room]] = {"bare": bare, "rim": rim_alone, "durable": durable, "intake": intake}


class Stock(uvicorn.Server):
    """Nothing is set but what would be unfair, a line in a log for each request; the signals are `serve`'s."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Take no signal."""
        return nullcontext()


async def serve(kind: str, config: Config) -> None:
    """Run a server until SIGTERM, at the configured address."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = config.settings
    log = logs.configure(secrets=secrets_of(config))
    try:
        async with ROOMS[kind](config) as room:
            server = Stock(room) if kind == "bare" else create_server(room, settings.limits, lifespan="off")
            listener = listen(settings.server.host, settings.server.port)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            await stop.wait()
            server.should_exit = True
            await task
            listener.close()
    finally:
        log.close()


def main(arguments: list[str]) -> None:
    """Serve as the arguments say."""
    kind, file = arguments
    if kind != "bare":
        # As the `gateway` command does first of all.
        collector.slow_down()
    config = load(Path(file), os.environ, find_adapter)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(kind, config))


if __name__ == "__main__":
    main(sys.argv[1:])
