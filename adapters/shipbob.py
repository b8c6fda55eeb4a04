"""ShipBob shipments -> Trackely orders.

Quirks, each held by a golden case:
- `webhook-id` names the event and `x-webhook-topic` its topic; older subscriptions say `shipbob-topic`, spell topics
  otherwise and have no ID.
- an event is about one shipment: an order that is split has several, all with its `reference_id`.
- a shipment is cancelled by its topic or by its `status`, under whatever topic.
- on hold and in exception it goes nowhere yet; delivered it needs nobody to plan it.
- weights are whole ounces, 0 where nobody weighed.
- `zip_code` and `state` are texts, or null; there is no other member for the country than `country`.
"""

from functools import partial
from typing import Any

from adapters.asking import Answers
from adapters.contract import (
    Adapter,
    Cancellation,
    Hook,
    Identity,
    Ignored,
    OptionsModel,
    Parts,
    State,
    Translation,
    VendorModel,
    decoder,
)
from adapters.destinations import destination, in_parts
from adapters.moments import day, fault_of_zone, moment
from adapters.references import carrying
from adapters.statuses import status
from adapters.templates import fault_of_template, filled
from adapters.texts import first_of, identifier, references_of, topic_of
from adapters.topics import topics
from adapters.units import kilograms
from schemas import Order

# https://developer.shipbob.com/webhooks: headers and topics, those of subscriptions before 2025-07 as well.
EVENT_ID, TOPIC, OLD_TOPIC = "webhook-id", "x-webhook-topic", "shipbob-topic"

MEMBERS = {"reference_id": "$.reference_id", "shipment_id": "$.id", "order_id": "$.order_id"}
"""What the template of the order's id may use, and where it stands."""

SHIP_TO = "$.recipient.address"

# https://developer.shipbob.com/api/orders/get-shipment: `status`.
CANCELLED, WAITS = ("cancelled",), ("onhold", "exception", "importreview")
UNSENT = {
    "waits": "the shipment waits: a person at ShipBob or the shop must act first",
    "delivered": "the shipment is delivered: nothing to plan",
}
"""Why a shipment is not forwarded."""


class Options(OptionsModel, frozen=True, kw_only=True):
    """The operator's choices; docs/vendors/shipbob.md explains each."""

    time_zone: str = "UTC"
    external_order_id: str = "{reference_id}-{shipment_id}"

    def __post_init__(self) -> None:
        faults = {
            "time_zone": fault_of_zone(self.time_zone),
            "external_order_id": fault_of_template(self.external_order_id, frozenset(MEMBERS)),
        }
        found = [f"{key}: {fault}" for key, fault in faults.items() if fault is not None]
        if found:
            raise ValueError("; ".join(found))


class Address(VendorModel, frozen=True, rename=None):
    """`recipient.address`."""

    company_name: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    zip_code: str | None = None
    country: str | None = None


class Recipient(VendorModel, frozen=True, rename=None):
    """Who gets it."""

    name: str | None = None
    full_name: str | None = None
    email: str | None = None
    phone_number: str | None = None
    address: Address | None = None


class Measurements(VendorModel, frozen=True, rename=None):
    """What was weighed."""

    total_weight_oz: int | float | str | None = None


class Shipment(VendorModel, frozen=True, rename=None):
    """A shipment."""

    id: int | str
    order_id: int | str | None = None
    reference_id: str | None = None
    status: str | None = None
    last_update_at: str | None = None
    estimated_fulfillment_date: str | None = None
    recipient: Recipient | None = None
    measurements: Measurements | None = None


NOBODY, NOWHERE, UNWEIGHED = Recipient(), Address(), Measurements()

read_shipment = decoder(Shipment)


def identify(hook: Hook) -> Identity:
    """The header `webhook-id`, which a retry repeats; an older subscription has none, and the body's hash serves."""
    topic = topic_of(hook.headers.get(TOPIC) or hook.headers.get(OLD_TOPIC))
    return Identity(event_id=identifier(hook.headers.get(EVENT_ID), f"header {EVENT_ID}"), topic=topic)


