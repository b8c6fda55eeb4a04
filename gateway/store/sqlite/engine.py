"""What the rules' rooms run on: transactions of the one writer, reads beside it, and what SQLite needs beyond them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self, TypeVar

import apsw

from gateway.events import Micros
from gateway.records import Joined, RetentionSpans
from gateway.store.rules.retention import Pruner
from gateway.store.rules.transactions import Erasure, Transaction
from gateway.store.sqlite import database, register, retention
from gateway.store.sqlite.transactions import SqliteTransaction
from gateway.store.sqlite.writer import Writer

Result = TypeVar("Result")

# A reader that is busy with an old page keeps the log from being emptied; its next wrap does it then.
LOG_LOOKS: Final = 40
LOG_PAUSE: Final = 0.05


class Reader:
    """A connection that only reads, in a thread of its own."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._transaction = SqliteTransaction(connection)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-reader")

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Read a store's file."""
        return await asyncio.to_thread(lambda: cls(database.open_reader(path)))

    async def run(self, run: Callable[[Transaction], Result]) -> Result:
        """Run a rule that only reads."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, run, self._transaction)

    async def close(self) -> None:
        """Finish what runs, and close."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()


class SqliteEngine:
    """One writer, a reader, and the register beside the file."""

    def __init__(self, writer: Writer, transaction: SqliteTransaction, reader: Reader, path: Path) -> None:
        self.read = reader.run
        self.stored = writer.arriving.say_stored
        self._writer = writer
        self._transaction = transaction
        self._reader = reader
        self._register = register.register_of(path)

    async def write(self, run: Callable[[Transaction], Result], *, is_synced: bool = True) -> Result:
        """Run a rule in a transaction of its own."""
        return await self._writer.submit(lambda _: run(self._transaction), is_synced=is_synced)

    async def enter(self, run: Callable[[Transaction], Joined]) -> Joined:
        """Run the rule by which this gateway becomes a replica: the file's lock is its fence."""
        return await self.write(run)

    def record_erasure(self, erasure: Erasure) -> None:
        """Write it into the register."""
        register.record(self._register, erasure)

    async def overwrite(self) -> None:
        """Empty the log, which still holds the pages as they were, as soon as no reader uses it."""
        for _ in range(LOG_LOOKS):
            if await self._writer.submit(retention.empty_log, is_transaction=False):
                break
            await asyncio.sleep(LOG_PAUSE)

    async def prune(self, retained: RetentionSpans, now: Micros) -> int:
        """Remove in small steps what is due."""
        pruned = await Pruner(self, time.monotonic).run(retained, now)
        await retention.give_all_back(self)
        return pruned
