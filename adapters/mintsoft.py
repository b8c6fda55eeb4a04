"""Mintsoft orders -> Trackely orders.

Quirks, each held by a golden case:
- no member and no header says what happened, the URL does: each event has a URL of its own, which whoever creates the
  order registers with it.
- nothing names the event: a hash of the body does.
- the body is the order, spelt in PascalCase, as `GET /api/Order/{id}` answers it.
- `Country` may be null where `CountryId` is a number of Mintsoft's own, and its `Code` where its `Name` is there.
- an order that is split has parts, all with one `OrderNumber`.
- dates and times have no zone and mean the warehouse's; `0001-01-01T00:00:00` means none.
- `PIIRemoved` orders have lost their names and addresses.
"""

from functools import partial
from typing import Any

import msgspec

from adapters.asking import Answers
from adapters.contract import (
    Adapter,
    Cancellation,
    Hook,
    Identity,
    OptionsModel,
    Parts,
    State,
    Translation,
    VendorModel,
    decoder,
)
from adapters.destinations import destination, in_parts
from adapters.errors import IncompletePayload
from adapters.measures import weight
from adapters.moments import day, fault_of_zone, moment
from adapters.references import carrying
from adapters.templates import fault_of_template, filled
from adapters.texts import first_of, identifier, references_of, topic_of
from adapters.topics import topics
from schemas import Order

MEMBERS = {
    "order_number": "$.OrderNumber",
    "external_order_reference": "$.ExternalOrderReference",
    "id": "$.ID",
    "client_id": "$.ClientId",
    "part": "$.Part",
}
"""What the templates of the order's id may use, and where it stands."""


class Options(OptionsModel, frozen=True, kw_only=True):
    """The operator's choices; docs/vendors/mintsoft.md explains each."""

    time_zone: str = "Europe/London"
    external_order_id: str = "{order_number}"
    part_external_order_id: str = "{order_number}-{part}"
    weight_unit: str = "kg"

    def __post_init__(self) -> None:
        members = frozenset(MEMBERS)
        faults = {
            "time_zone": fault_of_zone(self.time_zone),
            "external_order_id": fault_of_template(self.external_order_id, members),
            "part_external_order_id": fault_of_template(self.part_external_order_id, members),
            "weight_unit": None if self.weight_unit in {"kg", "g", "lb", "oz"} else "expected kg, g, lb or oz",
        }
        found = [f"{key}: {fault}" for key, fault in faults.items() if fault is not None]
        if found:
            raise ValueError("; ".join(found))


class Country(VendorModel, frozen=True, rename="pascal"):
    """`Country`."""

    name: str | None = None
    code: str | None = None
    code3: str | None = None


class MintsoftOrder(VendorModel, frozen=True, rename="pascal"):
    """An order."""

    id: int = msgspec.field(name="ID")
    client_id: int | None = None
    order_number: str | None = None
    external_order_reference: str | None = None
    part: int | None = None
    number_of_parts: int | None = None
    last_updated: str | None = None
    required_delivery_date: str | None = None
    required_despatch_date: str | None = None
    company_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    address1: str | None = None
    address2: str | None = None
    address3: str | None = None
    town: str | None = None
    county: str | None = None
    post_code: str | None = None
    country: Country | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    total_weight: int | float | str | None = None
    pii_removed: bool | None = msgspec.field(name="PIIRemoved", default=None)


UNKNOWN = Country()

read_order = decoder(MintsoftOrder)


def identify(hook: Hook) -> Identity:
    """The vendor has no event ID; the topic is the last step of the URL, such as `OrderDespatched`."""
    return Identity(event_id=None, topic=topic_of(hook.path.rstrip("/").rpartition("/")[2] or None))


def translate(hook: Hook, options: Options, answers: Answers) -> Translation:
    """One state of one order; judged in the order topic, cancellation, address."""
    return BY_TOPIC(identify(hook).topic, hook, options, answers)


def _unnamed(_hook: Hook, _options: Options, _answers: Answers) -> Translation:
    # Despatched and cancelled orders look alike: to take one for the other would deliver what is off.
    raise IncompletePayload("the URL does not say what happened: register it with /OrderDespatched or /OrderCancelled")


def _order(hook: Hook, options: Options, _answers: Answers, *, is_cancelled: bool = False) -> Translation:
    order = read_order(hook.body)
    members = {
        "order_number": order.order_number,
        "external_order_reference": order.external_order_reference,
        "id": str(order.id),
        "client_id": None if order.client_id is None else str(order.client_id),
        "part": None if order.part is None else str(order.part),
    }
    references = references_of(order.order_number, order.external_order_reference, str(order.id))
    with carrying(references):
        is_part = (order.number_of_parts or 1) > 1
        template = options.part_external_order_id if is_part else options.external_order_id
        option = "part_external_order_id" if is_part else "external_order_id"
        name = filled(template, members, option=option, paths=MEMBERS)
        of_both: dict[str, Any] = {
            "clock": moment(order.last_updated, options.time_zone, hook.received_at),
            "tie": int(is_cancelled),
            "owner": identifier(members["client_id"]),
            "references": references,
            "record": str(order.id),
        }
        if is_cancelled:
            return [Cancellation(external_order_id=name, **of_both)]
        return [State(order=_canonical(order, name, options), parts=_parts(order), **of_both)]


def _canonical(order: MintsoftOrder, external_order_id: str, options: Options) -> Order:
    if order.pii_removed:
        raise IncompletePayload("Mintsoft has removed the name and address of this order", path="$.PIIRemoved")
    return Order(
        external_order_id=external_order_id,
        delivery_address=destination(
            (order.address1, order.address2, order.address3),
            city=order.town,
            post_code=order.post_code,
            state=order.county,
            country=_country(order),
            path="$.Address1",
        ),
        customer_name=first_of((order.company_name, _full_name(order)), "$.FirstName"),
        customer_contact=first_of((order.email, order.phone, order.mobile), "$.Email"),
        total_weight=weight(order.total_weight, options.weight_unit, "$.TotalWeight"),
        planned_date=day(order.required_delivery_date, options.time_zone, "$.RequiredDeliveryDate")
        or day(order.required_despatch_date, options.time_zone, "$.RequiredDespatchDate"),
    )


def _country(order: MintsoftOrder) -> str | None:
    country = order.country or UNKNOWN
    return first_of((country.code, country.code3, country.name), "$.Country")


def _parts(order: MintsoftOrder) -> Parts:
    return in_parts(
        (order.address1, order.address2, order.address3),
        city=order.town,
        post_code=order.post_code,
        state=order.county,
        country=_country(order),
    )


def _full_name(order: MintsoftOrder) -> str:
    return " ".join(part for part in (order.first_name, order.last_name) if part)


# https://help-mintsoft.theaccessgroup.com/en/articles/11694811-api-order-webhook-notifications: ExtraCode1, 2, 3 and 5.
BY_TOPIC = topics(
    {
        **dict.fromkeys(("OrderDespatched", "Despatched"), _order),
        **dict.fromkeys(("OrderCancelled", "Cancelled"), partial(_order, is_cancelled=True)),
        **dict.fromkeys(("OrderDelivered", "Delivered"), "the order is delivered: nothing to plan"),
        **dict.fromkeys(("OrderSplit", "Split"), "a split tells of its parts; each is told of when it is despatched"),
    },
    without=_unnamed,
)

ADAPTER = Adapter(
    name="mintsoft",
    version="1",
    options=Options,
    identify=identify,
    translate=translate,
    contract=2,
    references=(MEMBERS["order_number"], MEMBERS["external_order_reference"], MEMBERS["id"]),
    collision_option="external_order_id",
)
