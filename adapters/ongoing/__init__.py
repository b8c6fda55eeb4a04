"""Ongoing WMS -> Trackely orders.

Quirks, each held by a golden case:
- the webhook carries no address, customer, date or weight: with option `api` the order is looked up, else the goods
  owner's customer stands in.
- `webhookEventId` is internal to one instance: `system`, `webhookOrdersId` and it together name the event.
- eleven other webhook types share the envelope, a key of their own naming the type; operators point them here.
- everything but ids may be null or absent; status numbers and texts are the warehouse's own.
- timestamps have seven fractional digits and mostly no zone.
- a `deliveryDate` of 22:00Z or 23:00Z is a Swedish midnight.
- a way of delivery, an order type, a transporter or a parcel type may have a name where its code is null.
- an answer of the API begins with a BOM; one that is no order, or another's, is no order.
- nothing tells weight, volume or pallets of an order but its way bill rows, which come as a list or wrapped.

A reconciled order comes as an event of the gateway's own making, `{"reconcile": {…}}`, with the order as listed;
reconciliation.py says how the orders are listed.
"""

import re
from collections.abc import Mapping

import msgspec

from adapters.asking import Answers, Lookup, Lookups
from adapters.contract import Adapter, Cancellation, Hook, Identity, Ignored, State, Translation, decoder
from adapters.errors import IncompletePayload, MalformedAnswer, MalformedPayload, TranslationError, UnknownGoodsOwner
from adapters.moments import day, moment
from adapters.ongoing.consignees import contacts_of, line_of, parts_of
from adapters.ongoing.options import MEMBERS, Only, Options, api_of
from adapters.ongoing.reconciliation import reconciliation_of
from adapters.ongoing.rows import Totals, totals_of
from adapters.ongoing.shapes import (
    NO_CONSIGNEE,
    NO_INFO,
    NO_ORDER,
    NO_STATUS,
    ApiOrder,
    Envelope,
    Event,
    OrderInfo,
    OrderWebhook,
    ReconcileBody,
    code_of,
)
from adapters.templates import filled
from adapters.texts import first_of, identifier, plain, references_of, topic_of
from schemas import Order

read_envelope, read_event, read_reconciled = decoder(Envelope), decoder(OrderWebhook), decoder(ReconcileBody)
read_members = decoder(dict[str, msgspec.Raw])
read_order = decoder(ApiOrder)

ALL = Only()

_TYPE_KEY = re.compile(r"webhook[A-Z][A-Za-z]{0,40}Id")
_INTEGER = re.compile(rb"-?[0-9]{1,30}")


def identify(hook: Hook) -> Identity:
    """`{system}:{webhookOrdersId}:{webhookEventId}`, another webhook type's own key in the middle."""
    envelope = read_envelope(hook.body)
    if envelope.webhook_orders_id is None and envelope.reconcile is not None:
        run = identifier(envelope.reconcile.run, "$.reconcile.run")
        if run is None:
            raise MalformedPayload("run is empty", path="$.reconcile.run")
        return Identity(event_id=f"reconcile:{envelope.reconcile.order_id}:{run}", topic="reconcile")
    if envelope.webhook_event_id is None:
        raise MalformedPayload("no webhookEventId", path="$.webhookEventId")
    number = envelope.webhook_orders_id
    if number is None:
        _, number = _other_type(hook.body)
    system = identifier(envelope.system, MEMBERS["system"]) or ""
    event_id = f"{system}:{number}:{envelope.webhook_event_id}"
    return Identity(event_id=event_id, topic=topic_of(envelope.webhook_template))


def _other_type(body: bytes) -> tuple[str, int]:
    """The key, such as `webhookShipmentsId`, that names a webhook's type, and its number."""
    for key, raw in read_members(body).items():
        if key != "webhookEventId" and _TYPE_KEY.fullmatch(key) and _INTEGER.fullmatch(number := bytes(raw).strip()):
            return key, int(number)
    raise MalformedPayload("no webhookOrdersId, nor another webhook type's id", path="$.webhookOrdersId")


