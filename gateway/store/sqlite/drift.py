"""What the drift radar remembers."""

import asyncio
import sqlite3
from collections.abc import Sequence

import aiosqlite

from gateway.records import DriftRow
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("drift")


class SqliteDriftLedger:
    """One row for each thing that was seen."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def drift(self) -> list[DriftRow]:
        """All that was seen."""
        rows = []
        for (
            source,
            kind,
            path,
            value,
            count,
            first_at,
            last_at,
            example,
            event_id,
            is_first,
        ) in await self._reader.execute_fetchall(SQL.drift):
            row = DriftRow(
                source=source, kind=kind, path=path, value=value, count=count, first_at=first_at, last_at=last_at,
                example=example, event_id=event_id, is_first=bool(is_first),
            )  # fmt: skip
            rows.append(row)
        return rows

    async def save_drift(self, rows: Sequence[DriftRow]) -> None:
        """Remember these instead of what was remembered of the same; the codes of what is `wide` are forgotten."""
        values = [
            (row.source, row.kind, row.path, row.value, row.count, row.first_at, row.last_at, row.example, row.event_id,
             row.is_first)
            for row in rows
        ]  # fmt: skip
        wide = [(row.source, row.path) for row in rows if row.kind == "wide"]

        def run(connection: sqlite3.Connection) -> None:
            connection.executemany(SQL.save, values)
            connection.executemany(SQL.forget_codes, wide)

        await asyncio.shield(self._writer.submit(run))
