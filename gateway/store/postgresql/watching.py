"""What is told of each commit while somebody listens: triggers write it down, and it is looked for."""

import asyncio
from typing import Final

import msgspec

from gateway.errors import StoreUnavailable
from gateway.records import Change
from gateway.store.ports import ChangeObserver
from gateway.store.postgresql.engine import PostgresEngine
from gateway.store.rules.transactions import Transaction

MOST: Final = 10_000
"""Of what is told at once: the newest. Of the others only how many they were."""

LOOK_SECONDS: Final = 0.05

_TABLES: Final = ("events", "orders", "leases", "tenants", "operations")


class PostgresWatch:
    """Tells of the changes of each commit, in the order in which they were made."""

    def __init__(self, engine: PostgresEngine) -> None:
        self.on_changes: ChangeObserver | None = None
        self._engine = engine
        self._looking: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """From now on tell of all that changes."""
        if self._looking is None:
            await self._engine.write(lambda transaction: turn(transaction, "listen"))
            self._looking = asyncio.create_task(self._look())

    async def rest(self) -> None:
        """Tell of nothing any more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None
            await self._engine.write(lambda transaction: turn(transaction, "rest"))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                found = await self._engine.read(lambda reading: reading.execute("watching.take").fetchall())
            except StoreUnavailable:
                continue
            rows = [row[1:] for row in sorted(found)]
            if rows and self.on_changes is not None:
                self.on_changes(msgspec.convert(rows[-MOST:], list[Change]), max(0, len(rows) - MOST))


def turn(transaction: Transaction, how: str) -> None:
    """Let the triggers `listen` or `rest`."""
    transaction.execute("watching.empty")
    for table in _TABLES:
        transaction.execute(f"watching.{how}_{table}")
