"""Calls about orders: list, show, discard, erase."""

from gateway.api import shapes, views
from gateway.api.access import Role
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests import Because, OrderQuery, text_or_none
from gateway.records import order_named


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
