"""The gateway's end of a channel to another process, and that process's own where it has a loop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from gateway.ground.frames import HEAD, LENGTH, head_of

OnFrame = Callable[[int, memoryview], None]
"""Told a frame's kind and its payload, which is the receiver's own: it stays as long as it is held."""

_CHUNK: Final = 1 << 16
_LEAST_ROOM: Final = 1 << 14
"""Bytes that are read at once: many frames, or the beginning of a large one."""


class Channel(asyncio.BufferedProtocol):
    """One end of a channel.

    What arrives is read to where it stays: a buffer is never used again, and a large frame has one of its own.
    `on_lost` is called when the other end is gone, not when this one is closed.
    """

    def __init__(self, end: socket.socket, on_frame: OnFrame, on_lost: Callable[[], None]) -> None:
        self._end = end
        self._on_frame = on_frame
        self._on_lost = on_lost
        # Where the frame under way begins in the buffer, and up to where the buffer is filled.
        self._buffer = memoryview(bytearray(_CHUNK))
        self._begun = self._filled = 0
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

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Where the next bytes go."""
        return self._buffer[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take the whole frames of what has arrived."""
        self._filled += nbytes
        buffer, filled, begun = self._buffer, self._filled, self._begun
        while filled - begun >= HEAD:
            size = HEAD + int.from_bytes(buffer[begun : begun + LENGTH], "little")
            if filled - begun < size:
                break
            self._on_frame(buffer[begun + LENGTH], buffer[begun + HEAD : begun + size])
            begun += size
        else:
            size = _LEAST_ROOM
        self._begun = begun
        if len(buffer) < begun + size:
            self._renew(size)

    def _renew(self, size: int) -> None:
        """Go on in another buffer, which has room for so much, with what there is of the frame under way."""
        rest = self._buffer[self._begun : self._filled]
        self._buffer = memoryview(bytearray(max(size, _CHUNK)))
        self._buffer[: len(rest)] = rest
        self._begun, self._filled = 0, len(rest)

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
