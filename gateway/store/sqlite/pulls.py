"""What serving a pull needs: unserved orders leased in steps, served ones read in steps."""

import asyncio
import sqlite3

import aiosqlite

from gateway.events import Micros
from gateway.orders import Lease
from gateway.store.sqlite.outbox import lease_orders, leased_order
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("pulls")


class SqlitePullLedger:
    """Steps through a tenant's orders without holding them in memory."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def claim_unserved(self, tenant: str, *, now: Micros, until: Micros, limit: int) -> Lease | None:
        """Lease orders whose newest state was never served whole, oldest change first."""

        def run(connection: sqlite3.Connection) -> Lease | None:
            connection.execute(SQL.in_order_of_change, (tenant, now))
            rows = connection.execute(SQL.unserved, (tenant, now, limit)).fetchall()
            return lease_orders(connection, tenant, [leased_order(row) for row in rows], until) if rows else None

        return await asyncio.shield(self._writer.submit(run))

    async def served(
        self, tenant: str, *, since: Micros, now: Micros, after: tuple[Micros, int], limit: int
    ) -> list[tuple[Micros, int, bytes]]:
        """Delivered orders that changed from `since` to `now`, oldest change first, after the last one taken."""
        rows = await self._reader.execute_fetchall(SQL.served, (since, now, *after, tenant, limit))
        return [(changed_at, id_, body) for changed_at, id_, body in rows]
