"""Whom the gateway has told of which condition."""

import asyncio
import sqlite3
from collections.abc import Collection

import aiosqlite

from gateway.records import Told
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("told")


class SqliteToldLedger:
    """One row for each condition that somebody knows of."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def told(self) -> list[Told]:
        """All that somebody was told the beginning of, and not yet the end."""
        return [Told(*row) for row in await self._reader.execute_fetchall(SQL.told)]

    async def remember(self, begun: Collection[Told], ended: Collection[Told]) -> None:
        """Somebody was told of these beginnings and these ends."""

        def run(connection: sqlite3.Connection) -> None:
            connection.executemany(SQL.begin, [(each.whom, each.event, each.subject, each.began_at) for each in begun])
            connection.executemany(SQL.end, [(each.whom, each.event, each.subject) for each in ended])

        await asyncio.shield(self._writer.submit(run))
