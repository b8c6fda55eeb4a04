"""The inbox: group commit of arrivals, the event key unique, conflicts kept beside."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Mapping
from functools import cache
from typing import Final

import aiosqlite

from gateway.events import SECOND, Arrival, EventStatus, Micros, Receipt, source_owner
from gateway.store.sqlite.sql import named
from gateway.store.sqlite.writer import Writer

SQL = named("inbox")

# Rows of one multi-row INSERT: each size is a statement of its own in the cache.
CHUNK: Final = 64


# How far back the time may lie at which a source is said to have last given us an event.
FRESH: Final = SECOND // 10


@cache
def _insert_events(rows: int) -> str:
    # The constants are not bound: every bound value costs on the hottest path. Dead ones take the slow path.
    values = ",".join(["(?,?,?,?,?,'received')"] * rows)
    return (
        f"INSERT INTO events (id, source, event_id, topic, received_at, status) VALUES {values} "  # noqa: S608 - no input
        "ON CONFLICT (source, event_id, generation) DO NOTHING"
    )


@cache
def _insert_bodies(rows: int) -> str:
    return f"INSERT INTO bodies (id, body, context) VALUES {','.join(['(?,?,?)'] * rows)}"  # noqa: S608 - no input


def digest_of(body: bytes) -> bytes:
    """What is kept of a body when it is pruned, so that a repeat is known as one."""
    return hashlib.blake2b(body, digest_size=16).digest()


class GroupStore:
    """Stores groups of arrivals in the writer's thread; hands out the numbers of arrival."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        (highest,) = connection.execute(SQL.highest_event).fetchone()
        self._next = highest + 1
        self._accepted: dict[str, Micros] = {}

    def __call__(self, connection: sqlite3.Connection, arrivals: list[Arrival]) -> list[Receipt]:
        """Store the group inside the writer's transaction: at once where all are new, else one by one."""
        for source, received_at in {arrival.source: arrival.received_at for arrival in arrivals}.items():
            # A group comes every few milliseconds when much comes; a person's answer need not.
            if abs(received_at - self._accepted.get(source, 0)) >= FRESH:
                connection.execute(SQL.accepted, (source, received_at))
                self._accepted[source] = received_at
        if any(arrival.dead is not None or arrival.others for arrival in arrivals):
            return [self._store_whole(connection, arrival) for arrival in arrivals]
        receipts: list[Receipt] = []
        for start in range(0, len(arrivals), CHUNK):
            receipts += self._store_chunk(connection, arrivals[start : start + CHUNK])
        return receipts

    def _store_chunk(self, connection: sqlite3.Connection, chunk: list[Arrival]) -> list[Receipt]:
        first, count = self._next, len(chunk)
        self._next += count
        numbered = list(zip(range(first, first + count), chunk, strict=True))
        rows = [x for id_, a in numbered for x in (id_, a.source, a.event_id, a.topic, a.received_at)]
        cursor = connection.execute(_insert_events(count), rows)
        if cursor.rowcount == count:
            connection.execute(_insert_bodies(count), [x for id_, a in numbered for x in (id_, a.body, a.context)])
            return [Receipt(id_, "stored") for id_, _ in numbered]
        inserted = {id_ for (id_,) in connection.execute(SQL.inserted_since, (first,)).fetchall()}
        for id_, arrival in numbered:
            if id_ in inserted:
                connection.execute(SQL.insert_body, (id_, arrival.body, arrival.context))
        return [
            Receipt(id_, "stored") if id_ in inserted else self.store_one(connection, arrival)
            for id_, arrival in numbered
        ]

    def _store_whole(self, connection: sqlite3.Connection, arrival: Arrival) -> Receipt:
        """An arrival and the further events of its request."""
        first = self.store_one(connection, arrival)
        others = tuple([self.store_one(connection, other) for other in arrival.others])
        return Receipt(first.id, first.kind, others)

    def store_one(self, connection: sqlite3.Connection, arrival: Arrival) -> Receipt:
        """Store one arrival inside the writer's transaction."""
        found = connection.execute(SQL.newest_by_key, (arrival.source, arrival.event_id)).fetchone()
        if found is None:
            return self._insert(connection, arrival, generation=0)
        id_, generation, received_at, status, digest, body = found
        if _is_past(arrival, received_at):
            return self._insert(connection, arrival, generation=generation + 1)
        if _is_same(arrival.body, body, digest):
            connection.execute(SQL.count_duplicate, (id_,))
            return Receipt(id_, "duplicate")
        if status == EventStatus.DEAD:
            self._replace(connection, id_, arrival)
            return Receipt(id_, "replaced")
        connection.execute(SQL.count_conflict, (id_,))
        connection.execute(SQL.keep_other_body, (id_, arrival.received_at, arrival.body, arrival.context))
        return Receipt(id_, "conflict")

    def _insert(self, connection: sqlite3.Connection, arrival: Arrival, generation: int) -> Receipt:
        id_ = self._next
        self._next += 1
        key = (id_, arrival.source, arrival.event_id, generation, arrival.topic, arrival.received_at)
        connection.execute(SQL.insert_generation, (*key, *_beginning(arrival)))
        connection.execute(SQL.insert_body, (id_, arrival.body, arrival.context))
        return Receipt(id_, "stored")

    @staticmethod
    def _replace(connection: sqlite3.Connection, id_: int, arrival: Arrival) -> None:
        connection.execute(SQL.keep_replaced_body, (id_,))
        connection.execute(SQL.replace_body, (id_, arrival.body, arrival.context))
        connection.execute(SQL.reopen, (arrival.topic, arrival.received_at, *_beginning(arrival), id_))
        connection.execute(SQL.forget_answers, (id_,))


