"""The bundled sender, where wrk is not installed: the same load, from Python and so slower."""

import asyncio
import random
import sys
import time
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from gateway.workshop.bench.load import Ids, Load
from gateway.workshop.bench.samples import MARK, ORDER_MARK

_SPANS: tuple[float, ...] = (0.5, 0.9, 0.99, 1.0)


class Hooks:
    """Hooks, each with a number never used before, as whole HTTP requests."""

    def __init__(self, url: str, headers: dict[str, str], body: bytes, prefix: str, ids: Ids) -> None:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = {"Host": parts.netloc, "Content-Type": "application/json", **headers, "Content-Length": str(len(body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._pieces = f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        self._prefix = prefix
        self._ids = ids
        self._random = random.Random(int(prefix, 16))  # noqa: S311 - numbers of hooks, no secrets
        self._count = 0

    def next(self) -> bytes:
        """One more."""
        self._count += 1
        event = order = f"{self._prefix}{self._count:016d}"
        if self._ids != "rising":
            event = f"{self._random.getrandbits(64):016x}{self._count:08x}"
        if self._ids == "scattered":
            order = event
        return self._pieces.replace(MARK, event.encode()).replace(ORDER_MARK, order.encode())


class Connection(asyncio.Protocol):
    """Sends a hook, waits for its answer, sends the next."""

    def __init__(self, hooks: Hooks, spans: list[float], refused: list[bytes], until: float) -> None:
        self._hooks = hooks
        self._spans = spans
        self._refused = refused
        self._until = until
        self._answer = b""
        self._missing = -1
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """A piece of an answer; every server here says how long it is."""
        self._answer += data
        if self._missing < 0:
            head, blank, body = self._answer.partition(b"\r\n\r\n")
            if not blank:
                return
            at = head.lower().index(b"content-length:") + len(b"content-length:")
            self._missing = int(head[at:].split(b"\r\n", 1)[0])
            if head[9:12] != b"200":
                self._refused.append(head[:12])
            self._answer = body
        if len(self._answer) >= self._missing:
            now = time.perf_counter()
            self._spans.append(now - self._sent_at)
            if now < self._until:
                self._send()
            else:
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if not self.ended.done():
            self.ended.set_result(exc is None)

    def _send(self) -> None:
        self._answer, self._missing = b"", -1
        self._sent_at = time.perf_counter()
        self._transport.write(self._hooks.next())


async def send(hooks: Hooks, host: str, port: int, connections: int, seconds: float) -> Load:
    """Keep `connections` busy for so long."""
    loop = asyncio.get_running_loop()
    spans: list[float] = []
    refused: list[bytes] = []
    started = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(hooks, spans, refused, started + seconds), host, port)
        for _ in range(connections)
    ]
    ended = await asyncio.gather(*(connection.ended for _, connection in opened))
    elapsed = time.perf_counter() - started
    spans.sort()
    p50, p90, p99, longest = (round(spans[max(0, int(len(spans) * part) - 1)] * 1e6) if spans else 0 for part in _SPANS)
    lost = sum(not is_whole for is_whole in ended)
    return Load(len(spans), round(elapsed * 1e6), len(refused), lost, p50, p90, p99, longest)


def main(arguments: list[str]) -> None:
    """Send as the arguments say, and print what came of it."""
    url, headers, connections, seconds, file, prefix, ids = arguments
    given = msgspec.json.decode(headers, type=dict[str, str])
    hooks = Hooks(url, given, Path(file).read_bytes(), prefix, msgspec.convert(ids, Ids))
    parts = urlsplit(url)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(send(hooks, parts.hostname or "", parts.port or 80, int(connections), float(seconds)))
    sys.stdout.buffer.write(msgspec.json.encode(load) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
