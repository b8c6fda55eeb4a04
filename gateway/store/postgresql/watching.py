"""What is told of each commit while a replica listens: triggers write it down, and each replica looks for it."""

import asyncio
import itertools
from functools import partial
from typing import Any, Final

import msgspec

from gateway.errors import StoreUnavailable
from gateway.records import Change
from gateway.store.ports import MOST_CHANGES, ChangeObserver
from gateway.store.postgresql.engine import PostgresEngine
from gateway.store.rules import ledger
from gateway.store.rules.transactions import Transaction

LOOK_SECONDS: Final = 0.05

LATE: Final = 1000
"""Numbers are not in the order of the commits: so many before the last one seen are looked for again."""

KEPT_LOOKS: Final = 200
"""What was seen so many looks ago, everybody has seen."""

_TABLES: Final = ("events", "orders", "leases", "tenants", "operations")


class PostgresWatch:
    """Tells of the changes of each commit, whichever replica's, in the order in which they were made."""

    def __init__(self, engine: PostgresEngine) -> None:
        self.on_changes: ChangeObserver | None = None
        self._engine = engine
        self._looking: asyncio.Task[None] | None = None
        self._listener = 0

    async def listen(self) -> None:
        """From now on tell of all that changes."""
        if self._looking is None:
            self._listener, last = await self._engine.write(_listen)
            self._looking = asyncio.create_task(self._look(last))

    async def rest(self) -> None:
        """Tell of nothing any more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None
            await self._engine.write(partial(_rest, self._listener))

    async def _look(self, first: int) -> None:
        seen, last, before = set[int](), first, first
        for look in itertools.count(1):
            try:
                await asyncio.sleep(LOOK_SECONDS)
                found = await self._engine.read(partial(_changes, max(first, last - LATE)))
                if look % KEPT_LOOKS == 0:
                    # Anew, since the others forget who listened in a life that they have given up.
                    await self._engine.write(partial(_go_on, self._listener, before - LATE))
                    seen, before = {id_ for id_ in seen if id_ > last - LATE}, last
            except StoreUnavailable:
                continue
            rows = [row[1:] for row in found if row[0] not in seen]
            seen.update(row[0] for row in found)
            last = max(last, *(row[0] for row in found)) if found else last
            if rows and self.on_changes is not None:
                self.on_changes(msgspec.convert(rows[-MOST_CHANGES:], list[Change]), max(0, len(rows) - MOST_CHANGES))


def _changes(after: int, transaction: Transaction) -> list[Any]:
    return transaction.execute("watching.changes", (after,)).fetchall()


def _listen(transaction: Transaction) -> tuple[int, int]:
    listener = ledger.draw(transaction, "listener")
    transaction.execute("watching.begin", (listener,))
    _turn(transaction, "listen")
    (last,) = transaction.execute("watching.last").fetchone()
    return listener, last


def _go_on(listener: int, seen_by_all: int, transaction: Transaction) -> None:
    transaction.execute("watching.forget", (seen_by_all,))
    if transaction.changed("watching.begin", (listener,)):
        _turn(transaction, "listen")


def _rest(listener: int, transaction: Transaction) -> None:
    transaction.execute("watching.end", (listener,))
    if transaction.execute("watching.others").fetchone() is None:
        _turn(transaction, "rest")
        transaction.execute("watching.empty")


def _turn(transaction: Transaction, how: str) -> None:
    for table in _TABLES:
        transaction.execute(f"watching.{how}_{table}")
