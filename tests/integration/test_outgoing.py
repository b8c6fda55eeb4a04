"""What is asked of others, against servers that mean ill: nothing is followed, inflated, waited for or believed."""

import asyncio
import base64
import contextlib
import gzip
import socket
import time
import tracemalloc
import zlib
from itertools import chain, repeat

import pytest

from gateway.ground.outgoing import Answer, NoAnswer, OutgoingClient
from tests.warehouses import VendorApi

MOST_READ = 100_000


async def ask(url, *, within=5.0, headers=None):
    client = OutgoingClient()
    try:
        return await client.ask("GET", url, headers=headers or {}, timeout=within, most_read=MOST_READ)
    finally:
        await client.close()


async def test_an_answer_comes_as_it_is():
    """Status, headers in lower case, the bytes."""
    with VendorApi(lambda asked: asked.say(206, b"\x00\xff", X_Odd="1")) as vendor:
        answer = await ask(vendor.url)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.is_whole, answer.headers["x-odd"]) == (206, b"\x00\xff", True, "1")
    assert vendor.asked[0].headers["accept-encoding"] == "identity"


async def test_what_is_said_with_a_request():
    """Each line once, ours where the caller says nothing else; a cookie that was set comes back to nobody."""
    heads, ended = [], asyncio.Event()

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                heads.append((await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2])
                await reader.readexactly(2 if "Content-Length: 2" in heads[-1] else 0)
                writer.write(b"HTTP/1.1 204 No\r\nSet-Cookie: a=b\r\nX: 1\r\nX: 2\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, client = f"127.0.0.1:{server.sockets[0].getsockname()[1]}", OutgoingClient()
    url, common = f"http://{host}/a b/%C3%A4?q=1", {"headers": {"accept": "text/plain"}, "timeout": 5, "most_read": 9}
    async with server:
        answers = [
            await client.ask("GET", url, **common),
            await client.ask("GET", url, parameters={"since": "é+1"}, **common),
            await client.ask("POST", url, content=[b"{}"], **common),
            await client.ask("POST", url, **common),
        ]
        await client.close()
        await asyncio.wait_for(ended.wait(), 5)
    ours = ["Accept-Encoding: identity", "Connection: keep-alive", "User-Agent: trackely-gateway", "accept: text/plain"]

    assert [answer.headers["x"] for answer in answers] == ["1, 2"] * 4
    assert heads == [
        ["GET /a%20b/%C3%A4?q=1 HTTP/1.1", f"Host: {host}", *ours],
        ["GET /a%20b/%C3%A4?since=%C3%A9%2B1 HTTP/1.1", f"Host: {host}", *ours],
        ["POST /a%20b/%C3%A4?q=1 HTTP/1.1", f"Host: {host}", *ours, "Content-Length: 2"],
        ["POST /a%20b/%C3%A4?q=1 HTTP/1.1", f"Host: {host}", *ours, "Content-Length: 0"],
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "//[fd00:ec2::254]/"]
)
async def test_a_redirect_leads_nowhere(status, where):
    """It is an answer like any other, wherever it points."""
    with VendorApi(lambda asked: asked.say(status, b"elsewhere", Location=where)) as vendor:
        answer = await ask(vendor.url)

    assert isinstance(answer, Answer)
    assert (answer.status, len(vendor.asked)) == (status, 1)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_enormous_answer_is_cut(encoding):
    """A hundred megabytes, or what would inflate to as much, cost no more than the cap."""
    megabyte = b" " * 1_000_000
    squeezer = zlib.compressobj(wbits=31)
    bomb = b"".join(squeezer.compress(megabyte) for _ in range(200)) + squeezer.flush()

    def respond(asked):
        if encoding == "gzip":
            asked.say(200, bomb, Content_Encoding="gzip")
        else:
            asked.say(200, b"", Content_Length="100000000")
            for _ in range(100):
                asked.handler.wfile.write(megabyte)

    with VendorApi(respond) as vendor:
        tracemalloc.start()
        answer = await ask(vendor.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert isinstance(answer, Answer)
    assert (len(answer.body), answer.is_whole, answer.broken) == (MOST_READ, False, None)
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("coding", "body", "is_whole"),
    [
        ("gzip", gzip.compress(b"[]", mtime=0), True),
        ("gzip", b"", True),
        ("gzip", gzip.compress(b"[]", mtime=0)[:-9], False),
        ("gzip", b"[]", False),
        ("deflate", b"\xff" * 50, False),
        # Blocks that hold nothing, without end: what comes is bounded too.
        ("gzip", gzip.compress(b"", mtime=0)[:10] + b"\x00\x00\x00\xff\xff" * 50_000, False),
    ],
)
async def test_a_coding_that_was_not_asked_for(coding, body, is_whole):
    """It is undone where it can be; one that does not come to its end is no whole answer."""
    with VendorApi(lambda asked: asked.say(200, body, Content_Encoding=coding)) as vendor:
        answer = await ask(vendor.url)

    assert isinstance(answer, Answer)
    assert (answer.is_whole, answer.broken, "content-encoding" in answer.headers) == (is_whole, None, False)
    assert answer.body == (b"[]" if is_whole and body else b"") or not is_whole


