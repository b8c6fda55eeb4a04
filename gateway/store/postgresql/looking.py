"""Whether a store's database would do, looked at without changing it: for whoever checks before a start."""

from contextlib import closing
from typing import Final

import psycopg

from gateway.records import SourceMode
from gateway.store.postgresql import migrating
from gateway.store.postgresql.connection import Connection, told
from gateway.store.rules import modes, moving

CHECKING: Final = "trackely-gateway check"
"""How it is called at the database."""

NO_STANDBY: Final = (
    "store: its database waits for no synchronous standby: a failover may lose what was acknowledged last "
    "(synchronous_standby_names, synchronous_commit)"
)


def unsafe(connection: Connection) -> str | None:
    """Which of its settings let the database lose what it has committed, in words; None: none does."""
    off = [name for (name,) in connection.execute("safety.off").fetchall()]
    return f"its {' and '.join(off)} is off: it may lose what was acknowledged" if off else None


def findings_of_store(address: str, *, is_unsafe: bool) -> tuple[str | None, list[str]]:
    """Why a gateway could not be served by the database, None: it could; and what a failover may lose.

    No word holds its password. `is_unsafe`: one that may lose what it has committed will do.
    """
    try:
        # Of several hosts the one that can write.
        connection = Connection(address, CHECKING)
    except psycopg.Error as error:
        return f"no connection: {told(error)}", []
    with closing(connection):
        try:
            ((waits,),) = connection.execute("safety.waits").fetchall()
            return _fault(connection, is_unsafe=is_unsafe), [] if waits else [NO_STANDBY]
        except psycopg.Error as error:
            return f"it does not answer: {told(error)}", []


def modes_in(address: str) -> list[SourceMode]:
    """Who delivers and who looks on, by the database; nothing, where it cannot tell."""
    try:
        with closing(Connection(address, CHECKING)) as connection:
            return [modes.mode_of(row) for row in connection.execute("modes.all")]
    except psycopg.Error:
        return []


def _fault(connection: Connection, *, is_unsafe: bool) -> str | None:
    if not is_unsafe and (found := unsafe(connection)) is not None:
        return f"{found} (allow_unsafe: true takes it)"
    ((may_make, version, has_marks),) = connection.execute("safety.schema").fetchall()
    if version is None:
        return None if may_make else "its user may make no tables there"
    if (newer := connection.prepare(migrating.fault_of)) is not None:
        return newer
    return None if has_marks is None else moving.standing(connection)
