"""Whether a store's file would do, looked at without touching it: for whoever checks before a start."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.store.sqlite.database import migrations


def fault_of_store(path: Path) -> str | None:
    """Why a gateway could not use the file, or make it; None: it could."""
    if not path.exists():
        folder = next(each for each in path.absolute().parents if each.exists())
        return None if os.access(folder, os.W_OK | os.X_OK) else f"{folder} cannot be written"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            (version,) = opened.execute("PRAGMA user_version").fetchone()
            opened.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        return f"it cannot be read: {error}"
    newest = migrations()[-1][0]
    return f"its schema ({version}) is newer than this program's ({newest})" if version > newest else None
