"""Who is signed in to the console."""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

import aiosqlite
import msgspec

from gateway.events import Micros
from gateway.records import Session
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("sessions")


class SqliteSessionLedger:
    """A row a session."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def session(self, cookie: bytes) -> Session | None:
        """The session of a cookie, over or not."""
        found = list(await self._reader.execute_fetchall(SQL.session, (cookie,)))
        return Session(*found[0]) if found else None

    async def begin(self, session: Session, *, seen_since: Micros, begun_since: Micros) -> None:
        """Keep a session, and forget those that were not seen, or did not begin, since."""
        await self._write((SQL.forget, (seen_since, begun_since)), (SQL.begin, msgspec.structs.astuple(session)))

    async def touch(self, cookie: bytes, seen_at: Micros) -> None:
        """A session was seen again, if there is one still."""
        await self._write((SQL.touch, (seen_at, cookie)))

    async def end(self, cookie: bytes) -> None:
        """Forget a session."""
        await self._write((SQL.end, (cookie,)))

    async def _write(self, *statements: tuple[str, Sequence[Any]]) -> None:
        def run(connection: sqlite3.Connection) -> None:
            for statement, values in statements:
                connection.execute(statement, values)

        await asyncio.shield(self._writer.submit(run))
