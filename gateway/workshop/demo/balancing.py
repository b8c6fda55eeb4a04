"""A balancer for the demo: each connection goes to the next server, and past one that refuses it."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

PIECE: Final = 65_536


class Balancer:
    """Round-robin over the ports of a host."""

    def __init__(self, host: str, ports: Sequence[int]) -> None:
        self._host = host
        self._turns = itertools.cycle(ports)
        self._count = len(ports)
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Take connections; those that are open at the end are broken off."""
        server = await asyncio.start_server(self._take, sock=listener)
        try:
            yield
        finally:
            server.close()
            for each in self._open:
                each.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            for _ in range(self._count):
                with contextlib.suppress(OSError):
                    answers, onwards = await asyncio.open_connection(self._host, next(self._turns))
                    break
            else:
                return
            with contextlib.closing(onwards):
                pieces = [asyncio.create_task(_pass(*way)) for way in ((reader, onwards), (answers, writer))]
                try:
                    # Whichever side ends, HTTP has nothing more to say to the other.
                    await asyncio.wait(pieces, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for each in pieces:
                        each.cancel()
                    await asyncio.gather(*pieces, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
