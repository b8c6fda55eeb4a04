"""How events and orders are set aside for good, inside the writer's transaction."""

from gateway.events import OPEN, EventStatus, Micros, Reason
from gateway.store.rules import ledger, lifecycle
from gateway.store.rules.transactions import Transaction


def by_hand(said: str | None) -> Reason:
    """Why an operator sets something aside."""
    return Reason("discarded", said or "discarded by an operator")


def discard_event(transaction: Transaction, event: int, why: Reason, now: Micros) -> int:
    """Set an event that is a dead letter aside; how many that were."""
    if transaction.changed("acts.discard_event", (why.code, why.detail, event)) == 0:
        return 0
    transaction.execute("acts.discard_dead_states", (event,))
    states = [state for (state,) in transaction.execute("acts.states_of_event", (event,)).fetchall()]
    status = lifecycle.event_status(states) if states else EventStatus.DISCARDED
    transaction.execute("acts.end_event", (status, None if status in OPEN else now, event))
    return 1


def discard_order(transaction: Transaction, order: lifecycle.OrderRow, why: Reason, now: Micros) -> None:
    """Set an order's present state aside."""
    change = lifecycle.discard(order, why, now)
    ledger.update_orders(transaction, [order])
    ledger.recompute_events(transaction, ledger.change_states(transaction, [change]), now)
