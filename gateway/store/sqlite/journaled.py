"""The ledger's end of the journal: which keys it knows, and how it takes entries in."""

import os
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from gateway.events import Arrival
from gateway.ground.files import InPlace
from gateway.journal import Left, Origin, left_of, uses_of
from gateway.journal.records import decode, record_at
from gateway.journal.segments import segment_path
from gateway.store.sqlite.groups import GroupStore
from gateway.store.sqlite.sql import named

SQL = named("journaled")

KEYS: Final = (1, 4, 16, 64, 256)
"""How many keys a statement asks for: a few sizes, each compiled once; what is missing is the last key again.

Each statement gives the interpreter up and takes it back, which costs more than the keys that it asks for.
"""

BULK: Final = 512
"""Entries of one transaction."""

_WRITER_BITS: Final = 62


@cache
def _asking(keys: int) -> str:
    return str(SQL.known.replace("?2", ",".join("?" * keys)))


class Piece(NamedTuple):
    """A part of a segment, from byte to byte, that the ledger may take in; `last` is the number of its last entry."""

    segment: int
    start: int
    end: int
    last: int

    def followed_by(self, other: "Piece") -> "Piece | None":
        """Both as one; None: the other is of another segment, or use of it."""
        if (other.segment, other.start) != (self.segment, self.end):
            return None
        return Piece(self.segment, self.start, other.end, other.last)


class KnownKeys:
    """Tells which arrivals have keys that a ledger in another process knows; for one thread, which it opens in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._in_place = InPlace(path)
        self._connection: sqlite3.Connection | None = None

    def __call__(self, arrivals: Sequence[Arrival]) -> Collection[int]:
        """The places of those that are known. Raises OSError or sqlite3.Error where it cannot be read."""
        if (fault := self._in_place.fault()) is not None:
            raise OSError(fault)
        by_source: dict[str, list[int]] = {}
        for place, arrival in enumerate(arrivals):
            by_source.setdefault(arrival.source, []).append(place)
        known: set[int] = set()
        for source, places in by_source.items():
            found = self._found(source, [arrivals[place].event_id for place in places])
            if found:
                known.update(place for place in places if arrivals[place].event_id in found)
        return known

    def _found(self, source: str, event_ids: list[str]) -> set[str]:
        connection = self._connection or self._open()
        found: set[str] = set()
        for start in range(0, len(event_ids), KEYS[-1]):
            asked = event_ids[start : start + KEYS[-1]]
            size = next(size for size in KEYS if size >= len(asked))
            asked += asked[-1:] * (size - len(asked))
            found.update(event_id for (event_id,) in connection.execute(_asking(size), (source, *asked)).fetchall())
        return found

    def _open(self) -> sqlite3.Connection:
        # A connection that only reads neither writes nor checkpoints: those are the ledger's own process's.
        uri = f"{self._path.as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA query_only = 1")
        self._connection.execute("PRAGMA busy_timeout = 5000")
        return self._connection

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            self._connection.close()


class TakingIn:
    """Takes entries of the journal into the ledger, each once, in transactions of the writer's thread."""

    def __init__(self, store: Path, store_group: GroupStore) -> None:
        self._store = store
        self._store_group = store_group
        self._opened: dict[int, int] = {}

    def __call__(self, connection: sqlite3.Connection, pieces: Sequence[Piece]) -> int:
        """Store what is in these pieces, inside a transaction; the number up to which the ledger has all entries."""
        arrivals = [arrival for piece in pieces for arrival in self._arrivals_of(piece)]
        take_in(connection, self._store_group, arrivals, pieces[-1].last)
        return pieces[-1].last

    def _arrivals_of(self, piece: Piece) -> Iterable[Arrival]:
        descriptor = self._opened.get(piece.segment)
        if descriptor is None:
            descriptor = os.open(segment_path(self._store, piece.segment), os.O_RDONLY | os.O_CLOEXEC)
            self._opened[piece.segment] = descriptor
        data, start = memoryview(os.pread(descriptor, piece.end - piece.start, piece.start)), 0
        # Written a moment ago and synced since: a checksum tells of what a power cut left.
        while (record := record_at(data, start, is_checked=False)) is not None:
            yield from decode(record.payload)
            start = record.end

    def close(self) -> None:
        """Let the files go."""
        for descriptor in self._opened.values():
            os.close(descriptor)


def take_in(connection: sqlite3.Connection, store_group: GroupStore, arrivals: Sequence[Arrival], last: int) -> None:
    """Store arrivals of the journal, and in the same transaction that the ledger has all of it up to `last`."""
    for start in range(0, len(arrivals), BULK):
        store_group(connection, list(arrivals[start : start + BULK]))
    connection.execute(SQL.take, (last,))


def taken(connection: sqlite3.Connection) -> Origin:
    """Whose journal is this ledger's, and up to which number it has it."""
    connection.execute(SQL.own, (secrets.randbits(_WRITER_BITS) + 1,))
    (writer, number) = connection.execute(SQL.taken).fetchone()
    return Origin(writer, number)


def take_in_left(connection: sqlite3.Connection, store_group: GroupStore, store: Path) -> Origin:
    """Take in what an earlier life has left; where the journal goes on.

    Raises:
        ConfigError: it is another store's, or acknowledged entries in it cannot be read.
        OSError, sqlite3.Error: it cannot be read, or not be stored.
    """
    left = left_of(uses_of(store), store, taken(connection))
    take_in_records(connection, store_group, left)
    return left.origin


def take_in_records(connection: sqlite3.Connection, store_group: GroupStore, left: Left) -> None:
    """Take in what is left of a journal, record by record, each in a transaction of its own."""
    for record in left.records:
        head = record.head
        connection.execute("BEGIN IMMEDIATE")
        take_in(connection, store_group, decode(record.payload), head.number + head.entries - 1)
        connection.execute("COMMIT")
