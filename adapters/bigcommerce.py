"""BigCommerce orders -> Trackely orders.

Quirks, each held by a golden case:
- an event is thin: `scope` says what happened and `data.id` to which order; the order and its shipping addresses are
  looked up, at V2 of the API, whose base URL ends with the store's hash.
- a signed event has a `webhook-id`; an older subscription's has none, and `hash` is one of its content.
- an order without shipping addresses has an empty answer (204) for them: `shipping_address_count` says so before.
- an order may go to several addresses.
- `country_iso2` may be empty where `country` is there.
- `status_id` is a number of a closed list: a shop may rename statuses, so their words say nothing.
- an answer tells no weight of an order, and no day of delivery.
"""

from functools import partial
from typing import Any, Literal

from adapters.addresses import one_line
from adapters.asking import Answers, Api, HeaderCredential, Lookup, Lookups, RateLimit, Secret
from adapters.contract import (
    Adapter,
    Cancellation,
    Fault,
    Hook,
    Identity,
    Ignored,
    OptionsModel,
    State,
    Translation,
    VendorModel,
    decoder,
)
from adapters.destinations import destination, in_parts
from adapters.errors import IncompletePayload, MalformedAnswer, MalformedPayload, SeveralDestinations
from adapters.lists import one_of
from adapters.options import fault_of_url
from adapters.references import carrying
from adapters.templates import fault_of_template, filled
from adapters.texts import first_of, identifier, references_of, topic_of
from adapters.topics import topics
from schemas import Order

EVENT_ID = "webhook-id"

# https://docs.bigcommerce.com/developer/docs/admin/rate-limits
LIMITS = RateLimit(remaining="X-Rate-Limit-Requests-Left", reset="X-Rate-Limit-Time-Reset-Ms", unit="milliseconds")
PICK_UP = 8

MEMBERS = {"id": "$.data.id", "store": "$.producer"}
"""What the template of the order's id may use, and where it stands."""

ADDRESS_MEMBERS = {**MEMBERS, "address_id": "$.[].id"}
"""What the template of the id of one address's order may use."""


class ApiOptions(OptionsModel, frozen=True, kw_only=True):
    """The store's API account, with the right to read orders."""

    base_url: str
    token: Secret
    allow_http: bool = False


class Options(OptionsModel, frozen=True, kw_only=True):
    """The operator's choices; docs/vendors/bigcommerce.md explains each."""

    api: ApiOptions
    external_order_id: str = "{id}"
    # https://docs.bigcommerce.com/developer/docs/integrations/orders/order-status
    forward_statuses: tuple[int, ...] = (2, 3, 9, 10, 11, 14)
    cancelled_statuses: tuple[int, ...] = (5, 6)
    shipping_addresses: Literal["order", "each"] = "order"
    address_external_order_id: str = "{id}-{address_id}"

    def __post_init__(self) -> None:
        faults = {
            "api.base_url": fault_of_url(self.api.base_url, allow_http=self.api.allow_http),
            "external_order_id": fault_of_template(self.external_order_id, frozenset(MEMBERS)),
            "address_external_order_id": fault_of_template(self.address_external_order_id, frozenset(ADDRESS_MEMBERS)),
        }
        found = [f"{key}: {fault}" for key, fault in faults.items() if fault is not None]
        if found:
            raise ValueError("; ".join(found))


class Subject(VendorModel, frozen=True, rename=None):
    """`data`."""

    id: int


class Envelope(VendorModel, frozen=True, rename=None):
    """What the rim reads."""

    scope: str


class Event(VendorModel, frozen=True, rename=None):
    """An event about an order."""

    data: Subject
    producer: str | None = None


class BillingAddress(VendorModel, frozen=True, rename=None):
    """Who pays: never a place of delivery, but a person to reach."""

    email: str | None = None
    phone: str | None = None


class BigCommerceOrder(VendorModel, frozen=True, rename=None):
    """The answer to `orders/{id}`."""

    id: int
    status_id: int | None = None
    order_is_digital: bool | None = None
    shipping_address_count: int | None = None
    billing_address: BillingAddress | None = None


class Address(VendorModel, frozen=True, rename=None):
    """One of the answer to `orders/{id}/shipping_addresses`."""

    id: int
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    street_1: str | None = None
    street_2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    country_iso2: str | None = None
    email: str | None = None
    phone: str | None = None


NOBODY = BillingAddress()

read_envelope, read_event = decoder(Envelope), decoder(Event)
read_order, read_addresses = decoder(BigCommerceOrder), decoder(list[Address])


def identify(hook: Hook) -> Identity:
    """The header `webhook-id`, which a retry repeats; without it the body's hash serves, since it has the second."""
    event_id = identifier(hook.headers.get(EVENT_ID), f"header {EVENT_ID}")
    return Identity(event_id=event_id, topic=topic_of(read_envelope(hook.body).scope))


def translate(hook: Hook, options: Options, answers: Answers) -> Translation:
    """The states of one order, or what to look up for it; judged in the order scope, status, digital, address."""
    return BY_SCOPE(topic_of(read_envelope(hook.body).scope), hook, options, answers)


