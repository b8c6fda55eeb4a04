"""The clauses about Settings → Integrations and what is seen there."""

from functools import partial
from urllib.parse import urlsplit

import msgspec

from gateway.workshop.conformance.means import Clause, Means, clause
from gateway.workshop.conformance.subject import Administration, Webhook, expect

CLAUSES: list[Clause] = []
seed = partial(clause, CLAUSES)


@seed("settings.connect", 'Click "Connect WMS" to create a webhook. You will see: Webhook URL, Secret.')
async def connect(means: Means) -> None:
    """Connecting answers the URL `/api/integrations/wms/{tenantId}` and a secret that opens it."""
    webhook, answer = await means.administration().connect()
    path = urlsplit(str(answer.get("webhookUrl"))).path
    expect(path == f"/api/integrations/wms/{webhook.tenant}", "`webhookUrl` is not the tenant's")
    await webhook.create()


@seed("settings.admin_only", "In the dashboard, go to Settings → Integrations (admin only).")
async def admin_only(means: Means) -> None:
    """Without the administrator's token, or with a webhook's secret, Settings is shut."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    for token in ("", "wrong", webhook.secret):
        status = await settings.as_someone_else(token).try_call("GET", f"/{webhook.tenant}")
        expect(status == 401, f"Settings without the administrator's token got {status}")  # noqa: PLR2004


@seed("settings.secret_shown_once", "Secret — shown once.")
async def secret_shown_once(means: Means) -> None:
    """Nothing that Settings shows afterwards holds the secret."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    shown = [await settings.show(webhook), await settings.call("GET", ""), await settings.deactivated(webhook)]
    expect(webhook.secret.encode() not in msgspec.json.encode(shown), "Settings shows the secret again")


@seed("settings.regenerate", "You can regenerate a new secret later from the same page.")
async def regenerate(means: Means) -> None:
    """The new secret works, the old one does no more."""
    settings = means.administration()
    old, _ = await settings.connect()
    answer = await settings.call("POST", f"/{old.tenant}/regenerate")
    new = old.with_secret(answer["secret"])
    expect(new.secret != old.secret, "the new secret is the old one")
    (await old.push(old.order())).expect_status(401, "the old secret")
    await new.create()


@seed("settings.inactive", "401: … or the webhook config is inactive (e.g. deactivated in Settings → Integrations).")
async def inactive(means: Means) -> None:
    """A deactivated webhook refuses its secret and stores nothing; activated, it works again."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    order = webhook.order()
    await settings.deactivated(webhook)
    reply = await webhook.push(order)
    reply.expect_status(401, "an inactive webhook")
    await settings.call("POST", f"/{webhook.tenant}/activate")
    await webhook.expect_unknown(order, "the webhook was inactive")


@seed("settings.last_received", "lastReceivedAt for the webhook config is updated only after successful processing.")
async def last_received(means: Means) -> None:
    """A 200 moves `lastReceivedAt`; a 400 and a 422 do not."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    expect((await settings.show(webhook))["lastReceivedAt"] is None, "`lastReceivedAt` is set before any order")
    (await webhook.push(webhook.order(deliveryAddress=...))).expect_refused(400)
    (await webhook.push(webhook.order(plannedDate="soon"))).expect_refused(422)
    expect((await settings.show(webhook))["lastReceivedAt"] is None, "a refused payload moved `lastReceivedAt`")
    await webhook.create()
    first = (await settings.show(webhook))["lastReceivedAt"]
    expect(first, "a 200 did not set `lastReceivedAt`")
    await webhook.create()
    expect((await settings.show(webhook))["lastReceivedAt"] > first, "a later 200 did not move `lastReceivedAt`")


