"""Which events, orders and dead letters: an operator's filter as conditions."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gateway.events import EventStatus, OrderStatus
from gateway.records import DeadLetterFilter, EventFilter, OrderFilter

Condition = tuple[str, tuple[Any, ...]]

_encode = msgspec.json.Encoder().encode

# Steps from one tenant, or source, to the next through the index, however many rows each has.
_EACH: Final = (
    "WITH RECURSIVE t (name) AS (SELECT min({column}) FROM {table} UNION ALL "
    "SELECT (SELECT min({column}) FROM {table} WHERE {column} > t.name) FROM t WHERE t.name IS NOT NULL) "
    "SELECT name FROM t WHERE name IS NOT NULL"
)
_TENANTS: Final = _EACH.format(column="tenant", table="states")
_SOURCES: Final = _EACH.format(column="source", table="events")
# The vendor's ID and ours are looked up in the keys' indexes, which begin with the source and the tenant.
_EVENT_TESTS: Final = {
    # Not through the key's index (`+`), which is in another order; a source that never sent anything is soon told.
    "source": "+e.source = ? AND EXISTS (SELECT 1 FROM events WHERE source = ?)",
    "event_id": f"e.id IN (SELECT id FROM events WHERE source IN ({_SOURCES}) AND event_id = ?)",  # noqa: S608 - constants,
    "reference": "e.id IN (SELECT event FROM event_references WHERE reference = ? COLLATE NOCASE AND reference = ?)",
    "external_order_id": f"e.id IN (SELECT event FROM states WHERE tenant IN ({_TENANTS}) AND external_order_id = ?)",  # noqa: S608 - constants
    "code": "e.id IN (SELECT id FROM events WHERE reason_code = ? UNION SELECT s.event FROM states s "
    "JOIN events n ON n.id = s.event AND n.run = s.run WHERE s.reason_code = ?)",
    "since": "e.received_at >= ?",
    "until": "e.received_at < ?",
}

_EVENT_OF_TENANT: Final = (
    "(EXISTS (SELECT 1 FROM states s WHERE s.event = e.id AND s.tenant = ?) OR "
    "+e.source IN (SELECT value FROM json_each(?)) AND NOT EXISTS (SELECT 1 FROM states s WHERE s.event = e.id))"
)
_LETTER_OF_TENANT: Final = "(tenant = ? OR tenant IS NULL AND source IN (SELECT value FROM json_each(?)))"

# A part of the name is looked for in the key's index alone.
_Q: Final = (
    "o.id IN (SELECT id FROM orders WHERE instr(external_order_id, ?) > 0 UNION "
    "SELECT found.id FROM event_references r JOIN states s ON s.event = r.event "
    "JOIN orders found ON found.tenant = s.tenant AND found.external_order_id = s.external_order_id "
    "WHERE r.reference = ? COLLATE NOCASE AND r.reference = ?)"
)


def event_conditions(which: EventFilter) -> list[Condition]:
    """A filter as conditions on `events e`."""
    asked = [(test, getattr(which, name)) for name, test in _EVENT_TESTS.items()]
    conditions: list[Condition] = [(test, (value,) * test.count("?")) for test, value in asked if value is not None]
    if which.tenant is not None:
        conditions.append((_EVENT_OF_TENANT, (which.tenant, _encode(which.tenant_sources).decode())))
    if which.status is not None:
        conditions.append(_status("e", EventStatus(which.status)))
    return conditions


def _status(table: str, status: EventStatus | OrderStatus) -> Condition:
    # Spelt out, not bound: only so do the partial indexes fit. It is of a closed set.
    return f"{table}.status = '{status.value}'", ()


def order_conditions(which: OrderFilter) -> list[Condition]:
    """A filter as conditions on `orders o`."""
    conditions: list[Condition] = []
    if which.tenant is not None:
        # As with events' sources: in the order of the list, not of the key.
        test = "+o.tenant = ? AND EXISTS (SELECT 1 FROM orders WHERE tenant = ?)"
        conditions.append((test, (which.tenant, which.tenant)))
    if which.status is not None:
        conditions.append(_status("o", OrderStatus(which.status)))
    if which.q is not None:
        conditions.append((_Q, (which.q,) * _Q.count("?")))
    return conditions


def dead_letter_query(which: DeadLetterFilter) -> Condition:
    """All dead letters that fit, as rows (kind, id, source, event_id, tenant, external_order_id, reason…, at)."""
    conditions: list[Condition] = []
    for name in ("kind", "source", "code", "event_id", "external_order_id"):
        value = getattr(which, name)
        if value is not None:
            conditions.append((f"{name} = ?", (value,)))
    if which.tenant is not None:
        conditions.append((_LETTER_OF_TENANT, (which.tenant, _encode(which.tenant_sources).decode())))
    if which.since is not None:
        conditions.append(("at >= ?", (which.since,)))
    if which.until is not None:
        conditions.append(("at < ?", (which.until,)))
    where, values = joined(conditions)
    return f"SELECT * FROM ({_DEAD_EVENTS} UNION ALL {_DEAD_ORDERS}) WHERE {where}", values  # noqa: S608 - constants


_DEAD_EVENTS: Final = (
    "SELECT 'event' AS kind, e.id AS id, e.source AS source, e.event_id AS event_id, "
    "(SELECT s.tenant FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL) AS tenant, "
    "(SELECT s.external_order_id FROM states s WHERE s.event = e.id AND s.run = e.run AND s.reason_code IS NOT NULL) "
    "AS external_order_id, e.reason_code AS code, e.reason_detail AS detail, e.reason_path AS path, "
    "coalesce(e.ended_at, e.received_at) AS at FROM events e WHERE e.is_dead_letter = 1"
)
_DEAD_ORDERS: Final = (
    "SELECT 'order' AS kind, o.id AS id, e.source AS source, e.event_id AS event_id, o.tenant AS tenant, "
    "o.external_order_id AS external_order_id, o.reason_code AS code, o.reason_detail AS detail, "
    "o.reason_path AS path, o.ended_at AS at FROM orders o JOIN states s ON s.id = o.state "
    "LEFT JOIN events e ON e.id = s.event WHERE o.status = 'dead'"
)


def joined(conditions: Sequence[Condition]) -> Condition:
    """Conditions as one, with their values."""
    text = " AND ".join(condition for condition, _ in conditions) or "1"
    return text, tuple(value for _, values in conditions for value in values)