def _order(hook: Hook, options: Options, answers: Answers) -> Translation:
    event = read_event(hook.body)
    path, references = f"orders/{event.data.id}", references_of(str(event.data.id))
    if (answer := answers.get(path)) is None:
        return Lookups((Lookup(path=path),), subject=path, references=references)
    with carrying(references):
        order = _answered(event.data.id, path, answer)
        is_cancelled = order.status_id in options.cancelled_statuses
        if not is_cancelled and (reason := _unshipped(order, options)) is not None:
            return Ignored(reason, references)
        addresses_path = f"{path}/shipping_addresses"
        has_some = order.shipping_address_count != 0 and not order.order_is_digital
        if is_cancelled and options.shipping_addresses == "order":
            has_some = False
        if has_some and answers.get(addresses_path) is None:
            return Lookups((Lookup(path=addresses_path),), subject=path, references=references)
        addresses = _addresses(addresses_path, answers[addresses_path] or b"[]") if has_some else []
        return _states(event, order, addresses, options, is_cancelled=is_cancelled)


def _archived(hook: Hook, _options: Options, _answers: Answers) -> Translation:
    references = references_of(str(read_event(hook.body).data.id))
    return Ignored("the order is archived, which says nothing of its delivery", references)


def _answered(order_id: int, path: str, answer: bytes) -> BigCommerceOrder:
    """The order that was asked for, never another nor one made of defaults."""
    try:
        order = read_order(answer)
    except MalformedPayload as fault:
        raise MalformedAnswer(f"{path}: {fault.detail}", path=fault.path) from None
    if order.id != order_id:
        raise MalformedAnswer(f"{path}: another order than the one asked for", path="$.id")
    return order


def _addresses(path: str, answer: bytes) -> list[Address]:
    try:
        return read_addresses(answer)
    except MalformedPayload as fault:
        raise MalformedAnswer(f"{path}: {fault.detail}", path=fault.path) from None


def _unshipped(order: BigCommerceOrder, options: Options) -> str | None:
    if order.status_id == PICK_UP and PICK_UP not in options.forward_statuses:
        return "the customer picks the order up"
    if order.status_id is not None and order.status_id not in options.forward_statuses:
        return f"status_id {order.status_id} is not among forward_statuses"
    return "no item is shipped: the order is digital" if order.order_is_digital else None


def _states(
    event: Event, order: BigCommerceOrder, addresses: list[Address], options: Options, *, is_cancelled: bool
) -> Translation:
    """A state of the order, or of each address; their clock is the gateway's, as of all that is looked up."""
    store = identifier((event.producer or "").rpartition("/")[2], MEMBERS["store"])
    of_all: dict[str, Any] = {"owner": store, "references": references_of(str(order.id))}
    members = {"id": str(order.id), "store": store}
    if options.shipping_addresses == "order" or not addresses:
        name = filled(options.external_order_id, members, option="external_order_id", paths=MEMBERS)
        if is_cancelled:
            return [Cancellation(external_order_id=name, **of_all)]
        return [_state(name, order, _only(addresses), of_all)]
    option = "address_external_order_id"
    states: list[State | Cancellation | Fault] = []
    for address in addresses:
        named = {**members, "address_id": str(address.id)}
        name = filled(options.address_external_order_id, named, option=option, paths=ADDRESS_MEMBERS)
        if is_cancelled:
            states.append(Cancellation(external_order_id=name, **of_all))
        else:
            states.append(one_of(len(addresses), partial(_state, name, order, address, of_all), name, **of_all))
    return states


def _only(addresses: list[Address]) -> Address:
    """The one place that an order goes to."""
    if not addresses:
        raise IncompletePayload("no shipping address: nowhere to deliver", path="$.shipping_address_count")
    if len({(_line(address) or "").casefold() for address in addresses}) > 1:
        raise SeveralDestinations(
            "it goes to several addresses; option shipping_addresses: each makes an order of each", path="$.[]"
        )
    return addresses[0]


def _line(address: Address) -> str | None:
    return one_line((address.street_1, address.street_2), city=address.city, post_code=address.zip)


def _state(external_order_id: str, order: BigCommerceOrder, address: Address, of_all: dict[str, Any]) -> State:
    parts = in_parts(
        (address.street_1, address.street_2),
        city=address.city,
        post_code=address.zip,
        state=address.state,
        country=address.country_iso2 or address.country,
    )
    return State(order=_canonical(external_order_id, order, address), parts=parts, **of_all)


def _canonical(external_order_id: str, order: BigCommerceOrder, address: Address) -> Order:
    full_name = " ".join(part for part in (address.first_name, address.last_name) if part)
    payer = order.billing_address or NOBODY
    return Order(
        external_order_id=external_order_id,
        delivery_address=destination(
            (address.street_1, address.street_2),
            city=address.city,
            post_code=address.zip,
            state=address.state,
            country=first_of((address.country_iso2, address.country), "$.[].country"),
            path="$.[]",
        ),
        customer_name=first_of((address.company, full_name), "$.[].company"),
        customer_contact=first_of((address.email, address.phone, payer.email, payer.phone), "$.[].email"),
    )


# https://docs.bigcommerce.com/developer/docs/webhooks/events
BY_SCOPE = topics(
    {
        **dict.fromkeys(("store/order/created", "store/order/updated", "store/order/statusUpdated"), _order),
        "store/order/archived": _archived,
    }
)

ADAPTER = Adapter(
    name="bigcommerce",
    version="1",
    options=Options,
    identify=identify,
    translate=translate,
    contract=2,
    reads_headers=(EVENT_ID,),
    references=(MEMBERS["id"],),
    collision_option="external_order_id",
    api=lambda options: Api(
        base_url=options.api.base_url,
        credentials=HeaderCredential("X-Auth-Token", options.api.token),
        allow_http=options.api.allow_http,
        limits=LIMITS,
    ),
    reach=lambda _options: Lookup(path="store"),
)
