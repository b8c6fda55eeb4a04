"""The options of the Logistics Plus adapter, checked as a whole at the start; its page explains each."""

from typing import Literal

import msgspec

from adapters.contract import OptionsModel
from adapters.moments import fault_of_zone
from adapters.templates import fault_of_template

MEMBERS = {
    "primary_reference": "$.data.primaryReference",
    "secondary_reference": "$.data.secondaryReference",
    "warehouse_code": "$.data.warehouseCode",
    "id": "$.data.id",
}
"""What an id's template may use, and where it stands."""

SHIPMENT_MEMBERS = {**MEMBERS, "shipment_id": "$.data.shipments[].id"}
"""What the template of a shipment's id may use."""


class Warehouse(OptionsModel, frozen=True, kw_only=True):
    """Where a Receive goes: an `address` on one line or a Trackely `customer_id`, never both."""

    address: str | None = None
    customer_id: str | None = None
    name: str | None = None
    contact: str | None = None

    def __post_init__(self) -> None:
        if bool((self.address or "").strip()) == bool((self.customer_id or "").strip()):
            raise ValueError("a warehouse needs either address or customer_id")


class Stand(OptionsModel, frozen=True, kw_only=True):
    """The customer who stands in for an address that an Order lacks."""

    customer_id: str

    def __post_init__(self) -> None:
        if not self.customer_id.strip():
            raise ValueError("missing_ship_to: customer_id is empty")


class Options(OptionsModel, frozen=True, kw_only=True):
    """The operator's choices; docs/vendors/logistics_plus.md explains each."""

    time_zone: str = "UTC"
    external_order_id: str = "{primary_reference}"
    receive_external_order_id: str = "RCV-{primary_reference}"
    receives: Literal["forward", "until_finalized", "ignore"] = "forward"
    warehouses: dict[str, Warehouse] = msgspec.field(default_factory=dict)
    missing_ship_to: Literal["dead_letter"] | Stand = "dead_letter"
    shipments: Literal["order", "each"] = "order"
    shipment_external_order_id: str = "{primary_reference}-{shipment_id}"

    def __post_init__(self) -> None:
        members = frozenset(MEMBERS)
        shipment_members = frozenset(SHIPMENT_MEMBERS)
        faults = {
            "time_zone": fault_of_zone(self.time_zone),
            "external_order_id": fault_of_template(self.external_order_id, members),
            "receive_external_order_id": fault_of_template(self.receive_external_order_id, members),
            "shipment_external_order_id": fault_of_template(self.shipment_external_order_id, shipment_members),
        }
        found = [f"{key}: {fault}" for key, fault in faults.items() if fault is not None]
        if found:
            raise ValueError("; ".join(found))
