"""Who did what: a row an act, in the transaction of its effect."""

import asyncio
import sqlite3

import aiosqlite

from gateway.records import Act, AuditFilter, AuditRecord, Page
from gateway.store.sqlite.selection import Condition, joined
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("auditing")


def note(connection: sqlite3.Connection, act: Act | None, count: int | None = None) -> int | None:
    """Write an act down, inside its effect's transaction; its row. None: no person's doing."""
    if act is None:
        return None
    return connection.execute(SQL.note, (act.at, act.by, act.act, act.what, count, act.reason)).lastrowid


class Steps:
    """An act in several transactions: the first writes it down, each counts what it did."""

    def __init__(self, act: Act | None) -> None:
        self._act = act
        self._row: int | None = None

    def count(self, connection: sqlite3.Connection, done: int) -> int:
        """Count what this transaction did, and give it back."""
        if self._row is not None:
            connection.execute(SQL.count_more, (done, self._row))
        else:
            self._row = note(connection, self._act, done)
        return done


class SqliteAuditTrail:
    """The audit's port."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def note(self, act: Act) -> None:
        """Write down an act whose effect is not in the store."""
        await asyncio.shield(self._writer.submit(lambda connection: note(connection, act)))

    async def acts(self, which: AuditFilter, *, limit: int, cursor: str | None) -> Page:
        """AuditRecords, newest first."""
        asked = {"by = ?": which.by, "act = ?": which.act, "at >= ?": which.since, "at < ?": which.until}
        conditions: list[Condition] = [(test, (value,)) for test, value in asked.items() if value is not None]
        if cursor is not None:
            conditions.append(("id < ?", (int(cursor),)))
        where, values = joined(conditions)
        statement = f"SELECT id, at, by, act, what, count, reason FROM audit WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - constants
        rows = [AuditRecord(*row) for row in await self._reader.execute_fetchall(statement, (*values, limit + 1))]
        return Page(tuple(rows[:limit]), str(rows[limit - 1].id) if len(rows) > limit else None)
