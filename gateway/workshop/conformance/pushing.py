"""The clauses about what the webhook accepts."""

from functools import partial

from gateway.workshop.conformance.means import Clause, Means, clause
from gateway.workshop.conformance.subject import expect

CLAUSES: list[Clause] = []
seed = partial(clause, CLAUSES)

_DAY = "2025-02-22"


@seed("auth.bearer", "Every request must include the secret in the Authorization header.")
async def bearer_opens(means: Means) -> None:
    """The secret as a Bearer token lets an order in."""
    await means.webhook.create()


@seed("payload.single", "Send a JSON body: either a single order object …")
async def single_object(means: Means) -> None:
    """The contract's example of a single order is taken."""
    order = means.webhook.order(
        deliveryAddress="10 High Street, London SW1A 1AA",
        customerName="Acme Ltd",
        customerContact="deliveries@acme.com",
        totalWeight=25.5,
        palletCount=1,
        plannedDate=_DAY,
    )
    (await means.webhook.push(order)).expect_accepted(order["externalOrderId"])


@seed("payload.array", "… or an array of order objects.")
async def array_of_objects(means: Means) -> None:
    """An array is taken, each of its orders created."""
    orders = [means.webhook.order(totalWeight=25.5), means.webhook.order(), means.webhook.order()]
    results = (await means.webhook.push(orders)).expect_accepted(*(order["externalOrderId"] for order in orders))
    expect(len({result["orderId"] for result in results}) == len(orders), "two orders share an `orderId`")
    expect(all(result["created"] for result in results), "a new order is not `created`")


@seed("payload.optional_fields", "customerName, customerContact, totalWeight, volume, palletCount, specialHandling, …")
async def optional_members(means: Means) -> None:
    """Every optional member of the contract's table is taken."""
    await means.webhook.create(
        customerName="Acme Ltd",
        customerContact="deliveries@acme.com",
        totalWeight=25.5,
        volume=1.25,
        palletCount=2,
        specialHandling=["fragile", "timed_slot"],
        plannedDate=_DAY,
    )


@seed("payload.same_id_updates", "Your order reference. Same ID = update existing order.")
async def same_id_updates(means: Means) -> None:
    """The same ID again is the same order, not created."""
    first = await means.webhook.create()
    [second] = (await means.webhook.push(first["sent"])).expect_accepted(first["externalOrderId"])
    expect(second["created"] is False, "the same ID again is `created`")
    expect(second["orderId"] == first["orderId"], "the same ID again has another `orderId`")


@seed("payload.delivery_address", "deliveryAddress: required if no customerId.")
async def address_alone(means: Means) -> None:
    """An ID and an address are an order."""
    order = {"externalOrderId": means.webhook.fresh(), "deliveryAddress": "10 High Street, London SW1A 1AA"}
    (await means.webhook.push(order)).expect_accepted(order["externalOrderId"])


@seed("payload.customer_id", "customerId: required if no deliveryAddress. Existing Trackely customer ID.")
async def customer_alone(means: Means) -> None:
    """An ID and an existing customer are an order."""
    webhook, customer_id = await means.customer()
    await webhook.create(deliveryAddress=..., customerId=customer_id)


@seed(
    "response.success",
    '{ "accepted": true, "processed": N, "orders": [ { "externalOrderId", "orderId", "created" } ] }',
)
async def success_shape(means: Means) -> None:
    """A batch of a new and a known order is answered by the contract, with what became of each."""
    known = await means.webhook.create()
    new = means.webhook.order()
    batch = [known["sent"], new]
    results = (await means.webhook.push(batch)).expect_accepted(known["externalOrderId"], new["externalOrderId"])
    expect([result["created"] for result in results] == [False, True], "`created` does not tell new from known")
