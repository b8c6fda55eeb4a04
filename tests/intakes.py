"""A core intake that misbehaves on command, on a real socket.

`Intake.behave` is asked for each request what to do; what is done is a `Reaction`, a function of the call. Orders that
a reaction applies are kept, in the order of their coming, so that a test can tell what the intake ended on.
"""

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class Call:
    """One request as it came, and the means to answer it."""

    intake: "Intake"
    writer: asyncio.StreamWriter
    headers: dict[str, str]
    body: bytes

    @property
    def orders(self) -> list[dict[str, Any]]:
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        return [order["externalOrderId"] for order in self.orders]

    def apply(self, leave_out: Iterable[str] = ()) -> list[dict[str, Any]]:
        """Take the orders over; what a 200 lists of them."""
        listed = []
        for order in self.orders:
            name = order["externalOrderId"]
            if name in leave_out:
                continue
            listed.append({"externalOrderId": name, "orderId": f"T-{name}", "created": name not in self.intake.orders})
            self.intake.orders[name] = order
            self.intake.history.append(order)
        return listed

    async def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await self.writer.drain()

    async def send_json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        await self.send(status, json.dumps(body).encode(), headers)


Reaction = Callable[[Call], Awaitable[None]]


@dataclass
class Intake:
    """Use as `async with Intake(behave=...) as intake`; `intake.url` is where it listens."""

    behave: Callable[[Call], Reaction] = lambda _call: accepted
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/api/integrations/wms/acme"
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def sent(self) -> list[list[str]]:
        """The externalOrderIds of each request, in the order of their coming."""
        return [call.ids for call in self.calls]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {}
        for line in head.split("\r\n")[1:-2]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers["content-length"]))
        call = Call(self, writer, headers, body)
        self.calls.append(call)
        await self.behave(call)(call)
        return not writer.is_closing()


def in_turn(*reactions: Reaction, then: Reaction) -> Callable[[Call], Reaction]:
    """One reaction a request, and the last for ever."""
    waiting = list(reactions)
    return lambda _call: waiting.pop(0) if waiting else then


def always(reaction: Reaction) -> Callable[[Call], Reaction]:
    return lambda _call: reaction


async def accepted(call: Call) -> None:
    listed = call.apply()
    await call.send_json(200, {"accepted": True, "processed": len(listed), "orders": listed})


def status(code: int, body: bytes = b'{"error":"as told"}', **headers: str) -> Reaction:
    async def react(call: Call) -> None:
        bare = b"" if code in (204, 304) else body
        await call.send(code, bare, {name.replace("_", "-"): value for name, value in headers.items()})

    return react


def replied(**members: Any) -> Reaction:
    """A 200 whose members are those of the contract but for these; the orders are applied."""

    async def react(call: Call) -> None:
        listed = call.apply()
        await call.send_json(200, {"accepted": True, "processed": len(listed), "orders": listed} | members)

    return react


def leaving_out(*names: str) -> Reaction:
    async def react(call: Call) -> None:
        listed = call.apply(leave_out=names)
        await call.send_json(200, {"accepted": True, "processed": len(listed), "orders": listed})

    return react


def refusing(*names: str, code: int = 400, body: Callable[[list[int], list[str]], Any] | None = None) -> Reaction:
    """Refuses the whole batch if one of these is in it; `body` says what of the guilty positions and ids."""

    async def react(call: Call) -> None:
        guilty = [position for position, name in enumerate(call.ids) if name in names]
        if not guilty:
            await accepted(call)
            return
        words = {"error": "customer not found"} if body is None else body(guilty, call.ids)
        await call.send_json(code, words)

    return react


def poisoned(*names: str, by: Reaction) -> Reaction:
    """Does that to a request which holds one of these."""

    async def react(call: Call) -> None:
        await (by if set(names) & set(call.ids) else accepted)(call)

    return react


async def hanging(_call: Call) -> None:
    await asyncio.sleep(3600)


async def hanging_in_the_middle(call: Call) -> None:
    call.writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"accepted":')
    await asyncio.sleep(3600)


async def applied_then_hanging(call: Call) -> None:
    call.apply()
    await asyncio.sleep(3600)


async def applied_then_lost(call: Call) -> None:
    call.apply()
    call.writer.transport.abort()


async def reset(call: Call) -> None:
    call.writer.transport.abort()


async def half_closed(call: Call) -> None:
    call.writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"accepted":')
    call.writer.write_eof()
    await asyncio.sleep(0.05)
    call.writer.close()


async def dripping_headers(call: Call) -> None:
    call.writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        call.writer.write(b"X-Slow: y\r\n")
        await call.writer.drain()
        await asyncio.sleep(0.01)


async def dripping_body(call: Call) -> None:
    call.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        call.writer.write(b" ")
        await call.writer.drain()
        await asyncio.sleep(0.01)


async def enormous(call: Call) -> None:
    """A hundred megabytes that begin like the contract."""
    call.writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{"accepted":true,"orders":[')
    for _ in range(100):
        call.writer.write(b" " * 1_048_576)
        await call.writer.drain()


async def gzip_bomb(call: Call) -> None:
    squeezer = zlib.compressobj(wbits=31)
    bomb = b"".join(squeezer.compress(b" " * 1_000_000) for _ in range(100)) + squeezer.flush()
    await call.send(200, bomb, {"Content-Encoding": "gzip"})


async def nonsense(call: Call) -> None:
    call.writer.write(b"\x15\x03\x01\x00\x02\x02\x16 not http at all\r\n\r\n")
    await call.writer.drain()
    call.writer.close()
