"""The seeds' own samples, byte for byte, through a running gateway into the embedded intake."""

import json
from collections.abc import Iterator

import pytest

from tests.processes import ROOT, Gateway, eventually, source

GOLDEN = ROOT / "tests" / "golden"
RECEIVE = (GOLDEN / "logistics_plus" / "published_receive" / "body.json").read_bytes()
ORDER = (GOLDEN / "logistics_plus" / "published_order" / "body.json").read_bytes()
ONGOING = (GOLDEN / "ongoing" / "published_webhook" / "body.json").read_bytes()
SUPPLIER = ("123 Main Street", "ABC Distributors")
WAREHOUSE = {"address": "2400 Harbor Way, Carson, CA 90745, US", "name": "LA Warehouse", "contact": "dock@example.com"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("samples")
    listed = {"warehouses": {"LAW": WAREHOUSE}}
    sources = {
        "demo": source("demo", options=listed),
        "stand-in": source("demo", options={**listed, "missing_ship_to": {"customer_id": "cust-1"}}),
        "ongoing": source("demo", adapter="ongoing", options={"customers": {"0": "cust-1"}, "forward_statuses": [0]}),
    }
    intake = {"embedded": True, "customers": [{"id": "cust-1", "name": "One Ltd", "address": "1 High Street, Leeds"}]}
    running = Gateway(folder, {}, sources, intake=intake)
    url = f"{running.url}/api/integrations/wms/demo"
    running.configure(tenants={"demo": {"intake_url": url, "secret": "a-tenants-secret", "batch": {"linger": 0.02}}})
    with running:
        yield running


def event(gateway: Gateway, event_id: str, of: str) -> dict:
    """The event's page, once it has ended."""
    rows = eventually(
        lambda: gateway.all("events", eventId=event_id, source=of),
        lambda rows: rows and rows[0]["status"] not in ("received", "translated"),
    )
    return gateway.api(f"events/{rows[0]['id']}")


def test_receive(gateway):
    """The Receive becomes `RCV-12345678` at the warehouse's address for 2023-05-01; a repeat changes nothing."""
    first, again = gateway.post(RECEIVE), gateway.post(RECEIVE)
    order = gateway.becomes("RCV-12345678", "delivered")
    page = event(gateway, json.loads(RECEIVE)["id"], "demo")

    assert (first.json()["duplicate"], again.json()["duplicate"]) == (False, True)
    assert first.json()["eventId"] == json.loads(RECEIVE)["id"]
    assert order["order"]["deliveryAddress"] == WAREHOUSE["address"]
    assert order["order"]["plannedDate"] == "2023-05-01"
    assert (order["order"]["customerName"], order["order"]["customerContact"]) == ("LA Warehouse", "dock@example.com")
    assert order["orderId"]
    assert order["created"] is True
    assert len(order["attempts"]) == 1
    assert page["body"].encode() == RECEIVE
    assert (page["status"], page["duplicates"]) == ("delivered", 1)


def test_order_without_a_ship_to(gateway):
    """The published Order, which has no ship-to, is a dead letter that says so and names the option."""
    answer = gateway.post(ORDER)
    page = event(gateway, json.loads(ORDER)["id"], "demo")

    assert answer.status_code == 200
    assert (page["status"], page["reason"]["code"]) == ("dead", "incomplete_payload")
    assert "shipToAddress" in page["reason"]["detail"]
    assert "missing_ship_to" in page["reason"]["detail"]
    letters = gateway.all("dead-letters", source="demo", code="incomplete_payload")
    assert [letter["eventId"] for letter in letters] == [json.loads(ORDER)["id"]]


def test_order_to_a_stand_in(gateway):
    """With `missing_ship_to` it goes to that customer."""
    gateway.post(ORDER, to="stand-in")
    order = gateway.becomes("12345678", "delivered")

    assert order["order"]["customerId"] == "cust-1"
    assert "deliveryAddress" not in order["order"]


def test_ongoing(gateway):
    """The published webhook reaches the goods owner's customer under its order number."""
    gateway.post(ONGOING, to="ongoing")
    order = gateway.becomes("string", "delivered")

    assert order["order"]["customerId"] == "cust-1"
    assert order["events"][0]["eventId"] == "string:0:0"


def test_no_suppliers_address_leaves(gateway):
    """Whatever was made of the samples, the supplier's address is in none of it."""
    orders = json.dumps([gateway.order(row["externalOrderId"])["order"] for row in gateway.all("orders")])

    assert orders != "[]"
    assert not any(words in orders for words in SUPPLIER)
