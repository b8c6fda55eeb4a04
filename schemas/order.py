"""The canonical Trackely order, by the WMS webhook contract; absent is absent, never null."""

import math
import re
from datetime import date
from functools import lru_cache

import msgspec


class Order(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", forbid_unknown_fields=True, gc=False
):
    """One delivery order, created or updated at Trackely by its `external_order_id`.

    Weight is in kilograms, volume in cubic metres, `planned_date` is `YYYY-MM-DD`. Either `delivery_address` (one
    line) or `customer_id` (an existing Trackely customer) must be there.
    """

    external_order_id: str
    delivery_address: str | None = None
    customer_id: str | None = None
    customer_name: str | None = None
    customer_contact: str | None = None
    total_weight: float | None = None
    volume: float | None = None
    pallet_count: int | None = None
    special_handling: tuple[str, ...] | None = None
    planned_date: str | None = None


_encoder = msgspec.json.Encoder()
encode_order = _encoder.encode
"""The canonical bytes of an order: what is stored, compared and sent as it is."""

_END = 10**16
"""No warehouse ships so many kilograms or cubic metres."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@lru_cache(maxsize=1024)
def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def faults_of(order: Order) -> tuple[str, str] | None:
    """What the intake would surely refuse in an order: the JSON path of the member and the fault, or None."""
    if not order.external_order_id.strip():
        return "$.externalOrderId", "externalOrderId is empty"
    if not (order.delivery_address or "").strip() and not (order.customer_id or "").strip():
        return "$.deliveryAddress", "neither deliveryAddress nor customerId"
    weight, volume, pallets = order.total_weight, order.volume, order.pallet_count
    if not (weight is volume is pallets is None):
        for name, amount, end in (
            ("totalWeight", weight, _END),
            ("volume", volume, _END),
            ("palletCount", pallets, 2**31),
        ):
            if amount is not None and not 0 <= amount < end:
                return f"$.{name}", f"{name} is {'too large' if end <= amount < math.inf else 'negative or not finite'}"
    if order.planned_date is not None and not _is_day(order.planned_date):
        return "$.plannedDate", "plannedDate is not a calendar day as YYYY-MM-DD"
    return None
