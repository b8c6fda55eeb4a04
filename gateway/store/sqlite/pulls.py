"""What serving a pull needs: unserved orders leased in steps, served ones read in steps."""

import asyncio
import sqlite3
from collections.abc import Sequence

import aiosqlite
import msgspec

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

    async def served(self, tenant: str, *, since: Micros, limit: int) -> list[int]:
        """The orders that were served from `since` on and not changed afterwards, oldest change first."""
        return [id_ for (id_,) in await self._reader.execute_fetchall(SQL.served, (tenant, since, limit))]

    async def bodies(self, orders: Sequence[int]) -> list[bytes]:
        """Their canonical bytes, in this order; what has changed meanwhile, or was erased, is left out."""
        asked = msgspec.json.encode(orders).decode()
        return [body for (body,) in await self._reader.execute_fetchall(SQL.bodies, (asked,))]
