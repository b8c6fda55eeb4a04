"""Whether a store's file would do, looked at without touching it: for whoever checks before a start."""

import os
from contextlib import closing
from pathlib import Path

import apsw

from gateway.records import SourceMode
from gateway.store.rules import modes, moving
from gateway.store.sqlite.connection import connect
from gateway.store.sqlite.database import fault_of_journal, migrations
from gateway.store.sqlite.sql import texts
from gateway.store.sqlite.transactions import SqliteTransaction


def modes_in(path: Path) -> list[SourceMode]:
    """Who delivers and who looks on, by the store; nothing, where it cannot tell."""
    if not path.exists():
        return []
    try:
        with closing(connect(path, "mode=ro")) as opened:
            return [modes.mode_of(row) for row in opened.execute(texts()["modes.all"])]
    except apsw.Error:
        return []


def fault_of_store(path: Path) -> str | None:
    """Why a gateway could not use the file, or make it; None: it could."""
    if (fault := fault_of_journal(path)) is not None:
        return fault
    if not path.exists():
        folder = next(each for each in path.absolute().parents if each.exists())
        return None if os.access(folder, os.W_OK | os.X_OK) else f"{folder} cannot be written"
    try:
        with closing(connect(path, "mode=ro")) as opened:
            version = opened.pragma("user_version")
            opened.execute("SELECT count(*) FROM sqlite_master").fetchone()
            newest = migrations()[-1][0]
            if version > newest:
                return f"its schema ({version}) is newer than this program's ({newest})"
            has_marks = opened.execute("SELECT 1 FROM sqlite_schema WHERE name = 'moves'").fetchone()
            return None if has_marks is None else moving.standing(SqliteTransaction(opened))
    except apsw.Error as error:
        return f"it cannot be read: {error}"
