"""A store as one file, made while it is used or not, and what tells such a file from any other."""

import os
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import apsw
import msgspec

from gateway.errors import StoreUnavailable
from gateway.store.sqlite.connection import connect
from gateway.store.sqlite.database import damage_of, fault_of_journal
from gateway.store.sqlite.sql import named

SQL: Final = named("backup")

APPLICATION_ID: Final = 0x54474231
"""Stands in the file's header: `TGB1`."""

_HEADER_BYTES: Final = 100
_MAGIC: Final = b"SQLite format 3\x00"


class BackupFile(msgspec.Struct, frozen=True, rename="camel"):
    """What a backup holds: how many events and orders, and all that was acknowledged before `made_at`."""

    file: str
    size: int
    made_at: datetime
    events: int
    orders: int


def back_up(store: Path, target: Path, *, now: datetime) -> BackupFile:
    """Copy a store, as it is at one moment, into one file; arrivals do not wait for it.

    Made beside its place, checked, synced, and only then given its name.

    Raises:
        StoreUnavailable: there is no store, or not all of it is in its file; no room, or no right to write; nothing is
            left of the attempt.
    """
    if not store.is_file():
        raise StoreUnavailable(f"there is no store at {store}")
    if (fault := fault_of_journal(store)) is not None:
        raise StoreUnavailable(f"{store}: {fault}")
    if target.exists() and application_id_of(target) != APPLICATION_ID:
        raise StoreUnavailable(f"{target} exists and is no backup: it is left as it is")
    part = new_part(target)
    try:
        made = _copied(store, part, target, now)
        put_in_place(part, target)
    except (OSError, apsw.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailable(f"cannot back up to {target}: {error}") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return made


def application_id_of(file: Path) -> int | None:
    """What a file's header says it is; None: no database, or unreadable."""
    with suppress(OSError), file.open("rb") as opened:
        header = opened.read(_HEADER_BYTES)
        if len(header) == _HEADER_BYTES and header.startswith(_MAGIC):
            return int.from_bytes(header[68:72], "big")
    return None


def new_part(target: Path) -> Path:
    """The empty file beside `target` that becomes it, readable by nobody else.

    Raises:
        StoreUnavailable: it is there already, or cannot be made.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise StoreUnavailable(f"{part} exists: another is being made, or was cut short: then remove it") from None
    except OSError as error:
        raise StoreUnavailable(f"cannot make {part}: {error.strerror}") from error
    return part


def put_in_place(part: Path, target: Path) -> None:
    """Sync the file, give it its name, and sync the name. Raises OSError."""
    sync(part)
    part.rename(target)
    sync(target.parent)


def _copied(store: Path, part: Path, target: Path, now: datetime) -> BackupFile:
    with (
        closing(connect(store, "mode=rw")) as source,
        closing(connect(part)) as copy,
    ):
        # First, so that the backup knows of itself; a store of an earlier version has no audit.
        if source.execute(SQL.has_audit).fetchone() is not None:
            source.execute(SQL.note, (int(now.timestamp() * 1e6), "gateway backup", "backup", target.name))
        # In one step: one snapshot, which no commit meanwhile makes begin anew.
        with copy.backup("main", source, "main") as copying:
            copying.step()
        # One file, without a log beside it.
        copy.pragma("journal_mode", "DELETE")
        copy.pragma("application_id", APPLICATION_ID)
        _forget_sessions(copy)
        copy.execute(SQL.make)
        copy.execute(SQL.sign, (now.isoformat(),))
        if (damage := damage_of(copy)) is not None:
            raise StoreUnavailable(f"the store is damaged: {damage}")
        (events, orders) = copy.execute(SQL.count).get
    return BackupFile(str(target), part.stat().st_size, now, events, orders)


def _forget_sessions(copy: apsw.Connection) -> None:
    """Nobody is signed in by a backup; a store of an earlier version has none."""
    if copy.execute(SQL.has_sessions).fetchone() is not None:
        copy.pragma("secure_delete", "ON")
        copy.execute(SQL.forget_sessions)


def sync(path: Path) -> None:
    """Put a file, or a folder's names, on disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
