"""The clauses where the contract's page is silent and the gateway's has said what holds."""

from functools import partial

from gateway.workshop.conformance.means import Clause, Means, clause
from gateway.workshop.conformance.subject import Webhook, expect

CLAUSES: list[Clause] = []
addendum = partial(clause, CLAUSES)


@addendum("silence.unknown_tenant", "Unknown tenant: 401.")
async def unknown_tenant(means: Means) -> None:
    """A tenant that does not exist is refused like a wrong secret."""
    hook = means.webhook
    elsewhere = hook.at(hook.fresh())
    reply = await elsewhere.push(hook.order())
    reply.expect_status(401, "an unknown tenant")


@addendum("silence.empty_array", "`[]`: 200, nothing processed.")
async def empty_array(means: Means) -> None:
    """No orders are accepted, all none of them."""
    (await means.webhook.push([])).expect_accepted()


@addendum("silence.id_twice", "An id twice in one array: in turn.")
async def id_twice(means: Means) -> None:
    """The second of two is an update of the first."""
    order = means.webhook.order()
    reply = await means.webhook.push([order, order | {"totalWeight": 2}])
    first, second = reply.expect_accepted(order["externalOrderId"], order["externalOrderId"])
    expect(first["created"] is True, "the first is not `created`")
    expect(second["created"] is False, "the second is `created`")
    expect(first["orderId"] == second["orderId"], "the two have two `orderId`s")


@addendum("silence.null_member", "A null member, a wrong type: 400.")
async def null_member(means: Means) -> None:
    """A member of the contract that is null is refused."""
    for member in ("customerName", "totalWeight", "specialHandling", "plannedDate", "externalOrderId"):
        (await means.webhook.push(means.webhook.order(**{member: None}))).expect_refused(400)


@addendum("silence.shape_before_date", "Faults of both kinds in one batch: 400 first.")
async def shape_before_date(means: Means) -> None:
    """A batch with an invalid date before an order without an address is refused for the address."""
    batch = [means.webhook.order(plannedDate="soon"), means.webhook.order(deliveryAddress=...)]
    (await means.webhook.push(batch)).expect_refused(400)
    unknown = means.webhook.order(deliveryAddress=..., customerId=means.webhook.fresh())
    (await means.webhook.push([batch[0], unknown])).expect_refused(400)


@addendum("silence.field_errors_list", "`fieldErrors.plannedDate`: a list of `{index, externalOrderId, message}`.")
async def field_errors_list(means: Means) -> None:
    """Each bad date names its place in the array and its order."""
    batch = [means.webhook.order(plannedDate=text) for text in ("2025-02-22", "2025-02-30", "soon")]
    body = (await means.webhook.push(batch)).expect_refused(422)
    faults = body["fieldErrors"]["plannedDate"]
    named = [(fault["index"], fault["externalOrderId"]) for fault in faults]
    expect(named == [(index, batch[index]["externalOrderId"]) for index in (1, 2)], "the bad dates are not named")
    expect(all(isinstance(fault["message"], str) and fault["message"] for fault in faults), "a message is missing")


@addendum("silence.update_keeps", "An update keeps what it does not name.")
async def update_keeps(means: Means) -> None:
    """Members that an update leaves out stay as they were; those that it names change."""
    settings = means.administration()
    webhook: Webhook = (await settings.connect())[0]
    members = {"totalWeight": 25.5, "volume": 1.5, "palletCount": 2, "specialHandling": ["fragile"]}
    created = await webhook.create(plannedDate="2025-02-22", **members)
    external_order_id = created["externalOrderId"]
    for update in ({"totalWeight": 30}, {}):
        reply = await webhook.push(webhook.order(externalOrderId=external_order_id, **update))
        reply.expect_accepted(external_order_id)
    stored = await settings.stored(webhook, external_order_id)
    expected = members | {"plannedDate": "2025-02-22", "totalWeight": 30}
    for name, value in expected.items():
        expect(stored.get(name) == value, f"after an update `{name}` is not what it should be")


@addendum("silence.no_content_type", "No `Content-Type` needed.")
async def no_content_type(means: Means) -> None:
    """A body without a content type is read all the same."""
    order = means.webhook.order()
    (await means.webhook.push(order, content_type="")).expect_accepted(order["externalOrderId"])
