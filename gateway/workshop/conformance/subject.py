"""The implementation under test, and what may be expected of its answers."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import httpx
import msgspec

_SETTINGS = "/api/settings/integrations"

ADDRESS = "10 High Street, London SW1A 1AA"


class ClauseBroken(Exception):  # noqa: N818 - says what happened
    """The implementation does otherwise; the message says what."""


class NotChecked(Exception):  # noqa: N818 - says what happened
    """The means that the check needs were not given; the message names them."""


def broken(detail: str) -> NoReturn:
    """Ends the check."""
    raise ClauseBroken(detail)


def expect(condition: object, detail: str) -> None:
    """Ends the check where the condition does not hold."""
    if not condition:
        broken(detail)


class Reply(msgspec.Struct, frozen=True):
    """An answer: its status, and its JSON or None."""

    status: int
    body: Any

    def expect_accepted(self, *external_order_ids: str) -> list[dict[str, Any]]:
        """The `orders` of a 200 by the contract that lists these orders in this order."""
        expect(self.status == httpx.codes.OK, f"expected 200, got {self.status}")
        expect(isinstance(self.body, dict), "the 200 holds no JSON object")
        expect(self.body.get("accepted") is True, "`accepted` is not true")
        expect(self.body.get("processed") == len(external_order_ids), "`processed` is not the number of orders sent")
        orders = self.body.get("orders")
        expect(isinstance(orders, list) and all(isinstance(order, dict) for order in orders), "no list `orders`")
        listed = [order.get("externalOrderId") for order in orders]
        expect(listed == list(external_order_ids), "`orders` does not list the orders sent")
        for order in orders:
            order_id, created = order.get("orderId"), order.get("created")
            expect(isinstance(order_id, str) and order_id, "an order has no text `orderId`")
            expect(isinstance(created, bool), "an order has no true or false `created`")
        return list(orders)

    def expect_status(self, status: int, what: str) -> None:
        """The answer to `what` has this status."""
        expect(self.status == status, f"{what} got {self.status}")

    def expect_refused(self, status: int) -> dict[str, Any]:
        """The JSON object of a refusal that says what is wrong in `error`."""
        expect(self.status == status, f"expected {status}, got {self.status}")
        expect(isinstance(self.body, dict), f"the {status} holds no JSON object")
        expect(isinstance(self.body.get("error"), str) and self.body["error"], f"the {status} has no text `error`")
        return dict(self.body)


async def request(
    client: httpx.AsyncClient, method: str, url: str, *, headers: Mapping[str, str], **options: Any
) -> Reply:
    """One request and its answer. Raises httpx.HTTPError."""
    # As bytes: a secret may hold any text.
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    answer = await client.request(method, url, headers=sent, **options)
    try:
        return Reply(answer.status_code, msgspec.json.decode(answer.content))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Reply(answer.status_code, None)


class Webhook:
    """A tenant's webhook, with orders that nobody sent before."""

    def __init__(self, client: httpx.AsyncClient, url: str, secret: str, fresh: Callable[[], str]) -> None:
        self._client = client
        self.url = url
        self.secret = secret
        self.fresh = fresh

    @property
    def tenant(self) -> str:
        """The tenant's ID, as the URL ends."""
        return urlsplit(self.url).path.rpartition("/")[2]

    def at(self, tenant: str) -> "Webhook":
        """The webhook of another tenant, with the same secret."""
        return Webhook(self._client, f"{self.url.rpartition('/')[0]}/{tenant}", self.secret, self.fresh)

    def with_secret(self, secret: str) -> "Webhook":
        """The same tenant's webhook with another secret."""
        return Webhook(self._client, self.url, secret, self.fresh)

    def order(self, **members: Any) -> dict[str, Any]:
        """A fresh order with an address, unless the members say otherwise; a member that is `...` is left out."""
        order = {"externalOrderId": self.fresh(), "deliveryAddress": ADDRESS} | members
        return {name: value for name, value in order.items() if value is not ...}

    async def push(
        self, payload: Any, *, authorization: str | None = "", content_type: str = "application/json"
    ) -> Reply:
        """Posts a payload, as JSON unless it is bytes; `authorization` stands for the secret, None for no header."""
        body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        headers = {"Content-Type": content_type} if content_type else {}
        if authorization is not None:
            headers["Authorization"] = authorization or f"Bearer {self.secret}"
        return await request(self._client, "POST", self.url, content=body, headers=headers)

    async def create(self, **members: Any) -> dict[str, Any]:
        """Pushes a fresh order and answers what became of it, with the order that was sent under `sent`."""
        order = self.order(**members)
        [result] = (await self.push(order)).expect_accepted(order["externalOrderId"])
        expect(result["created"] is True, "a new order is not `created`")
        return result | {"sent": order}

    async def expect_unknown(self, order: dict[str, Any], after: str) -> None:
        """The order was not stored before: pushing it alone creates it."""
        [result] = (await self.push(order)).expect_accepted(order["externalOrderId"])
        expect(result["created"] is True, f"an order was stored although {after}")


