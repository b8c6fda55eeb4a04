"""Many rows in one statement.

Each statement lets the other threads run and then has to wait for its turn again; a statement a row would spend more
on these turns than on the rows.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

CHUNK: Final = 64
"""Rows of one statement: each number of rows is a statement of its own in the cache."""

ROWS: Final = ":rows"
"""Stands for the rows' placeholders in a statement's `VALUES`."""


@cache
def _repeated(statement: str, columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return statement.replace(ROWS, ",".join([row] * rows))


def many(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Run a statement whose `VALUES :rows` stands for these rows, all of one width; what it returns."""
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        text = _repeated(statement, len(chunk[0]), len(chunk))
        found += connection.execute(text, list(chain.from_iterable(chunk))).fetchall()
    return found
