"""Many rows in one statement.

Each statement lets the other threads run and then has to wait for its turn again; a statement a row would spend more
on these turns than on the rows.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

MOST: Final = 256
"""Rows of one statement, a power of two: a statement is compiled for each power up to it, and no other number."""

ROWS: Final = ":rows"
"""Stands for the rows' placeholders in a statement's `VALUES`."""


@cache
def _repeated(statement: str, columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return statement.replace(ROWS, ",".join([row] * rows))


def many(connection: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Run a statement whose `(VALUES :rows)` stands for these rows, all of one width; what it returns.

    Rows of NULLs fill them up to the next power of two: the statement must pass over them.
    """
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(rows), MOST):
        chunk = rows[start : start + MOST]
        columns, size = len(chunk[0]), 1 << (len(chunk) - 1).bit_length()
        values = list(chain.from_iterable(chunk))
        values += [None] * (columns * (size - len(chunk)))
        found += connection.execute(_repeated(statement, columns, size), values).fetchall()
    return found
