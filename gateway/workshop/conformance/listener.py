"""A WMS of the suite's own that is pulled from: a socket that answers one JSON body and remembers who asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec


class Warehouse:
    """What the next pulls are answered, and what the last ones asked with."""

    def __init__(self) -> None:
        self.status = 200
        self.payload: Any = []
        self.asked: list[tuple[str, str | None]] = []
        """Method and `Authorization` of each request."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer, and the connection is closed."""
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            self.asked.append((lines[0].partition(" ")[0], headers.get("authorization")))
            body = msgspec.json.encode(self.payload)
            head = f"HTTP/1.1 {self.status} Answer\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.asked.append(("", None))
        finally:
            writer.close()


@asynccontextmanager
async def warehouse_at(host: str) -> AsyncIterator[tuple[Warehouse, str]]:
    """A warehouse that listens at an address of this machine, and its URL."""
    warehouse = Warehouse()
    server = await asyncio.start_server(warehouse.answer, host, 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield warehouse, f"http://{f'[{host}]' if ':' in host else host}:{port}/orders"
    finally:
        server.close()
        await server.wait_closed()