async def test_an_unknown_coding_is_left_as_it_is():
    """Whoever asked is told by the header."""
    with VendorApi(lambda asked: asked.say(200, b"x", Content_Encoding="br")) as vendor:
        answer = await ask(vendor.url)

    assert isinstance(answer, Answer)
    assert (answer.body, answer.headers["content-encoding"]) == (b"x", "br")


async def test_a_drip_ends_at_the_deadline():
    """A byte now and then never times out by itself; the whole answer does."""

    def respond(asked):
        asked.say(200, b"", Content_Length="1000000")
        for _ in range(100):
            asked.handler.wfile.write(b" ")
            time.sleep(0.05)

    with VendorApi(respond) as vendor:
        began = time.monotonic()
        answer = await ask(vendor.url, within=0.4)

    assert time.monotonic() - began < 3
    assert isinstance(answer, Answer)
    assert answer.broken is not None
    assert (answer.broken.kind, answer.is_whole) == ("timed_out", False)


async def test_the_environments_proxies_are_not_asked(monkeypatch):
    """Whatever the environment says: the request goes where the configuration says, and trusts what it should."""
    with VendorApi(lambda asked: asked.say(200)) as proxy, VendorApi(lambda asked: asked.say(204)) as vendor:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        answer = await ask(vendor.url)

    assert isinstance(answer, Answer)
    assert (answer.status, proxy.asked) == (204, [])


async def test_an_echoed_proof_is_struck_out():
    """What proved us is in nothing that is kept, whether as it was sent or in a JSON; judged is what came."""
    pair = base64.b64encode(b"gateway:a-vendors-password").decode()
    odd = 'odd"secret'

    def respond(asked):
        given = asked.headers["authorization"]
        asked.say(200, given.encode() + b" " + given.replace('"', '\\"').encode())

    with VendorApi(respond) as vendor:
        answers = [
            await ask(vendor.url, headers={"Authorization": each}) for each in (f"Basic {pair}", f"Bearer {odd}")
        ]

    assert [each.shown for each in answers] == [b"Basic *** Basic ***", b"Bearer *** Bearer ***"]
    assert b"odd" in answers[1].body


async def test_a_header_that_cannot_be_sent_is_not_told():
    """The words of the refusal would quote it."""
    with VendorApi(lambda asked: asked.say(200)) as vendor:
        answer = await ask(vendor.url, headers={"Authorization": "Bearer two\nlines-of-secret"})

    assert isinstance(answer, NoAnswer)
    assert "lines-of-secret" not in answer.detail
    assert vendor.asked == []


async def test_a_connection_that_is_lost_may_have_been_acted_upon():
    """The name leads to this machine, the request is written, no answer comes."""
    reached = []

    async def serve(_reader, writer):
        reached.append(writer.get_extra_info("sockname"))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        answer = await ask(f"http://localhost:{port}/")

    assert isinstance(answer, NoAnswer)
    assert (answer.kind, answer.was_written, len(reached)) == ("lost", True, 1)


async def test_a_name_that_comes_to_lead_elsewhere_is_refused(monkeypatch):
    """Good when first asked, elsewhere the next time: what counts is the peer of the very socket that would be used."""
    with socket.socket(type=socket.SOCK_DGRAM) as unsent:
        unsent.connect(("192.0.2.1", 9))
        elsewhere = unsent.getsockname()[0]
    leads_to = chain(["127.0.0.1"], repeat(elsewhere))
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader, writer):
        head = await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        received.put_nowait(head)

    server = await asyncio.start_server(serve, "0.0.0.0", 0)
    port = server.sockets[0].getsockname()[1]
    stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(*stream, (next(leads_to), port))])
    async with server:
        first, second = await ask(f"http://intake.example:{port}/"), await ask(f"http://intake.example:{port}/")
        # A connection that failed is tried once more.
        heads = [await received.get() for _ in range(3)]

    assert isinstance(first, Answer)
    assert isinstance(second, NoAnswer)
    assert f"plain http to {elsewhere}" in second.detail
    assert heads == [b"GET / HTTP/1.1\r\n", b"", b""]
