"""Logistics Plus Warehouse API -> Trackely orders.

Quirks, each held by a golden case:
- the envelope's `id` names the event, `data.id` the record; the same record comes in many events.
- `topic` is the same for both kinds: `entityType` tells an Order from a Receive.
- `shipFromAddress` is the supplier and never a place of delivery; the published Order sample has no other address.
- a Receive is delivered to the warehouse that `warehouseCode` names, so the options must know its address.
- `shipToAddress` may stand on the shipments instead of the order; shipments to several places are no one order.
- words such as `entityType` and `status` come in any case, with blanks around them.
- absent, null and `""` mean the same; `USA` and `US` too.
- dates carry an offset but mean the day as written; a midnight +00:00 is that day everywhere.
"""

from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from adapters.addresses import one_line
from adapters.asking import Answers
from adapters.contract import (
    Adapter,
    Cancellation,
    Fault,
    Hook,
    Identity,
    Ignored,
    Parts,
    State,
    Translation,
    decoder,
)
from adapters.destinations import in_parts
from adapters.errors import IncompletePayload, MalformedPayload, SeveralDestinations
from adapters.lists import one_of
from adapters.logistics_plus.options import MEMBERS, SHIPMENT_MEMBERS, Options, Stand
from adapters.logistics_plus.shapes import NOBODY, Envelope, Event, Kind, Party, Record, Shipment
from adapters.moments import day, microseconds, moment
from adapters.templates import filled
from adapters.texts import first_of, identifier, plain, references_of, topic_of, word
from schemas import Order

SHIP_TO = "$.data.shipToAddress"
SHIPMENTS = "$.data.shipments"
ORDER, RECEIVE = "ORDER", "RECEIVE"
CANCELLED = "CAN"
FINALIZED = "FIN"


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
        entity_type = read_kind(hook.body).entity_type
        reason = _reason_to_ignore(word(entity_type), entity_type, options)
        if reason is None:
            raise
        return Ignored(reason)
    kind = word(event.entity_type)
    reason = _reason_to_ignore(kind, event.entity_type, options)
    if reason is not None:
        return Ignored(reason, _references(event.data) if kind == RECEIVE else ())
    if kind == RECEIVE:
        return _receive(event, hook, options)
    return _order(event, hook, options) if options.shipments == "order" else _shipments(event, hook, options)


def _reason_to_ignore(kind: str, entity_type: str | None, options: Options) -> str | None:
    if kind not in (ORDER, RECEIVE):
        return f"neither an Order nor a Receive: entityType {(topic_of(entity_type) or 'absent')[:50]}"
    if kind == RECEIVE and options.receives == "ignore":
        return "option receives ignores every Receive"
    return None


def _references(record: Record) -> tuple[str, ...]:
    return references_of(record.primary_reference, record.secondary_reference, record.id)


def _members(record: Record) -> dict[str, str | None]:
    return {
        "primary_reference": record.primary_reference,
        "secondary_reference": record.secondary_reference,
        "warehouse_code": record.warehouse_code,
        "id": record.id,
    }


def _tie(event: Event, hook: Hook, options: Options) -> int:
    return microseconds(moment(event.date_created, options.time_zone, hook.received_at))


def _receive(event: Event, hook: Hook, options: Options) -> Translation:
    record, references = event.data, _references(event.data)
    status = word(record.status)
    if options.receives == "until_finalized" and status == FINALIZED:
        return Ignored("the Receive is finalized: its goods are in stock", references)
    option = "receive_external_order_id"
    name = filled(options.receive_external_order_id, _members(record), option=option, paths=MEMBERS)
    clock, tie = _changed_at(record, hook, options), _tie(event, hook, options)
    if status == CANCELLED:
        return [Cancellation(external_order_id=name, clock=clock, tie=tie, references=references)]
    return [State(order=_received(record, name, options), clock=clock, tie=tie, references=references)]