def translate(hook: Hook, options: Options, answers: Answers) -> Translation:
    """One state of one order, or what to look up for it; judged in the order type, tenant, status, filter, address."""
    listed: ApiOrder | None = None
    try:
        event: Event = read_event(hook.body)
    except MalformedPayload:
        envelope = read_envelope(hook.body)
        if envelope.webhook_orders_id is not None:
            raise
        if envelope.reconcile is None:
            key, _ = _other_type(hook.body)
            return Ignored(f"a webhook of another type, {key}, tells nothing of orders")
        found = read_reconciled(hook.body).reconcile
        event, listed = Event(found.order_id, found.goods_owner_id, found.system), found.order
    try:
        if options.tenants and str(event.goods_owner_id) not in options.tenants:
            raise UnknownGoodsOwner(
                f"goods owner {event.goods_owner_id} is not listed in option tenants", path="$.goodsOwnerId"
            )
        if options.api is None:
            return _judged(event, listed, Totals(), hook, options)
        return _looked_up(event, hook, options, answers)
    except TranslationError as fault:
        fault.references = _references(event, listed)
        raise


def _references(event: Event, order: ApiOrder | None) -> tuple[str, ...]:
    """The order's number as looked up and as told, its id, the goods owner's order id as looked up and as told."""
    info = (order or NO_ORDER).order_info or NO_INFO
    return references_of(
        info.order_number,
        event.order_number,
        str(event.order_id),
        info.goods_owner_order_id,
        event.goods_owner_order_id,
    )


def _looked_up(event: Event, hook: Hook, options: Options, answers: Answers) -> Translation:
    """The event judged by the API's answers, or the lookups that it still needs.

    A reconciled order is looked up like any other: as it was listed is an answer that the gateway stores with its
    event, so that a replay asks how it is now.
    """
    path = f"orders/{event.order_id}"
    rows_path = f"{path}/wayBillRows"
    answer = answers.get(path)
    if answer is None or rows_path not in answers:
        turn = str(event.goods_owner_id)
        wanted = (Lookup(path=path, turn=turn), Lookup(path=rows_path, turn=turn, best_effort=True))
        return Lookups(wanted, subject=path, references=_references(event, None))
    try:
        return _judged(
            event, _answered(event, answer), totals_of(answers[rows_path], options.pallet_types), hook, options
        )
    except MalformedPayload as fault:
        raise MalformedAnswer(f"{path}: {fault.detail}", path=fault.path) from None


def _answered(event: Event, answer: bytes) -> ApiOrder:
    """The order that was asked for: an object that names none, or another, must not become one made of defaults."""
    order = read_order(answer)
    info = order.order_info or NO_INFO
    if info.order_id is None and info.order_number is None:
        raise MalformedPayload("not an order: it names none", path="$.orderInfo")
    if info.order_id is not None and info.order_id != event.order_id:
        raise MalformedPayload("another order than the one asked for", path="$.orderInfo.orderId")
    return order


def _judged(event: Event, order: ApiOrder | None, totals: Totals, hook: Hook, options: Options) -> Translation:
    """The event with what is known of its order, None where the webhook is all there is."""
    info = (order or NO_ORDER).order_info or NO_INFO
    references = _references(event, order)
    status = _status(event, info)
    is_cancelled = status is not None and options.cancels(status)
    reason = None if is_cancelled else _reason_to_ignore(status, order, options)
    if reason is not None:
        return Ignored(reason, references)
    external_order_id = filled(
        options.external_order_id, _members(event, info), option="external_order_id", paths=MEMBERS
    )
    # A looked-up state's clock is the gateway's: no answer says when it was true.
    clock = None if order is not None else moment(event.timestamp, options.time_zone, hook.received_at)
    owner, record = _names(event)
    tenant = options.tenants.get(str(event.goods_owner_id))
    if is_cancelled:
        return [
            Cancellation(
                external_order_id=external_order_id,
                clock=clock,
                owner=owner,
                tenant=tenant,
                references=references,
                record=record,
            )
        ]
    canonical = _order(external_order_id, event, order or NO_ORDER, totals, options)
    return [
        State(
            order=canonical,
            clock=clock,
            owner=owner,
            tenant=tenant,
            references=references,
            record=record,
            parts=parts_of((order or NO_ORDER).consignee or NO_CONSIGNEE),
        )
    ]


