"""How events and orders are set aside for good, inside the writer's transaction."""

import sqlite3

from gateway.events import EventStatus, Micros, Reason
from gateway.store import lifecycle
from gateway.store.sqlite import ledger
from gateway.store.sqlite.sql import named

SQL = named("operations")


def discard_event(connection: sqlite3.Connection, event: int, why: Reason, now: Micros) -> int:
    """Set an event that is a dead letter aside; how many that were."""
    if connection.execute(SQL.discard_event, (why.code, why.detail, event)).rowcount == 0:
        return 0
    connection.execute(SQL.discard_dead_states, (event,))
    states = [state for (state,) in connection.execute(SQL.states_of_event, (event,)).fetchall()]
    status = lifecycle.event_status(states) if states else EventStatus.DISCARDED
    connection.execute(SQL.end_event, (status, None if status in ledger.OPEN else now, event))
    return 1


def discard_order(connection: sqlite3.Connection, order: lifecycle.OrderRow, why: Reason, now: Micros) -> None:
    """Set an order's present state aside."""
    change = lifecycle.discard(order, why, now)
    ledger.update_orders(connection, [order])
    ledger.recompute_events(connection, ledger.change_states(connection, [change]), now)
