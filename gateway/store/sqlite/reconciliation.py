"""Reconciliation's port: how far it got, what is known of the listed records, and what differs into the inbox."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import aiosqlite

from gateway.events import Arrival, EventStatus, Micros, NewestState, PageMark
from gateway.store.sqlite import ledger
from gateway.store.sqlite.inbox import GroupStore
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("reconciliation")

Result = TypeVar("Result")

_STANDING: Final = frozenset({EventStatus.RECEIVED, EventStatus.WAITING, EventStatus.DEAD, EventStatus.DISCARDED})


class SqliteReconciliationLedger:
    """Cursors by source and turn, and the door into the inbox for what a vendor listed."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection, store_group: GroupStore) -> None:
        self._writer = writer
        self._reader = reader
        self._store_group = store_group

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.shield(self._writer.submit(run))

    async def reached(self, source: str, turn: str) -> Micros | None:
        """The moment up to which the vendor's changes are known; None: never asked."""
        for (moment,) in await self._reader.execute_fetchall(SQL.reached, (source, turn)):
            return int(moment)
        return None

    async def reach(self, source: str, turn: str, moment: Micros) -> None:
        """Remember the moment, unless a later one is known."""
        await self._write(lambda connection: connection.execute(SQL.reach, (source, turn, moment)).rowcount)

    async def begin_page(self, now: Micros) -> PageMark:
        """Draw a clock for a page that is about to be asked for."""

        def run(connection: sqlite3.Connection) -> PageMark:
            (last_state,) = connection.execute(SQL.last_state).fetchone()
            return PageMark(ledger.draw(connection, "clock", now), last_state)

        return await self._write(run)

    async def newest(self, tenant: str, external_order_id: str) -> NewestState | None:
        """An order's newest state."""
        for row in await self._reader.execute_fetchall(SQL.newest, (tenant, external_order_id)):
            return NewestState(*row)
        return None

    async def is_fed(self, source: str, subject: str, digest: bytes) -> bool:
        """Whether the event last fed for this record held the same, and still waits, or is dead or discarded."""
        for last, status in await self._reader.execute_fetchall(SQL.last_fed, (source, f"reconcile:{subject}")):
            return bool(last == digest and status in _STANDING)
        return False

    async def feed(self, arrival: Arrival, answers: Mapping[str, bytes | None], clock: Micros, digest: bytes) -> None:
        """Put a record into the inbox as an event, with the answers that are known and their clock, in one step."""

        def run(connection: sqlite3.Connection) -> None:
            # Not as a group: this is not the source giving a sign of life.
            receipt = self._store_group.store_one(connection, arrival)
            if receipt.kind != "stored":
                return
            connection.execute(SQL.annotate, (clock, digest, receipt.id))
            connection.executemany(SQL.store_answer, [(receipt.id, path, body) for path, body in answers.items()])

        await self._write(run)
        if self._writer.on_stored is not None:
            self._writer.on_stored()
