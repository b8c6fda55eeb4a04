"""The schema: migrations by number, under a lock, by whichever replica starts first.

Programs of two versions serve one database side by side, and either may start: a migration that only adds says, in its
first line, with which older schema's programs it works.
"""

import re
from typing import Any, Final

import psycopg

from gateway.errors import ConfigError, Fault
from gateway.ground import statements
from gateway.store.postgresql.connection import told

LOCK: Final = 7_244_521_094

REMEMBERED: Final = 12
"""From this migration on the schema remembers with which programs it works."""

_WORKS_WITH: Final = re.compile(r"-- works with: (\d+)\n")


def migrations() -> list[tuple[int, str]]:
    """Number and text of each migration, in order."""
    return statements.migrations("gateway.store.postgresql", "migrations")


def migrate(connection: psycopg.Connection[Any], *, is_exact: bool = False) -> None:
    """Bring the schema up to date, each migration in a transaction of its own.

    Raises:
        ConfigError: the schema is a newer program's that this one may not serve, or, where it is to be `is_exact`, any
            newer one's; or this user may not make it.
    """
    try:
        for number, text in migrations():
            _take(connection, number, text)
        newer = fault_of(connection, is_exact=is_exact)
    except psycopg.ProgrammingError as error:
        raise ConfigError([Fault("", "store", f"its schema cannot be made: {told(error)}")]) from error
    if newer is not None:
        raise ConfigError([Fault("", "store", f"{newer}: run the newer program")])


def works_with(text: str) -> int | None:
    """Up to which migration a program must know the schema to work on one that has this migration too.

    None: it must know this one.
    """
    found = _WORKS_WITH.match(text)
    return int(found[1]) if found else None


def fault_of(connection: psycopg.Connection[Any], *, is_exact: bool = False) -> str | None:
    """Why the schema that is there is none for this program, in words; None: it is one."""
    newest = migrations()[-1][0]
    ((version,),) = connection.execute("SELECT max(version) FROM schema_version").fetchall()
    if version <= newest:
        return None
    # Migrations that only add to what older programs write let those go on, and start.
    ((needed,),) = connection.execute(
        f"SELECT max(coalesce(works_with, version)) FROM schema_version WHERE version > {newest}".encode()  # noqa: S608 - a number
    ).fetchall()
    if needed <= newest and not is_exact:
        return None
    return f"its schema ({version}) is newer than this program's ({newest})"


def _take(connection: psycopg.Connection[Any], number: int, text: str) -> None:
    with connection.transaction():
        connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)")
        ((version,),) = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchall()
        if number <= version:
            return
        connection.execute(text.encode())
        oldest = works_with(text) if number >= REMEMBERED else None
        columns, values = ("version", f"{number}") if oldest is None else ("version, works_with", f"{number}, {oldest}")
        connection.execute(f"INSERT INTO schema_version ({columns}) VALUES ({values})".encode())  # noqa: S608 - numbers
