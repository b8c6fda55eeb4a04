"""What passes through a channel between processes: frames, each a payload behind its length and its kind."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

LENGTH: Final = 4
HEAD: Final = LENGTH + 1

OnFrame: TypeAlias = Callable[[int, memoryview], None]
"""Told a frame's kind and its payload, which is the receiver's own: it stays as long as it is held."""

_CHUNK: Final = 1 << 16
_LEAST_ROOM: Final = 1 << 14
"""Bytes that are read at once: many frames, or the beginning of a large one."""


def head_of(kind: int, size: int) -> bytes:
    """What stands before a payload of so many bytes."""
    return size.to_bytes(LENGTH, "little") + bytes((kind,))


class Inflow:
    """The frames of what arrives, which is read to where it stays.

    A buffer is never used again, and a large frame has one of its own.
    """

    def __init__(self, on_frame: OnFrame) -> None:
        self._on_frame = on_frame
        # Where the frame under way begins in the buffer, and up to where the buffer is filled.
        self._buffer = memoryview(bytearray(_CHUNK))
        self._begun = self._filled = 0

    def get_buffer(self, sizehint: int = -1) -> memoryview:  # noqa: ARG002 - asyncio's
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


class ThreadsEnd(Inflow):
    """An end of a channel that a thread takes from and answers by itself, between other work."""

    def __init__(self, end: socket.socket, on_frame: OnFrame) -> None:
        super().__init__(on_frame)
        self._end = end
        self._held = bytearray()
        self._is_over = False

    def fileno(self) -> int:
        """The descriptor, which can be read where something has arrived."""
        return self._end.fileno()

    def take(self) -> bool:
        """Take what has arrived, without waiting; False: nothing ever will."""
        while not self._is_over:
            room = self.get_buffer()
            try:
                size = self._end.recv_into(room, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                size = 0
            self._is_over = size == 0
            self.buffer_updated(size)
            if size < len(room):
                break
        return not self._is_over

    def put_off(self, kind: int, payload: bytes) -> None:
        """Pass a frame with the others that wait for `let_go`."""
        self._held += head_of(kind, len(payload)) + payload

    def let_go(self) -> None:
        """Pass what waits; into nowhere where the other end is gone."""
        if self._held:
            with contextlib.suppress(OSError):
                self._end.sendall(self._held)
            self._held.clear()


class Blocking:
    """An end of a channel where nothing else goes on: iterate over the frames (kind, payload)."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._frames = end.makefile("rb")

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """The frames, until the other end is gone."""
        while len(head := self._frames.read(HEAD)) == HEAD:
            yield head[LENGTH], self._frames.read(int.from_bytes(head[:LENGTH], "little"))

    def send(self, kind: int, payload: bytes) -> None:
        """Pass a frame to the other end."""
        self._end.sendall(head_of(kind, len(payload)) + payload)
