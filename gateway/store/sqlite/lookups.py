"""The lookup loop's port: whose events wait for which question, and the answers that came."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import TypeVar

import aiosqlite
import msgspec

from gateway.events import EventStatus, Micros, Reason, StoredLookup, Transition, WaitingSubject
from gateway.records import Act
from gateway.store.sqlite import auditing, ledger
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("lookups")

Result = TypeVar("Result")

_decode_lookups = msgspec.json.Decoder(tuple[StoredLookup, ...]).decode


class SqliteLookupQueue:
    """Events that wait, by source, turn and subject."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def _write(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        return await asyncio.shield(self._writer.submit(run))

    async def turns(self) -> list[tuple[str, str]]:
        """The (source, turn) pairs for which events wait."""
        return [(source, turn) for source, turn in await self._reader.execute_fetchall(SQL.turns)]

    async def next_subject(self, source: str, turn: str, now: Micros) -> str | Micros | None:
        """The subject that is due first; else when the next one is; None: nothing waits."""
        for subject, due_at in await self._reader.execute_fetchall(SQL.next_subject, (source, turn)):
            return str(subject) if due_at <= now else int(due_at)
        return None

    async def ask(self, source: str, turn: str, subject: str, now: Micros) -> WaitingSubject | None:
        """Draw a clock for a request that is about to be sent, and name the events that its answer will serve."""
        # Outside the writer: none but answers of this very turn, asked for one after another, adds to it.
        found = await self._reader.execute_fetchall(SQL.former_clock, (source, turn, subject))
        former = next((clock for (clock,) in found if clock is not None), 0)

        def run(connection: sqlite3.Connection) -> WaitingSubject | None:
            rows = connection.execute(SQL.waiting_for, (source, turn, subject)).fetchall()
            if not rows:
                return None
            lookups = {lookup.answer_key: lookup for row in rows for lookup in _decode_lookups(row[1])}
            clock = max(ledger.draw(connection, "clock", now), former + 1)
            connection.executemany(SQL.mark_asked, [(clock, row[0]) for row in rows])
            return WaitingSubject(
                source=source,
                turn=turn,
                subject=subject,
                clock=clock,
                events=tuple(row[0] for row in rows),
                lookups=tuple(lookups.values()),
                tries=max(row[2] for row in rows),
                failing_since=min((row[3] for row in rows if row[3] is not None), default=None),
            )

        return await self._write(run)

    async def answer(self, asked: WaitingSubject, answers: Mapping[str, bytes | None]) -> None:
        """Store the answers with their events, which wait for translation again."""

        def run(connection: sqlite3.Connection) -> None:
            events = _still_waiting(connection, asked)
            rows = [(event, path, body) for event in events for path, body in answers.items()]
            connection.executemany(SQL.store_answer, rows)
            connection.executemany(SQL.translate_again, [(asked.clock, event) for event in events])
            connection.executemany(SQL.forget, [(event,) for event in events])

        await self._write(run)
        if self._writer.on_stored is not None:
            self._writer.on_stored()

    async def defer(self, source: str, turn: str, subject: str, due_at: Micros) -> None:
        """Not before `due_at`: it was asked for a moment ago."""
        values = (due_at, source, turn, subject)
        await self._write(lambda connection: connection.execute(SQL.defer, values).rowcount)

    async def hasten(self, source: str, now: Micros, act: Act | None = None) -> None:
        """Everything of the source that was put off is due."""

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(SQL.hasten, (now, source))
            auditing.note(connection, act)

        await self._write(run)

    async def postpone(
        self, asked: WaitingSubject, reason: Reason, *, due_at: Micros, failing_since: Micros | None
    ) -> None:
        """Try again later; counts a try. The events say why they wait."""

        def run(connection: sqlite3.Connection) -> None:
            events = _still_waiting(connection, asked)
            connection.executemany(SQL.postpone, [(due_at, failing_since, event) for event in events])
            connection.executemany(SQL.say_why, [(reason.code, reason.detail, event) for event in events])

        await self._write(run)

    async def bury(self, asked: WaitingSubject, reason: Reason, now: Micros) -> list[Transition]:
        """The lookup is given up: its events are dead letters."""

        def run(connection: sqlite3.Connection) -> list[Transition]:
            buried = []
            for event in _still_waiting(connection, asked):
                values = (reason.code, reason.detail, reason.path, now, event)
                buried += connection.execute(SQL.bury, values).fetchall()
                connection.execute(SQL.forget, (event,))
            return [Transition(id_, source, event_id, EventStatus.DEAD, reason) for id_, source, event_id in buried]

        return await self._write(run)


def _still_waiting(connection: sqlite3.Connection, asked: WaitingSubject) -> list[int]:
    """The events that wait for this very request: not those that were put back for translation since."""
    return [event for event in asked.events if connection.execute(SQL.still_asked, (event, asked.clock)).fetchone()]
