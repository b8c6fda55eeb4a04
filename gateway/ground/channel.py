"""The gateway's end of a channel to another process, and that process's own where it has a loop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from gateway.ground.frames import Inflow, OnFrame, head_of


class Channel(Inflow, asyncio.BufferedProtocol):
    """One end of a channel.

    `on_lost` is called when the other end is gone, not when this one is closed.
    """

    def __init__(self, end: socket.socket, on_frame: OnFrame, on_lost: Callable[[], None]) -> None:
        super().__init__(on_frame)
        self._end = end
        self._on_lost = on_lost
        self._held = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self.is_lost = False
        self._is_closing = False
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The channel is open."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The other end is gone, or this one was closed."""
        self._closed.set()
        if not self._is_closing:
            self.is_lost = True
            self._on_lost()

    def send(self, kind: int, *payload: bytes | memoryview) -> None:
        """Pass a frame of some pieces, at once where the other end has room; into nowhere where it is gone."""
        self._write(head_of(kind, sum(map(len, payload))), *payload)

    def put_off(self, kind: int, payload: bytes) -> None:
        """Pass a frame with the next one, or at the end of the loop's turn: each passing wakes the other end."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._let_go)
        self._held += head_of(kind, len(payload)) + payload

    def _let_go(self) -> None:
        if self._held:
            self._write()

    def _write(self, *rest: bytes | memoryview) -> None:
        pieces, sent = (bytes(self._held), *rest), 0
        self._held.clear()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if not transport.get_write_buffer_size():
            # The transport would wait for the end of the loop's turn, and the other end could be at work by then.
            with contextlib.suppress(OSError):
                sent = self._end.sendmsg(pieces)
        for piece in pieces if sent < sum(map(len, pieces)) else ():
            if sent < len(piece):
                transport.write(memoryview(piece)[sent:])
            sent = max(0, sent - len(piece))

    async def close(self) -> None:
        """Close this end, once all that was sent has gone out."""
        self._is_closing = True
        self._let_go()
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


async def attach(end: socket.socket, on_frame: OnFrame, on_lost: Callable[[], None]) -> Channel:
    """A channel over one end of a pair of sockets."""
    end.setblocking(False)  # noqa: FBT003 - the standard library's
    loop = asyncio.get_running_loop()
    _, channel = await loop.create_unix_connection(lambda: Channel(end, on_frame, on_lost), sock=end)
    return channel
