"""What a file needs beside the rules' retention: it gives its space back, and its log is overwritten."""

import apsw

from gateway.store.rules.transactions import Engine, Transaction


async def give_all_back(engine: Engine) -> None:
    """Let the file give back all its free pages, in steps."""
    while await engine.write(give_back) > 0:
        pass


def give_back(transaction: Transaction) -> int:
    """Let the file give back a step's worth of free pages; how many those were.

    A file that was made without auto_vacuum keeps what it has.
    """
    before = _free_pages(transaction)
    # Each page is a row without columns.
    transaction.execute("retention.give_back").fetchall()
    return before - _free_pages(transaction)


def _free_pages(transaction: Transaction) -> int:
    ((count,),) = transaction.execute("retention.free_pages").fetchall()
    return int(count)


def empty_log(connection: apsw.Connection) -> bool:
    """Write the log's pages into the file and cut it to nothing, outside a transaction; False: a reader is using it.

    Until then the log still holds the pages as they were.
    """
    # Arrivals must not wait for a reader.
    patience = connection.pragma("busy_timeout")
    connection.set_busy_timeout(0)
    try:
        ((is_busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (apsw.BusyError, apsw.LockedError, apsw.IOError, apsw.FullError):
        return False
    finally:
        connection.set_busy_timeout(patience)
    return not is_busy