def translate(hook: Hook, options: Options, answers: Answers) -> Translation:
    """One state of one shipment; judged in the order topic, cancellation, waiting, address."""
    return BY_TOPIC(identify(hook).topic, hook, options, answers)


def _shipment(hook: Hook, options: Options, _answers: Answers, *, says: str | None = None) -> Translation:
    """What a shipment is by what its topic says, else by its status."""
    shipment = read_shipment(hook.body)
    members = {
        "reference_id": shipment.reference_id,
        "shipment_id": str(shipment.id),
        "order_id": None if shipment.order_id is None else str(shipment.order_id),
    }
    references = references_of(*members.values())
    with carrying(references):
        judged = says or status(shipment.status, cancels=CANCELLED, waits=WAITS)
        if judged in UNSENT:
            return Ignored(UNSENT[judged], references)
        of_both: dict[str, Any] = {
            "clock": moment(shipment.last_update_at),
            "tie": int(judged == "cancelled"),
            "references": references,
            "record": identifier(str(shipment.id), MEMBERS["shipment_id"]),
        }
        name = filled(options.external_order_id, members, option="external_order_id", paths=MEMBERS)
        if judged == "cancelled":
            return [Cancellation(external_order_id=name, **of_both)]
        return [State(order=_order(shipment, name, options), parts=_parts(shipment), **of_both)]


def _order(shipment: Shipment, external_order_id: str, options: Options) -> Order:
    recipient = shipment.recipient or NOBODY
    address = recipient.address or NOWHERE
    weight = (shipment.measurements or UNWEIGHED).total_weight_oz
    return Order(
        external_order_id=external_order_id,
        delivery_address=destination(
            (address.address1, address.address2),
            city=address.city,
            post_code=address.zip_code,
            state=address.state,
            country=address.country,
            path=SHIP_TO,
        ),
        customer_name=first_of((address.company_name, recipient.full_name, recipient.name), "$.recipient"),
        customer_contact=first_of((recipient.email, recipient.phone_number), "$.recipient"),
        # Nobody weighed it yet.
        total_weight=kilograms(ounces=weight, path="$.measurements.total_weight_oz") or None,
        planned_date=day(shipment.estimated_fulfillment_date, options.time_zone, "$.estimated_fulfillment_date"),
    )


def _parts(shipment: Shipment) -> Parts:
    address = (shipment.recipient or NOBODY).address or NOWHERE
    return in_parts(
        (address.address1, address.address2),
        city=address.city,
        post_code=address.zip_code,
        state=address.state,
        country=address.country,
    )


BY_TOPIC = topics(
    {
        **dict.fromkeys(("order.shipped", "order_shipped"), _shipment),
        "order.shipment.tracking.updated": _shipment,
        "order.shipment.address.updated": _shipment,
        "order.shipment.shipping_service.updated": _shipment,
        **dict.fromkeys(("order.shipment.cancelled", "shipment_cancelled"), partial(_shipment, says="cancelled")),
        **dict.fromkeys(("order.shipment.on_hold", "shipment_onhold"), partial(_shipment, says="waits")),
        **dict.fromkeys(("order.shipment.exception", "shipment_exception"), partial(_shipment, says="waits")),
        **dict.fromkeys(("order.shipment.delivered", "shipment_delivered"), partial(_shipment, says="delivered")),
        "order.delivered": "the order is delivered: nothing to plan",
    },
    without=_shipment,
)

ADAPTER = Adapter(
    name="shipbob",
    version="1",
    options=Options,
    identify=identify,
    translate=translate,
    contract=2,
    reads_headers=(EVENT_ID, TOPIC, OLD_TOPIC),
    references=tuple(MEMBERS.values()),
    collision_option="external_order_id",
)
