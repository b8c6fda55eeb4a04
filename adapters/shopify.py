"""Shopify orders -> Trackely orders.

Quirks, each held by a golden case:
- the header `X-Shopify-Webhook-Id` names the event and `X-Shopify-Topic` its topic; neither stands in the body.
- `updated_at` counts whole seconds; `X-Shopify-Triggered-At` decides within one, else a cancellation comes last.
- the body is the order itself, whatever happened to it; topics that bring another body are ignored.
- `shipping_address` is null where nothing is shipped: pick-ups, sales over the counter, vouchers.
- codes may be null where names are there: `province`, `country`, a shipping line's `title`.
- `id` and `order_number` are numbers, ids of some apps texts; `name` is what people call the order: `#1001`.
- weights are grams.
- a cancelled order says so by `cancelled_at`, and comes under `orders/updated` too.
- an order placed to try a shop out says `test: true`.
"""

from typing import Any, Literal

import msgspec

from adapters.addresses import one_line
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
from adapters.destinations import in_parts
from adapters.errors import IncompletePayload
from adapters.moments import is_set, microseconds, moment
from adapters.templates import fault_of_template, filled
from adapters.texts import first_of, identifier, references_of, topic_of, word
from adapters.units import kilograms
from schemas import Order

EVENT_ID, TOPIC, SHOP = "x-shopify-webhook-id", "x-shopify-topic", "x-shopify-shop-domain"
TRIGGERED_AT = "x-shopify-triggered-at"

# https://shopify.dev/docs/api/webhooks: these bring an order; orders/edited an edit, orders/delete an id alone.
ORDER_TOPICS = frozenset(
    {
        *("orders/create", "orders/updated", "orders/paid", "orders/cancelled"),
        *("orders/fulfilled", "orders/partially_fulfilled"),
    }
)

MEMBERS = {"name": "$.name", "order_number": "$.order_number", "id": "$.id", "shop": f"header {SHOP}"}
"""What the template of the order's id may use, and where it stands."""

SHIP_TO = "$.shipping_address"
PICK_UP = frozenset({"PICK-UP", "PICKUP", "PICK UP", "LOCAL PICKUP"})


class Stand(OptionsModel, frozen=True, kw_only=True):
    """The customer who stands in for an address that an order lacks."""

    customer_id: str

    def __post_init__(self) -> None:
        if not self.customer_id.strip():
            raise ValueError("missing_shipping_address: customer_id is empty")


class Options(OptionsModel, frozen=True, kw_only=True):
    """The operator's choices; docs/vendors/shopify.md explains each."""

    external_order_id: str = "{name}"
    missing_shipping_address: Literal["dead_letter", "ignore"] | Stand = "dead_letter"
    special_handling: dict[str, list[str]] = msgspec.field(default_factory=dict)
    test_orders: Literal["ignore", "forward"] = "ignore"

    def __post_init__(self) -> None:
        fault = fault_of_template(self.external_order_id, frozenset(MEMBERS))
        if fault is not None:
            raise ValueError(f"external_order_id: {fault}")


class Address(VendorModel, frozen=True, rename=None):
    """`shipping_address`."""

    name: str | None = None
    company: str | None = None
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    province_code: str | None = None
    zip: str | int | None = None
    country: str | None = None
    country_code: str | None = None
    phone: str | int | None = None


class Customer(VendorModel, frozen=True, rename=None):
    """Who bought."""

    email: str | None = None
    phone: str | int | None = None


class ShippingLine(VendorModel, frozen=True, rename=None):
    """How the order is to be shipped."""

    code: str | None = None
    title: str | None = None
    delivery_category: str | None = None


class LineItem(VendorModel, frozen=True, rename=None):
    """What was bought."""

    requires_shipping: bool | None = None


class ShopifyOrder(VendorModel, frozen=True, rename=None):
    """An order."""

    id: int | str
    name: str | None = None
    order_number: int | str | None = None
    updated_at: str | None = None
    cancelled_at: str | None = None
    test: bool | None = None
    email: str | None = None
    phone: str | int | None = None
    customer: Customer | None = None
    shipping_address: Address | None = None
    shipping_lines: list[ShippingLine | None] | None = None
    line_items: list[LineItem | None] | None = None
    total_weight: int | float | str | None = None


NO_CUSTOMER, NO_ADDRESS = Customer(), Address()

read_order = decoder(ShopifyOrder)


def identify(hook: Hook) -> Identity:
    """The header `X-Shopify-Webhook-Id`, which a retry repeats; without it the body's hash serves."""
    event_id = identifier(hook.headers.get(EVENT_ID), f"header {EVENT_ID}")
    return Identity(event_id=event_id, topic=topic_of(hook.headers.get(TOPIC)))


