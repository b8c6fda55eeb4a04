"""A rim with a real store behind a real server on an ephemeral port, in a thread of this process."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import uvloop

from adapters import Adapter, Hook, Identity, OptionsModel, VendorModel, decoder
from adapters.contract import Ignored
from gateway.config.live import Live
from gateway.config.model import Config, ConfiguredSource, Limits, Server, Settings, Source, Tenant
from gateway.config.proofs import Bearer
from gateway.events import Clock, Reason
from gateway.ingress.refusals import RefusalLog
from gateway.ingress.rim import Rim
from gateway.records import EventFilter
from gateway.serving import create_server, listen
from tests.stores import open_store

TOKEN = "a-token"
GOOD = {"Authorization": f"Bearer {TOKEN}"}


class Envelope(VendorModel):
    id: str | None = None


envelope = decoder(Envelope)


def identify(hook: Hook) -> Identity:
    return Identity(envelope(hook.body).id)


def adapter(**members: Any) -> Adapter:
    """An adapter whose event ID is the body's `id`, with other members where they are given."""
    plain = {
        "name": "plain",
        "version": "1",
        "options": OptionsModel,
        "identify": identify,
        "translate": lambda *_: Ignored("a test's"),
    }
    return Adapter(**{**plain, **members})


def source(name: str = "acme", of: Adapter | None = None, **settings: Any) -> ConfiguredSource:
    of = of or adapter()
    settings = {"auth": [Bearer(token=TOKEN)], **settings}
    return ConfiguredSource(name, Source(adapter=of.name, tenant="demo", **settings), of, OptionsModel())


def configuration(
    path: Path, sources: Iterable[ConfiguredSource], limits: Limits | None = None, server: Server | None = None
) -> Config:
    by_name = {each.name: each for each in sources}
    settings = Settings(
        tenants={"demo": Tenant(intake_url="http://127.0.0.1:9/")},
        sources={name: each.settings for name, each in by_name.items()},
        limits=limits or Limits(),
        server=server or Server(),
    )
    return Config(settings, by_name, str(path / "gateway.db"), str(path))


class Counted:
    """Figures that are kept to be looked at."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str | None, ...], int] = {}
        self.seconds: list[float] = []

    def _add(self, *key: str | None, count: int) -> None:
        self.counts[key] = self.counts.get(key, 0) + count

    def received(self, source: str, count: int) -> None:
        self._add("received", source, count=count)

    def duplicates(self, source: str, count: int) -> None:
        self._add("duplicates", source, count=count)

    def conflicts(self, source: str, count: int) -> None:
        self._add("conflicts", source, count=count)

    def dead_event(self, source: str, code: str, count: int) -> None:
        self._add("dead", source, code, count=count)

    def refused(self, source: str | None, reason: str, count: int) -> None:
        self._add("refused", source, reason, count=count)

    def handshakes(self, source: str, count: int) -> None:
        self._add("handshakes", source, count=count)

    def acknowledged(self, seconds: Sequence[float]) -> None:
        self.seconds += seconds


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def beside(_scope: Any, receive: Any, send: Any) -> None:
    """What lies behind the rim: reads the body and says how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    body = b"%d" % size
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]},
    )
    await send({"type": "http.response.body", "body": body})


class Running:
    """The server, and ways to talk to it; a context manager that stops it."""

    def __init__(
        self,
        path: Path,
        sources: Iterable[ConfiguredSource] | None = None,
        *,
        limits: Limits | None = None,
        server: Server | None = None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        app: Any = beside,
    ) -> None:
        self.config = configuration(path, sources or [source()], limits, server)
        self.refusals, self.figures = RefusalLog(), Counted()
        self.turned_away: list[tuple[int, str]] = []
        self.blocked: Reason | None = None
        self.listener = listen("127.0.0.1", 0)
        self.port: int = self.listener.getsockname()[1]
        self.loop = uvloop.new_event_loop()
        self._clock = clock or (lambda: time.time_ns() // 1000)
        self._monotonic = monotonic
        self._app = app
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self.loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self.loop.close()

    async def _serve(self) -> None:
        self.store = await open_store(Path(self.config.directory))
        self.live = Live(self.config)
        self.rim = Rim(
            self.live,
            self.store.inbox,
            clock=self._clock,
            refusals=self.refusals,
            figures=self.figures,
            blocked=lambda _source: self.blocked,
            monotonic=self._monotonic,
        )
        self.server = create_server(
            self.rim.before(self._app),
            self.config.settings.limits,
            refused=lambda status, reason, _address: self.turned_away.append((status, reason)),
            lifespan="off",
            grace_seconds=3,
        )
        serving = asyncio.ensure_future(self.server.serve(sockets=[self.listener]))
        while not self.server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
            await asyncio.sleep(0.005)
        self._ready.set()
        await serving
        self.rim.close()
        await self.store.close()

    def stop(self) -> None:
        """Stop as SIGTERM would."""
        self.server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def ask(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """The result of a coroutine that runs in the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def request(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def post(self, body: Any, headers: dict[str, str] | None = None, path: str = "/hooks/acme") -> Answer:
        """POST a JSON value, or bytes as they are, with the good credential unless another is given."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, content, {"Content-Type": "application/json", **GOOD, **(headers or {})})

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """All that comes back until the server closes, after these bytes were sent."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            return drained(connection)

    def events(self) -> list[tuple[str, str, str]]:
        """Source, event ID and status of all that is stored, oldest first."""
        page = self.ask(self.store.records.events(EventFilter(), limit=1000, cursor=None))
        return [(row.source, row.event_id, str(row.status)) for row in reversed(page.rows)]

    def stored(self, place: int = -1) -> Any:
        """All that is kept of one event, the newest unless said otherwise."""
        page = self.ask(self.store.records.events(EventFilter(), limit=1000, cursor=None))
        return self.ask(self.store.records.event(list(reversed(page.rows))[place].id))

    def refused(self) -> list[tuple[int, str]]:
        """Status and reason of the refusals on record, oldest first."""
        return [(record.status, record.reason) for record in self.refusals.recent()]


def drained(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            return received
        if not piece:
            return received
        received += piece
