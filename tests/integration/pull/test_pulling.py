"""Trackely's pull over real sockets: what a caller did not read is not lost, however long it stays away."""

import asyncio
import json
import socket
import struct
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette

from adapters import Secret
from gateway.config.model import Limits, Pull, Tenant
from gateway.events import SECOND, Arrival, EventStatus, OrderState, TranslatedEvent
from gateway.ground.failures import BURST, FailureLimit, limited
from gateway.pull.endpoint import pull_route
from gateway.pull.ledger import EXACT_PULLS, HURRY_SECONDS, PullTenant
from gateway.serving import create_server, listen
from tests.stores import open_store

DAY = 86_400 * SECOND
WEEK = 7 * DAY
SECRET = "a-pull-secret-of-some-length"
ORDERS = 300


class Counter:
    """The door of one tenant, and a clock that a test moves."""

    def __init__(self, store, folder):
        self.store = store
        self.folder = folder
        self.now = 1_750_000_000 * SECOND
        self.port = 0
        self.told = 0

    def clock(self):
        self.now += 1
        return self.now

    async def tenant(self, max_orders=10_000):
        settings = Tenant(
            delivery="pull", pull_secret=Secret(SECRET), pull=Pull(window=86_400.0, max_orders=max_orders)
        )
        pull = PullTenant(
            "acme",
            {"acme": settings},
            self.store.outbox,
            self.store.pulls,
            clock=self.clock,
            on_settled=lambda *_: None,
        )
        await pull.load()
        return pull

    async def put(self, *names, text=""):
        events = []
        for name in names:
            self.told += 1
            receipt = await self.store.inbox.put(Arrival("wms", f"e{self.told}", None, self.clock(), b"{}"))
            body = json.dumps({"externalOrderId": name, "deliveryAddress": f"x{text}"}).encode()
            state = OrderState(tenant="acme", external_order_id=name, owner="wms", clock=self.clock(), tie=0, body=body)
            events.append(
                TranslatedEvent(
                    id=receipt.id, source="wms", event_id=f"e{self.told}", status=EventStatus.TRANSLATED,
                    adapter_version="1", states=(state,),
                )
            )  # fmt: skip
        await self.store.translation.commit(events, self.clock())

    async def call(self, secret=SECRET, version="1.1"):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        head = (
            f"GET /pull/acme HTTP/{version}\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        await writer.drain()
        return reader, writer

    async def answer(self, **rest):
        """The head and the body as they came."""
        reader, writer = await self.call(**rest)
        async with asyncio.timeout(20):
            whole = await reader.read()
        writer.close()
        head, _, body = whole.partition(b"\r\n\r\n")
        return head.lower(), body

    async def pull(self):
        """The externalOrderIds of a whole answer."""
        head, body = await self.answer()
        assert head.startswith(b"http/1.1 200")
        return [each["externalOrderId"] for each in json.loads(unchunked(body))]


def unchunked(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole, body = whole + body[: int(size, 16)], body[int(size, 16) + 2 :]
    return whole


def reset(writer):
    """As a process that dies, or a network that forgets: no end, a reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def door(counter, **rest):
    listener = listen("127.0.0.1", 0)
    app = Starlette(routes=[pull_route({"acme": await counter.tenant()}, **rest)])
    server = create_server(app, Limits(), lifespan="off")
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(0.01)
    counter.port = listener.getsockname()[1]
    yield
    server.should_exit = True
    await task
    listener.close()


@pytest.fixture
async def counter(tmp_path):
    store = await open_store(tmp_path)
    counter = Counter(store, tmp_path)
    async with door(counter, turned_away=limited(FailureLimit(lambda: 0.0), lambda *_: None)):
        yield counter
    await store.close()


NAMES = [f"O{number:03}" for number in range(ORDERS)]


@pytest.mark.parametrize("share", [0.0, "a byte", 0.5, 1.0])
async def test_a_caller_that_resets_loses_nothing(counter, share):
    """After none, one, half and all of the bytes; it comes back after a week and has everything."""
    await counter.put(*NAMES)
    reader, writer = await counter.call()
    whole = 20_000
    if share == "a byte":
        await reader.readexactly(1)
    elif share == 1.0:
        await reader.read()
    elif share:
        await reader.readexactly(int(whole * share))
    await asyncio.sleep(0.7)
    reset(writer)
    await asyncio.sleep(0.2)
    counter.now += WEEK

    assert await counter.pull() == NAMES
    assert await counter.pull() == NAMES


async def test_the_window_begins_with_a_later_pull(counter):
    """What was served whole is served again until a window after the next pull, and no longer."""
    await counter.put("A")
    assert await counter.pull() == ["A"]
    counter.now += WEEK
    assert await counter.pull() == ["A"]
    counter.now += DAY - 60 * SECOND
    assert await counter.pull() == ["A"]
    counter.now += 120 * SECOND
    await counter.put("B")

    assert await counter.pull() == ["B"]
    assert await counter.pull() == ["B"]


async def test_a_window_outlives_a_restart(counter):
    """And pulls that served nothing count."""
    await counter.put("A")
    await counter.pull()
    await counter.pull()
    async with asyncio.timeout(5):
        while len((await counter.store.outbox.tenant_state("acme")).pulls) < 2:  # noqa: ASYNC110 - the answer comes before its settlement
            await asyncio.sleep(0.01)
    counter.now += DAY + SECOND
    async with door(counter, turned_away=limited(FailureLimit(lambda: 0.0), lambda *_: None)):
        assert await counter.pull() == []


async def test_what_an_answer_has_no_room_for_has_its_turn(counter):
    """However many were served within the window, a caller that lost any answer has all of it again soon."""
    pull, pieces = await counter.tenant(max_orders=3), []

    async def served():
        async def write(piece, *, is_last=False):
            del is_last
            pieces.append(piece)

        pieces.clear()
        await pull.serve(write)
        return "".join(each["externalOrderId"] for each in json.loads(b"".join(pieces)))

    await counter.put(*"ABCDEFG")
    assert [await served() for _ in range(3)] == ["ABC", "DEF", "GAB"]
    assert [await served() for _ in range(4)] == ["CDE", "AFG", "BCD", "EFG"]

    await counter.put("H")
    assert [await served() for _ in range(3)] == ["HAB", "CDE", "FGH"]


async def test_many_pulls_are_remembered_in_little(counter):
    """A caller that asks each minute: what it was served is over a day later, and hardly more."""
    pull, answer = await counter.tenant(), []

    async def write(piece, *, is_last=False):
        del is_last
        answer.append(piece)

    await counter.put("A")
    for _ in range(1440 + 30):
        await pull.serve(write)
        counter.now += 60 * SECOND

    assert len(pull.state.pulls) <= 2 * EXACT_PULLS + 2
    assert b"A" in answer[0]
    assert answer[-1] == b"[]"


async def test_a_stalled_reader_loses_its_turn_when_another_waits(counter):
    """It is not waited for as one that reads slowly is; what it was to have goes to the other."""
    await counter.put(*NAMES, text="y" * 100_000)
    _, writer = await counter.call()
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    names = await counter.pull()
    seconds = asyncio.get_running_loop().time() - began
    reset(writer)
    await asyncio.sleep(0.2)

    assert names == NAMES
    assert seconds < HURRY_SECONDS + 5


@pytest.mark.parametrize("count", [0, 3, 700])
async def test_an_older_http_gets_a_length(counter, count):
    """HTTP/1.0 knows no chunks."""
    await counter.put(*(f"O{number}" for number in range(count)))
    head, body = await counter.answer(version="1.0")

    assert b"transfer-encoding" not in head
    assert b"content-length: %d" % len(body) in head
    assert len(json.loads(body)) == count


async def test_guessing_the_secret_is_slow(counter):
    """Only failures pay: the right secret is never refused for them."""
    heads = [(await counter.answer(secret="wrong"))[0] for _ in range(BURST + 1)]

    assert [head.split()[1] for head in heads] == [b"401"] * BURST + [b"429"]
    assert b"retry-after: 1\r\n" in heads[-1]
    assert await counter.pull() == []