def _names(event: Event) -> tuple[str, str | None]:
    """Whose the order is, and its record: the number can be changed at any time, the id is the instance's for good."""
    system = identifier(event.system, MEMBERS["system"]) or ""
    return f"{system}/{event.goods_owner_id}", f"{system}/{event.order_id}" if system else None


def _status(event: Event, info: OrderInfo) -> int | None:
    """What was looked up is newer than what the webhook told."""
    number = (info.order_status or NO_STATUS).number
    return (event.order_status or NO_STATUS).number if number is None else number


def _members(event: Event, info: OrderInfo) -> Mapping[str, str | None]:
    """The members of the id's template; what was looked up is newer than what the webhook told."""
    return {
        "order_number": info.order_number or event.order_number,
        "order_id": str(event.order_id),
        "goods_owner_id": str(event.goods_owner_id),
        "goods_owner_order_id": info.goods_owner_order_id or event.goods_owner_order_id,
        "system": event.system,
    }


def _reason_to_ignore(status: int | None, order: ApiOrder | None, options: Options) -> str | None:
    if status is not None and not options.forwards(status):
        return f"status {status} is not among forward_statuses"
    if order is None or options.only == ALL:
        return None
    info = order.order_info or NO_INFO
    for key, wanted, coded in (
        ("way_of_delivery", options.only.way_of_delivery, info.way_of_delivery),
        ("order_type", options.only.order_type, info.order_type),
        ("transporter", options.only.transporter, order.transporter),
    ):
        code = code_of(coded)
        if wanted and code not in wanted:
            return f"{key} {'absent' if code is None else code[:50]} is not among only.{key}"
    return None


def _order(external_order_id: str, event: Event, order: ApiOrder, totals: Totals, options: Options) -> Order:
    info, consignee = order.order_info or NO_INFO, order.consignee or NO_CONSIGNEE
    address = line_of(consignee)
    customer_id = None
    if address is None:
        customer_id = options.customers.get(str(event.goods_owner_id))
        if customer_id is None:
            mend = "option customers" if options.api is not None else "option api or option customers"
            raise IncompletePayload(
                f"no address: nowhere to deliver; {mend} would mend it for goods owner {event.goods_owner_id}",
                path="$.consignee" if options.api is not None else "$",
            )
    return Order(
        external_order_id=external_order_id,
        delivery_address=address,
        customer_id=customer_id,
        customer_name=plain(consignee.name, "$.consignee.name"),
        customer_contact=first_of(contacts_of(info, consignee), "$.orderInfo"),
        total_weight=totals.weight,
        volume=totals.volume,
        pallet_count=totals.pallets,
        special_handling=_special_handling(info, options),
        planned_date=_planned_date(info, options),
    )


def _special_handling(info: OrderInfo, options: Options) -> tuple[str, ...] | None:
    if not options.special_handling:
        return None
    codes = (code_of(coded) for coded in (info.way_of_delivery, info.order_type))
    handling = (word for code in codes if code is not None for word in options.special_handling.get(code, ()))
    return tuple(dict.fromkeys(handling)) or None


def _planned_date(info: OrderInfo, options: Options) -> str | None:
    at = info.advanced.delivery_date_with_time if info.advanced is not None else None
    return day(at, options.time_zone, "$.orderInfo.advanced.deliveryDateWithTime") or day(
        info.delivery_date, options.time_zone, "$.orderInfo.deliveryDate"
    )


ADAPTER = Adapter(
    name="ongoing",
    version="3",
    options=Options,
    identify=identify,
    translate=translate,
    contract=2,
    references=("$.orderNumber", "$.orderId", "$.goodsOwnerOrderId"),
    collision_option="external_order_id",
    tenants=lambda options: options.tenants.values(),
    api=api_of,
    reconciliation=reconciliation_of,
)
