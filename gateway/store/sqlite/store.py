"""The store: opens the file, starts the writer, and hands every room its port."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from gateway.ground.clock import Micros
from gateway.ground.files import InPlace
from gateway.journal import Origin
from gateway.store.ports import ChangeObserver, CommitObserver
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
from gateway.store.rules.translation import TranslationQueue
from gateway.store.sqlite import database
from gateway.store.sqlite.engine import Reader, SqliteEngine
from gateway.store.sqlite.groups import GroupStore, SqliteInbox
from gateway.store.sqlite.journaled import TakingIn, take_in_left
from gateway.store.sqlite.transactions import SqliteTransaction
from gateway.store.sqlite.watching import SqliteWatch
from gateway.store.sqlite.writer import Writer


class SqliteStore:
    """All ports over one file. Use `await SqliteStore.open(path)`, then `await store.close()`."""

    def __init__(
        self,
        writer: Writer,
        loops: SqliteEngine,
        people: SqliteEngine,
        origin: Origin,
        taking_in: TakingIn,
        opened: AsyncExitStack,
    ) -> None:
        self.writer = writer
        self.engine = people
        self.origin = origin
        self.taking_in = taking_in
        self.inbox = SqliteInbox(writer, loops)
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
                transaction = SqliteTransaction(connection)
                store_group = GroupStore(transaction)
                origin = await asyncio.to_thread(take_in_left, connection, store_group, path)
            taking_in = TakingIn(path, store_group)
            opened.callback(taking_in.close)
            # From here on the writer's thread alone uses the connection.
            in_place = InPlace(path, path.with_name(f"{path.name}-wal"))
            writer = Writer(connection, store_group, asyncio.get_running_loop(), in_place)
            opened.push_async_callback(writer.close)
            # The loops' reads and the operators' must not wait for each other: a connection each.
            readers = []
            for _ in range(2):
                readers.append(await Reader.open(path))
                opened.push_async_callback(readers[-1].close)
            loops, people = (SqliteEngine(writer, transaction, reader, path) for reader in readers)
            return cls(writer, loops, people, origin, taking_in, opened.pop_all())

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
        await self._opened.aclose()
