"""The engine's SQL in named statements, as `file.name`."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from gateway.ground import statements
from gateway.store.rules import ledger

_ROWS: Final = re.compile(r"\(VALUES :rows ([a-z,\s]+)\)(?: AS (\w+))?")
"""Stands for rows of these types; they pass as a list a column, so that any number of rows is one statement."""

_TEXTS: Final = frozenset(
    {
        "tenant",
        "external_order_id",
        "owner",
        "status",
        "reason_code",
        "reason_detail",
        "reason_path",
        "order_id",
        "trial",
    }
)


def _columns(found: re.Match[str]) -> str:
    types = re.split(r",\s+", found[1])
    arrays = ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(types, 1))
    names = ", ".join(f"column{place}" for place in range(1, len(types) + 1))
    return f"unnest({arrays}) AS {found[2] or 'given'} ({names})"


_HOW: Final = {
    "exact": "lower({0}) = lower($1) AND {0} = $1 AND $2::text IS NOT NULL",
    "case": "lower({0}) = lower($1) AND {0} <> $1 AND $2::text IS NOT NULL",
    "beginning": "lower({0}) > lower($1) AND lower({0}) < lower($2)",
}
"""Tests of a column against a text, $1; $2 lies behind every text that begins with it."""

_ORDER: Final = ":order"
"""Stands for an order's columns, in the order of `OrderRow`, of the table as `o`."""

_WHERE: Final = ":where"
_PLACE: Final = re.compile(r"\$(\d+)")
_AFTER: Final = re.compile(r"(?<!:):(\d+)")
"""In a statement with conditions: its own values, which come after theirs."""


@cache
def named() -> dict[str, str]:
    """All statements of the folder `sql`, and those that write orders, whose columns are the row's own."""
    of_orders = {
        "ledger.insert_orders": _inserting(ledger.FIRST),
        "ledger.update_orders": _updating(ledger.CHANGING),
    }
    found = statements.tested(statements.all_statements(__package__, "sql") | of_orders, _HOW)
    order = ", ".join(f"o.{column}" for column in ledger.COLUMNS)
    return {name: _ROWS.sub(_columns, text).replace(_ORDER, order) for name, text in found.items()}


@cache
def selecting(name: str, fragments: tuple[str, ...]) -> str:
    """A statement with its conditions, each numbered from where the one before it ended."""
    conditions, numbered = [], 0
    for fragment in fragments:
        text = named()[fragment]
        places = [int(place) for place in _PLACE.findall(text)]
        conditions.append(_PLACE.sub(lambda place, after=numbered: f"${after + int(place[1])}", text))  # type: ignore[misc]
        numbered += max(places, default=0)
    whole = _AFTER.sub(lambda place: f"${numbered + int(place[1])}", named()[name])
    return whole.replace(_WHERE, " AND ".join(conditions) or "true")


def _type(column: str) -> str:
    if column.endswith("digest"):
        return "bytea"
    return "text" if column in _TEXTS else "bigint"


def _rows(columns: Iterable[str]) -> str:
    return f"(VALUES :rows {', '.join(_type(column) for column in columns)})"


def _inserting(columns: Sequence[str]) -> str:
    return f"INSERT INTO orders ({', '.join(columns)}) SELECT * FROM {_rows(columns)}"  # noqa: S608 - our own columns


def _updating(columns: Sequence[str]) -> str:
    changes = [f"{column} = new.column{place}" for place, column in enumerate(columns, 2)]
    rows = _rows(["id", *columns])
    which = "orders.id = new.column1 AND orders.id = ANY($1::bigint[])"
    return f"UPDATE orders SET {', '.join(changes)} FROM {rows} AS new WHERE {which}"  # noqa: S608 - our own columns
