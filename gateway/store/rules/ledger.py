"""Orders, their states and the events behind them, loaded and written back inside a transaction."""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Final

from gateway.events import OPEN, EventStatus, Micros
from gateway.store.rules import leases, lifecycle, reasons
from gateway.store.rules.lifecycle import OrderRow, StateChange
from gateway.store.rules.transactions import Transaction

_IN_FLIGHT: Final = frozenset({"leased_state", "leased_digest"})
COLUMNS: Final = tuple(column for column in OrderRow.__struct_fields__ if column not in _IN_FLIGHT)
# What tells a new order from the columns' defaults; `lifecycle.first` gives the others just these.
FIRST: Final = (
    "id", "tenant", "external_order_id", "owner", "status", "state", "is_cancelled", "clock", "tie", "arrival",
    "digest", "changed_at", "pending_since", "due_at", "ended_at", "received_at",
)  # fmt: skip
_FIXED: Final = frozenset({"id", "tenant", "external_order_id", "received_at"})
CHANGING: Final = tuple(column for column in COLUMNS if column not in _FIXED)

_first_of: Final = attrgetter(*FIRST)
_changing_of: Final = attrgetter("id", *CHANGING)


def order_by_key(transaction: Transaction, tenant: str, external_order_id: str) -> OrderRow | None:
    """An order's row, or None."""
    row = transaction.execute("ledger.order_by_key", (tenant, external_order_id)).fetchone()
    return leases.noted(transaction, [OrderRow(*row)])[0] if row else None


def order_by_id(transaction: Transaction, order: int) -> OrderRow | None:
    """An order's row, or None."""
    row = transaction.execute("ledger.order_by_id", (order,)).fetchone()
    return leases.noted(transaction, [OrderRow(*row)])[0] if row else None


def orders_by_key(transaction: Transaction, keys: Collection[tuple[str, str]]) -> list[OrderRow]:
    """The rows of those of these orders that there are."""
    return leases.noted(transaction, [OrderRow(*row) for row in transaction.many("ledger.orders_by_key", list(keys))])


def orders_by_id(transaction: Transaction, ids: Iterable[int]) -> dict[int, OrderRow]:
    """The rows of those of these orders that there are, by id; what of them is in flight is not noted."""
    return {row[0]: OrderRow(*row) for row in transaction.many("ledger.orders_by_id", [(id_,) for id_ in ids])}


def insert_orders(transaction: Transaction, orders: Iterable[OrderRow]) -> None:
    """Write new rows as `lifecycle.first` made them; whatever has happened to one since is for `update_orders`."""
    transaction.many("ledger.insert_orders", [_first_of(order) for order in orders])


def update_orders(transaction: Transaction, orders: Iterable[OrderRow]) -> None:
    """Write rows back."""
    transaction.many("ledger.update_orders", [_changing_of(order) for order in orders])


def change_states(transaction: Transaction, changes: Sequence[StateChange]) -> set[int]:
    """Write new statuses of states, the last word on each; the events they belong to."""
    rows = {}
    for change in changes:
        rows[change.state] = (change.state, change.status, *reasons.columns(change.reason))
    events = {event for (event,) in transaction.many("ledger.change_states", list(rows.values()))}
    for change in changes:
        if change.has_twin:
            found = transaction.execute("ledger.change_twins", (change.status, change.state)).fetchall()
            events.update(event for (event,) in found)
    return events


def recompute_events(transaction: Transaction, events: Iterable[int], now: Micros) -> None:
    """Give events the status that their states make."""
    known: dict[int, str] = {}
    states: dict[int, list[str]] = {}
    for event, status, state in transaction.many("ledger.statuses_of_events", [(event,) for event in events]):
        known[event] = status
        states.setdefault(event, []).append(state)
    rows = []
    for event, status in known.items():
        new = lifecycle.event_status(states[event])
        # An event that is being translated again is not ended by what its earlier states become.
        if status not in (new, EventStatus.RECEIVED, EventStatus.WAITING):
            rows.append((event, new, None if new in OPEN else now))
    transaction.many("ledger.set_event_statuses", rows)


def draw(transaction: Transaction, counter: str, at_least: int = 0) -> int:
    """The counter's next value: greater than any drawn before, and at least `at_least`."""
    (value,) = transaction.execute("ledger.draw", (counter, at_least)).fetchone()
    return int(value)


def trust(transaction: Transaction, at: Micros) -> Micros:
    """Remember that this time was trusted; the highest that ever was."""
    return int(transaction.execute("ledger.trust", (at,)).fetchone()[0])