def _is_past(arrival: Arrival, received_at: Micros) -> bool:
    """Whether an ID that is only a hash of the body no longer dedupes."""
    return arrival.hash_window > 0 and received_at + arrival.hash_window < arrival.received_at


def _is_same(arrived: bytes, stored: bytes | None, digest: bytes | None) -> bool:
    if stored is not None:
        return arrived == stored
    return digest is None or digest == digest_of(arrived)


def _beginning(arrival: Arrival) -> tuple[str, str | None, str | None, str | None, int, int | None]:
    """Status, reason, is_dead_letter and ended_at of a new event."""
    dead = arrival.dead
    if dead is None:
        return EventStatus.RECEIVED, None, None, None, 0, None
    return EventStatus.DEAD, dead.code, dead.detail, dead.path, 1, arrival.received_at


class SqliteInbox:
    """The rim's port."""

    def __init__(self, writer: Writer, reader: aiosqlite.Connection) -> None:
        self.put = writer.put
        self._writer = writer
        self._reader = reader

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing; works while nothing can be written."""
        self._writer.see_in_place()
        found = await self._reader.execute_fetchall(SQL.newest_by_key, (arrival.source, arrival.event_id))
        for _, _, received_at, _, digest, body in found:
            return not _is_past(arrival, received_at) and _is_same(arrival.body, body, digest)
        return False

    async def adopt(self, aliases: Mapping[str, str]) -> None:
        """Give events and owners of former names to the source that now bears them."""

        def rename(connection: sqlite3.Connection) -> None:
            for former, name in aliases.items():
                if connection.execute(SQL.bears, (former,)).fetchone() is None:
                    continue
                connection.execute(SQL.rename_source, (former, name))
                connection.execute(SQL.rename_waiting, (former, name))
                connection.execute(SQL.rename_order_records, (former, name))
                connection.execute(SQL.rename_accepted, (former, name))
                for statement in (SQL.rename_order_owner, SQL.rename_state_owner):
                    connection.execute(statement, (source_owner(former), source_owner(name)))

        if aliases:
            await asyncio.shield(self._writer.submit(rename))
