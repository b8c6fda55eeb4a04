"""Logistics Plus Warehouse API -> Trackely orders.

Quirks, each held by a golden case:
- the envelope's `id` names the event, `data.id` the record; the same record comes in many events.
- `topic` is the same for both kinds: `entityType` tells an Order from a Receive.
- `shipFromAddress` is the supplier and never a place of delivery; the published Order sample has no other address.
- a Receive is delivered to the warehouse that `warehouseCode` names, so the options must know its address.
- `shipToAddress` may stand on a shipment instead of the order.
- absent, null and `""` mean the same; `USA` and `US` too.
- dates carry an offset but mean the day as written; a midnight +00:00 is that day everywhere.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec

from adapters.addresses import one_line
from adapters.contract import (
    Adapter,
    Answers,
    Cancellation,
    Hook,
    Identity,
    Ignored,
    OptionsModel,
    State,
    Translation,
    VendorModel,
    decoder,
)
from adapters.errors import IncompletePayload, MalformedPayload, TranslationError
from adapters.moments import day, fault_of_zone, microseconds, moment
from adapters.templates import fault_of_template, filled
from adapters.texts import first_of, identifier, plain, references_of, topic_of
from schemas import Order

MEMBERS = {
    "primary_reference": "$.data.primaryReference",
    "secondary_reference": "$.data.secondaryReference",
    "warehouse_code": "$.data.warehouseCode",
    "id": "$.data.id",
}
"""What an id's template may use, and where it stands."""

SHIP_TO = "$.data.shipToAddress"
CANCELLED = "CAN"
FINALIZED = "FIN"


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

    def __post_init__(self) -> None:
        members = frozenset(MEMBERS)
        faults = {
            "time_zone": fault_of_zone(self.time_zone),
            "external_order_id": fault_of_template(self.external_order_id, members),
            "receive_external_order_id": fault_of_template(self.receive_external_order_id, members),
        }
        found = [f"{key}: {fault}" for key, fault in faults.items() if fault is not None]
        if found:
            raise ValueError("; ".join(found))


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

read_envelope, read_kind, read_event = decoder(Envelope), decoder(Kind), decoder(Event)


def identify(hook: Hook) -> Identity:
    """The envelope's `id`, which a retry repeats, and its `topic`."""
    envelope = read_envelope(hook.body)
    event_id = identifier(envelope.id, "$.id")
    if event_id is None:
        raise MalformedPayload("id is empty", path="$.id")
    return Identity(event_id=event_id, topic=topic_of(envelope.topic))


def translate(hook: Hook, options: Options, _answers: Answers) -> Translation:
    """One state of one order; judged in the order entity type, ignored Receives, cancellation, address."""
    try:
        event = read_event(hook.body)
    except MalformedPayload:
        # `data` counts for an Order and a Receive alone: a fault in anybody else's is no fault.
        reason = _reason_to_ignore(read_kind(hook.body).entity_type, options)
        if reason is None:
            raise
        return Ignored(reason)
    reason = _reason_to_ignore(event.entity_type, options)
    if reason is not None:
        return Ignored(reason, _references(event.data) if event.entity_type == "Receive" else ())
    try:
        return _judged(event, options)
    except TranslationError as fault:
        fault.references = _references(event.data)
        raise


def _reason_to_ignore(entity_type: str | None, options: Options) -> str | None:
    if entity_type not in ("Order", "Receive"):
        return f"neither an Order nor a Receive: entityType {(topic_of(entity_type) or 'absent')[:50]}"
    if entity_type == "Receive" and options.receives == "ignore":
        return "option receives ignores every Receive"
    return None


def _references(record: Record) -> tuple[str, ...]:
    return references_of(record.primary_reference, record.secondary_reference, record.id)


