"""What is told of each commit while somebody listens: by triggers of the writer's own connection, else by nothing."""

import asyncio
import sqlite3
import threading
from collections import deque
from typing import Any, Final

import msgspec

from gateway.records import Change
from gateway.store.ports import ChangeObserver
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("watching")

MOST: Final = 10_000
"""Of what is told at once: the newest. Of the others only how many they were."""
GATHER_SECONDS: Final = 0.05
"""So long are commits gathered before they are told: a busy writer's come every few milliseconds."""


class SqliteWatch:
    """Tells of the changes of each commit, in the order in which they were made."""

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        self.on_changes: ChangeObserver | None = None
        self._writer = writer
        self._loop = loop
        self._present: deque[tuple[Any, ...]] = deque(maxlen=MOST)
        self._present_count = 0
        self._lock = threading.Lock()
        self._gathered: deque[tuple[Any, ...]] = deque(maxlen=MOST)
        self._gathered_count = 0

    async def listen(self) -> None:
        """From now on tell of all that changes."""

        def run(connection: sqlite3.Connection) -> None:
            connection.create_function("told", 7, self._told)
            connection.executescript(SQL.listen)

        self._writer.on_end = self._end
        await asyncio.shield(self._writer.submit(run, is_transaction=False))

    async def rest(self) -> None:
        """Tell of nothing any more."""

        def run(connection: sqlite3.Connection) -> None:
            connection.executescript(SQL.rest)
            self._writer.on_end = None

        await asyncio.shield(self._writer.submit(run, is_transaction=False))

    def _told(self, *row: Any) -> None:
        """In the writer's thread, within a transaction."""
        self._present.append(row)
        self._present_count += 1

    def _end(self, *, is_committed: bool) -> None:
        """In the writer's thread, after a transaction."""
        if not self._present_count:
            return
        if is_committed:
            with self._lock:
                is_first = not self._gathered_count
                self._gathered += self._present
                self._gathered_count += self._present_count
            if is_first:
                self._loop.call_soon_threadsafe(self._loop.call_later, GATHER_SECONDS, self._tell)
        self._present.clear()
        self._present_count = 0

    def _tell(self) -> None:
        with self._lock:
            rows, count = list(self._gathered), self._gathered_count
            self._gathered.clear()
            self._gathered_count = 0
        if self.on_changes is not None:
            self.on_changes(msgspec.convert(rows, list[Change]), count - len(rows))
