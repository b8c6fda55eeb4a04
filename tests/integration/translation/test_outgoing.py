"""The outgoing client against a socket that misbehaves: every fault ends as an answer or none, within the deadline."""

import asyncio
import socket
import zlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.ground.outgoing import Answer, NoAnswer, OutgoingClient

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(behave: Behaviour):
    """A socket that reads a request's head and then behaves; its URL and the heads that it read."""
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await behave(writer)
        except (OSError, asyncio.IncompleteReadError):
            heads.append("")
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/x", heads


def saying(raw: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return behave


async def slowly(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def ask(url: str):
    client = OutgoingClient()
    try:
        return await client.ask("GET", url, headers={"Accept": "application/json"}, timeout=0.5, most_read=100)
    finally:
        await client.close()


async def test_an_answer():
    """Status, headers in lower case, the body whole; nothing compressed was asked for."""
    async with server(saying(b"HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nno")) as (url, heads):
        answer = await ask(url)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["retry-after"], answer.body, answer.is_whole) == (503, "7", b"no", True)
    assert "accept-encoding: identity" in heads[0].lower()


async def test_a_redirect_is_an_answer():
    """And is not followed."""
    async with server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (elsewhere, reached):
        head = f"HTTP/1.1 302 There\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()
        async with server(saying(head)) as (url, _):
            answer = await ask(url)

    assert answer.status == 302
    assert reached == []


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    """What the process inherits does not decide where a request goes."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (url, _):
        answer = await ask(url)

    assert answer.status == 200


async def test_an_answer_larger_than_the_cap_is_not_whole():
    """It is read up to the cap; one that just fits is whole."""
    async with server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)) as (url, _):
        large = await ask(url)
    async with server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100)) as (url, _):
        fitting = await ask(url)

    assert (len(large.body), large.is_whole) == (100, False)
    assert (len(fitting.body), fitting.is_whole) == (100, True)


async def test_a_compressed_answer_is_inflated_up_to_the_cap():
    """A bomb goes off no further."""
    bomb = zlib.compress(b"0" * 1_000_000)[:90]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with server(saying(head + bomb)) as (url, _):
        answer = await ask(url)

    assert (answer.body, answer.is_whole) == (b"0" * 100, False)


async def test_a_byte_at_a_time_ends_at_the_deadline():
    """An answer, since its status came, that is not whole; and the client can be used again."""
    client = OutgoingClient()
    async with server(slowly) as (url, _):
        started = asyncio.get_running_loop().time()
        answers = [await client.ask("GET", url, headers={}, timeout=0.3, most_read=1000) for _ in range(3)]
        seconds = asyncio.get_running_loop().time() - started
    async with server(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) as (url, _):
        after = await client.ask("GET", url, headers={}, timeout=0.3, most_read=1000)
    await client.close()

    assert [(answer.status, answer.is_whole) for answer in answers] == [(200, False)] * 3
    assert seconds < 3
    assert after.body == b"ok"


async def _never(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2)


@pytest.mark.parametrize(
    ("behave", "kind"), [(_never, "timed_out"), (saying(b""), "lost"), (saying(b"nonsense\r\n\r\n"), "lost")]
)
async def test_a_request_without_an_answer_was_written(behave, kind):
    """The other side may have acted on it."""
    async with server(behave) as (url, _):
        answer = await ask(url)

    assert isinstance(answer, NoAnswer)
    assert (answer.kind, answer.was_written) == (kind, True)


async def test_a_refused_connection_wrote_nothing():
    """Nobody has seen the request."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        answer = await ask(f"http://127.0.0.1:{reserved.getsockname()[1]}/")

    assert isinstance(answer, NoAnswer)
    assert (answer.kind, answer.was_written) == ("not_connected", False)


@pytest.mark.parametrize("url", ["http://169.254.1.1:1/", "http://no-such-host.invalid/", "https://127.0.0.1:1/"])
async def test_what_cannot_be_reached_is_no_answer(url):
    """Whatever the reason, it is said, and nothing was written."""
    answer = await ask(url)

    assert isinstance(answer, NoAnswer)
    assert not answer.was_written
    assert answer.detail
