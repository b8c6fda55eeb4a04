"""Hooks at a steady rate, from senders who never try again."""

import asyncio
import json
import threading
import time
from typing import Self

from tests.processes import PROOF, told

RATE = 200
KEPT = 8


class Senders:
    """Hooks at a steady rate, over kept-alive and over fresh connections; none is ever sent twice."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        self._enough = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough = True
        self._thread.join()

    async def _run(self) -> None:
        kept = [asyncio.create_task(self._keep(number)) for number in range(KEPT)]
        fresh, count = set(), 0
        while not self._enough:
            task = asyncio.create_task(self._once(f"fresh-{count}"))
            fresh.add(task)
            task.add_done_callback(fresh.discard)
            count += 1
            await asyncio.sleep(2 / RATE)
        await asyncio.gather(*kept, *fresh)

    async def _keep(self, number: int) -> None:
        connection, count = None, 0
        while not self._enough:
            connection = await self._tell(f"kept-{number}-{count}", connection)
            count += 1
            await asyncio.sleep(2 * KEPT / RATE)
        if connection is not None:
            connection[1].close()

    async def _once(self, name: str) -> None:
        connection = await self._tell(name, None, "Connection: close\r\n")
        if connection is not None:
            connection[1].close()

    async def _tell(
        self, name: str, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None, header: str = ""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Send one hook; the connection, where it may be used again."""
        began = time.monotonic()
        try:
            if connection is not None and connection[0].at_eof():
                connection[1].close()
                connection = None
            connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = connection
            body = json.dumps(told(name, f"order-{name}", 1)).encode()
            lines = f"POST /hooks/demo HTTP/1.1\r\nHost: here\r\nAuthorization: {PROOF['Authorization']}\r\n{header}"
            writer.write(f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        except (OSError, EOFError) as error:
            self.failed[name] = repr(error)
            if connection is not None:
                connection[1].close()
            return None
        if not head.startswith(b"http/1.1 200"):
            self.failed[name] = head.decode()
        self.answered[name] = time.monotonic() - began
        if b"connection: close" in head:
            writer.close()
            return None
        return connection
