"""What is held of an order, once a newer state of it is there: a dead letter no more."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any

from gateway.events import HELD, EventStatus, Micros, OrderState
from gateway.store.rules import ledger, lifecycle
from gateway.store.rules.lifecycle import OrderRow, StateChange
from gateway.store.rules.transactions import Transaction


def overtake(transaction: Transaction, orders: Collection[tuple[str, str]], now: Micros) -> None:
    """Close what is held of these orders and is not the newest that was told of them."""
    # One look for all of them: as a rule nothing is held at all.
    if not orders or not transaction.execute("amending.any_held").fetchone():
        return
    rows = transaction.many("amending.held_of_orders", list(orders))
    of_orders = groupby(sorted(rows, key=lambda row: row[:2]), key=lambda row: row[:2])
    old = {state: name for name, held in of_orders for state in _overtaken(list(held))}
    events = ledger.change_states(transaction, [StateChange(state, EventStatus.SUPERSEDED) for state in old])
    transaction.each("amending.go_on", [(event,) for event in events])
    ledger.recompute_events(transaction, events, now)
    transaction.each("amending.heard_first", [(*name, now) for name in {*old.values()}])


def _overtaken(held: Sequence[Sequence[Any]]) -> Iterator[int]:
    """Of the held states of one order, those that are older than another, or than what the order has."""
    versions = [(row[3], tuple(row[4:7])) for row in held]
    owner, *version = held[0][7:]
    if owner is not None:
        versions.append((owner, tuple(version)))
    for state, (whose, at) in zip(held, versions, strict=False):
        if any(other > at and lifecycle.is_same_owner(who, whose) for who, other in versions):
            yield state[2]


def newest(
    transaction: Transaction, tenant: str, external_order_id: str, order: OrderRow | None
) -> tuple[int, str] | None:
    """The newest held state of an order and its owner, None where the order has a newer one."""
    rows = transaction.many("amending.held_of_orders", [(tenant, external_order_id)])
    if order is not None:
        present = order.clock, order.tie, order.arrival
        rows = [row for row in rows if tuple(row[4:7]) > present and lifecycle.is_same_owner(order.owner, row[3])]
    found = max(rows, key=lambda row: tuple(row[4:7]), default=None)
    return None if found is None else (found[2], found[3])


def is_overtaken(state: OrderState, arrival: int, order: OrderRow | None) -> bool:
    """Whether a state that would be held is older than what its order has."""
    if state.dead is None or state.dead.code != HELD or order is None:
        return False
    is_older = (state.clock, state.tie, arrival) < (order.clock, order.tie, order.arrival)
    return is_older and lifecycle.is_same_owner(order.owner, state.owner)
