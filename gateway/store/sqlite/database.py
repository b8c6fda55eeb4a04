"""The file itself: pragmas set and read back, migrations by number, read-only connections beside the one writer."""

import contextlib
import errno
import glob
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from gateway.errors import ConfigError, Fault, GatewayError, StoreUnavailable
from gateway.ground import statements
from gateway.ground.files import lock_folder, private_database, private_folder
from gateway.store.sqlite.connection import connect

PAGE_SIZE: Final = 4096

# FULL is what "stored" means: a sync lies between every commit and its return. NORMAL loses commits in a power cut.
SYNCHRONOUS: Final = 2

# NORMAL is for what would be done again: a loss of power may undo the last of it, never what a FULL commit followed.
UNSYNCED: Final = 1

_WRITERS_CACHE: Final = -4096
_READERS_CACHE: Final = -16384
"""Kibibytes, said as SQLite wants them. The writer's is small, since a commit after a page was split looks through all
of it: with four times as much the store took 6 % more processor time."""

_MALFORMED: Final = (apsw.CorruptError, apsw.NotADBError)
_UNREAD: Final = "unable to get the page"
"""SQLite's words for a page that the disk does not give."""

LOCK_SECONDS: Final = 2.0
"""How long an owner that was killed may take to be gone."""


def lock(path: Path) -> int:
    """Own the file's folder until the returned descriptor is closed, or the process is gone.

    Raises:
        StoreUnavailable: another gateway owns it; that one may be gone at the next start.
        OSError: it cannot be used.
    """
    private_folder(path.parent)
    try:
        return lock_folder(path.parent, LOCK_SECONDS)
    except BlockingIOError as error:
        raise StoreUnavailable(f"the store cannot be opened: {path}: another gateway uses its folder") from error


def _unusable(path: Path, error: OSError | apsw.Error) -> GatewayError:
    """A full disk is no fault of the configuration's: there may be room at the next start."""
    if isinstance(error, apsw.FullError) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return StoreUnavailable(f"the store cannot be opened: {path}: the disk is full")
    # What never was a database is another file, not a damaged one.
    if isinstance(error, apsw.CorruptError):
        return ConfigError([Fault(str(path), "store", f"is damaged: {error}: restore it from a backup")])
    return ConfigError([Fault(str(path), "store", f"cannot be used as the store: {error}")])


def is_malformed(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, may mean that the file is damaged: SQLite says the same of failing reads."""
    while error is not None:
        if isinstance(error, _MALFORMED):
            return True
        error = error.__cause__
    return False


def damage_of(connection: apsw.Connection) -> str | None:
    """What is wrong with a database, in SQLite's words; None: nothing. Raises apsw.Error."""
    said = connection.pragma("integrity_check", 1)
    return None if said == "ok" else " ".join(str(said).split())


def damage(path: Path) -> str | None:
    """What is wrong with a file in use. None: nothing; or the disk does not give it, which may pass."""
    try:
        # A connection that has read nothing yet: one that has may take a disk's fault for the file's.
        with contextlib.closing(connect(path, "mode=ro")) as connection:
            found = damage_of(connection)
    except apsw.Error as error:
        return str(error) if is_malformed(error) else None
    return None if found is None or _UNREAD in found else found


@contextlib.contextmanager
def usable(path: Path) -> Iterator[None]:
    """While the file is being opened: what fails is said with its path.

    Raises:
        ConfigError: it cannot be used.
        StoreUnavailable: the disk is full.
    """
    try:
        yield
    except (OSError, apsw.Error) as error:
        raise _unusable(path, error) from error


@contextlib.contextmanager
def _closed_on_error(connection: apsw.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def journal_of(path: Path) -> list[Path]:
    """The files from which an earlier version acknowledged hooks before they were in the store."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.journal-[0-9][0-9]"))


def fault_of_journal(path: Path) -> str | None:
    """Why a store's file may not hold all that was acknowledged; None: it does."""
    left = journal_of(path)
    if not left:
        return None
    return (
        f"{left[0].name} is an earlier version's journal, and hooks that it acknowledged may not be in the store yet: "
        f"start that version once with `journal: false` and stop it, then remove {path.name}.journal-*"
    )


def open_writer(path: Path) -> apsw.Connection:
    """The one connection that writes and checkpoints, migrated to the newest schema.

    Raises:
        ConfigError: the file is not all of the store, or its schema is newer than this code.
        OSError, apsw.Error: it cannot be used.
    """
    if (fault := fault_of_journal(path)) is not None:
        raise ConfigError([Fault(str(path), "store", fault)])
    private_database(path)
    # The writer thread is not the one that opens and closes.
    connection = connect(path)
    with _closed_on_error(connection):
        configure(connection)
        migrate(connection, path)
    return connection


def configure(connection: apsw.Connection) -> None:
    """Set what durability and size ask for.

    Raises:
        apsw.Error: a commit would not be synced before it returns.
    """
    # auto_vacuum and page_size do nothing once there is a table.
    connection.pragma("page_size", PAGE_SIZE)
    connection.pragma("auto_vacuum", "INCREMENTAL")
    connection.pragma("locking_mode", "NORMAL")
    mode = connection.pragma("journal_mode", "WAL")
    connection.pragma("synchronous", SYNCHRONOUS)
    synchronous = connection.pragma("synchronous")
    if (mode, synchronous) != ("wal", SYNCHRONOUS):
        raise apsw.Error(
            f"journal_mode={mode} synchronous={synchronous}, not wal and FULL: an acknowledgement would not be durable"
        )
    connection.pragma("wal_autocheckpoint", 4000)
    connection.pragma("journal_size_limit", 67108864)
    connection.pragma("cache_size", _WRITERS_CACHE)
    connection.pragma("temp_store", "MEMORY")
    # What is deleted is overwritten: a person's data is gone from the file, not only from its tables.
    connection.pragma("secure_delete", "ON")


def open_reader(path: Path) -> apsw.Connection:
    """A connection to an absolute path that can only read; it never checkpoints."""
    connection = connect(path, "mode=ro")
    with _closed_on_error(connection):
        connection.pragma("query_only", 1)
        connection.pragma("cache_size", _READERS_CACHE)
    return connection


def migrations() -> list[tuple[int, str]]:
    """Number and text of each migration, in order."""
    return statements.migrations("gateway.store.sqlite", "migrations")


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Bring the schema up to date, each migration in a transaction of its own.

    Raises:
        ConfigError: the schema is newer than this code.
    """
    known = migrations()
    version = connection.pragma("user_version")
    newest = known[-1][0]
    if version > newest:
        detail = f"its schema ({version}) is newer than this program's ({newest}): run the newer program"
        raise ConfigError([Fault(str(path), "store", detail)])
    for number, text in known:
        if number > version:
            connection.execute(f"BEGIN IMMEDIATE;\n{text}\nPRAGMA user_version = {number};\nCOMMIT;").fetchall()
