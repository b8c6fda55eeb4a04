"""Erasing a person: what an order's whole story says of anybody goes, its skeleton stays."""

import sqlite3

import msgspec

from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import ERASED, Micros, OrderStatus
from gateway.records import Act, order_named
from gateway.store.sqlite import auditing, ledger, retention
from gateway.store.sqlite.endings import discard_event, discard_order
from gateway.store.sqlite.register import Erasure
from gateway.store.sqlite.sql import named

SQL = named("erasure")

_encode = msgspec.json.Encoder().encode


def erase(connection: sqlite3.Connection, wanted: Erasure, act: Act | None = None) -> int:
    """Empty the order and the events behind it, and remember that it was erased; how many events.

    Bodies, other bodies, lookups' answers, canonical states, references, the intake's words and tracebacks go; ids,
    statuses, times, versions and digests stay, so that a repeat is still known as one. What was still to be sent or
    translated, or was set aside, is discarded: there is nothing left to send.

    Raises:
        UnknownRecord: nobody ever told of the order.
        ConflictingRequest: it is being sent at this moment.
    """
    tenant, external_order_id, now = wanted.tenant, wanted.external_order_id, wanted.erased_at
    order = ledger.order_by_key(connection, tenant, external_order_id)
    events = [event for (event,) in connection.execute(SQL.story, (tenant, external_order_id)).fetchall()]
    if order is None and not events:
        raise UnknownRecord(f"tenant {tenant!r} has no order {external_order_id!r}")
    if order is not None and order.status == OrderStatus.LEASED:
        raise ConflictingRequest("the order is being sent at this moment; try again when it is settled")
    if order is not None and order.status in (OrderStatus.PENDING, OrderStatus.DEAD):
        discard_order(connection, order, ERASED, now)
    events += [event for (event,) in connection.execute(SQL.kin, (_encode(events).decode(),)).fetchall()]
    for event in events:
        _empty_event(connection, event, now)
    connection.execute(SQL.empty_states, (ERASED.detail, tenant, external_order_id))
    if order is not None:
        connection.execute(SQL.empty_order, (ERASED.detail, order.id))
        connection.execute(SQL.empty_attempts, (order.id,))
    connection.execute(SQL.record, (tenant, external_order_id, now))
    connection.execute(auditing.SQL.forget_reasons, (order_named(tenant, external_order_id),))
    auditing.note(connection, act)
    return len(events)


def _empty_event(connection: sqlite3.Connection, event: int, now: Micros) -> None:
    discard_event(connection, event, ERASED, now)
    connection.execute(SQL.end_open, (ERASED.code, ERASED.detail, now, event))
    connection.execute(SQL.delete_waiting, (event,))
    retention.remove_references(connection, event)
    retention.remove_body(connection, event)
    connection.execute(SQL.empty_event, (ERASED.detail, event))


def empty_log(connection: sqlite3.Connection) -> bool:
    """Write the log's pages into the file and cut it to nothing, outside a transaction; False: a reader is using it.

    Until then the log still holds the pages as they were.
    """
    # Arrivals must not wait for a reader.
    (((patience,),)) = connection.execute("PRAGMA busy_timeout").fetchall()
    connection.execute("PRAGMA busy_timeout = 0").fetchall()
    try:
        ((is_busy, _, _),) = connection.execute(SQL.empty_log).fetchall()
    except sqlite3.OperationalError:
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}").fetchall()
    return not is_busy


def recorded(connection: sqlite3.Connection) -> set[Erasure]:
    """All erasures that this store has seen."""
    return {Erasure(*row) for row in connection.execute(SQL.recorded)}
