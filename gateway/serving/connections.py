"""What the connections of one server share: the sweep over their deadlines, and their number."""

import asyncio
import contextlib
from typing import Final, Protocol

SWEEP_SECONDS: Final = 0.25
DRAIN_LOOK_SECONDS: Final = 0.01
MOST_APART: Final = 100
"""Connections with an answer that has no end."""


class Connection(Protocol):
    """What the sweep knows of a connection."""

    loop: asyncio.AbstractEventLoop
    deadline: float
    is_clogged: bool

    @property
    def is_spare(self) -> bool:
        """Whether it was answered, and keeps its place for a request that may never come."""

    def give_way(self) -> None:
        """Close, and count no more."""

    def check(self, now: float) -> None:
        """Act on a deadline that has passed."""

    def shutdown(self) -> None:
        """Take no request but the next."""


class Connections:
    """What the connections of one server share: the sweep over their deadlines, as long as there are any, and more."""

    def __init__(self) -> None:
        # A dict for its order: the oldest first.
        self._watched: dict[Connection, None] = {}
        # Answers without an end, which are not counted.
        self._apart: set[Connection] = set()
        self._is_ticking = False
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""
        self.is_draining = False

    def lines_of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The server's own headers (the date) as they are written; uvicorn makes a new list each second."""
        if headers is not self._headers:
            self._headers, self._lines = headers, b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._lines

    def watch(self, connection: Connection) -> None:
        """Look at this one from now on."""
        self._watched[connection] = None
        if not self._is_ticking:
            self._is_ticking = True
            connection.loop.call_later(SWEEP_SECONDS, self._tick, connection.loop)

    @property
    def count(self) -> int:
        """How many there are, those included that are being turned away, but for the endless."""
        return len(self._watched) - len(self._apart)

    def set_apart(self, connection: Connection) -> bool:
        """Count it no more; False: there are as many such as may be, or a stop has begun."""
        if self.is_draining or len(self._apart) >= MOST_APART:
            return False
        self._apart.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._watched.pop(connection, None)
        self._apart.discard(connection)

    def make_room(self) -> bool:
        """Close the oldest connection that only waits for another request; whether there was one."""
        spare = next((each for each in self._watched if each.is_spare), None)
        if spare is not None:
            spare.give_way()
        return spare is not None

    async def drain(self, seconds: float) -> None:
        """Let each connection, and those to come, have one more answer; wait for the end of those there are by now."""
        self.is_draining = True
        for endless in list(self._apart):
            endless.give_way()
        present = list(self._watched)
        for connection in present:
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while any(connection in self._watched for connection in present):  # noqa: ASYNC110 - each ends by itself
                    await asyncio.sleep(DRAIN_LOOK_SECONDS)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in [each for each in self._watched if each.deadline <= now or each.is_clogged]:
            connection.check(now)
        self._is_ticking = bool(self._watched)
        if self._is_ticking:
            loop.call_later(SWEEP_SECONDS, self._tick, loop)
