"""The engine: opens the file, starts the writer, and hands every room its port."""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import aiosqlite

from gateway.ground.clock import Micros
from gateway.ground.files import InPlace
from gateway.store.ports import ChangeObserver, CommitObserver
from gateway.store.sqlite import database, ledger
from gateway.store.sqlite.archive import SqliteArchive
from gateway.store.sqlite.auditing import SqliteAuditTrail
from gateway.store.sqlite.drift import SqliteDriftLedger
from gateway.store.sqlite.inbox import GroupStore, SqliteInbox
from gateway.store.sqlite.lookups import SqliteLookupQueue
from gateway.store.sqlite.operating import SqliteBulk
from gateway.store.sqlite.operations import SqliteOperations
from gateway.store.sqlite.outbox import SqliteOutbox
from gateway.store.sqlite.pulls import SqlitePullLedger
from gateway.store.sqlite.reconciliation import SqliteReconciliationLedger
from gateway.store.sqlite.records import SqliteRecords
from gateway.store.sqlite.register import register_of
from gateway.store.sqlite.sessions import SqliteSessionLedger
from gateway.store.sqlite.told import SqliteToldLedger
from gateway.store.sqlite.translation import RowIds, SqliteTranslationQueue
from gateway.store.sqlite.watching import SqliteWatch
from gateway.store.sqlite.writer import Writer


class SqliteStore:
    """All ports over one file. Use `await SqliteStore.open(path)`, then `await store.close()`."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        queue_reader: aiosqlite.Connection,
        records_reader: aiosqlite.Connection,
        ids: RowIds,
        store_group: GroupStore,
        opened: AsyncExitStack,
    ) -> None:
        self.path = path
        self.writer = writer
        self.inbox = SqliteInbox(writer, queue_reader)
        self.translation = SqliteTranslationQueue(writer, queue_reader, ids)
        self.lookups = SqliteLookupQueue(writer, queue_reader)
        self.reconciliation = SqliteReconciliationLedger(writer, queue_reader, store_group)
        self.outbox = SqliteOutbox(writer, queue_reader)
        self.pulls = SqlitePullLedger(writer, queue_reader)
        self.records = SqliteRecords(records_reader)
        self.archive = SqliteArchive(records_reader)
        self.drift = SqliteDriftLedger(writer, records_reader)
        self.operations = SqliteOperations(writer, records_reader, register_of(path))
        self.bulk = SqliteBulk(writer, records_reader)
        self.trail = SqliteAuditTrail(writer, records_reader)
        self.told = SqliteToldLedger(writer, records_reader)
        self.sessions = SqliteSessionLedger(writer, records_reader)
        self.watch = SqliteWatch(writer, asyncio.get_running_loop())
        self._opened = opened

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the file (an absolute path), made where missing, and bring its schema up to date.

        Raises:
            ConfigError: the file cannot be used, or another gateway uses it.
        """
        # What is opened last is closed first: readers before the writer, so that only the writer checkpoints.
        async with AsyncExitStack() as opened:
            opened.callback(os.close, await asyncio.to_thread(database.lock, path))
            connection = await asyncio.to_thread(database.open_writer, path)
            opened.callback(connection.close)
            with database.usable(path):
                ids = RowIds(connection)
                store_group = GroupStore(connection)
            # From here on the writer's thread alone uses the connection.
            in_place = InPlace(path, path.with_name(f"{path.name}-wal"))
            writer = Writer(connection, store_group, asyncio.get_running_loop(), in_place)
            opened.push_async_callback(writer.close)
            # The loops' reads and the operators' must not wait for each other: a connection each.
            queue_reader = await database.open_reader(path)
            opened.push_async_callback(queue_reader.close)
            records_reader = await database.open_reader(path)
            opened.push_async_callback(records_reader.close)
            return cls(path, writer, queue_reader, records_reader, ids, store_group, opened.pop_all())

    def observe(
        self,
        *,
        on_commit: CommitObserver | None = None,
        on_stored: Callable[[], None] | None = None,
        on_changes: ChangeObserver | None = None,
    ) -> None:
        """Tell, in the loop, of each committed group of arrivals, that there is something to translate, of changes."""
        self.watch.on_changes = on_changes or self.watch.on_changes
        self.writer.on_commit = on_commit or self.writer.on_commit
        self.writer.on_stored = on_stored or self.writer.on_stored

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        return self.writer.failure

    async def adopt(self, aliases: Mapping[str, str]) -> None:
        """Give events and owners of former names to the source that now bears them."""
        await self.inbox.adopt(aliases)

    async def trust(self, at: Micros) -> Micros:
        """Remember that this time was trusted; the highest that ever was."""

        def run(connection: sqlite3.Connection) -> Micros:
            ((highest,),) = connection.execute(ledger.SQL.trust, (at,)).fetchall()
            return int(highest)

        return await asyncio.shield(self.writer.submit(run))

    async def probe(self) -> None:
        """Write something, so that `failure` tells the present state."""
        await self.writer.submit(lambda connection: ledger.draw(connection, "probe"))

    async def close(self) -> None:
        """Finish what waits and close."""
        await self._opened.aclose()
