"""What translation set aside of an order, once a newer state of it is there: a dead letter no more."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from gateway.events import HELD, EventStatus, Micros, OrderState
from gateway.store.rules import ledger, lifecycle
from gateway.store.rules.lifecycle import OrderRow, StateChange
from gateway.store.rules.transactions import Transaction


class _SetAside(msgspec.Struct, frozen=True):
    """A state that is set aside, and its order's owner and version; no owner: there is no order."""

    tenant: str
    external_order_id: str
    code: str
    state: int
    owner: str
    clock: int
    tie: int
    arrival: int
    present_owner: str | None
    present_clock: int
    present_tie: int
    present_arrival: int

    @property
    def order(self) -> tuple[str, str]:
        """Whose it is and what it is called."""
        return self.tenant, self.external_order_id

    @property
    def version(self) -> tuple[int, ...]:
        """The greater wins."""
        return self.clock, self.tie, self.arrival


def overtake(transaction: Transaction, orders: Collection[tuple[str, str]], now: Micros) -> None:
    """Close what is set aside of these orders where something newer of them is held, or on its way."""
    # One look for all of them: as a rule nothing is set aside at all.
    if not orders or not transaction.execute("amending.any_set_aside").fetchone():
        return
    of_orders = groupby(sorted(_found(transaction, orders), key=attrgetter("order")), key=attrgetter("order"))
    old = {state: name for name, found in of_orders for state in _overtaken(list(found))}
    events = ledger.change_states(transaction, [StateChange(state, EventStatus.SUPERSEDED) for state in old])
    transaction.each("amending.go_on", [(event,) for event in events])
    ledger.recompute_events(transaction, events, now)
    transaction.each("amending.heard_first", [(*name, now) for name in {*old.values()}])


def _found(transaction: Transaction, orders: Collection[tuple[str, str]]) -> list[_SetAside]:
    return [_SetAside(*row) for row in transaction.many("amending.set_aside_of_orders", list(orders))]


def _overtaken(found: Sequence[_SetAside]) -> Iterator[int]:
    """Of the states of one order, those that are older than one that is held, or than what the order has."""
    newer = [(each.owner, each.version) for each in found if each.code == HELD]
    (first, *_) = found
    if first.present_owner is not None:
        newer.append((first.present_owner, (first.present_clock, first.present_tie, first.present_arrival)))
    for each in found:
        if any(version > each.version and lifecycle.is_same_owner(owner, each.owner) for owner, version in newer):
            yield each.state


def newest_held(
    transaction: Transaction, tenant: str, external_order_id: str, order: OrderRow | None
) -> tuple[int, str] | None:
    """The newest held state of an order and its owner, None where the order has a newer one."""
    held = [each for each in _found(transaction, [(tenant, external_order_id)]) if each.code == HELD]
    if order is not None:
        present = order.clock, order.tie, order.arrival
        held = [each for each in held if each.version > present and lifecycle.is_same_owner(order.owner, each.owner)]
    newest = max(held, key=attrgetter("version"), default=None)
    return None if newest is None else (newest.state, newest.owner)


def is_overtaken(state: OrderState, arrival: int, order: OrderRow | None) -> bool:
    """Whether a state that would be set aside is older than what its order has."""
    if order is None:
        return False
    is_older = (state.clock, state.tie, arrival) < (order.clock, order.tie, order.arrival)
    return is_older and lifecycle.is_same_owner(order.owner, state.owner)
