"""A connection to a store's file: of apsw's own SQLite, and no other's.

A process that closes a file which two SQLites have open loses the locks that the other holds on it: whatever opens a
store's file does it here.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from gateway.store.sqlite.compression import compressed, decompressed

COLUMN: Final = "body [compressed]"
"""What a statement calls a column of bodies, which `whole` hands out as they came."""

_FLAGS: Final = apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX

_STATEMENTS: Final = 512
"""So many are kept compiled."""

_PATIENCE_MILLISECONDS: Final = 5000

_encode = msgspec.json.Encoder().encode


def connect(path: Path, how: str = "mode=rwc") -> apsw.Connection:
    """Open a file; `how` is SQLite's, as after a URI's question mark. Raises apsw.Error."""
    connection = apsw.Connection(f"{path.absolute().as_uri()}?{how}", _FLAGS, statementcachesize=_STATEMENTS)
    connection.set_busy_timeout(_PATIENCE_MILLISECONDS)
    connection.convert_binding = _bound
    # For the statements that are rare: each call waits for the interpreter.
    for convert in (compressed, decompressed):
        connection.create_scalar_function(convert.__name__, partial(_converted, convert), 1, deterministic=True)
    return connection


def _converted(convert: Callable[[bytes], bytes], body: Any) -> Any:
    return body and convert(body)


def _bound(_cursor: apsw.Cursor, _place: int, value: object) -> str:
    """A list, which is among the values of no statement but one that reads it with `json_each`."""
    if not isinstance(value, list):
        raise TypeError(f"no value of a statement: {type(value).__name__}")
    return _encode(value).decode()


class Whole:
    """Rows of one statement, with their bodies as they came: no statement waits for the interpreter."""

    def __init__(self) -> None:
        self._place: int | None = None

    def __call__(self, cursor: apsw.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row as it is read."""
        if (place := self._place) is None:
            place = self._place = [name for name, _ in cursor.get_description()].index(COLUMN)
        kept = row[place]
        return (*row[:place], decompressed(kept), *row[place + 1 :]) if kept else row