def _order(event: Event, hook: Hook, options: Options) -> Translation:
    record, references = event.data, _references(event.data)
    name = filled(options.external_order_id, _members(record), option="external_order_id", paths=MEMBERS)
    clock, tie = _changed_at(record, hook, options), _tie(event, hook, options)
    if word(record.status) == CANCELLED:
        return [Cancellation(external_order_id=name, clock=clock, tie=tie, references=references)]
    parties = _shipped_to(record)
    if len(parties) > 1 and len({line.casefold() for each in parties if (line := _line(each)) is not None}) > 1:
        raise SeveralDestinations(
            "its shipments go to different addresses; option shipments: each makes an order of each", path=SHIPMENTS
        )
    # The order's own word, else its shipments'.
    place = _first_place(record.ship_to_address, *parties)
    order = _addressed(record, name, place, options)
    return [State(order=order, clock=clock, tie=tie, references=references, parts=_parts(place))]


def _shipments(event: Event, hook: Hook, options: Options) -> Translation:
    """A state a shipment, which goes where it says, else where its order goes."""
    record, tie = event.data, _tie(event, hook, options)
    shipments = [shipment for shipment in record.shipments or () if shipment is not None]
    if not shipments:
        if word(record.status) == CANCELLED:
            raise IncompletePayload("no shipments: which of its orders are cancelled cannot be told", path=SHIPMENTS)
        return Ignored("no shipments yet; option shipments makes an order of each", _references(record))
    states: list[State | Cancellation | Fault] = []
    for shipment in shipments:
        members = {**_members(record), "shipment_id": shipment.id}
        template, option = options.shipment_external_order_id, "shipment_external_order_id"
        name = filled(template, members, option=option, paths=SHIPMENT_MEMBERS)
        clock = _changed_at(msgspec.structs.replace(record, shipments=[shipment]), hook, options)
        references = references_of(*_references(record), shipment.id)
        told: dict[str, Any] = {"clock": clock, "tie": tie, "references": references}
        if CANCELLED in (word(record.status), word(shipment.status)):
            states.append(Cancellation(external_order_id=name, **told))
        else:
            shipped = partial(_shipped, shipment, record, name, options, told)
            states.append(one_of(len(shipments), shipped, name, **told))
    return states


def _shipped(shipment: Shipment, record: Record, name: str, options: Options, told: dict[str, Any]) -> State:
    place = _first_place(shipment.ship_to_address, record.ship_to_address)
    return State(order=_addressed(record, name, place, options), parts=_parts(place), **told)


def _changed_at(record: Record, hook: Hook, options: Options) -> datetime | None:
    """The latest change of the record and its shipments."""
    zone, received_at = options.time_zone, hook.received_at
    latest = moment(record.date_last_updated, zone, received_at)
    for shipment in record.shipments or ():
        # Mostly the same text, which then need not be read again.
        if shipment is not None and shipment.date_last_updated != record.date_last_updated:
            at = moment(shipment.date_last_updated, zone, received_at)
            if at is not None and (latest is None or at > latest):
                latest = at
    return latest


def _day(text: str | None, options: Options, path: str) -> str | None:
    return day(text, None if options.time_zone == "UTC" else options.time_zone, path)


def _received(record: Record, external_order_id: str, options: Options) -> Order:
    warehouse_code = identifier(record.warehouse_code)
    listed = {word(code): each for code, each in options.warehouses.items()}
    warehouse = listed.get(word(warehouse_code))
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


def _addressed(record: Record, external_order_id: str, place: tuple[Party, str] | None, options: Options) -> Order:
    planned_date = _day(record.required_ship_date, options, "$.data.requiredShipDate")
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


def _first_place(*parties: Party | None) -> tuple[Party, str] | None:
    """The first that has an address, with it on one line."""
    for party in parties:
        if party is not None and (line := _line(party)) is not None:
            return party, line
    return None


def _parts(place: tuple[Party, str] | None) -> Parts | None:
    address = None if place is None else place[0].address
    if address is None:
        return None
    return in_parts(
        (address.address_line1, address.address_line2),
        city=address.city,
        post_code=address.postal_code,
        state=address.state,
        country=address.country,
    )


def _shipped_to(record: Record) -> list[Party]:
    if not record.shipments:
        return []
    parties = [shipment.ship_to_address for shipment in record.shipments if shipment is not None]
    return [party for party in parties if party is not None]


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
    version="2",
    options=Options,
    identify=identify,
    translate=translate,
    contract=2,
    references=(MEMBERS["primary_reference"], MEMBERS["secondary_reference"], MEMBERS["id"]),
    collision_option="external_order_id",
)
