"""What wakes a thread that waits for others of its process and for a socket."""

import contextlib
import select
import socket
from typing import Final

_MOST: Final = 4096


class Bell:
    """One thread waits; any may ring, and so does what arrives where it is `watch`ed for."""

    def __init__(self) -> None:
        self._ear, self._hand = socket.socketpair()
        for each in (self._ear, self._hand):
            each.setblocking(False)  # noqa: FBT003 - the standard library's
        self._heard = self._ear.fileno()
        self._poll = select.poll()
        self._poll.register(self._heard, select.POLLIN)
        self._watched: int | None = None

    def watch(self, descriptor: int | None) -> None:
        """Ring where something has arrived at this, and no longer at what was watched until now."""
        if self._watched is not None:
            self._poll.unregister(self._watched)
        self._watched = descriptor
        if descriptor is not None:
            self._poll.register(descriptor, select.POLLIN)
        self.set()

    def set(self) -> None:
        """Ring: whoever waits, or does so next, goes on."""
        # So many may have rung already that there is no room for more; or nobody waits any more.
        with contextlib.suppress(OSError):
            self._hand.send(b"\0")

    def wait(self) -> None:
        """Wait for it."""
        if any(descriptor == self._heard for descriptor, _ in self._poll.poll()):
            self._ear.recv(_MOST)

    def close(self) -> None:
        """Nobody waits any more."""
        self._ear.close()
        self._hand.close()
