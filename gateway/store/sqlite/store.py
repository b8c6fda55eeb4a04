"""The store: opens the file, starts the writer, and hands every room its port."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from gateway.ground.files import InPlace
from gateway.store.ruled import RuledStore
from gateway.store.sqlite import database
from gateway.store.sqlite.engine import Reader, SqliteEngine
from gateway.store.sqlite.groups import GroupStore, SqliteInbox
from gateway.store.sqlite.transactions import SqliteTransaction
from gateway.store.sqlite.watching import SqliteWatch
from gateway.store.sqlite.writer import Writer


class SqliteStore(RuledStore):
    """All ports over one file. Use `await SqliteStore.open(path)`, then `await store.close()`."""

    def __init__(self, writer: Writer, loops: SqliteEngine, people: SqliteEngine, opened: AsyncExitStack) -> None:
        self.writer = writer
        self.inbox = SqliteInbox(writer, loops)
        self.watch = SqliteWatch(writer, asyncio.get_running_loop())
        super().__init__(loops, people, writer.arriving, self.watch)
        self._opened = opened

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the file (an absolute path), made where missing, and bring its schema up to date.

        Raises:
            ConfigError: the file cannot be used.
            StoreUnavailable: another gateway uses it, or the disk is full.
        """
        with database.usable(path):
            # What is opened last is closed first: readers before the writer, so that only the writer checkpoints.
            async with AsyncExitStack() as opened:
                opened.callback(os.close, await asyncio.to_thread(database.lock, path))
                connection = await asyncio.to_thread(database.open_writer, path)
                opened.callback(connection.close)
                # From here on the writer's thread alone uses the connection.
                transaction = SqliteTransaction(connection)
                in_place = InPlace(path, path.with_name(f"{path.name}-wal"))
                writer = Writer(connection, GroupStore(transaction), asyncio.get_running_loop(), in_place)
                opened.push_async_callback(writer.close)
                # The loops' reads and the operators' must not wait for each other: a connection each.
                readers = []
                for _ in range(2):
                    readers.append(await Reader.open(path))
                    opened.push_async_callback(readers[-1].close)
                loops, people = (SqliteEngine(writer, transaction, reader, path) for reader in readers)
                return cls(writer, loops, people, opened.pop_all())

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        return self.writer.failure

    async def close(self) -> None:
        """Finish what waits and close."""
        await self._opened.aclose()
