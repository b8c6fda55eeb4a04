"""What passes through a channel between processes: frames, each a payload behind its length and its kind."""

import socket
from collections.abc import Iterator
from typing import Final

LENGTH: Final = 4
HEAD: Final = LENGTH + 1


def head_of(kind: int, size: int) -> bytes:
    """What stands before a payload of so many bytes."""
    return size.to_bytes(LENGTH, "little") + bytes((kind,))


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
