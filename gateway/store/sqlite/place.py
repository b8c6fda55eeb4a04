"""A file as a place that a store is copied from or to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from os import close
from pathlib import Path
from typing import Any, Final, Self

from gateway.store.rules import erasure as erasures
from gateway.store.rules.moving import OWN
from gateway.store.sqlite import database, register
from gateway.store.sqlite.sql import BODY, texts
from gateway.store.sqlite.transactions import SqliteTransaction

Row = tuple[Any, ...]

_NUMBERED: Final = ("events", "orders", "states")
"""Their highest pruned ids are counters, of these names."""

_OF_THE_FILE: Final = frozenset({"begun_with", "begins_order"})
"""Columns of this engine's: a state without them stands in the index by its order's name."""

_TABLES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_COLUMNS: Final = "SELECT name, pk FROM pragma_table_info(?)"


_WHOLE: Final = {"states": {"body": f"decompressed({BODY})"}, "bodies": {"body": "decompressed(body)"}}
"""What stands for a column whose values are other ones to whoever reads the table; of a state one table is two here."""

_KEPT: Final = {(table, "body"): "compressed(?)" for table in _WHOLE}
"""And what is kept of a value."""


class SqlitePlace:
    """A file that nobody else uses. Use as `with SqlitePlace(path) as place`."""

    def __init__(self, path: Path) -> None:
        """Open the file (an absolute path), made where missing, and bring its schema up to date.

        Raises:
            ConfigError: the file cannot be used.
            StoreUnavailable: a gateway uses it, or the disk is full.
        """
        self.shown = f"sqlite:///{path}"
        self._path = path
        self._texts = texts()
        with database.usable(path), ExitStack() as opened:
            opened.callback(close, database.lock(path))
            self._connection = database.open_writer(path)
            opened.callback(self._connection.close)
            self._transaction = SqliteTransaction(self._connection)
            self._keys = {table: self._key(table) for table in self._tables()}
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def version(self) -> int:
        """The schema's."""
        return int(self._connection.pragma("user_version"))

    def _tables(self) -> list[str]:
        return [str(name) for (name,) in self._connection.execute(_TABLES) if name not in OWN]

    def _key(self, table: str) -> tuple[dict[str, str], list[str]]:
        """What each column is called here, and the columns of the key; a table without one is numbered all the same."""
        found = [column for column in self._connection.execute(_COLUMNS, (table,)) if column[0] not in _OF_THE_FILE]
        key = [f'"{name}"' for name, place in sorted(found, key=lambda column: column[1]) if place]
        columns = {name: f'"{name}"' for name, _ in found}
        return ({**columns, "id": "rowid"}, ["rowid"]) if not key else (columns, key)

    def tables(self) -> Mapping[str, Sequence[str]]:
        """The columns of each table, by their names."""
        return {table: sorted(columns) for table, (columns, _) in self._keys.items()}

    def mark(self, name: str) -> str | None:
        """What a mark says."""
        return dict(self._connection.execute(self._texts["moving.marks"])).get(name)

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Set marks, or take them away."""
        for name, value in marks.items():
            if value is None:
                self._connection.execute(self._texts["moving.unmark"], (name,))
            else:
                self._connection.execute(self._texts["moving.mark"], (name, value))

    def hold(self) -> None:
        """Begin a transaction in which nobody else can write."""
        self._connection.execute("BEGIN IMMEDIATE")

    begin = hold

    def commit(self) -> None:
        """End it."""
        self._connection.execute("COMMIT")

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._connection.execute(f'SELECT count(*) FROM "{table}"').get)  # noqa: S608 - our own tables

    def rows(self, table: str, skip: int = 0) -> Iterator[Row]:
        """A table's rows in the order of its key."""
        columns, key = self._keys[table]
        whole = {**columns, **_WHOLE.get(table, {})}
        listed = ", ".join(whole[name] for name in sorted(columns))
        text = f'SELECT {listed} FROM "{table}" s ORDER BY {", ".join(key)} LIMIT -1 OFFSET ?'  # noqa: S608 - as above
        return iter(self._connection.execute(text, (skip,)))

    def empty(self, table: str) -> None:
        """Remove all rows."""
        self._connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - as above

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows."""
        columns, _ = self._keys[table]
        listed = ", ".join(columns[name] for name in sorted(columns))
        places = ", ".join(_KEPT.get((table, name), "?") for name in sorted(columns))
        self._connection.executemany(f'INSERT INTO "{table}" ({listed}) VALUES ({places})', rows)  # noqa: S608 - as above

    def last_ids(self) -> Mapping[str, int]:
        """The highest id ever given of each table that numbers its rows."""
        given = {name: self._connection.execute(self._texts[f"ids.{name}"]).get for name in _NUMBERED}
        return {**dict(self._connection.execute(self._texts["moving.last_ids"])), **given}

    def raise_ids(self, last: Mapping[str, int]) -> None:
        """Give no id up to these any more, and write the register of what was erased."""
        for name, id_ in last.items():
            if name in _NUMBERED:
                self._connection.execute(self._texts["moving.raise_counted"], (name, id_))
            else:
                self._connection.execute(self._texts["moving.begin_ids"], (name,))
                self._connection.execute(self._texts["moving.raise_id"], (id_, name))
        for erasure in sorted(erasures.recorded(self._transaction), key=lambda each: each.erased_at):
            register.record(register.register_of(self._path), erasure)

    def note(self, at: int, what: str) -> None:
        """Write into the audit that it was copied."""
        self._transaction.execute("auditing.note", (at, "gateway store copy", "copy", what, None, None)).fetchone()
