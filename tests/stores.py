"""The store of tests that do not care which engine it has: a file, or with `--store=postgresql` a database a folder.

What is of a file alone is marked `file`, and left out on a database.
"""

from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg

from gateway.store.ports import Store
from gateway.store.postgresql import PostgresStore
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite.compression import decompressed
from gateway.store.sqlite.connection import connect
from tests.postgres import shared

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"

FILE: Final = "gateway.db"

_chosen = [SQLITE]


def choose(engine: str) -> None:
    """Say on which engine this process' tests run."""
    _chosen[:] = [engine]


def is_file() -> bool:
    """Whether it is one."""
    return _chosen[0] == SQLITE


@cache
def database(folder: Path) -> str:
    """The address of a folder's database, empty at first."""
    return shared().database()


def settings(folder: Path, engine: str | None = None) -> dict[str, Any]:
    """What a configuration in a folder says of its store."""
    if (engine or _chosen[0]) == SQLITE:
        return {"store": f"sqlite:///{FILE}"}
    return {"store": database(folder), "allow_unsafe": True}


def rows(folder: Path, statement: str) -> list[Any]:
    """What a statement finds in a folder's store, or changes, past whoever serves it."""
    if is_file():
        with closing(connect(folder / FILE)) as file:
            return file.execute(statement).fetchall()
    with closing(psycopg.connect(database(folder))) as connection, connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def bodies(folder: Path) -> list[bytes]:
    """The bodies in a folder's file, which keeps them compressed, as they came."""
    asked = " UNION ALL ".join(
        f"SELECT body FROM {table} WHERE body <> ''" for table in ("bodies", "states", "state_bodies")
    )
    return [decompressed(body) for (body,) in rows(folder, asked)]


def kept(folder: Path) -> str:
    """All that a folder's store holds: a file's every byte, a database's rows (what was deleted is its vacuum's)."""
    if is_file():
        found = [*(file.read_bytes() for file in folder.glob(f"{FILE}*")), *bodies(folder)]
        return b"".join(found).decode("utf-8", "replace")
    tables = rows(folder, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    return "".join(repr(rows(folder, f"SELECT * FROM {name}")) for (name,) in tables)


async def open_store(folder: Path) -> Store:
    """A folder's store."""
    if is_file():
        return await SqliteStore.open(folder / FILE)
    return await PostgresStore.open(database(folder), is_unsafe=True)
