"""Logistics Plus' shapes, only the members that are read.

Names are the vendor's; absent, null and `""` mean the same.
"""

from typing import Any

from adapters.contract import VendorModel


class Address(VendorModel, frozen=True):
    """A postal address; the API's own names."""

    organization: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Contact(VendorModel, frozen=True):
    """Whom to reach there."""

    person_name: str | None = None
    email_address: str | None = None
    phone_number: str | None = None
    mobile_number: str | None = None


class Party(VendorModel, frozen=True):
    """An address with its contact."""

    address: Address | None = None
    contact: Contact | None = None


class Shipment(VendorModel, frozen=True):
    """What did ship of an Order; only what the order itself may lack."""

    id: str | None = None
    status: str | None = None
    date_last_updated: str | None = None
    ship_to_address: Party | None = None


class Record(VendorModel, frozen=True):
    """An Order or a Receive."""

    id: str | None = None
    date_last_updated: str | None = None
    warehouse_code: str | None = None
    primary_reference: str | None = None
    secondary_reference: str | None = None
    status: str | None = None
    eta: str | None = None
    required_ship_date: str | None = None
    ship_to_address: Party | None = None
    shipments: list[Shipment | None] | None = None


class Envelope(VendorModel, frozen=True):
    """What the rim reads."""

    id: str
    topic: Any = None


class Kind(VendorModel, frozen=True):
    """What decides whether `data` is read at all."""

    entity_type: str | None = None


class Event(VendorModel, frozen=True):
    """An event about an Order or a Receive."""

    data: Record
    entity_type: str | None = None
    date_created: str | None = None


NOBODY = Contact()
