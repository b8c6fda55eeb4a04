"""The intake's own SQLite file: one connection writes, one transaction at a time; another one only reads."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.ground.statements import migrations, statements

T = TypeVar("T")
Parameters = Mapping[str, Any]

_SQL = "gateway.core_intake.sql"
_STATEMENTS = statements(_SQL, "queries.sql")
_CACHE_KIB = 16 * 1024


class Transaction:
    """The statements of one transaction, by their names in `queries.sql`."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def rows(self, name: str, **parameters: Any) -> list[sqlite3.Row]:
        """All rows that the statement answers."""
        return list(await self._connection.execute_fetchall(_STATEMENTS[name], parameters))

    async def run_many(self, name: str, parameters: Iterable[Parameters]) -> None:
        """The statement once for each set of parameters, in one hop to the connection's thread."""
        cursor = await self._connection.executemany(_STATEMENTS[name], parameters)
        await cursor.close()


class Database:
    """Opened once by the one process that owns the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[Any]] = set()
        self._writer: aiosqlite.Connection
        self._reader: aiosqlite.Connection

    async def open(self) -> None:
        """Creates or migrates the file. Raises ConfigError where the file is newer than the code."""
        self._writer = await aiosqlite.connect(self._path, isolation_level=None)
        try:
            await self._prepare_writer()
            self._reader = await aiosqlite.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        except BaseException:
            await self._writer.close()
            raise
        self._reader.row_factory = sqlite3.Row

    async def _prepare_writer(self) -> None:
        writer = self._writer
        writer.row_factory = sqlite3.Row
        await writer.execute_fetchall("PRAGMA auto_vacuum = INCREMENTAL")
        await writer.execute_fetchall("PRAGMA journal_mode = WAL")
        await writer.execute_fetchall("PRAGMA synchronous = FULL")
        await writer.execute_fetchall("PRAGMA foreign_keys = ON")
        await writer.execute_fetchall(f"PRAGMA cache_size = -{_CACHE_KIB}")
        known = [text for _, text in migrations(_SQL)]
        [(version,)] = await writer.execute_fetchall("PRAGMA user_version")
        if version > len(known):
            detail = f"its schema is version {version}, this release knows {len(known)}: install a newer release"
            raise ConfigError([Fault(str(self._path), "", detail)])
        for number, script in enumerate(known[version:], version + 1):
            await writer.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")

    async def close(self) -> None:
        """Waits for the transactions in flight; the reader goes first, so that the writer makes the last checkpoint."""
        await asyncio.gather(*self._writes, return_exceptions=True)
        await self._reader.close()
        await self._writer.close()

    async def read(self, name: str, **parameters: Any) -> list[sqlite3.Row]:
        """All rows that the statement answers, as last committed. Raises StoreUnavailable."""
        try:
            return await Transaction(self._reader).rows(name, **parameters)
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(str(error)) from error

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What `work` answers, once committed; whatever it raises rolls back. Raises StoreUnavailable."""
        # Cancelling an awaiter does not stop its statement: the transaction is a task of its own and runs to its end.
        task = asyncio.ensure_future(self._transact(work))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
        return await asyncio.shield(task)

    async def write_one(self, name: str, **parameters: Any) -> list[sqlite3.Row]:
        """All rows that a transaction of this one statement answers. Raises StoreUnavailable."""

        async def work(transaction: Transaction) -> list[sqlite3.Row]:
            return await transaction.rows(name, **parameters)

        return await self.write(work)

    async def _transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._turn:
            try:
                await self._writer.execute_fetchall("BEGIN IMMEDIATE")
                outcome = await work(Transaction(self._writer))
                await self._writer.execute_fetchall("COMMIT")
            except BaseException as error:
                if self._writer.in_transaction:
                    await self._writer.execute_fetchall("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise StoreUnavailable(str(error)) from error
                raise
            return outcome