def translate(hook: Hook, options: Options, _answers: Answers) -> Translation:
    """One state of one order; judged in the order topic, test, cancellation, address."""
    topic = topic_of(hook.headers.get(TOPIC))
    # Without the header, as when a person sends a body by hand, the body is taken for what it most often is.
    if topic is not None and topic.lower() not in ORDER_TOPICS:
        return Ignored(f"topic {topic[:50]} brings no order")
    order = read_order(hook.body)
    references = references_of(order.name, _text(order.order_number), _text(order.id))
    if order.test and options.test_orders == "ignore":
        return Ignored("a test order; option test_orders would forward it", references)
    shop = identifier(hook.headers.get(SHOP))
    members = {"name": order.name, "order_number": _text(order.order_number), "id": _text(order.id), "shop": shop}
    external_order_id = filled(options.external_order_id, members, option="external_order_id", paths=MEMBERS)
    is_cancelled = is_set(order.cancelled_at)
    of_both: dict[str, Any] = {
        "clock": moment(order.updated_at),
        "tie": microseconds(moment(hook.headers.get(TRIGGERED_AT))) or int(is_cancelled),
        "owner": shop,
        "references": references,
        "record": identifier(_text(order.id), MEMBERS["id"]),
    }
    if is_cancelled:
        return [Cancellation(external_order_id=external_order_id, **of_both)]
    address = _line(order.shipping_address or NO_ADDRESS)
    if address is None and (reason := _unshipped(order, options)) is not None:
        return Ignored(reason, references)
    parts = _parts(order.shipping_address or NO_ADDRESS)
    return [State(order=_order(order, external_order_id, address, options), parts=parts, **of_both)]


def _unshipped(order: ShopifyOrder, options: Options) -> str | None:
    """Why an order without an address is nothing to deliver; None: it should have one, or a customer instead."""
    items = [item.requires_shipping for item in order.line_items or () if item is not None]
    if items and not any(each is not False for each in items):
        return "no item is shipped: vouchers, downloads, services"
    lines = [line for line in order.shipping_lines or () if line is not None]
    if any(word(said) in PICK_UP for line in lines for said in (line.delivery_category, line.code or line.title)):
        return "the customer picks the order up"
    return "no shipping_address: nothing to deliver" if options.missing_shipping_address == "ignore" else None


def _order(order: ShopifyOrder, external_order_id: str, address: str | None, options: Options) -> Order:
    stand = options.missing_shipping_address if address is None else None
    if address is None and not isinstance(stand, Stand):
        raise IncompletePayload(
            "no shipping_address: nowhere to deliver; option missing_shipping_address can ignore such orders or name a "
            "customer",
            path=SHIP_TO,
        )
    ship_to, customer = order.shipping_address or NO_ADDRESS, order.customer or NO_CUSTOMER
    contacts = (order.email, customer.email, _text(ship_to.phone), _text(order.phone), _text(customer.phone))
    codes = [first_of((line.code, line.title)) or "" for line in order.shipping_lines or () if line is not None]
    handling = dict.fromkeys(word for code in codes for word in options.special_handling.get(code, ()))
    return Order(
        external_order_id=external_order_id,
        delivery_address=address,
        customer_id=stand.customer_id if isinstance(stand, Stand) else None,
        customer_name=first_of((ship_to.company, ship_to.name), SHIP_TO),
        customer_contact=first_of(contacts, "$.email"),
        total_weight=kilograms(grams=order.total_weight, path="$.total_weight"),
        special_handling=tuple(handling) or None,
    )


def _line(address: Address) -> str | None:
    return one_line(
        (address.address1, address.address2),
        city=address.city,
        post_code=_text(address.zip),
        state=address.province_code or address.province,
        country=address.country_code or address.country,
        path=SHIP_TO,
    )


def _parts(address: Address) -> Parts:
    return in_parts(
        (address.address1, address.address2),
        city=address.city,
        post_code=_text(address.zip),
        state=address.province_code or address.province,
        country=address.country_code or address.country,
    )


def _text(member: str | int | None) -> str | None:
    """A member that is now a text, now a number."""
    return None if member is None else str(member)


ADAPTER = Adapter(
    name="shopify",
    version="3",
    options=Options,
    identify=identify,
    translate=translate,
    contract=2,
    reads_headers=(EVENT_ID, TOPIC, SHOP, TRIGGERED_AT),
    references=(MEMBERS["name"], MEMBERS["order_number"], MEMBERS["id"]),
    collision_option="external_order_id",
)