def _judged(event: Event, options: Options) -> Translation:
    record, is_receive = event.data, event.entity_type == "Receive"
    status = (record.status or "").strip().upper()
    if is_receive and options.receives == "until_finalized" and status == FINALIZED:
        return Ignored("the Receive is finalized: its goods are in stock", _references(record))
    option = "receive_external_order_id" if is_receive else "external_order_id"
    template = options.receive_external_order_id if is_receive else options.external_order_id
    members = {
        "primary_reference": record.primary_reference,
        "secondary_reference": record.secondary_reference,
        "warehouse_code": record.warehouse_code,
        "id": record.id,
    }
    external_order_id = filled(template, members, option=option, paths=MEMBERS)
    clock = _changed_at(record, options.time_zone)
    tie = microseconds(moment(event.date_created, options.time_zone))
    references = _references(record)
    if status == CANCELLED:
        return [Cancellation(external_order_id=external_order_id, clock=clock, tie=tie, references=references)]
    order = (_receive if is_receive else _order)(record, external_order_id, options)
    return [State(order=order, clock=clock, tie=tie, references=references)]


def _changed_at(record: Record, zone: str) -> datetime | None:
    """The latest change of the record and its shipments."""
    latest = moment(record.date_last_updated, zone)
    for shipment in record.shipments or ():
        # Mostly the same text, which then need not be read again.
        if shipment is not None and shipment.date_last_updated != record.date_last_updated:
            at = moment(shipment.date_last_updated, zone)
            if at is not None and (latest is None or at > latest):
                latest = at
    return latest


def _day(text: str | None, options: Options, path: str) -> str | None:
    return day(text, None if options.time_zone == "UTC" else options.time_zone, path)


def _receive(record: Record, external_order_id: str, options: Options) -> Order:
    warehouse_code = identifier(record.warehouse_code)
    warehouse = options.warehouses.get(warehouse_code) if warehouse_code is not None else None
    if warehouse is None:
        shown = "no warehouseCode" if warehouse_code is None else f"warehouse {warehouse_code[:50]} is not listed"
        raise IncompletePayload(
            f"{shown}: nowhere to deliver the Receive; option warehouses gives a warehouse's address",
            path=MEMBERS["warehouse_code"],
        )
    return Order(
        external_order_id=external_order_id,
        delivery_address=plain(warehouse.address),
        customer_id=warehouse.customer_id,
        customer_name=plain(warehouse.name),
        customer_contact=plain(warehouse.contact),
        planned_date=_day(record.eta, options, "$.data.eta"),
    )


def _order(record: Record, external_order_id: str, options: Options) -> Order:
    planned_date = _day(record.required_ship_date, options, "$.data.requiredShipDate")
    place = _place(record)
    if place is not None:
        party, address = place
        contact = party.contact or NOBODY
        organization = party.address.organization if party.address is not None else None
        return Order(
            external_order_id=external_order_id,
            delivery_address=address,
            customer_name=first_of((organization, contact.person_name), SHIP_TO),
            customer_contact=first_of((contact.email_address, contact.phone_number, contact.mobile_number), SHIP_TO),
            planned_date=planned_date,
        )
    if isinstance(options.missing_ship_to, Stand):
        return Order(
            external_order_id=external_order_id,
            customer_id=options.missing_ship_to.customer_id,
            planned_date=planned_date,
        )
    raise IncompletePayload(
        "no shipToAddress: nowhere to deliver; option missing_ship_to can name a customer", path=SHIP_TO
    )


def _place(record: Record) -> tuple[Party, str] | None:
    """Where an Order goes, with the address on one line: the order's own word, else the first shipment's."""
    if (party := record.ship_to_address) is not None and (address := _line(party)) is not None:
        return party, address
    for shipment in record.shipments or ():
        if shipment is not None and (party := shipment.ship_to_address) is not None:
            address = _line(party)
            if address is not None:
                return party, address
    return None


def _line(party: Party) -> str | None:
    address = party.address
    if address is None:
        return None
    return one_line(
        (address.address_line1, address.address_line2),
        city=address.city,
        post_code=address.postal_code,
        state=address.state,
        country=address.country,
        path=SHIP_TO,
    )


ADAPTER = Adapter(
    name="logistics_plus",
    version="1",
    options=Options,
    identify=identify,
    translate=translate,
    collision_option="external_order_id",
)
