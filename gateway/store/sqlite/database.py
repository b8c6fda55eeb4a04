"""The file itself: pragmas set and read back, migrations by number, read-only connections beside the one writer."""

import contextlib
import errno
import glob
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.errors import ConfigError, Fault, GatewayError, StoreUnavailable
from gateway.ground import statements
from gateway.ground.files import lock_folder, private_database, private_folder
from gateway.store.sqlite import compression

PAGE_SIZE: Final = 4096

# FULL is what "stored" means: a sync lies between every commit and its return. NORMAL loses commits in a power cut.
SYNCHRONOUS: Final = 2

# NORMAL is for what would be done again: a loss of power may undo the last of it, never what a FULL commit followed.
UNSYNCED: Final = 1


_MALFORMED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
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


def _unusable(path: Path, error: OSError | sqlite3.Error) -> GatewayError:
    """A full disk is no fault of the configuration's: there may be room at the next start."""
    full = (errno.ENOSPC, errno.EDQUOT)
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or getattr(error, "errno", None) in full:
        return StoreUnavailable(f"the store cannot be opened: {path}: the disk is full")
    # What never was a database is another file, not a damaged one.
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_CORRUPT:
        return ConfigError([Fault(str(path), "store", f"is damaged: {error}: restore it from a backup")])
    return ConfigError([Fault(str(path), "store", f"cannot be used as the store: {error}")])


def is_malformed(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, may mean that the file is damaged: SQLite says the same of failing reads."""
    while error is not None:
        # The lowest byte is the kind.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _MALFORMED:
            return True
        error = error.__cause__
    return False


def damage_of(connection: sqlite3.Connection) -> str | None:
    """What is wrong with a database, in SQLite's words; None: nothing. Raises sqlite3.Error."""
    (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return None if said == "ok" else " ".join(str(said).split())


def damage(path: Path) -> str | None:
    """What is wrong with a file in use. None: nothing; or the disk does not give it, which may pass."""
    try:
        # A connection that has read nothing yet: one that has may take a disk's fault for the file's.
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            found = damage_of(connection)
    except sqlite3.Error as error:
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
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error


@contextlib.contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
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


def _connected(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        name, uri=name.startswith("file:"), isolation_level=None, check_same_thread=False, cached_statements=512,
        detect_types=sqlite3.PARSE_COLNAMES,
    )  # fmt: skip
    compression.teach(connection)
    return connection


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes and checkpoints, migrated to the newest schema.

    Raises:
        ConfigError: the file is not all of the store, or its schema is newer than this code.
        OSError, sqlite3.Error: it cannot be used.
    """
    if (fault := fault_of_journal(path)) is not None:
        raise ConfigError([Fault(str(path), "store", fault)])
    private_database(path)
    # The writer thread is not the one that opens and closes.
    connection = _connected(str(path))
    with _closed_on_error(connection):
        configure(connection)
        migrate(connection, path)
    return connection


def configure(connection: sqlite3.Connection) -> None:
    """Set what durability and size ask for.

    Raises:
        sqlite3.OperationalError: a commit would not be synced before it returns.
    """
    # auto_vacuum and page_size do nothing once there is a table.
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA locking_mode = NORMAL")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if (mode, synchronous) != ("wal", SYNCHRONOUS):
        raise sqlite3.OperationalError(
            f"journal_mode={mode} synchronous={synchronous}, not wal and FULL: an acknowledgement would not be durable"
        )
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute("PRAGMA temp_store = MEMORY")
    # What is deleted is overwritten: a person's data is gone from the file, not only from its tables.
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute("PRAGMA busy_timeout = 5000")


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection to an absolute path that can only read; it never checkpoints."""
    connection = _connected(f"{path.as_uri()}?mode=ro")
    with _closed_on_error(connection):
        for pragma in ("query_only = 1", "cache_size = -16384", "busy_timeout = 5000"):
            connection.execute(f"PRAGMA {pragma}")
    return connection


def migrations() -> list[tuple[int, str]]:
    """Number and text of each migration, in order."""
    return statements.migrations("gateway.store.sqlite", "migrations")


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date, each migration in a transaction of its own.

    Raises:
        ConfigError: the schema is newer than this code.
    """
    known = migrations()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    newest = known[-1][0]
    if version > newest:
        detail = f"its schema ({version}) is newer than this program's ({newest}): run the newer program"
        raise ConfigError([Fault(str(path), "store", detail)])
    for number, text in known:
        if number > version:
            connection.executescript(f"BEGIN IMMEDIATE;\n{text}\nPRAGMA user_version = {number};\nCOMMIT;")