class Administration:
    """Settings → Integrations of the implementation, where it speaks the embedded intake's JSON API."""

    def __init__(self, client: httpx.AsyncClient, origin: str, token: str, webhook: Webhook) -> None:
        self._client = client
        self._root = origin.rstrip("/") + _SETTINGS
        self._headers = {"Authorization": f"Bearer {token}".strip()}
        self._webhook = webhook
        self._connected: list[str] = []

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a 200 or 201."""
        reply = await request(
            self._client,
            method,
            self._root + path,
            headers=self._headers,
            content=b"" if body is None else msgspec.json.encode(body),
        )
        expect(reply.status in (200, 201), f"settings: {method} {path.rpartition('/')[2]} got {reply.status}")
        return reply.body

    async def try_call(self, method: str, path: str) -> int:
        """The status of a call that may be refused."""
        return (await request(self._client, method, self._root + path, headers=self._headers)).status

    async def connect(self) -> tuple[Webhook, dict[str, Any]]:
        """A tenant of the suite's own, so that nobody's secret is touched, and the answer that made it."""
        tenant = f"verify-{secrets.token_hex(6)}"
        answer = await self.call("POST", f"/{tenant}/connect")
        self._connected.append(tenant)
        expect(isinstance(answer, dict) and isinstance(answer.get("secret"), str), "connecting shows no secret")
        return self._webhook.at(tenant).with_secret(answer["secret"]), answer

    async def show(self, webhook: Webhook) -> dict[str, Any]:
        """What Settings shows of a webhook."""
        return dict(await self.call("GET", f"/{webhook.tenant}"))

    async def stored(self, webhook: Webhook, external_order_id: str) -> dict[str, Any]:
        """An order as the intake has it."""
        return dict(await self.call("GET", f"/{webhook.tenant}/orders/{quote(external_order_id, safe='')}"))

    async def has(self, webhook: Webhook, external_order_id: str) -> bool:
        """Whether the intake has an order."""
        status = await self.try_call("GET", f"/{webhook.tenant}/orders/{quote(external_order_id, safe='')}")
        expect(status in (200, 404), f"settings: showing an order got {status}")
        return status == httpx.codes.OK

    async def deactivated(self, webhook: Webhook) -> Any:
        """Deactivates a webhook; the answer."""
        return await self.call("POST", f"/{webhook.tenant}/deactivate")

    def as_someone_else(self, token: str) -> "Administration":
        """The same Settings with another token."""
        return Administration(self._client, self._root.removesuffix(_SETTINGS), token, self._webhook)

    async def leave(self) -> None:
        """Deactivates the suite's tenants: the contract has no way to remove one."""
        for tenant in self._connected:
            await self.try_call("POST", f"/{tenant}/deactivate")
