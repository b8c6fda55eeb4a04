"""How our values pass to the database and back.

PostgreSQL's text holds no NUL, and a vendor's may: an escape stands for it. Truths are numbers, as in every engine.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

import psycopg
from psycopg.adapt import Loader

_ESCAPE: Final = "\ufdd0"
"""No character, by Unicode: nobody's text holds it, or it is escaped itself."""

_AS_IT_IS: Final = frozenset({int, bytes, type(None)})


def given(value: Any) -> Any:
    """A value as the database takes it."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is str:
        return _escaped(value) if "\0" in value or _ESCAPE in value else value
    if kind is bool:
        return int(value)
    if isinstance(value, Enum):
        return given(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return [given(each) for each in value]
    return value


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows, all of one width, as a list a column."""
    return [[given(value) for value in column] for column in zip(*rows, strict=True)]


def _escaped(text: str) -> str:
    return text.replace(_ESCAPE, f"{_ESCAPE}1").replace("\0", f"{_ESCAPE}0")


class _Text(Loader):
    def load(self, data: Any) -> str:
        text = str(data, "utf-8")
        return text.replace(f"{_ESCAPE}0", "\0").replace(f"{_ESCAPE}1", _ESCAPE) if _ESCAPE in text else text


class _Whole(Loader):
    """Sums are of PostgreSQL's `numeric`."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Make a connection read values as we do."""
    for name in ("text", "varchar", "bpchar"):
        connection.adapters.register_loader(name, _Text)
    connection.adapters.register_loader("numeric", _Whole)
