"""Everything that one store holds, copied into another of either engine: resumed where it was cut off, then compared.

The source is held, so that nobody writes to it, and read table by table in the order of its keys; each transaction of
the target's says how far it has come. Then both are read whole, and only where they are equal the source is marked as
moved, and after that the target as whole.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, Protocol

import msgspec

from gateway.errors import StoreUnavailable
from gateway.store.rules.moving import COPYING, MOVED, TOKEN, Copying, Moved, read

Row = tuple[Any, ...]

CHUNK_ROWS: Final = 2000
CHUNK_BYTES: Final = 4 << 20
"""Of one transaction of the target's, about."""

COUNTED: Final = "tallies"
"""What triggers of other tables write: copied last, so that theirs is overwritten."""

TRIES: Final = 2
"""A resumed copy may differ where the source was written to by what leaves no mark: that is copied again."""

_WIDTH: Final = 1 << 128
_encode: Final = msgspec.msgpack.Encoder().encode


class Place(Protocol):
    """A store's tables, owned by nobody else meanwhile. `shown` is its address without a password."""

    shown: str

    def tables(self) -> Mapping[str, Sequence[str]]:
        """The columns of each table, in one order whatever the engine."""
        ...

    def mark(self, name: str) -> str | None:
        """What a mark says."""
        ...

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Set marks, or take them away, in the present transaction or one of their own."""
        ...

    def hold(self) -> None:
        """Begin a transaction in which nobody else can write, and everything is read as it is now."""
        ...

    def begin(self) -> None:
        """Begin a transaction."""
        ...

    def commit(self) -> None:
        """End it; durable when this returns."""
        ...

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ...

    def rows(self, table: str, skip: int = 0) -> Iterator[Row]:
        """A table's rows in the order of its key, without the first `skip`."""
        ...

    def empty(self, table: str) -> None:
        """Remove all rows."""
        ...

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows."""
        ...

    def last_ids(self) -> Mapping[str, int]:
        """The highest id ever given of each table that numbers its rows."""
        ...

    def raise_ids(self, last: Mapping[str, int]) -> None:
        """Give no id up to these any more."""
        ...

    def note(self, at: int, what: str) -> None:
        """Write into the audit that it was copied."""
        ...


class Told(Protocol):
    """Hears how far a table has come."""

    def __call__(self, what: str, table: str, done: int, total: int) -> None:
        """So many of its rows are copied, or compared."""
        ...


class Copied(msgspec.Struct, frozen=True, rename="camel"):
    """What was copied: rows of each table, and a digest of all."""

    source: str
    target: str
    rows: dict[str, int]
    digest: str


def copy(source: Place, target: Place, *, now: datetime, told: Told) -> Copied:
    """Copy everything, or go on with a copy that was cut off.

    Raises:
        StoreUnavailable: the target holds something else, the source was moved elsewhere, or both differ in the end.
    """
    tables = _tables(source, target)
    copying = _begun(source, target)
    source.hold()
    for _ in range(TRIES):
        for table in tables:
            _copy(source, target, table, copying, told)
        digests, different = _compared(source, target, tables, told)
        if not different:
            break
        for table in different:
            copying.reached[table] = 0
    else:
        raise StoreUnavailable(f"{target.shown} differs from {source.shown} in {', '.join(different)}")
    # In this order: whatever happens between, no two stores can be started.
    moved = Moved(target.shown, now.isoformat(timespec="seconds"))
    source.set_marks({MOVED: msgspec.json.encode(moved).decode()})
    last = source.last_ids()
    source.commit()
    target.begin()
    target.raise_ids(last)
    target.note(int(now.timestamp() * 1e6), f"a copy of {source.shown}")
    target.set_marks({COPYING: None})
    target.commit()
    whole = blake2b(repr(sorted(digests.items())).encode(), digest_size=16).hexdigest()
    return Copied(source.shown, target.shown, {table: count for table, (count, _) in digests.items()}, whole)


def _tables(source: Place, target: Place) -> list[str]:
    here, there = source.tables(), target.tables()
    if here != there:
        strange = sorted(table for table in {*here, *there} if here.get(table) != there.get(table))
        raise StoreUnavailable(f"the schemas of {source.shown} and {target.shown} differ in {', '.join(strange)}")
    return sorted(here, key=lambda table: (table == COUNTED, table))


def _begun(source: Place, target: Place) -> Copying:
    """Where the copy stands; one of a source that has been served since begins anew."""
    copying: Copying | None = read(target.mark(COPYING), Copying)
    token, moved = source.mark(TOKEN), read(source.mark(MOVED), Moved)
    if source.mark(COPYING) is not None:
        raise StoreUnavailable(f"{source.shown} is itself a part of a copy")
    if copying is not None and copying.token == token:
        return copying
    if moved is not None:
        raise StoreUnavailable(f"{source.shown} {moved}")
    if target.mark(MOVED) is not None:
        raise StoreUnavailable(f"{target.shown} {read(target.mark(MOVED), Moved)}")
    if copying is None and (held := next((each for each in ("events", "orders", "audit") if target.count(each)), None)):
        raise StoreUnavailable(f"{target.shown} holds {held} already: copy into an empty place")
    copying = Copying(source.shown, secrets.token_hex(16), {})
    source.set_marks({TOKEN: copying.token})
    if target.mark(TOKEN) == copying.token:
        source.set_marks({TOKEN: None})
        raise StoreUnavailable(f"{source.shown} and {target.shown} are one place")
    target.set_marks({COPYING: msgspec.json.encode(copying).decode()})
    return copying


def _copy(source: Place, target: Place, table: str, copying: Copying, told: Told) -> None:
    total, done = source.count(table), copying.reached.get(table, 0)
    # A table is emptied with its first rows: whatever triggers, a start or an earlier copy wrote goes.
    for chunk in _chunks(source.rows(table, done)) if done < total or not total else ():
        target.begin()
        if done == 0:
            target.empty(table)
        target.add(table, chunk)
        done += len(chunk)
        copying.reached[table] = done
        target.set_marks({COPYING: msgspec.json.encode(copying).decode()})
        target.commit()
        told("copied", table, done, total)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in pieces; one without rows where there are none."""
    chunk: list[Row] = []
    size, is_first = 0, True
    for row in rows:
        chunk.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(chunk) >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size, is_first = [], 0, False
    if chunk or is_first:
        yield chunk


def _compared(
    source: Place, target: Place, tables: Sequence[str], told: Told
) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Count and digest of each table of the source's, and which of the target's are not the same."""
    digests = {table: _digest(source.rows(table)) for table in tables}
    different = []
    for table in tables:
        if _digest(target.rows(table)) != digests[table]:
            different.append(table)
        told("compared", table, digests[table][0], digests[table][0])
    return digests, different


def _digest(rows: Iterator[Row]) -> tuple[int, int]:
    """How many rows, and a sum of their digests: the engines' orders of texts may differ."""
    count = total = 0
    while chunk := list(islice(rows, CHUNK_ROWS)):
        count += len(chunk)
        total += sum(int.from_bytes(blake2b(_encode(row), digest_size=16).digest()) for row in chunk)
    return count, total % _WIDTH
