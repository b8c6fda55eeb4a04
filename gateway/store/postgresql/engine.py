"""What the rules' rooms run on: a lane for transactions, one for reads."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final, TypeVar

import psycopg

from gateway.events import Micros
from gateway.records import Joined, RetentionSpans
from gateway.store.postgresql.arrivals import Arrivals
from gateway.store.postgresql.connection import Connection
from gateway.store.postgresql.lanes import Lane
from gateway.store.postgresql.partitions import Partitions
from gateway.store.rules.retention import Pruner
from gateway.store.rules.transactions import Erasure, Transaction

Result = TypeVar("Result")

SILENT_SECONDS: Final = 15.0
"""After so long without an answer to a statement of the rules' its connection is given up."""


class PostgresEngine:
    """Transactions run one after another, reads beside them."""

    def __init__(self, writing: Lane, reading: Lane, arrivals: Arrivals) -> None:
        self._writing = writing
        self._reading = reading
        self.stored = arrivals.arriving.say_stored

    async def write(self, run: Callable[[Transaction], Result], *, is_synced: bool = True) -> Result:  # noqa: ARG002 - as below
        """Run a rule in a transaction of its own. All are synced: a standby that takes over is to know them."""

        def transact(connection: Connection) -> Result:
            with connection.transaction(self._writing.database.number):
                outcome = run(connection)
            self._writing.database.failure = None
            return outcome

        # Shielded: a cancelled caller must not leave a half-known outcome behind.
        return await asyncio.shield(self._writing.submit(transact))

    async def enter(self, run: Callable[[Transaction], Joined]) -> Joined:
        """Run the rule by which this gateway becomes a replica; all later writes are fenced by its number."""
        database = self._writing.database

        def transact(connection: Connection) -> Joined:
            with connection.transaction(None):
                joined = run(connection)
            database.number, database.failure = joined.number, None
            return joined

        return await asyncio.shield(self._writing.submit(transact))

    async def read(self, run: Callable[[Transaction], Result]) -> Result:
        """Run a rule that only reads."""
        return await asyncio.shield(self._reading.submit(run))

    def record_erasure(self, erasure: Erasure) -> None:
        """Nothing: whoever restores the database keeps its table of erasures, or its log since the backup."""

    async def overwrite(self) -> None:
        """Nothing: the database's vacuum and its log's recycling overwrite what was deleted."""

    async def prune(self, retained: RetentionSpans, now: Micros) -> int:
        """Remove in small steps what is due: bodies by the day, where a day is over, and the rest by rows."""
        gone = await self._keep_partitions(retained, now)
        return gone + await Pruner(self, time.monotonic).run(retained, now)

    async def _keep_partitions(self, retained: RetentionSpans, now: Micros) -> int:
        database, is_over = self._writing.database, threading.Event()

        def keep_up() -> int:
            with closing(database.connect()) as connection:
                return Partitions(connection, database.number, is_over.is_set).keep_up(retained, now)

        try:
            return await asyncio.to_thread(keep_up)
        except psycopg.Error as error:
            raise database.failed(error) or error from error
        finally:
            is_over.set()
