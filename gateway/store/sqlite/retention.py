"""What a file needs beside the rules' retention: it gives its space back, and its log is overwritten."""

import sqlite3
from typing import Final

from gateway.store.rules.transactions import Engine, Transaction

# What one step may give back: each page may be another one moved.
STEP_PAGES: Final = 64


async def give_all_back(engine: Engine) -> None:
    """Let the file give back all its free pages, in steps."""
    while await engine.write(give_back) > 0:
        pass


def give_back(transaction: Transaction) -> int:
    """Let the file give back a step's worth of free pages; how many those were."""
    before = left = _free_pages(transaction)
    while left > 0 and before - left < STEP_PAGES:
        # One page: the pragma has a step for each, and Python's sqlite3 takes but one of a statement without columns.
        transaction.execute("retention.give_back").fetchall()
        now = _free_pages(transaction)
        # A file that was made without auto_vacuum keeps what it has.
        if now >= left:
            break
        left = now
    return before - left


def _free_pages(transaction: Transaction) -> int:
    ((count,),) = transaction.execute("retention.free_pages").fetchall()
    return int(count)


def empty_log(connection: sqlite3.Connection) -> bool:
    """Write the log's pages into the file and cut it to nothing, outside a transaction; False: a reader is using it.

    Until then the log still holds the pages as they were.
    """
    # Arrivals must not wait for a reader.
    (((patience,),)) = connection.execute("PRAGMA busy_timeout").fetchall()
    connection.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        ((is_busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}").fetchall()
    return not is_busy
