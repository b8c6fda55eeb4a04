"""Orders, their states and the events behind them, loaded and written back inside the writer's transaction."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Final

from gateway.events import EventStatus, Micros
from gateway.store import lifecycle
from gateway.store.lifecycle import OrderRow, StateChange
from gateway.store.sqlite.bulk import many
from gateway.store.sqlite.sql import named

SQL = named("ledger")

COLUMNS: Final = OrderRow.__struct_fields__
# What tells a new order from the columns' defaults; `lifecycle.first` gives the others just these.
_FIRST: Final = (
    "id", "tenant", "external_order_id", "owner", "status", "state", "is_cancelled", "clock", "tie", "arrival",
    "digest", "changed_at", "pending_since", "due_at", "ended_at",
)  # fmt: skip
_INSERT_ORDERS: Final = (
    f"INSERT INTO orders ({','.join(_FIRST)}) "  # noqa: S608 - our own columns
    "SELECT * FROM (VALUES :rows) WHERE column1 IS NOT NULL"
)
_FIXED: Final = frozenset({"id", "tenant", "external_order_id"})
_CHANGING: Final = tuple(column for column in COLUMNS if column not in _FIXED)
# What a delivery changes, mostly; the lease ends with every settlement.
_DELIVERED: Final = (
    "status", "pending_since", "ended_at", "attempted", "delivered_digest", "order_id", "is_created", "delivered_at",
)  # fmt: skip
_LEASE: Final = ("lease", "leased_until", "leased_state", "leased_digest")


def _update(columns: Iterable[str], also: Iterable[str] = ()) -> str:
    given = [f"{column} = new.column{place}" for place, column in enumerate(columns, 2)]
    return f"UPDATE orders SET {', '.join([*given, *also])} FROM (VALUES :rows) AS new WHERE orders.id = new.column1"  # noqa: S608 - our own columns


_UPDATE_ORDERS: Final = _update(_CHANGING)
_UPDATE_DELIVERED: Final = _update(_DELIVERED, [f"{column} = NULL" for column in _LEASE])
_first_of: Final = attrgetter(*_FIRST)
_changing_of: Final = attrgetter("id", *_CHANGING)
_delivered_of: Final = attrgetter("id", *_DELIVERED)
_others_of: Final = attrgetter(*(column for column in _CHANGING if column not in {*_DELIVERED, *_LEASE}))

OPEN: Final = frozenset({EventStatus.RECEIVED, EventStatus.WAITING, EventStatus.TRANSLATED})


def order_by_key(connection: sqlite3.Connection, tenant: str, external_order_id: str) -> OrderRow | None:
    """An order's row, or None."""
    row = connection.execute(SQL.order_by_key, (tenant, external_order_id)).fetchone()
    return OrderRow(*row) if row else None


def order_by_id(connection: sqlite3.Connection, order: int) -> OrderRow | None:
    """An order's row, or None."""
    row = connection.execute(SQL.order_by_id, (order,)).fetchone()
    return OrderRow(*row) if row else None


def orders_by_key(connection: sqlite3.Connection, keys: Collection[tuple[str, str]]) -> list[OrderRow]:
    """The rows of those of these orders that there are."""
    return [OrderRow(*row) for row in many(connection, SQL.orders_by_key, list(keys))]


def orders_by_id(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, OrderRow]:
    """The rows of those of these orders that there are, by id."""
    return {row[0]: OrderRow(*row) for row in many(connection, SQL.orders_by_id, [(id_,) for id_ in ids])}


def insert_orders(connection: sqlite3.Connection, orders: Iterable[OrderRow]) -> None:
    """Write new rows as `lifecycle.first` made them; whatever has happened to one since is for `update_orders`."""
    many(connection, _INSERT_ORDERS, [_first_of(order) for order in orders])


def update_orders(connection: sqlite3.Connection, orders: Iterable[OrderRow]) -> None:
    """Write rows back."""
    many(connection, _UPDATE_ORDERS, [_changing_of(order) for order in orders])


def update_settled(connection: sqlite3.Connection, before: Iterable[OrderRow], after: Iterable[OrderRow]) -> None:
    """Write rows back whose lease has ended; narrowly where a delivery changed no more than deliveries do."""
    delivered: list[OrderRow] = []
    others: list[OrderRow] = []
    for was, order in zip(before, after, strict=True):
        (delivered if _others_of(was) == _others_of(order) else others).append(order)
    many(connection, _UPDATE_DELIVERED, [_delivered_of(order) for order in delivered])
    update_orders(connection, others)


def change_states(connection: sqlite3.Connection, changes: Sequence[StateChange]) -> set[int]:
    """Write new statuses of states, the last word on each; the events they belong to."""
    rows = {}
    for change in changes:
        reason = change.reason
        words = (reason.code, reason.detail, reason.path) if reason else (None, None, None)
        rows[change.state] = (change.state, change.status, *words)
    events = {event for (event,) in many(connection, SQL.change_states, list(rows.values()))}
    for change in changes:
        if change.has_twin:
            found = connection.execute(SQL.change_twins, (change.status, change.state)).fetchall()
            events.update(event for (event,) in found)
    return events


def recompute_events(connection: sqlite3.Connection, events: Iterable[int], now: Micros) -> dict[int, EventStatus]:
    """Give events the status that their states make; those whose status changed."""
    known: dict[int, str] = {}
    states: dict[int, list[str]] = {}
    for event, status, state in many(connection, SQL.statuses_of_events, [(event,) for event in events]):
        known[event] = status
        states.setdefault(event, []).append(state)
    changed = {}
    for event, status in known.items():
        # An event that is being translated again is not ended by what its earlier states become.
        if status in (EventStatus.RECEIVED, EventStatus.WAITING):
            continue
        new = lifecycle.event_status(states[event])
        if new != status:
            changed[event] = new
    many(
        connection,
        SQL.set_event_statuses,
        [(event, status, None if status in OPEN else now) for event, status in changed.items()],
    )
    return changed


def draw(connection: sqlite3.Connection, counter: str, at_least: int = 0) -> int:
    """The counter's next value: greater than any drawn before, and at least `at_least`."""
    (value,) = connection.execute(SQL.draw, (counter, at_least)).fetchone()
    return int(value)
