"""The clauses about "Pull from WMS"."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec

from gateway.workshop.conformance.listener import Warehouse, warehouse_at
from gateway.workshop.conformance.means import Clause, Means, clause
from gateway.workshop.conformance.subject import Administration, Webhook, expect

CLAUSES: list[Clause] = []
seed = partial(clause, CLAUSES)


class Pulled(msgspec.Struct, frozen=True):
    """A pull endpoint of a tenant of the suite's own, and the warehouse that it pulls from."""

    settings: Administration
    webhook: Webhook
    warehouse: Warehouse
    endpoint_id: str
    secret: str

    async def sync(self) -> Any:
        """Sync now."""
        return await self.settings.call("POST", f"/{self.webhook.tenant}/pull-endpoints/{self.endpoint_id}/sync")

    async def sync_refused(self) -> int:
        """Sync now, of an answer that will not do: the status, which is not 2xx."""
        path = f"/{self.webhook.tenant}/pull-endpoints/{self.endpoint_id}/sync"
        status = await self.settings.try_call("POST", path)
        expect(status >= 400, f"a pull that cannot succeed got {status}")  # noqa: PLR2004
        return status

    async def is_stored(self, order: dict[str, Any]) -> bool:
        """Whether the order is at the intake."""
        return await self.settings.has(self.webhook, order["externalOrderId"])


@asynccontextmanager
async def _pulled(means: Means, method: str = "GET") -> AsyncIterator[Pulled]:
    settings = means.administration()
    webhook, _ = await settings.connect()
    async with warehouse_at(means.callback_host) as (warehouse, url):
        wish = {"url": url, "method": method, "allowHttp": True}
        answer = await settings.call("POST", f"/{webhook.tenant}/pull-endpoints", wish)
        endpoint_id = answer["endpoint"]["id"]
        try:
            yield Pulled(settings, webhook, warehouse, endpoint_id, answer["secret"])
        finally:
            await settings.try_call("DELETE", f"/{webhook.tenant}/pull-endpoints/{endpoint_id}")


@seed("pull.method", "Add a pull endpoint with your WMS URL and method (GET or POST).")
async def pull_method(means: Means) -> None:
    """The URL is called with the endpoint's method."""
    for method in ("GET", "POST"):
        async with _pulled(means, method) as pulled:
            await pulled.sync()
            expect([asked for asked, _ in pulled.warehouse.asked] == [method], f"the URL was not called with {method}")


@seed("pull.bearer", "Trackely will call that URL with Authorization: Bearer <secret>.")
async def pull_bearer(means: Means) -> None:
    """The pull carries the secret that was shown when the endpoint was added, each time."""
    async with _pulled(means) as pulled:
        await pulled.sync()
        await pulled.sync()
        authorizations = [authorization for _, authorization in pulled.warehouse.asked]
        expect(authorizations == [f"Bearer {pulled.secret}"] * 2, "the pull does not carry the endpoint's secret")


@seed("pull.single_and_array", "Your endpoint must return the same JSON shape as the webhook (single or array).")
async def pull_shapes(means: Means) -> None:
    """A single object and an array arrive as orders."""
    async with _pulled(means) as pulled:
        single, *several = orders = [pulled.webhook.order() for _ in range(3)]
        for payload in (single, several):
            pulled.warehouse.payload = payload
            await pulled.sync()
        for order in orders:
            expect(await pulled.is_stored(order), "a pulled order did not arrive")


@seed("pull.sync_now", 'Use "Sync now" to pull on demand.')
async def pull_sync_now(means: Means) -> None:
    """Each Sync now asks once; the same order again is an update."""
    async with _pulled(means) as pulled:
        pulled.warehouse.payload = order = pulled.webhook.order(totalWeight=1)
        first = (await pulled.sync())["orders"][0]
        pulled.warehouse.payload = order | {"totalWeight": 2}
        second = (await pulled.sync())["orders"][0]
        expect(len(pulled.warehouse.asked) == 2, "two times Sync now did not ask twice")  # noqa: PLR2004
        expect((first["created"], second["created"]) == (True, False), "the same order pulled twice is no update")
        expect(first["orderId"] == second["orderId"], "the same order pulled twice has two `orderId`s")
        stored = await pulled.settings.stored(pulled.webhook, order["externalOrderId"])
        expect(stored["totalWeight"] == 2, "the second pull did not update the order")  # noqa: PLR2004


@seed("pull.same_rules", "The same JSON shape as the webhook: refused by the same rules, whole.")
async def pull_same_rules(means: Means) -> None:
    """An answer with one bad order, or with another status than 200, stores nothing."""
    async with _pulled(means) as pulled:
        good = pulled.webhook.order()
        for bad in ({"deliveryAddress": ...}, {"plannedDate": "2025-02-30"}):
            pulled.warehouse.payload = [good, pulled.webhook.order(**bad)]
            await pulled.sync_refused()
        pulled.warehouse.payload, pulled.warehouse.status = good, 500
        await pulled.sync_refused()
        expect(not await pulled.is_stored(good), "a refused answer stored an order")


@seed("pull.secret_shown_once", "The secret is generated when you add the endpoint and shown once.")
async def pull_secret_shown_once(means: Means) -> None:
    """The list of endpoints and a pull's answer do not hold the secret."""
    async with _pulled(means) as pulled:
        path = f"/{pulled.webhook.tenant}/pull-endpoints"
        shown = [await pulled.settings.call("GET", path), await pulled.sync()]
        expect(pulled.secret.encode() not in msgspec.json.encode(shown), "the secret is shown again")
