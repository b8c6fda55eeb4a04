"""What is found of an order; nothing here changes it."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from adapters import Order, Parts
from gateway.findings.addresses import findings_of_parts, is_masked, parts_of
from gateway.findings.codes import Finding

GRACE: Final = timedelta(days=1)
"""A planned day may lie so far behind the receipt: it is still today somewhere."""

HEAVIEST: Final = 40_000.0
"""Kilograms: more than the heaviest lorry of most countries weighs with its load."""

HEAVIEST_PALLET: Final = 3_000.0
"""Kilograms a pallet."""

LIGHTEST, DENSEST = 0.5, 23_000.0
"""Kilograms a cubic metre: lighter than air, heavier than any metal. An amount in a wrong unit is off by a thousand."""

LEAST_VOLUME: Final = 0.01
"""Cubic metres from which on the ratio counts: below, both are rounded."""


def findings_of(order: Order, parts: Parts | None, received_on: date) -> tuple[Finding, ...]:
    """Doubts about an order, by the day of its receipt (UTC); of the address by its parts, else by its one line."""
    address = order.delivery_address
    found = findings_of_parts(parts or parts_of(address)) if address else []
    if is_masked(f"{address or ''} {order.customer_name or ''} {order.customer_contact or ''}"):
        found.append(Finding("masked", "a part of address, name or contact is made unreadable"))
    if order.planned_date and order.planned_date < _earliest(received_on):
        found.append(Finding("planned_in_the_past", "the planned day was over when the order came"))
    # Nobody weighed it: a zero is said of many, and means nothing.
    if order.total_weight and (detail := _doubt_about_weight(order, order.total_weight)) is not None:
        found.append(Finding("improbable_weight", detail))
    return tuple(found)


@lru_cache(maxsize=16)
def _earliest(received_on: date) -> str:
    return (received_on - GRACE).isoformat()


def _doubt_about_weight(order: Order, weight: float) -> str | None:
    volume, pallets = order.volume, order.pallet_count
    if weight > HEAVIEST:
        return f"more than {HEAVIEST:,.0f} kg"
    if pallets and weight > pallets * HEAVIEST_PALLET:
        return f"more than {HEAVIEST_PALLET:,.0f} kg a pallet"
    if volume and volume >= LEAST_VOLUME and not LIGHTEST <= weight / volume <= DENSEST:
        return "lighter than air" if weight / volume < LIGHTEST else "heavier than any metal"
    return None
