"""A right intake behind a front that breaks one clause at a time: the suite must notice each."""

import itertools
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.core_intake import bearer_among, create_intake
from gateway.workshop.conformance import CLAUSES, ClauseResult, SettingsAccess, verify


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_push(self) -> bool:
        """Whether it is for the webhook's door."""
        return self.path.startswith("/api/integrations/")

    @property
    def payload(self) -> Any:
        """The body's JSON, None where it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The order objects of the payload."""
        listed = self.payload if isinstance(self.payload, list) else [self.payload]
        return [item for item in listed if isinstance(item, dict)]

    def saying(self, payload: Any) -> "Asked":
        """The same with another payload."""
        return replace(self, body=msgspec.json.encode(payload))

    def by(self, token: str) -> "Asked":
        """The same with another Bearer token."""
        return replace(self, headers=self.headers | {"authorization": f"Bearer {token}"})


@dataclass(frozen=True)
class Answered:
    status: int
    payload: Any


Ask = Callable[[Asked], Awaitable[Answered]]
Fault = Callable[[Asked, Ask], Awaitable[Answered]]

REFUSED = Answered(400, {"error": "refused"})


SECRET = "the-tenants-secret"
ADMIN = "the-administrators-token"


class Front:
    """Answers as the right intake, but for its present fault."""

    def __init__(self, right: ASGIApp) -> None:
        self._right = right
        self.fault: Fault
        self.origin = ""
        self.app = Starlette(routes=[Route("/{path:path}", self._receive, methods=["GET", "POST", "DELETE"])])

    async def _ask(self, asked: Asked) -> Answered:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._right), base_url="http://right") as client:
            url = f"{asked.path}?{asked.query}"
            reply = await client.request(asked.method, url, headers=asked.headers, content=asked.body)
            return Answered(reply.status_code, reply.json())

    async def _receive(self, request: Request) -> Response:
        headers = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
        asked = Asked(request.method, request.url.path, request.url.query, headers, await request.body())
        answered = await self.fault(asked, self._ask)
        return Response(msgspec.json.encode(answered.payload), answered.status, media_type="application/json")

    async def verified(self, fault: Fault, only: set[str] | None = None) -> list[ClauseResult]:
        """The suite's results while the fault lasts."""
        self.fault = fault
        settings = SettingsAccess(self.origin, ADMIN)
        return await verify(f"{self.origin}/api/integrations/wms/demo", SECRET, settings=settings, only=only)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front(tmp_path_factory, served):
    """One front for all the faults, each test with one of its own."""
    async with create_intake(tmp_path_factory.mktemp("intake"), admin_of=bearer_among({"admin": ADMIN})) as intake:
        await intake.ensure_connected("demo", SECRET)
        front = Front(intake)
        async with served(front.app) as front.origin:
            yield front


async def right(asked: Asked, ask: Ask) -> Answered:
    return await ask(asked)


def refuses(when: Callable[[Asked], bool], answered: Answered = REFUSED) -> Fault:
    """Refuses pushes that should be accepted."""

    async def fault(asked: Asked, ask: Ask) -> Answered:
        return answered if asked.is_push and when(asked) else await ask(asked)

    return fault


