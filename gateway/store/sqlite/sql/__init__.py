"""The engine's SQL in named statements, and those that are made of an order's columns."""

import re
from collections.abc import Iterable
from functools import cache
from types import SimpleNamespace
from typing import Final

from gateway.ground.statements import all_statements, statements, tested
from gateway.store.rules import ledger

_HOW: Final = {
    "exact": "{0} = ?1 COLLATE NOCASE AND {0} = ?1 COLLATE BINARY",
    "case": "{0} = ?1 COLLATE NOCASE AND {0} <> ?1 COLLATE BINARY",
    "beginning": "{0} > ?1 COLLATE NOCASE AND {0} < ?2 COLLATE NOCASE",
}
"""Tests of a column against a text, ?1; ?2 lies behind every text that begins with it."""

_ORDER: Final = ":order"
"""Stands for an order's columns, in the order of `OrderRow`, of the table as `o`."""

_BODY: Final = ":body"
"""Stands for the canonical bytes of the state `s`, compressed; NULL: a cancellation; none: erased ones."""

BODY: Final = "coalesce(s.body, (SELECT apart.body FROM state_bodies apart WHERE apart.id = s.id))"

_OF_ORDER: Final = re.compile(r":of_order\((\w+), ([^,()]+), ([^,()]+)\)")
"""Stands for a column, each value once, of all states of an order, by its tenant and name: the one that its row began
with, and those in the index."""

_STATES: Final = (
    r"SELECT \1 FROM states WHERE tenant = \2 AND external_order_id = \3 AND begins_order IS NULL UNION "
    r"SELECT states.\1 FROM orders JOIN states ON states.id = orders.begun_with "
    r"WHERE orders.tenant = \2 AND orders.external_order_id = \3"
)


def named(file: str) -> SimpleNamespace:
    """The statements of a file of this folder, by name."""
    return SimpleNamespace(**{name: _written_out(text) for name, text in statements(__name__, f"{file}.sql").items()})


@cache
def texts() -> dict[str, str]:
    """All statements, by file and name."""
    found = tested(all_statements(__name__) | _of_orders(), _HOW)
    return {name: _written_out(text) for name, text in found.items()}


def _written_out(text: str) -> str:
    """With all that something stands for in its place."""
    columns = ", ".join(f"o.{column}" for column in ledger.COLUMNS)
    return _OF_ORDER.sub(_STATES, text.replace(_ORDER, columns).replace(_BODY, BODY))


def _of_orders() -> dict[str, str]:
    return {
        "ledger.insert_orders": f"INSERT INTO orders ({','.join(ledger.FIRST)}, begun_with) "  # noqa: S608 - our own columns
        f"SELECT *, column{ledger.FIRST.index('state') + 1} FROM (VALUES :rows) WHERE column1 IS NOT NULL",
        "ledger.update_orders": _update(ledger.CHANGING),
    }


def _update(columns: Iterable[str]) -> str:
    given = [f"{column} = new.column{place}" for place, column in enumerate(columns, 2)]
    return f"UPDATE orders SET {', '.join(given)} FROM (VALUES :rows) AS new WHERE orders.id = new.column1"  # noqa: S608 - our own columns
