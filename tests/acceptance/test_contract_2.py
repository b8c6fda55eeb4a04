"""What contract 2 brings, end to end against a running gateway; the adapters of contract 1 go on beside it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.intakes import accepted, always
from tests.processes import ROOT, Gateway, Intakes, source, tenant, told
from tests.warehouses import Asked, VendorApi

ACME = """
import json

from adapters import (
    Adapter, Answers, Api, Cancellation, Handshake, HeaderCredential, Hook, Identity, Lookup, Lookups, OptionsModel,
    Order, Ping, Secret, State, Translation, VendorModel, decoder,
)
from adapters.lists import listed_events

ORDER = "query Order($id: ID!) { order(id: $id) { number address } }"


class Options(OptionsModel):
    base_url: str
    token: Secret


class Event(VendorModel):
    event_id: str
    type: str
    order_id: str
    at: str


read = decoder(Event)


def identify(hook: Hook) -> Identity:
    event = read(hook.body)
    return Identity(event.event_id, event.type)


def translate(hook: Hook, options: Options, answers: Answers) -> Translation:
    event = read(hook.body)
    if event.type == "order.cancelled":
        # Orders that are looked up have the time of asking for a clock: this one has its receipt.
        return [Cancellation(record=event.order_id)]
    order, rows, after = Lookup(path="graphql", query=ORDER, variables={"id": event.order_id}), [], "0"
    if order.key not in answers:
        return Lookups((order,), subject=event.order_id)
    while after:
        page = Lookup(path=f"orders/{event.order_id}/rows", parameters={"after": after})
        if page.key not in answers:
            return Lookups((page,), subject=event.order_id)
        answer = json.loads(answers[page.key])
        rows, after = rows + answer["rows"], answer.get("after")
    found = json.loads(answers[order.key])["data"]["order"]
    return [
        State(
            order=Order(
                external_order_id=found["number"], delivery_address=found["address"], total_weight=sum(rows)
            ),
            record=event.order_id,
        )
    ]


def pong(ping: Ping) -> str:
    return ping.members["challenge"]


ADAPTER = Adapter(
    name="acme",
    version="1",
    contract=2,
    options=Options,
    identify=identify,
    translate=translate,
    events=listed_events,
    queries=(ORDER,),
    handshake=Handshake(answer=pong, members=("challenge",)),
    api=lambda options: Api(
        base_url=options.base_url, credentials=HeaderCredential("X-Token", options.token), allow_http=True
    ),
)
"""

OLD = """
import json

from adapters import Adapter, Api, Identity, Lookup, Lookups, OptionsModel, Order, State


class Options(OptionsModel):
    base_url: str


def identify(hook):
    return Identity(json.loads(hook.body)["id"])


def translate(hook, options, answers):
    lookup = Lookup(path="old/7", parameters={"by": "id"})
    if lookup.path not in answers:
        return Lookups((lookup,), subject="7")
    return [State(order=Order(external_order_id=json.loads(answers["old/7"]), customer_id="c-1"))]


ADAPTER = Adapter(
    name="old", version="1", options=Options, identify=identify, translate=translate,
    api=lambda options: Api(base_url=options.base_url, allow_http=True),
)
"""

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
TOKEN = "acmes-token-for-its-api"
ROWS = {"0": {"rows": [1.5, 2.0], "after": "2"}, "2": {"rows": [3.0], "after": "3"}, "3": {"rows": [0.5]}}


def answer(asked: Asked) -> None:
    """The vendors' APIs: Acme's GraphQL and its rows in three pages, and what an older adapter asks."""
    if asked.path.startswith("/api/v1/old/7"):
        return asked.say(200, b'"OLD-7"')
    if asked.headers.get("x-token") != TOKEN:
        return asked.say(401)
    if asked.path == "/api/v1/graphql":
        number = json.loads(asked.body)["variables"]["id"]
        order = {
            "number": f"SO-{number}",
            "address": f"{number} Elm Street, Leeds, GB",
            "changedAt": "2026-03-01T10:00Z",
        }
        return asked.say(200, json.dumps({"data": {"order": order}}).encode())
    after = asked.path.rpartition("=")[2]
    return asked.say(200, json.dumps(ROWS[after]).encode())


class Running:
    """A gateway with a source of contract 2 and several of contract 1, and what stands around it."""

    def __init__(self, gateway: Gateway, vendor: VendorApi, intake: Any) -> None:
        self.gateway, self.vendor, self.intake = gateway, vendor, intake

    def send(self, events: Any, key: rsa.RSAPrivateKey = KEY) -> Any:
        """Events with the vendor's signature over the raw body."""
        body = json.dumps(events).encode()
        signature = base64.b64encode(key.sign(body, padding.PKCS1v15(), SHA256())).decode()
        return self.gateway.post(body, "acme", Authorization="", X_Signature=signature)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("contract_2")
    (folder / "acme.py").write_text(ACME)
    (folder / "old.py").write_text(OLD)
    proof = [
        {"type": "public_key", "algorithm": "rsa-sha256", "header": "X-Signature", "encoding": "base64", "key": PUBLIC}
    ]
    with VendorApi(answer) as vendor, Intakes() as opened:
        intake = opened.open(always(accepted))
        reached = {"base_url": vendor.url}
        sources = {
            "acme": source("demo", adapter="./acme.py", auth=proof, options=reached | {"token": TOKEN}),
            "old": source("demo", adapter="./old.py", options=reached),
            "demo": source("demo"),
            "shop": source("demo", adapter="shopify"),
            "wms": source("demo", adapter="ongoing", options={"customers": {"74": "cust-1"}}),
        }
        with Gateway(folder, {"demo": tenant(intake.url)}, sources) as gateway:
            yield Running(gateway, vendor, intake)


