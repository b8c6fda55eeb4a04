"""A request whose head is that of the last one on its connection is not parsed again, and nobody can tell."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.config.model import Limits
from gateway.config.proofs import Bearer
from gateway.ground.answers import OK_HEAD, Answer
from gateway.ground.exchange import Respond, Start
from gateway.serving import Server, create_server, listen
from gateway.serving.taking import Head
from tests.integration.ingress.running import Running, adapter, configuration, identify, source

HEAD = b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-token\r\n"


def post(body: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Kept:
    """An application that takes what is whole, and answers when it is told to; those that begin with `?` it leaves."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, bytes, Respond, Start]] = []
        self.asked: list[tuple[Any, Any]] = []
        self.came = asyncio.Event()

    def take(self, scope: Any, body: bytes, respond: Respond, start: Start) -> bool:
        if body.startswith(b"?"):
            return False
        self.taken.append((scope, body, respond, start))
        self.came.set()
        return True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.asked.append((scope, message.get("body", message["type"])))
        await Answer(200, b"in a task")(scope, receive, send)

    async def next(self) -> tuple[Any, bytes, Respond, Start]:
        while not self.taken:
            self.came.clear()
            await asyncio.wait_for(self.came.wait(), 5)
        return self.taken.pop(0)

    async def answer_next(self) -> Any:
        scope, body, respond, _ = await self.next()
        assert respond(OK_HEAD % len(body), body)
        return scope


