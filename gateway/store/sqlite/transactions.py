"""The rules' transactions over SQLite: statements by name, lists as JSON, many rows in one statement.

Each statement lets the other threads run and then has to wait for its turn again; a statement a row would spend more
on these turns than on the rows.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

import apsw

from gateway.store.rules.transactions import Condition, Question
from gateway.store.sqlite.compression import compressed
from gateway.store.sqlite.connection import COLUMN, Whole
from gateway.store.sqlite.sql import texts

MOST: Final = 256
"""Rows of one statement, a power of two: a statement is compiled for each power up to it, and no other number."""

ROWS: Final = ":rows"
"""Stands for the rows' placeholders in a statement's `VALUES`."""

WHERE: Final = ":where"
"""Stands for a selection's conditions."""

_WITH_BODY: Final = {"groups.insert_bodies": 1, "translation.insert_states": 9}
"""In which place of which statement's rows a body stands."""

_APART: Final = {"translation.insert_first_states": "translation.insert_state_bodies"}
"""Of which statements' rows the last value, a body, goes to a table of its own, with the first, by which statement."""

_PLACE: Final = re.compile(r"\?(\d+)")


@cache
def _whole(text: str) -> Whole | None:
    return Whole() if COLUMN in text else None


@cache
def _repeated(name: str, columns: int, rows: int) -> str:
    row = f"({','.join('?' * columns)})"
    return texts()[name].replace(ROWS, ",".join([row] * rows))


@cache
def _selecting(name: str, fragments: tuple[str, ...]) -> str:
    """A statement with its conditions, each numbered from where the one before it ended."""
    conditions, numbered = [], 0
    for fragment in fragments:
        text = texts()[fragment]
        places = [int(place) for place in _PLACE.findall(text)]
        conditions.append(_PLACE.sub(lambda place, after=numbered: f"?{after + int(place[1])}", text))  # type: ignore[misc]
        numbered += max(places, default=0)
    return texts()[name].replace(WHERE, " AND ".join(conditions) or "1")


class SqliteTransaction:
    """Whatever transaction its connection is in."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._texts = texts()
        # Nobody else writes: the folder is locked. What is rolled back leaves a gap.
        self._last = {of: connection.execute(self._texts[f"ids.{of}"]).get for of in ("events", "orders", "states")}

    def execute(self, name: str, values: Sequence[Any] = ()) -> apsw.Cursor:
        """Run a statement."""
        return self._ask(self._texts[name], values)

    def changed(self, name: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; how many rows it changed."""
        self._connection.execute(self._texts[name], values)
        return self._connection.changes()

    def _ask(self, text: str, values: Sequence[Any]) -> apsw.Cursor:
        cursor = self._connection.execute(text, values)
        cursor.row_trace = _whole(text)
        return cursor

    def together(self, asked: Sequence[Question]) -> list[list[Any]]:
        """The rows of each of these statements."""
        return [self.execute(name, values).fetchall() for name, values in asked]

    def select(self, name: str, conditions: Iterable[Condition], values: Sequence[Any] = ()) -> list[Any]:
        """Rows of a statement whose `:where` stands for all of these conditions."""
        asked = list(conditions)
        text = _selecting(name, tuple(fragment for fragment, _ in asked))
        return self._ask(text, (*chain.from_iterable(given for _, given in asked), *values)).fetchall()

    def many(self, name: str, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Run a statement whose `(VALUES :rows)` stands for these rows, all of one width; what it returns.

        Rows that begin with NULL fill them up to the next power of two: the statement must pass over them.
        """
        if name in _APART:
            self.many(_APART[name], [(row[0], row[-1] and compressed(row[-1])) for row in rows])
            rows = [row[:-1] for row in rows]
        elif (at := _WITH_BODY.get(name)) is not None:
            rows = [(*row[:at], row[at] and compressed(row[at]), *row[at + 1 :]) for row in rows]
        found: list[Any] = []
        for start in range(0, len(rows), MOST):
            chunk = rows[start : start + MOST]
            columns, size = len(chunk[0]), 1 << (len(chunk) - 1).bit_length()
            values = list(chain.from_iterable(chunk))
            # Zeros: binding a NULL costs three times as much.
            values += [None, *[0] * (columns - 1)] * (size - len(chunk))
            found += self._connection.execute(_repeated(name, columns, size), values).fetchall()
        return found

    def each(self, name: str, rows: Collection[Sequence[Any]]) -> int:
        """Run a statement for each of these rows; how many rows that changed."""
        return sum(self.changed(name, row) for row in rows)

    def new_ids(self, of: str, count: int) -> range:
        """Ids for new rows of a table."""
        first = self._last[of] + 1
        self._last[of] += count
        return range(first, first + count)
