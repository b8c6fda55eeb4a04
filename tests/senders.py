"""Slow senders, many at once, in a process of their own that gives way: what they cost themselves does not count."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

HEADER_TIMEOUT, BODY_TIMEOUT = 3.0, 4.0
ROUND = 6.0
"""Seconds from one sender's start to its next one's: all of a round are gone before it ends."""

HEAD = b"POST /hooks/demo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-vendors-token\r\n"
KINDS = {
    "says nothing": (b"", b"", HEADER_TIMEOUT),
    "half a head": (HEAD, b"", HEADER_TIMEOUT),
    "a head, a byte at a time": (b"POST /", b"x", HEADER_TIMEOUT),
    "half a body": (HEAD + b"Content-Length: 1000\r\n\r\n{", b"", BODY_TIMEOUT),
    "a body, a byte at a time": (HEAD + b"Content-Length: 1000\r\n\r\n{", b" ", BODY_TIMEOUT),
}


@contextmanager
def slow_senders(port: int, count: int, *, rounds: int, spread: float) -> Iterator[Future[list[str]]]:
    """So many at once, round after round, their starts spread over seconds; a future of those that were late."""
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        yield elsewhere.submit(_run, port, count, rounds, spread)


def _run(port: int, count: int, rounds: int, spread: float) -> list[str]:
    os.nice(19)
    return asyncio.run(_all(port, count, rounds, spread))


async def _all(port: int, count: int, rounds: int, spread: float) -> list[str]:
    started = time.monotonic() + 0.5
    late = await asyncio.gather(*(_one(port, number, count, started, rounds, spread) for number in range(count)))
    return [kind for each in late for kind in each]


async def _one(port: int, number: int, count: int, started: float, rounds: int, spread: float) -> list[str]:
    kind = list(KINDS)[number % len(KINDS)]
    late = []
    for turn in range(rounds):
        await asyncio.sleep(started + ROUND * turn + spread * number / count - time.monotonic())
        if not await _is_gone_in_time(port, *KINDS[kind]):
            late.append(kind)
    return late


async def _is_gone_in_time(port: int, start: bytes, drip: bytes, deadline: float) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    writer.write(start)
    ended = asyncio.create_task(reader.read())
    with contextlib.suppress(OSError):
        while not ended.done() and time.monotonic() < began + ROUND:
            if drip:
                writer.write(drip)
            await asyncio.wait({ended}, timeout=1)
    spent = time.monotonic() - began
    ended.cancel()
    writer.transport.abort()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await ended
    return spent < deadline + 1.5
