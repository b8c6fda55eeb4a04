"""Which events, orders and dead letters, and from where on: conditions, each a fragment that engines have."""

from typing import Final

from gateway.events import EventStatus, OrderStatus
from gateway.records import DeadLetterFilter, EventFilter, OrderFilter
from gateway.store.rules.transactions import Condition

_OF_EVENTS: Final = ("source", "event_id", "reference", "external_order_id", "code", "since", "until")
_OF_LETTERS: Final = ("kind", "source", "code", "event_id", "external_order_id", "since", "until")


def parse_cursor(cursor: str, parts: int) -> tuple[int, ...]:
    """A cursor's numbers. Raises ValueError for one that is none of ours."""
    try:
        numbers = tuple(int(part) for part in cursor.split("."))
    except ValueError:
        raise ValueError("not a cursor of this list") from None
    if len(numbers) != parts or not all(0 <= number < 2**63 for number in numbers):
        raise ValueError("not a cursor of this list")
    return numbers


def event_conditions(which: EventFilter) -> list[Condition]:
    """A filter as conditions on events."""
    asked = [(name, getattr(which, name)) for name in _OF_EVENTS]
    conditions: list[Condition] = [(f"selection.event_{name}", (value,)) for name, value in asked if value is not None]
    if which.tenant is not None:
        conditions.append(("selection.event_tenant", (which.tenant, list(which.tenant_sources))))
    if which.status is not None:
        # A fragment each, of a closed set: bound, no partial index would fit.
        conditions.append((f"selection.event_is_{EventStatus(which.status).value}", ()))
    return conditions


def order_conditions(which: OrderFilter) -> list[Condition]:
    """A filter as conditions on orders."""
    conditions: list[Condition] = []
    if which.tenant is not None:
        conditions.append(("selection.order_tenant", (which.tenant,)))
    if which.status is not None:
        conditions.append((f"selection.order_is_{OrderStatus(which.status).value}", ()))
    if which.q is not None:
        conditions.append(("selection.order_q", (which.q,)))
    return conditions


def letter_conditions(which: DeadLetterFilter) -> list[Condition]:
    """A filter as conditions on dead letters of events and of orders."""
    asked = [(name, getattr(which, name)) for name in _OF_LETTERS]
    conditions: list[Condition] = [(f"selection.letter_{name}", (value,)) for name, value in asked if value is not None]
    if which.tenant is not None:
        conditions.append(("selection.letter_tenant", (which.tenant, list(which.tenant_sources))))
    return conditions
