"""Calls about orders: list, show, amend, discard, erase."""

from typing import Any

import msgspec

import schemas
from gateway.api import shapes, views
from gateway.api.access import Role
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.bodies import Because, OrderAmendment
from gateway.api.requests.queries import OrderQuery
from gateway.api.requests.reading import BadRequest, text_or_none
from gateway.errors import ConflictingRequest
from gateway.ground.answers import encode
from gateway.records import Amendment, order_named


async def list_orders(doors: Doors, ask: Ask) -> shapes.OrderList:
    """Orders that fit, the last changed first."""
    query: OrderQuery = ask.query
    page = await doors.records.orders(query.filter(), limit=query.limit, cursor=text_or_none(query.cursor))
    return shapes.OrderList(orders=views.orders_of(page.rows, views.Configured.of(doors.config)), next=page.next)


async def show_order(doors: Doors, ask: Ask) -> shapes.Order:
    """An order with every event and attempt behind it."""
    record = await doors.records.order(ask.path["tenant"], ask.path["externalOrderId"])
    [order] = views.orders_of([record], views.Configured.of(doors.config))
    return order


async def amend_order(doors: Doors, ask: Ask) -> shapes.Amended:
    """Give an order a state by hand, judged like any other: the vendor's next newer one wins."""
    tenant, name = ask.path["tenant"], ask.path["externalOrderId"]
    body: OrderAmendment = ask.body
    was = await doors.records.amendable(tenant, name)
    if was is None:
        raise ConflictingRequest("the order was cancelled or erased: there is nothing to amend")
    act = ask.act(doors, "amend", order_named(tenant, name), body.reason)
    amendment = Amendment(
        tenant=tenant,
        external_order_id=name,
        was=was,
        order=_amended(was, body.members()),
        said=encode({"by": act.by, "reason": act.reason, "members": body.members()}),
    )
    amended = await doors.acts.amend(amendment, now=doors.now(), act=act)
    doors.audit(act.by, act.act, act.what)
    doors.deliveries.wake(tenant)
    return shapes.Amended(event=str(amended.event), status=amended.status, order=await show_order(doors, ask))


def _amended(was: bytes, members: dict[str, Any]) -> bytes:
    """The canonical bytes of an order with other members. Raises BadRequest where the intake would refuse it."""
    if not members:
        raise BadRequest("expected at least one member of the order")
    whole = {**msgspec.json.decode(was), **members}
    order = msgspec.convert({name: value for name, value in whole.items() if value is not None}, schemas.Order)
    body, fault = schemas.encode_order(order), schemas.faults_of(order)
    if fault is None and b"\\u0000" in body:
        fault = "$", "text with a NUL character"
    if fault is not None:
        raise BadRequest(f"the intake would refuse the order: {fault[1]}")
    return body


async def discard_order(doors: Doors, ask: Ask) -> shapes.Discarded:
    """Never send the order's present state."""
    tenant, order = ask.path["tenant"], ask.path["externalOrderId"]
    body: Because = ask.body or Because()
    reason = text_or_none(body.reason)
    act = ask.act(doors, "discard", order_named(tenant, order), reason)
    await doors.acts.discard_order(tenant, order, reason=reason, now=act.at, act=act)
    doors.audit(act.by, act.act, act.what)
    return shapes.Discarded(discarded=1)


async def erase_order(doors: Doors, ask: Ask) -> shapes.Erased:
    """Remove what the order's whole story says of anybody."""
    tenant, order = ask.path["tenant"], ask.path["externalOrderId"]
    act = ask.act(doors, "erase", order_named(tenant, order))
    erased = await doors.acts.erase(tenant, order, now=act.at, act=act)
    await doors.deliveries.forget_words(tenant)
    doors.audit(act.by, act.act, act.what)
    return shapes.Erased(erased=erased)


CALLS = (
    Call(
        method="GET",
        path="orders",
        summary="Orders that fit, the last changed first.",
        does=list_orders,
        answer=shapes.OrderList,
        query=OrderQuery,
    ),
    # Before the order itself, which may hold slashes: the first that fits names the methods allowed.
    Call(
        method="POST",
        path="orders/{tenant}/{externalOrderId:path}/amend",
        summary="Give an order a state by hand; the vendor's next newer one wins.",
        does=amend_order,
        answer=shapes.Amended,
        body=OrderAmendment,
        needs_body=True,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="orders/{tenant}/{externalOrderId:path}/discard",
        summary="Never send the order's present state; a newer one revives it.",
        does=discard_order,
        answer=shapes.Discarded,
        body=Because,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="orders/{tenant}/{externalOrderId:path}/erase",
        summary="Remove what the order's whole story says of anybody; the skeleton stays.",
        does=erase_order,
        answer=shapes.Erased,
        least_role=Role.ADMIN,
        statuses=(409,),
    ),
    Call(
        method="GET",
        path="orders/{tenant}/{externalOrderId:path}",
        summary="The order as the intake should have it, with every event and attempt behind it, oldest first.",
        does=show_order,
        answer=shapes.Order,
    ),
)
