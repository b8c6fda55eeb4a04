"""The schema: migrations by number, under a lock, by whichever replica starts first."""

from typing import Final

import psycopg

from gateway.errors import ConfigError, Fault
from gateway.ground import statements
from gateway.store.postgresql.connection import told

LOCK: Final = 7_244_521_094


def migrations() -> list[tuple[int, str]]:
    """Number and text of each migration, in order."""
    return statements.migrations("gateway.store.postgresql", "migrations")


def migrate(connection: psycopg.Connection[tuple[int]]) -> int:
    """Bring the schema up to date, each migration in a transaction of its own; how many that took.

    Raises:
        ConfigError: the schema is newer than this program's, or this user may not make it.
    """
    known = migrations()
    try:
        return sum(_take(connection, number, text, known[-1][0]) for number, text in known)
    except psycopg.ProgrammingError as error:
        raise ConfigError([Fault("", "store", f"its schema cannot be made: {told(error)}")]) from error


def _take(connection: psycopg.Connection[tuple[int]], number: int, text: str, newest: int) -> bool:
    with connection.transaction():
        connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)")
        ((version,),) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()
        if version > newest:
            detail = f"its schema ({version}) is newer than this program's ({newest}): run the newer program"
            raise ConfigError([Fault("", "store", detail)])
        if number <= version:
            return False
        connection.execute(text.encode())
        connection.execute(f"INSERT INTO schema_version VALUES ({number})".encode())  # noqa: S608 - a number
        return True
