"""Five hundred slow senders for a minute: the good ones do not notice, the slow ones are gone by their deadline."""

import asyncio
import contextlib
import time

import pytest

from tests.processes import PROOF, Gateway, told

SECONDS = 60
SLOW = 500
HEADER_TIMEOUT, BODY_TIMEOUT = 3.0, 4.0
# Two shared cores jitter: below this a percentile says nothing.
FLOOR = 0.02

HEAD = b"POST /hooks/demo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-vendors-token\r\n"
KINDS = {
    "says nothing": (b"", b"", HEADER_TIMEOUT),
    "half a head": (HEAD, b"", HEADER_TIMEOUT),
    "a head, a byte at a time": (b"POST /", b"x", HEADER_TIMEOUT),
    "half a body": (HEAD + b"Content-Length: 1000\r\n\r\n{", b"", BODY_TIMEOUT),
    "a body, a byte at a time": (HEAD + b"Content-Length: 1000\r\n\r\n{", b" ", BODY_TIMEOUT),
}


def good(gateway: Gateway, until: float, name: str) -> list[float]:
    """How long each of many good requests took, one after another."""
    spans = []
    while time.monotonic() < until:
        event = f"{name}-{len(spans)}"
        body = told(event, event, 1)
        began = time.monotonic()
        answer = gateway.http.post("/hooks/demo", json=body, headers=PROOF)
        spans.append(time.monotonic() - began)
        assert answer.status_code == 200
        time.sleep(0.01)
    return spans


async def slow(port: int, number: int, until: float, late: list[str]) -> None:
    """One slow sender after another; those that outlive their deadline are noted."""
    kind = list(KINDS)[number % len(KINDS)]
    start, drip, deadline = KINDS[kind]
    # Not all at the same moment: that would measure a burst of connections.
    await asyncio.sleep(BODY_TIMEOUT * number / SLOW)
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        began = time.monotonic()
        writer.write(start)
        ended = asyncio.create_task(reader.read())
        with contextlib.suppress(OSError):
            while not ended.done():
                if drip:
                    writer.write(drip)
                await asyncio.wait({ended}, timeout=1)
                if time.monotonic() - began > deadline + 5:
                    late.append(kind)
                    break
            await asyncio.wait({ended}, timeout=0.1)
        ended.cancel()
        writer.transport.abort()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await ended


def percentile(spans: list[float]) -> float:
    return sorted(spans)[int(len(spans) * 0.99)]


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_five_hundred_slow_senders_for_a_minute(tmp_path):
    """The good ones' p99 stays under twice its quiet value; every slow one is closed by us, in time."""
    limits = {"min_free_disk": 0, "header_timeout": HEADER_TIMEOUT, "body_timeout": BODY_TIMEOUT}
    with Gateway(tmp_path, {"demo": {"delivery": "pull", "pull_secret": "a-secret"}}, limits=limits) as gateway:
        late: list[str] = []
        before = await asyncio.to_thread(good, gateway, time.monotonic() + 10, "before")
        until = time.monotonic() + SECONDS
        slow_ones = [asyncio.create_task(slow(gateway.port, number, until, late)) for number in range(SLOW)]
        busy = await asyncio.to_thread(good, gateway, until, "busy")
        await asyncio.gather(*slow_ones)
        after = await asyncio.to_thread(good, gateway, time.monotonic() + 10, "after")
        quiet = before + after

    assert late == []
    assert percentile(busy) < max(2 * percentile(quiet), FLOOR), (percentile(quiet), percentile(busy))
