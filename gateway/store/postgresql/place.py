"""A database as a place that a store is copied from or to."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg

from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.store.postgresql import migrating, values
from gateway.store.postgresql.connection import ONE_AT_A_TIME, Connection, told, unavailable
from gateway.store.postgresql.living import IN_USE, refuse_living
from gateway.store.postgresql.partitions import Partitions
from gateway.store.rules.moving import OWN

Row = tuple[Any, ...]

NAME: Final = "trackely-gateway copy"

FETCHED: Final = 2000
FETCHED_BODIES: Final = 20
"""So many rows come at once; of those with bodies, each of which may have megabytes, few."""

_SECRET: Final = ("password", "sslpassword", "passfile")


def shown(address: str) -> str:
    """An address without what proves who asks."""
    parts = urlsplit(address)
    user, _, hosts = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in _SECRET])
    return urlunsplit(parts._replace(netloc=f"{name}@{hosts}" if name else hosts, query=query))


def _migrated(address: str, *, is_exact: bool = False) -> Connection:
    """A connection, once the schema is up to date, and `is_exact`ly this program's. Raises ConfigError."""
    try:
        connection = Connection(address, NAME)
    except psycopg.Error as error:
        raise ConfigError([Fault("", shown(address), f"cannot be used as the store: {told(error)}")]) from error
    try:
        connection.prepare(partial(migrating.migrate, is_exact=is_exact))
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(address: str) -> tuple[str, int]:
    """Bring a database's schema up to date, in use or not; its address to be shown, and the schema's version.

    Raises:
        ConfigError: it cannot be used.
    """
    with closing(_migrated(address)) as connection:
        return shown(address), int(connection.execute("moving.version").fetchall()[0][0])


class PostgresPlace:
    """A database that no gateway serves meanwhile. Use as `with PostgresPlace(address) as place`."""

    def __init__(self, address: str) -> None:
        """Connect, and bring the schema up to date.

        Raises:
            ConfigError: the database cannot be used.
            StoreUnavailable: gateways use it.
        """
        self.shown = shown(address)
        self._connection = _migrated(address, is_exact=True)
        try:
            self._replicas = self._living()
            refuse_living(self._connection, time.monotonic, time.sleep)
            found = self._connection.execute("moving.columns").fetchall()
        except BaseException:
            self._connection.close()
            raise
        self._columns: dict[str, dict[str, str]] = {}
        for table, column, kind, is_key in found:
            if table not in OWN:
                self._columns.setdefault(table, {})[column] = f"{kind} key" if is_key else kind

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        with suppress(psycopg.Error):
            self._connection.close()
        if isinstance(error, psycopg.Error):
            raise unavailable(error) or StoreUnavailable(f"{self.shown}: {told(error)}") from error

    def _living(self) -> list[Row]:
        return sorted(self._connection.execute("duties.replicas").fetchall())

    def tables(self) -> Mapping[str, Sequence[str]]:
        """The columns of each table, by their names."""
        return {table: sorted(columns) for table, columns in self._columns.items()}

    def mark(self, name: str) -> str | None:
        """What a mark says."""
        return dict(self._connection.execute("moving.marks").fetchall()).get(name)

    def set_marks(self, marks: Mapping[str, str | None]) -> None:
        """Set marks, or take them away."""
        for name, value in marks.items():
            if value is None:
                self._connection.execute("moving.unmark", (name,))
            else:
                self._connection.execute("moving.mark", (name, value))

    def hold(self) -> None:
        """Begin a transaction in which nobody else can write, a gateway that starts meanwhile included."""
        self.begin()
        # The order in which whoever starts comes by them.
        self._connection.execute_text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
        tables = ", ".join(_named(table) for table in sorted(self._columns))
        self._connection.execute_text(f"LOCK TABLE {tables} IN SHARE MODE")
        if self._living() != self._replicas:
            raise StoreUnavailable(f"{self.shown}: {IN_USE}")

    def begin(self) -> None:
        """Begin a transaction; reading a table may take long."""
        self._connection.execute_text("BEGIN")
        for limit in ("idle_in_transaction_session_timeout", "statement_timeout"):
            self._connection.execute_text(f"SET LOCAL {limit} = 0")

    def commit(self) -> None:
        """End it."""
        self._connection.commit()

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._connection.execute_text(f"SELECT count(*) FROM {_named(table)}").fetchall()[0][0])  # noqa: S608 - our own tables

    def rows(self, table: str, skip: int = 0) -> Iterator[Row]:
        """A table's rows in the order of its key, or of all columns where it has none; they come in pieces."""
        columns = self._columns[table]
        listed = [_named(column) for column in sorted(columns)]
        key = [_named(column) for column, kind in sorted(columns.items()) if kind.endswith(" key")] or listed
        text = f"SELECT {', '.join(listed)} FROM {_named(table)} ORDER BY {', '.join(key)} OFFSET {skip}"  # noqa: S608 - as above
        with (
            self._connection.prepare(psycopg.Connection.transaction),
            self._connection.prepare(lambda inner: inner.cursor(name="copying")) as cursor,
        ):
            cursor.itersize = FETCHED_BODIES if "body" in columns else FETCHED
            yield from cursor.execute(text.encode())

    def empty(self, table: str) -> None:
        """Remove all rows."""
        if table == "bodies":
            Partitions(self._connection, None).gather()
        self._connection.execute_text(f"DELETE FROM {_named(table)}")  # noqa: S608 - as above

    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows."""
        listed = ", ".join(_named(column) for column in sorted(self._columns[table]))
        with (
            self._connection.prepare(psycopg.Connection.cursor) as cursor,
            cursor.copy(f"COPY {_named(table)} ({listed}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row([values.given(value) for value in row])

    def last_ids(self) -> Mapping[str, int]:
        """The highest id ever given of each table that numbers its rows."""
        return {
            table: self._connection.execute("moving.last_id", (table,)).fetchall()[0][0] for table in self._numbered()
        }

    def _numbered(self) -> list[str]:
        return [table for (table,) in self._connection.execute("moving.numbered").fetchall() if table not in OWN]

    def raise_ids(self, last: Mapping[str, int]) -> None:
        """Give no id up to these any more, nor any that is there."""
        for table in self._numbered():
            self._connection.execute("moving.raise_id", (table, last.get(table, 0)))
            self._connection.execute_text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {_named(table)} "  # noqa: S608 - as above
                f"HAVING max(id) > {last.get(table, 0)}"
            )

    def note(self, at: int, what: str) -> None:
        """Write into the audit that it was copied."""
        self._connection.execute("auditing.note", (at, "gateway store copy", "copy", what, None, None))


def _named(name: str) -> str:
    return f'"{name}"'
