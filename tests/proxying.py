"""A proxy of the tests' own between a program and a server: it cuts, delays, and swallows."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, Self

BYTES: Final = 1 << 16


class Proxy:
    """Listens on a port of this machine, and passes on to a Unix socket. Use as `with Proxy(socket) as proxy`."""

    def __init__(self, to: Path) -> None:
        self.to = to
        self.port = 0
        self.seconds = 0.0
        """How long each piece is held back."""
        self._pipes: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = True
        self._flows = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Break every connection, and every new one, until `mend`."""
        self._is_open = False
        self._run(self._break())

    def swallow(self) -> None:
        """Take what comes, and pass nothing on, either way, until `mend`: no connection ends by it."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def mend(self) -> None:
        """Pass on again; what was swallowed goes on where it was."""
        self._is_open = True
        self._loop.call_soon_threadsafe(self._flows.set)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _begin(self) -> None:
        self._flows.set()
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        await self._break()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _break(self) -> None:
        for pipe in self._pipes:
            pipe.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._pipes.add(writer)
        there = None
        try:
            # Whoever connects to what swallows is accepted by the kernel, and hears no more.
            await self._flows.wait()
            if self._is_open:
                back, there = await asyncio.open_unix_connection(str(self.to))
                self._pipes.add(there)
                await asyncio.gather(self._pump(reader, there), self._pump(back, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for pipe in filter(None, (writer, there)):
                pipe.transport.abort()
                self._pipes.discard(pipe)
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(BYTES):
            await asyncio.sleep(self.seconds)
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()
