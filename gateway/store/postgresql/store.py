"""The store: connects, brings the schema up to date, and hands every room its port."""

import asyncio
import contextlib
import os
from contextlib import AsyncExitStack
from typing import Self

import psycopg

from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.events import Arrival
from gateway.store.ports import Inbox, Tell
from gateway.store.postgresql import looking, migrating
from gateway.store.postgresql.arrivals import Arrivals
from gateway.store.postgresql.connection import Connection, told
from gateway.store.postgresql.engine import SILENT_SECONDS, PostgresEngine
from gateway.store.postgresql.lanes import Database, Lane, Watch
from gateway.store.postgresql.watching import PostgresWatch
from gateway.store.ruled import RuledStore
from gateway.store.rules import inbox, ledger
from gateway.store.rules.transactions import Transaction


class PostgresInbox(Inbox):
    """The rim's port."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    def give(self, arrival: Arrival, tell: Tell) -> None:
        """Store an event with the next group."""
        self._arrivals.put_batch([arrival], lambda stored: tell(stored[0]))

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing, told after a commit that wrote something.

        What is seen without one may be on one machine alone: whoever sees it would answer for what is not durable.
        """

        def run(transaction: Transaction) -> bool:
            ledger.draw(transaction, "probe")
            return inbox.is_duplicate(transaction, arrival)

        return await asyncio.shield(self._arrivals.ask(run))


class PostgresStore(RuledStore):
    """All ports over one database. Use `await PostgresStore.open(address)`, then `await store.close()`."""

    def __init__(
        self, arrivals: Arrivals, loops: PostgresEngine, people: PostgresEngine, opened: AsyncExitStack
    ) -> None:
        self.writer = arrivals
        self.inbox = PostgresInbox(arrivals)
        self.watch = PostgresWatch(people)
        super().__init__(loops, people, arrivals.arriving, self.watch)
        self._opened = opened

    @classmethod
    async def open(cls, address: str, *, is_unsafe: bool = False) -> Self:
        """Connect, and bring the schema up to date; others may serve the database too.

        `is_unsafe`: one that may lose what it has committed will do.

        Raises:
            ConfigError: the database cannot be used.
        """
        name = f"trackely-gateway {os.getpid()}"
        async with AsyncExitStack() as opened:
            await asyncio.to_thread(_prepare, address, name, is_unsafe=is_unsafe)
            loop = asyncio.get_running_loop()
            database = Database(address, name)
            arrivals = Arrivals(database, loop)
            lanes = [Lane(database, loop, f"store-{of}", SILENT_SECONDS) for of in ("writer", "loops", "people")]
            watch = Watch(arrivals, *lanes)
            opened.push_async_callback(asyncio.to_thread, watch.close)
            for lane in (arrivals, *lanes):
                opened.push_async_callback(asyncio.to_thread, lane.close)
            loops, people = (PostgresEngine(lanes[0], lane, arrivals) for lane in lanes[1:])
            return cls(arrivals, loops, people, opened.pop_all())

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        return self.writer.database.failure

    async def close(self) -> None:
        """Finish what waits and close."""
        with contextlib.suppress(StoreUnavailable):
            await self.watch.rest()
        await self._opened.aclose()


def _prepare(address: str, name: str, *, is_unsafe: bool) -> None:
    try:
        connection = Connection(address, name)
    except psycopg.Error as error:
        raise ConfigError([Fault("", "store", f"cannot be used as the store: {told(error)}")]) from error
    try:
        if not is_unsafe and (found := looking.unsafe(connection)) is not None:
            raise ConfigError([Fault("", "store", f"{found} (allow_unsafe: true takes it)")])
        connection.prepare(migrating.migrate)
    finally:
        connection.close()
