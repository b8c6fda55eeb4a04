"""The store: connects, brings the schema up to date, and hands every room its port."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Self

import psycopg

from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.events import Arrival
from gateway.ground.clock import Micros
from gateway.store.ports import ChangeObserver, CommitObserver
from gateway.store.postgresql import duty, migrating, watching
from gateway.store.postgresql.arrivals import Arrivals
from gateway.store.postgresql.connection import Connection, told
from gateway.store.postgresql.engine import SILENT_SECONDS, PostgresEngine
from gateway.store.postgresql.lanes import Database, Lane, Watch
from gateway.store.postgresql.watching import PostgresWatch
from gateway.store.rules import inbox, ledger
from gateway.store.rules.acts import Acts
from gateway.store.rules.archive import Archive
from gateway.store.rules.auditing import AuditTrail
from gateway.store.rules.bulk import Bulk
from gateway.store.rules.drift import DriftLedger
from gateway.store.rules.lookups import LookupQueue
from gateway.store.rules.outbox import Outbox
from gateway.store.rules.pulls import PullLedger
from gateway.store.rules.reconciliation import ReconciliationLedger
from gateway.store.rules.records import Records
from gateway.store.rules.sessions import SessionLedger
from gateway.store.rules.told import ToldLedger
from gateway.store.rules.transactions import Transaction
from gateway.store.rules.translation import TranslationQueue


class PostgresInbox:
    """The rim's port."""

    def __init__(self, arrivals: Arrivals, engine: PostgresEngine) -> None:
        self.put = arrivals.put
        self._engine = engine

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing, told after a commit that wrote something.

        What is seen without one may be on one machine alone: whoever sees it would answer for what is not durable.
        """

        def run(transaction: Transaction) -> bool:
            ledger.draw(transaction, "probe")
            return inbox.is_duplicate(transaction, arrival)

        return await self._engine.write(run)


class PostgresStore:
    """All ports over one database. Use `await PostgresStore.open(address)`, then `await store.close()`.

    `on_lost` is called when another gateway has taken the database over: nothing of the rules is written any more.
    """

    def __init__(
        self, arrivals: Arrivals, loops: PostgresEngine, people: PostgresEngine, opened: AsyncExitStack
    ) -> None:
        self.writer = arrivals
        self.engine = people
        self.inbox = PostgresInbox(arrivals, loops)
        self.translation = TranslationQueue(loops)
        self.lookups = LookupQueue(loops)
        self.reconciliation = ReconciliationLedger(loops)
        self.outbox = Outbox(loops)
        self.pulls = PullLedger(loops)
        self.records = Records(people)
        self.archive = Archive(people)
        self.drift = DriftLedger(people)
        self.acts = Acts(people)
        self.bulk = Bulk(people)
        self.trail = AuditTrail(people)
        self.told = ToldLedger(people)
        self.sessions = SessionLedger(people)
        self.watch = PostgresWatch(people)
        self.on_lost: Callable[[], None] = lambda: None
        self._opened = opened

    @classmethod
    async def open(cls, address: str, *, is_unsafe: bool = False) -> Self:
        """Connect, bring the schema up to date, and take the database's lease.

        `is_unsafe`: one that may lose what it has committed will do.

        Raises:
            ConfigError: the database cannot be used, or another gateway uses it.
        """
        name = f"trackely-gateway {os.getpid()}"
        async with AsyncExitStack() as opened:
            number = await asyncio.to_thread(_prepare, address, name, is_unsafe=is_unsafe)
            loop = asyncio.get_running_loop()
            database = Database(address, name, number)
            arrivals = Arrivals(database, loop)
            lanes = [Lane(database, loop, f"store-{of}", SILENT_SECONDS) for of in ("writer", "loops", "people")]
            watch = Watch(arrivals, *lanes)
            opened.push_async_callback(asyncio.to_thread, watch.close)
            for lane in (arrivals, *lanes):
                opened.push_async_callback(asyncio.to_thread, lane.close)
            loops, people = (PostgresEngine(lanes[0], lane, arrivals) for lane in lanes[1:])
            store = cls(arrivals, loops, people, opened)
            renewing = asyncio.create_task(store.renew(lanes[0], number))
            opened.push_async_callback(_leave, lanes[0], renewing, number)
            store._opened = opened.pop_all()
            return store

    async def renew(self, lane: Lane, number: int) -> None:
        """Renew the lease until it is lost."""
        is_ours = 1
        while is_ours:
            await asyncio.sleep(duty.RENEW_SECONDS)
            with contextlib.suppress(StoreUnavailable):
                is_ours = await lane.submit(lambda connection: connection.execute("duty.renew", (number,)).rowcount)
                lane.database.failure = None
        self.on_lost()

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
        return self.writer.database.failure

    async def adopt(self, aliases: Mapping[str, str]) -> None:
        """Give events and owners of former names to the source that now bears them."""
        if aliases:
            await self.engine.write(lambda transaction: inbox.adopt(transaction, aliases))

    async def trust(self, at: Micros) -> Micros:
        """Remember that this time was trusted; the highest that ever was."""
        return await self.engine.write(lambda transaction: ledger.trust(transaction, at))

    async def probe(self) -> None:
        """Write something, so that `failure` tells the present state."""
        await self.engine.write(lambda transaction: ledger.draw(transaction, "probe"))

    async def close(self) -> None:
        """Finish what waits and close."""
        with contextlib.suppress(StoreUnavailable):
            await self.watch.rest()
        await self._opened.aclose()


def _prepare(address: str, name: str, *, is_unsafe: bool) -> int:
    try:
        connection = Connection(address, name)
    except psycopg.Error as error:
        raise ConfigError([Fault("", "store", f"cannot be used as the store: {told(error)}")]) from error
    try:
        unsafe = [name for (name,) in connection.execute("safety.off").fetchall()]
        if unsafe and not is_unsafe:
            detail = (
                f"its {' and '.join(unsafe)} is off: it may lose what was acknowledged (allow_unsafe: true takes it)"
            )
            raise ConfigError([Fault("", "store", detail)])
        connection.prepare(migrating.migrate)
        number = duty.take(connection, time.monotonic, time.sleep)
        with connection.transaction(number):
            # One that ended without a word may have been listening.
            watching.turn(connection, "rest")
        return number
    finally:
        connection.close()


async def _leave(lane: Lane, renewing: "asyncio.Task[None]", number: int) -> None:
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)
    with contextlib.suppress(StoreUnavailable):
        await lane.submit(lambda connection: connection.execute("duty.leave", (number,)).rowcount)
