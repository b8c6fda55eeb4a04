"""What is told of each commit while somebody listens: written down by triggers in memory, else by nothing."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import apsw
import msgspec

from gateway.errors import StoreUnavailable
from gateway.ground.parcel import Parcel
from gateway.records import Change
from gateway.store.ports import MOST_CHANGES, ChangeObserver
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL, IDS = named("watching"), named("ids")

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

        def run(connection: apsw.Connection) -> None:
            if self._writer.on_change is None:
                connection.execute(SQL.listen)
                self._seen = [connection.execute(each).get for each in (IDS.events, IDS.orders)]
                self._writer.on_change = self._changed

        await self._writer.submit(run, is_transaction=False)

    async def rest(self) -> None:
        """Tell of nothing any more."""

        def run(connection: apsw.Connection) -> None:
            self._writer.on_change = None
            connection.execute(SQL.rest)

        await self._writer.submit(run, is_transaction=False)

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

    def _taken(self, connection: apsw.Connection) -> Sequence[Change]:
        """In the writer's thread, between two transactions: what has begun, and what was written down."""
        self._is_due = False
        if self._writer.on_change is None:
            return ()
        found = []
        for place, begun in enumerate((SQL.begun_events, SQL.begun_orders)):
            newest, *told = connection.execute(begun, (self._seen[place],)).get
            self._seen[place] = newest or self._seen[place]
            found.append(told)
        found.append(connection.execute(SQL.told).get)
        connection.execute(SQL.forget)
        # One list of the three, each without its brackets.
        text = ",".join(text[1:-1] for count, text in found if count)
        return Parcel(f"[{text}]".encode(), _decode, sum(count for count, _ in found))

    def _tell(self, looked: "asyncio.Future[Sequence[Change]]") -> None:
        # A store that closes has nobody to tell. What else a look meets is raised: the loop says it.
        if isinstance(looked.exception(), StoreUnavailable):
            return
        if (changes := looked.result()) and self.on_changes is not None:
            missed = max(0, len(changes) - MOST_CHANGES)
            self.on_changes(changes[-MOST_CHANGES:] if missed else changes, missed)