class Sender:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *bodies: bytes) -> None:
        for body in bodies:
            self.writer.write(post(body))

    async def heard(self) -> tuple[bytes, bytes]:
        """The next answer's head and body."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return head, await self.reader.readexactly(size)


@asynccontextmanager
async def repeating(app: Kept) -> AsyncIterator[tuple[Sender, Server]]:
    """A connection on which two hooks were answered: what comes next may be a repeat."""
    listener = listen("127.0.0.1", 0)
    server = create_server(app, Limits(), lifespan="off", grace_seconds=2)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(0.005)
    sender = Sender(*await asyncio.open_connection(*listener.getsockname()))
    for body in (b"first", b"the second"):
        sender.send(body)
        await app.answer_next()
        assert (await sender.heard())[1] == body
    try:
        yield sender, server
    finally:
        sender.writer.close()
        server.should_exit = True
        await serving


async def test_a_repeat_brings_the_scope_of_the_last() -> None:
    """With the length of its own; another head brings another."""
    app = Kept()
    async with repeating(app) as (sender, _):
        sender.send(b"a third")
        third = await app.answer_next()
        await sender.heard()
        third["kept"] = True
        sender.send(b"and a fourth")
        fourth = await app.answer_next()
        await sender.heard()
        sender.writer.write(post(b"other", HEAD + b"X: y\r\n"))
        other = await app.answer_next()

    assert fourth is third
    assert dict(fourth["headers"])[b"content-length"] == b"12"
    assert "kept" not in other


async def test_what_comes_behind_one_under_way_waits_its_turn() -> None:
    """The answers come in the order of the requests, whichever is ready first."""
    app = Kept()
    async with repeating(app) as (sender, _):
        sender.send(b"one")
        first = await app.next()
        for body in (b"two", b"?three"):
            sender.send(body)
            await asyncio.sleep(0.05)
        assert first[2](OK_HEAD % 3, b"one")
        heard = [await sender.heard() for _ in range(3)]

    assert [body for _, body in heard] == [b"one", b"in a task", b"in a task"]
    assert [body for _, body in app.asked] == [b"two", b"?three"]


async def test_one_under_way_is_answered_though_its_sender_has_said_all() -> None:
    """As any other, and then its connection is closed."""
    app = Kept()
    async with repeating(app) as (sender, _):
        sender.send(b"last words")
        _, body, respond, start = await app.next()
        sender.writer.write_eof()
        await asyncio.sleep(0.05)
        assert not respond(OK_HEAD % len(body), body)
        start(Answer(200, body))
        head, heard = await sender.heard()
        rest = await sender.reader.read()

    assert heard == body
    assert b"connection: close" in head.lower()
    assert not rest


async def test_one_under_way_at_a_stop_is_the_last_of_its_connection() -> None:
    """It gets its answer, which says so."""
    app = Kept()
    async with repeating(app) as (sender, server):
        sender.send(b"before the end")
        _, body, respond, start = await app.next()
        server.should_exit = True
        await asyncio.sleep(0.3)
        assert not respond(OK_HEAD % len(body), body)
        start(Answer(200, body))
        head, heard = await sender.heard()

    assert heard == body
    assert b"connection: close" in head.lower()


async def test_whoever_is_gone_is_answered_into_nowhere() -> None:
    """The application is told so by the ordinary way."""
    app = Kept()
    async with repeating(app) as (sender, _):
        sender.send(b"farewell")
        _, body, respond, start = await app.next()
        told = sender.writer.get_extra_info("socket")
        told.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sender.writer.transport.abort()
        await asyncio.sleep(0.05)
        assert not respond(OK_HEAD % len(body), body)
        start(app)
        await asyncio.sleep(0.05)

    assert [body for _, body in app.asked] == ["http.disconnect"]


async def test_what_is_not_taken_goes_the_ordinary_way() -> None:
    """Whole, and the connection goes on."""
    app = Kept()
    async with repeating(app) as (sender, _):
        sender.send(b"?" * 7_000)
        _, first = await sender.heard()
        sender.send(b"and on")
        await app.answer_next()
        _, second = await sender.heard()

    assert (first, second) == (b"in a task", b"and on")
    assert [len(body) for _, body in app.asked] == [7_000]


def said(name: str) -> bytes:
    return b'{"id":"%b"}' % name.encode()


NAMED = HEAD + b"Content-Length: "
SHAPES = {
    "no json": post(b'{"id":'),
    "no id": post(b"{}"),
    "deep": post(b"[" * 600 + b"]" * 600),
    "no ascii": post('{"id":"ä"}'.encode()),
    "surrogate": post(b'{"id":"ok","x":"\\ud800"}'),
    "too large": post(b'{"id":"' + b"x" * 3000 + b'"}'),
    "empty": post(b""),
    "another token": post(said("t"), HEAD.replace(b"a-token", b"b-token")),
    "a longer path": post(said("p"), HEAD.replace(b"/acme", b"/acme/x")),
    "another method": post(said("m"), HEAD.replace(b"POST", b"PUT ")),
    "a blank line before": b"\r\n" + post(said("b")),
    "a length with a sign": NAMED + b"+10\r\n\r\n" + said("a"),
    "a length with noughts": NAMED + b"0000000010\r\n\r\n" + said("a"),
    "a length with a blank": NAMED + b"10 \r\n\r\n" + said("a"),
    "no length": NAMED + b"\r\n\r\n" + said("a"),
    "a length that is short": NAMED + b"9\r\n\r\n" + said("a"),
    "a length that is far too long": NAMED + b"9" * 30 + b"\r\n\r\n" + said("a"),
    "two at once": post(said("two-1")) + post(said("two-2")),
    "one and a half": post(said("half")) + HEAD[:20],
    "garbage behind": post(said("before")) + b"\0\0\r\n\r\n",
    "chunked beside": NAMED + b"10\r\nTransfer-Encoding: chunked\r\n\r\n" + said("c"),
    "two lengths": NAMED + b"10\r\nContent-Length: 10\r\n\r\n" + said("c"),
    "closing": post(said("closing"), HEAD + b"Connection: close\r\n"),
}


@pytest.fixture(scope="module")
def rim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = Limits(max_body=2000, header_timeout=0.5, body_timeout=0.5)
    with Running(tmp_path_factory.mktemp("repeats"), limits=limits) as running:
        yield running


def heard_of(rim: Running, before: tuple[bytes, ...], data: bytes) -> list[bytes]:
    """Status and body of what is answered to the data, sent when all before was answered."""
    received = b""
    with rim.connect() as connection:
        for request in before:
            connection.sendall(request)
            assert b"200 OK" in connection.recv(65536)
        connection.sendall(data)
        connection.shutdown(1)
        while piece := connection.recv(65536):
            received += piece
    answers = received.split(b"HTTP/1.1 ")[1:]
    return [each[:3] + each.partition(b"\r\n\r\n")[2] for each in answers]


@pytest.mark.parametrize("shape", SHAPES)
def test_behind_a_repeat_all_is_as_at_first(rim: Running, shape: str) -> None:
    """Whatever comes where another repeat might have come is answered as on a connection of its own."""
    rim.post(b'{"id":"known"}')
    heard_of(rim, (), SHAPES[shape])
    alone = heard_of(rim, (), SHAPES[shape])

    assert heard_of(rim, (post(said("known")), post(said("known"))), SHAPES[shape]) == alone


def test_a_repeat_in_two_pieces_is_stored_whole(rim: Running) -> None:
    """Cut anywhere."""
    request = post(b'{"id":"cut","of":"a whole"}')
    heard = []
    for place in range(1, len(request), 7):
        with rim.connect() as connection:
            for piece in (post(said("cut")), post(said("cut")), request[:place], request[place:]):
                connection.sendall(piece)
                if piece != request[:place]:
                    heard.append(connection.recv(65536)[9:12])

    assert set(heard) == {b"200"}


def test_what_was_judged_of_a_head_ends_with_its_configuration(tmp_path: Path) -> None:
    """A token that is taken away lets nobody in, not even over a connection where it was good."""
    with Running(tmp_path) as rim, rim.connect() as connection:
        heard = []
        for name in ("one", "two", "three"):
            connection.sendall(post(said(name)))
            heard.append(connection.recv(65536)[9:12])
            if name == "two":
                changed = source(auth=[Bearer(token="another")])
                rim.live.replace(configuration(tmp_path, [changed]))

    assert heard == [b"200", b"200", b"401"]


def test_a_token_behind_the_length_is_looked_at_too(rim: Running) -> None:
    """Wherever in the head it stands."""
    length = b"POST /hooks/acme HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nAuthorization: Bearer %b-token\r\n\r\n"
    good, wrong = (length % name + said("z") for name in (b"a", b"b"))

    assert heard_of(rim, (good, good), wrong)[0].startswith(b"401")


@pytest.mark.parametrize(
    ("data", "body", "keep_alive"),
    [
        (b"\r\n\r\n" + post(b"{}"), b"{}", True),
        (post(b"{}"), b"{}", False),
        (post(b"{}", HEAD + b"Content-Length: 2\r\n"), b"{}", True),
        (post(b"{}", HEAD + b"X: %b\r\n" % (b"x" * 5000)), b"{}", True),
        (HEAD + b"\r\n", b"", True),
    ],
)
def test_heads_that_are_not_remembered(data: bytes, body: bytes, keep_alive: bool) -> None:  # noqa: FBT001 - a table's
    """Where anything stands in the way of knowing one again by its bytes alone."""
    lines = data.strip().partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    cycle: Any = SimpleNamespace(scope={"headers": headers}, body=body, keep_alive=keep_alive)

    assert Head.of(data, cycle) is None


def test_an_adapter_is_told_the_headers_of_each_request(tmp_path: Path) -> None:
    """The length too, where it reads that; what it does to them is neither stored nor a matter of the next request."""

    def greedy(hook: Any) -> Any:
        hook.headers["x-topic"] += "!"
        return identify(hook)

    topic = source("topic", of=adapter(reads_headers=("x-topic",), identify=greedy))
    length = source("length", of=adapter(reads_headers=("content-length",)))
    with Running(tmp_path, [topic, length]) as rim:
        for path in (b"/topic", b"/length"):
            with rim.connect() as connection:
                for name in ("1", "22", "333"):
                    connection.sendall(post(said(name), HEAD.replace(b"/acme", path) + b"X-Topic: a\r\n"))
                    assert connection.recv(65536)[9:12] == b"200"
        contexts = [rim.stored(place).context for place in range(6)]

    assert set(contexts[:3]) == {b'{"headers":{"x-topic":"a"}}'}
    for name, context in zip(("1", "22", "333"), contexts[3:], strict=True):
        assert f'"content-length":"{len(said(name))}"'.encode() in context