@seed("settings.last_received_untouched", "401: … lastReceivedAt is not updated.")
async def last_received_untouched(means: Means) -> None:
    """A 401 leaves `lastReceivedAt`, for a wrong secret and while inactive."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    await webhook.create()
    before = (await settings.show(webhook))["lastReceivedAt"]
    await webhook.push(webhook.order(), authorization="Bearer wrong")
    await settings.deactivated(webhook)
    await webhook.push(webhook.order())
    expect((await settings.show(webhook))["lastReceivedAt"] == before, "a 401 moved `lastReceivedAt`")


@seed("customers.created", "deliveryAddress: used to create … a customer, with customerName and customerContact.")
async def customer_created(means: Means) -> None:
    """An address that is new makes a customer of the given name and contact."""
    customer = await _customer_of(means, customerName="Acme Ltd", customerContact="deliveries@acme.com")
    expect(customer == ("Acme Ltd", "deliveries@acme.com"), "the customer's name and contact are not those given")


@seed("customers.defaults", 'customerName: default "WMS Customer"; customerContact: default "N/A".')
async def customer_defaults(means: Means) -> None:
    """A customer made of an address alone has the defaults."""
    expect(await _customer_of(means) == ("WMS Customer", "N/A"), "the customer's name and contact are not the defaults")


async def _customer_of(means: Means, **members: str) -> tuple[str, str]:
    settings = means.administration()
    webhook, _ = await settings.connect()
    created = await webhook.create(**members)
    customer = (await settings.stored(webhook, created["externalOrderId"]))["customer"]
    return customer["name"], customer["contact"]


@seed("customers.found", "deliveryAddress: used to … find a customer.")
async def customer_found(means: Means) -> None:
    """A second order to the same address has the first one's customer; one to another address has not."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    created = [await webhook.create(), await webhook.create(), await webhook.create(deliveryAddress="1 Elm St, Leeds")]
    stored = [await settings.stored(webhook, order["externalOrderId"]) for order in created]
    first, second, third = (order["customer"]["customerId"] for order in stored)
    expect(first == second, "the same address made a second customer")
    expect(first != third, "another address found the same customer")


@seed("orders.fields_kept", "totalWeight (kg), volume (m³), palletCount, specialHandling, plannedDate.")
async def fields_kept(means: Means) -> None:
    """The order as stored is the order as sent."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    members = {"totalWeight": 25.5, "volume": 1.25, "palletCount": 2, "specialHandling": ["fragile", "timed_slot"]}
    created = await webhook.create(plannedDate="2025-02-22", **members)
    stored = await settings.stored(webhook, created["externalOrderId"])
    for name, value in created["sent"].items():
        expect(stored.get(name) == value, f"`{name}` is not stored as sent")
    expect(stored.get("orderId") == created["orderId"], "`orderId` is not the one that was answered")


@seed("orders.planned_date", "Orders appear in Planning for this date.")
async def planned_date(means: Means) -> None:
    """An order is listed under its planned date and under no other."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    created = await webhook.create(plannedDate="2025-02-22")
    expect(await _planned(settings, webhook, "2025-02-22") == [created["externalOrderId"]], "not listed for its date")
    expect(await _planned(settings, webhook, "2025-02-23") == [], "listed for another date")


async def _planned(settings: Administration, webhook: Webhook, day: str) -> list[str]:
    page = await settings.call("GET", f"/{webhook.tenant}/orders?plannedDate={day}")
    return [order["externalOrderId"] for order in page["orders"]]


@seed("orders.per_tenant", "Each order is created or updated by externalOrderId (idempotent per tenant).")
async def per_tenant(means: Means) -> None:
    """The same ID at another tenant is another order."""
    settings = means.administration()
    one, _ = await settings.connect()
    other, _ = await settings.connect()
    first = await one.create()
    [second] = (await other.push(first["sent"])).expect_accepted(first["externalOrderId"])
    expect(second["created"] is True, "the same ID at another tenant is not `created`")
    expect(second["orderId"] != first["orderId"], "two tenants share an `orderId`")


@seed("batch.updates_nothing", "… does not create or update any orders.")
async def updates_nothing(means: Means) -> None:
    """An order that was there is as it was after a batch that was refused for another item."""
    settings = means.administration()
    webhook, _ = await settings.connect()
    created = await webhook.create(totalWeight=1)
    update = created["sent"] | {"totalWeight": 2}
    for status, bad in ((400, {"deliveryAddress": ...}), (422, {"plannedDate": "soon"})):
        (await webhook.push([update, webhook.order(**bad)])).expect_refused(status)
        stored = await settings.stored(webhook, created["externalOrderId"])
        expect(stored["totalWeight"] == 1, f"a batch refused with {status} updated an order")