def amends(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Reads something else than was sent."""

    async def fault(asked: Asked, ask: Ask) -> Answered:
        if asked.is_push and asked.items and len(asked.items) == len(_listed(asked.payload)):
            changed = [change(item) for item in asked.items]
            asked = asked.saying(changed if isinstance(asked.payload, list) else changed[0])
        return await ask(asked)

    return fault


def _listed(payload: Any) -> list[Any]:
    return payload if isinstance(payload, list) else [payload]


def answers(change: Callable[[Asked, Any], Any], *statuses: int) -> Fault:
    """Answers something else than it should."""

    async def fault(asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        if answered.status in statuses and isinstance(answered.payload, dict):
            return Answered(answered.status, change(asked, answered.payload))
        return answered

    return fault


def on_orders(**members: Any) -> Fault:
    """Answers other members for each order of a 200."""

    def change(asked: Asked, payload: dict[str, Any]) -> dict[str, Any]:
        if not asked.is_push:
            return payload
        listed = [order | {name: value(order) for name, value in members.items()} for order in payload["orders"]]
        return payload | {"orders": listed}

    return answers(change, 200)


async def applies_one_by_one(asked: Asked, ask: Ask) -> Answered:
    """Keeps the good items of a bad batch."""
    if not asked.is_push or not isinstance(asked.payload, list):
        return await ask(asked)
    replies = [await ask(asked.saying(item)) for item in asked.payload]
    bad = [reply for reply in replies if reply.status != 200]
    orders = [order for reply in replies if reply.status == 200 for order in reply.payload["orders"]]
    return bad[0] if bad else Answered(200, {"accepted": True, "processed": len(orders), "orders": orders})


def anyone(token: str, *, when: Callable[[Asked], bool]) -> Fault:
    """Lets in whom it should not."""

    async def fault(asked: Asked, ask: Ask) -> Answered:
        return await ask(asked.by(token) if when(asked) else asked)

    return fault


async def dates_first(asked: Asked, ask: Ask) -> Answered:
    late = [item for item in asked.items if item.get("plannedDate") == "soon"]
    return await ask(asked.saying(late) if asked.is_push and late else asked)


async def forgets_twins(asked: Asked, ask: Ask) -> Answered:
    twins = {item.get("externalOrderId"): item for item in asked.items}
    return await ask(asked.saying(list(twins.values())) if asked.is_push and len(asked.items) > 1 else asked)


async def breaks_on_no_json(asked: Asked, ask: Ask) -> Answered:
    if asked.is_push and asked.payload is None:
        return Answered(500, {"error": "internal server error"})
    return await ask(asked)


async def never_deactivates(asked: Asked, ask: Ask) -> Answered:
    if asked.path.endswith("/deactivate"):
        asked = replace(asked, method="GET", path=asked.path.removesuffix("/deactivate"))
    return await ask(asked)


async def lists_every_day(asked: Asked, ask: Ask) -> Answered:
    return await ask(replace(asked, query=""))


async def always_gets(asked: Asked, ask: Ask) -> Answered:
    if asked.path.endswith("/pull-endpoints") and asked.method == "POST":
        asked = asked.saying(asked.payload | {"method": "GET"})
    return await ask(asked)


async def sends_another_secret(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    if asked.path.endswith("/pull-endpoints") and asked.method == "POST":
        path = f"{asked.path}/{answered.payload['endpoint']['id']}/regenerate"
        await ask(replace(asked, path=path, body=b""))
    return answered


async def never_asks(asked: Asked, ask: Ask) -> Answered:
    if asked.path.endswith("/sync"):
        return Answered(200, {"accepted": True, "processed": 0, "orders": []})
    return await ask(asked)


async def calls_it_done(asked: Asked, ask: Ask) -> Answered:
    answered = await ask(asked)
    return Answered(200, answered.payload) if asked.path.endswith("/sync") else answered


def shows_secrets() -> Fault:
    """Remembers what it should have forgotten."""
    secrets: list[str] = []

    async def fault(asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        if asked.method == "POST" and "secret" in answered.payload:
            secrets.append(answered.payload["secret"])
            return answered
        return Answered(answered.status, answered.payload | {"secrets": secrets})

    return fault


def keeps_old_secrets() -> Fault:
    """Takes a secret that was replaced."""
    newest: dict[str, str] = {}

    async def fault(asked: Asked, ask: Ask) -> Answered:
        if asked.is_push:
            tenant = asked.path.rpartition("/")[2]
            return await ask(asked.by(newest[tenant]) if tenant in newest else asked)
        answered = await ask(asked)
        if asked.path.endswith("/regenerate"):
            newest[answered.payload["tenant"]] = answered.payload["secret"]
        return answered

    return fault


def moves_always() -> Fault:
    """Shows another `lastReceivedAt` each time."""
    times = itertools.count(1)
    return answers(lambda _, shown: shown | {"lastReceivedAt": f"2025-02-22T12:00:{next(times):02}Z"}, 200)


def without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


def without_date(fitting: str) -> Fault:
    """Ignores dates that look like this instead of refusing them."""
    pattern = re.compile(fitting)
    return amends(lambda item: without(item, "plannedDate") if _fits(pattern, item.get("plannedDate")) else item)


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def made_up(item: dict[str, Any]) -> dict[str, Any]:
    return item if item.get("externalOrderId") else item | {"externalOrderId": uuid.uuid4().hex}


def somewhere(item: dict[str, Any]) -> dict[str, Any]:
    return {"deliveryAddress": "somewhere"} | without(item, "customerId")


def by_order(_: Asked, payload: dict[str, Any]) -> dict[str, Any]:
    faults = payload["fieldErrors"]["plannedDate"]
    return payload | {"fieldErrors": {"plannedDate": {fault["externalOrderId"]: fault["message"] for fault in faults}}}


ACCEPTED_NOTHING = Answered(200, {"accepted": True, "processed": 0, "orders": []})

FAULTS: dict[str, Callable[[], Fault]] = {
    "auth.bearer": lambda: refuses(lambda _: True, Answered(401, {"error": "unauthorized"})),
    "payload.single": lambda: refuses(lambda asked: isinstance(asked.payload, dict)),
    "payload.array": lambda: refuses(lambda asked: isinstance(asked.payload, list)),
    "payload.optional_fields": lambda: refuses(lambda asked: any("volume" in item for item in asked.items)),
    "payload.same_id_updates": lambda: on_orders(created=lambda _: True),
    "payload.delivery_address": lambda: refuses(lambda asked: any("customerName" not in item for item in asked.items)),
    "payload.customer_id": lambda: refuses(lambda asked: any("customerId" in item for item in asked.items)),
    "response.success": lambda: answers(lambda _, reply: without(reply, "processed"), 200),
    "auth.wrong_secret": lambda: anyone(SECRET, when=lambda asked: asked.is_push),
    "auth.missing_secret": lambda: anyone(
        SECRET, when=lambda asked: asked.is_push and "authorization" not in asked.headers
    ),
    "payload.external_order_id": lambda: amends(made_up),
    "payload.address_or_customer": lambda: amends(lambda item: {"deliveryAddress": "somewhere"} | item),
    "payload.customer_not_found": lambda: amends(somewhere),
    "batch.fail_fast_missing_field": lambda: applies_one_by_one,
    "batch.fail_fast_customer": lambda: applies_one_by_one,
    "batch.fail_fast_date": lambda: applies_one_by_one,
    "batch.fix_and_retry": lambda: applies_one_by_one,
    "response.invalid_json": lambda: breaks_on_no_json,
    "response.payload_shape": lambda: refuses(lambda asked: asked.payload == "text", ACCEPTED_NOTHING),
    "response.details_optional": lambda: answers(lambda _, reply: reply | {"details": None}, 400),
    "response.date_format": lambda: without_date(r"\d{8}"),
    "response.date_calendar": lambda: without_date(r"2023-02-29"),
    "response.field_errors": lambda: answers(lambda _, reply: without(reply, "fieldErrors"), 422),
    "silence.unknown_tenant": lambda: refuses(
        lambda asked: not asked.path.endswith("/demo"), Answered(404, {"error": "no such tenant"})
    ),
    "silence.empty_array": lambda: refuses(lambda asked: asked.payload == []),
    "silence.id_twice": lambda: forgets_twins,
    "silence.null_member": lambda: amends(
        lambda item: {name: value for name, value in item.items() if value is not None}
    ),
    "silence.shape_before_date": lambda: dates_first,
    "silence.field_errors_list": lambda: answers(by_order, 422),
    "silence.update_keeps": lambda: amends(lambda item: {"volume": 0} | item),
    "silence.no_content_type": lambda: refuses(lambda asked: "content-type" not in asked.headers),
    "settings.connect": lambda: answers(lambda _, reply: reply | {"webhookUrl": "http://elsewhere/hook"}, 201),
    "settings.admin_only": lambda: anyone(ADMIN, when=lambda asked: not asked.is_push),
    "settings.secret_shown_once": shows_secrets,
    "settings.regenerate": keeps_old_secrets,
    "settings.inactive": lambda: never_deactivates,
    "settings.last_received": lambda: answers(lambda _, reply: reply | {"lastReceivedAt": "2025-02-22T12:00:00Z"}, 200),
    "settings.last_received_untouched": moves_always,
    "customers.created": lambda: amends(lambda item: without(item, "customerName")),
    "customers.defaults": lambda: amends(lambda item: {"customerName": "Unknown"} | item),
    "customers.found": lambda: amends(lambda item: item | {"deliveryAddress": f"{uuid.uuid4()}, London"}),
    "orders.fields_kept": lambda: amends(lambda item: without(item, "volume")),
    "orders.planned_date": lambda: lists_every_day,
    "orders.per_tenant": lambda: on_orders(orderId=lambda order: order["externalOrderId"]),
    "batch.updates_nothing": lambda: applies_one_by_one,
    "pull.method": lambda: always_gets,
    "pull.bearer": lambda: sends_another_secret,
    "pull.single_and_array": lambda: never_asks,
    "pull.sync_now": lambda: never_asks,
    "pull.same_rules": lambda: calls_it_done,
    "pull.secret_shown_once": shows_secrets,
}


def test_every_clause_is_broken_by_some_intake():
    """Each clause of the suite has a wrong intake, and no wrong intake is for a clause that is gone."""
    assert sorted(FAULTS) == sorted(clause.name for clause in CLAUSES)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_intake_fails_the_clause_that_it_breaks(front, name):
    """The clause fails behind the front with the fault, and says why without the secret."""
    [result] = await front.verified(FAULTS[name](), only={name})

    assert (result.outcome, bool(result.detail)) == ("failed", True)
    assert SECRET not in (result.detail or "")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_front_itself_breaks_nothing(front):
    """Behind the front without a fault every clause passes, so that a failure is the fault's doing."""
    results = await front.verified(right)

    assert [result for result in results if result.outcome != "passed"] == []
