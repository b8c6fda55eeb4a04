"""What is told of each commit while somebody listens: written down by triggers in memory, else by nothing."""

import asyncio
import contextlib
import sqlite3
from typing import Final

import msgspec

from gateway.records import Change
from gateway.store.ports import ChangeObserver
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL, IDS = named("watching"), named("ids")

MOST: Final = 10_000
"""Of what is told at once: the newest. Of the others only how many they were."""
FIRST_SECONDS, PAUSE_SECONDS = 0.05, 0.25
"""So long are commits gathered after a rest, and between two looks: a busy writer's come every few milliseconds."""

_decode: Final = msgspec.json.Decoder(list[Change]).decode


class SqliteWatch:
    """Tells of the changes of each commit: of each thing in the order in which they were made."""

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        self.on_changes: ChangeObserver | None = None
        self._writer = writer
        self._loop = loop
        self._is_due = False
        self._looked_at = 0.0
        self._seen = [0, 0]

    async def listen(self) -> None:
        """From now on tell of all that changes."""

        def run(connection: sqlite3.Connection) -> None:
            if self._writer.on_change is None:
                connection.executescript(SQL.listen)
                self._seen = [connection.execute(each).fetchone()[0] for each in (IDS.events, IDS.orders)]
                self._writer.on_change = self._changed

        await asyncio.shield(self._writer.submit(run, is_transaction=False))

    async def rest(self) -> None:
        """Tell of nothing any more."""

        def run(connection: sqlite3.Connection) -> None:
            self._writer.on_change = None
            connection.executescript(SQL.rest)

        await asyncio.shield(self._writer.submit(run, is_transaction=False))

    def _changed(self) -> None:
        """In the writer's thread, after a commit."""
        if not self._is_due:
            self._is_due = True
            # The loop may be closed already when a stop was forced: then nobody listens.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._look_later)

    def _look_later(self) -> None:
        now = self._loop.time()
        self._loop.call_at(max(now + FIRST_SECONDS, self._looked_at + PAUSE_SECONDS), self._look)

    def _look(self) -> None:
        self._looked_at = self._loop.time()
        self._writer.submit(self._taken, is_transaction=False).add_done_callback(self._tell)

    def _taken(self, connection: sqlite3.Connection) -> list[str]:
        """In the writer's thread, between two transactions: what has begun, and what was written down, as JSON."""
        self._is_due = False
        if self._writer.on_change is None:
            return []
        texts = []
        for place, begun in enumerate((SQL.begun_events, SQL.begun_orders)):
            newest, text = connection.execute(begun, (self._seen[place],)).fetchone()
            self._seen[place] = newest or self._seen[place]
            texts.append(text)
        (text,) = connection.execute(SQL.told).fetchone()
        connection.execute(SQL.forget)
        return [*texts, text]

    def _tell(self, looked: "asyncio.Future[list[str]]") -> None:
        # A store that closes has nobody to tell.
        if looked.exception() is None and self.on_changes is not None:
            changes = [change for text in looked.result() for change in _decode(text)]
            if changes:
                self.on_changes(changes[-MOST:], max(0, len(changes) - MOST))