def changed(number: int, kind: str = "order.changed", event: str = "") -> dict[str, str]:
    return {"eventId": event or f"{kind}-{number}", "type": kind, "orderId": str(number), "at": "2026-03-02T10:00:00Z"}


def test_a_graphql_lookup_and_a_list_of_three_pages(running):
    """One order of both: its query is the adapter's constant, its id a variable; each page is asked once."""
    accepted_ = running.send([changed(1)])
    running.gateway.becomes("SO-1", "delivered")
    asked = [each for each in running.vendor.asked if "/1/" in each.path or b'"1"' in each.body]

    assert accepted_.json() == {"accepted": True, "duplicate": False, "eventId": "order.changed-1", "events": 1}
    assert running.intake.orders["SO-1"] == {
        "externalOrderId": "SO-1", "deliveryAddress": "1 Elm Street, Leeds, GB", "totalWeight": 7.0,
    }  # fmt: skip
    assert [each.path.removeprefix("/api/v1/") for each in asked] == [
        "graphql", "orders/1/rows?after=0", "orders/1/rows?after=2", "orders/1/rows?after=3",
    ]  # fmt: skip
    posted = json.loads(asked[0].body)
    assert posted == {"query": posted["query"], "variables": {"id": "1"}}
    assert posted["query"] in ACME


def test_an_rsa_proof(running):
    """Another key's signature, and none, are refused and stored nowhere."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    refused = running.send([changed(66)], stranger)
    missing = running.gateway.post([changed(66)], "acme", Authorization="")

    assert (refused.status_code, missing.status_code) == (401, 401)
    assert running.gateway.api("events", source="acme", eventId="order.changed-66")["events"] == []


def test_a_form_ping(running):
    """A handshake that proves nothing and is no JSON is answered, and stored nowhere."""
    form = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": ""}
    pong = running.gateway.post(b"challenge=f00&mode=x", "acme", **form)

    assert (pong.status_code, pong.text) == (200, "f00")
    assert pong.headers["content-type"].startswith("text/plain")


def test_an_array_of_events_is_deduped_singly(running):
    """One of them that was seen before is a duplicate of its own; all of them once more are one."""
    first = running.send([changed(2), changed(3)])
    mixed = running.send([changed(3), changed(4)])
    again = running.send([changed(3), changed(4)])
    for number in (2, 3, 4):
        running.gateway.becomes(f"SO-{number}", "delivered")
    (third,) = running.gateway.api("events", source="acme", eventId="order.changed-3")["events"]

    assert first.json() == {"accepted": True, "duplicate": False, "eventId": "order.changed-2", "events": 2}
    assert mixed.json() == {"accepted": True, "duplicate": False, "eventId": "order.changed-3", "events": 2}
    assert again.json() == {"accepted": True, "duplicate": True, "eventId": "order.changed-3", "events": 2}
    assert third["duplicates"] == 2


def test_a_cancellation_that_names_the_record_alone(running):
    """It is the order that was sent under that record, whatever its number."""
    running.send([changed(5)])
    running.gateway.becomes("SO-5", "delivered")
    running.send([changed(5, "order.cancelled")])
    late = running.gateway.becomes("SO-5", "dead")

    assert late["reason"]["code"] == "cancelled_after_delivery"
    assert [event["topic"] for event in late["events"]] == ["order.changed", "order.cancelled"]


def test_adapters_of_contract_1_are_as_they_were(running):
    """Three that are built in, and one that finds its answer by the path alone."""
    shop = (ROOT / "tests" / "golden" / "shopify").glob("*/body.json")
    body = json.loads(next(iter(sorted(shop))).read_bytes())
    running.gateway.post(told("lp-1", "LP-1", 1))
    running.gateway.post(
        {**body, "name": "#9001", "cancelled_at": None},
        "shop",
        X_Shopify_Topic="orders/create",
        X_Shopify_Webhook_Id="s-1",
    )
    picked = {"webhookOrdersId": 7, "webhookEventId": 1, "system": "acme", "timestamp": "2026-03-01T10:00:00"}
    running.gateway.post({**picked, "orderId": 501, "orderNumber": "W-501", "goodsOwnerId": 74}, "wms")
    running.gateway.post({"id": "old-1"}, "old")
    for name in ("LP-1", "W-501", "OLD-7"):
        running.gateway.becomes(name, "delivered")
    (detail,) = running.gateway.api("events", source="old")["events"]

    assert running.gateway.api(f"events/{detail['id']}")["answers"] == {"old/7": '"OLD-7"'}
    assert [each["status"] for each in running.gateway.api("events", source="shop")["events"]] == ["delivered"]


def test_an_adapter_whose_query_changes_something_does_not_load(tmp_path: Path):
    """The start says so."""
    (tmp_path / "acme.py").write_text(ACME.replace('ORDER = "query', 'ORDER = "mutation'))
    gateway = Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/")}, {"acme": source("demo", adapter="./acme.py")})
    with pytest.raises(AssertionError, match="only reads: no mutation"):
        gateway.start()
    gateway.http.close()
