"""Sequences of events that life sent: which of two states is the newer, and which two orders are one."""

from contextlib import contextmanager

import pytest

from tests.intakes import accepted, always
from tests.processes import Gateway, Intakes, eventually, source, tenant, told

SHOP = {
    "id": 820982911946154508,
    "name": "#B05",
    "order_number": 1001,
    "updated_at": "2025-06-01T10:00:00-04:00",
    "cancelled_at": None,
    "test": False,
    "shipping_address": {"address1": "1 Mill Lane", "city": "Leeds", "zip": "LS1 4AP", "country_code": "GB"},
    "line_items": [],
}


def picked(event, timestamp, status=200):
    """An Ongoing webhook with the warehouse's local time, which says no offset."""
    return {
        "webhookOrdersId": 7,
        "webhookEventId": event,
        "system": "acme",
        "timestamp": timestamp,
        "orderId": 501,
        "orderNumber": "B07",
        "goodsOwnerId": 74,
        "orderStatus": {"number": status},
        "webhookTemplate": "orders",
    }


@contextmanager
def running(folder, **members):
    with Intakes() as opened:
        intake = opened.open(always(accepted))
        with Gateway(folder, {"demo": tenant(intake.url)}, {"demo": source("demo", **members)}) as gateway:
            yield gateway, intake


def test_a_cancellation_whose_time_is_none(tmp_path):
    """0001-01-01 is no time: the receipt takes its place, and the cancellation is the newer state."""
    with running(tmp_path) as (gateway, _):
        gateway.post(told("1", "B03", 1))
        gateway.becomes("B03", "delivered")
        gateway.post(told("2", "B03", 1, status="CAN", dateLastUpdated="0001-01-01T00:00:00"))
        order = gateway.becomes("B03", "dead")
        figures = eventually(lambda: gateway.http.get("/metrics").text, lambda text: "dead_orders_total{" in text)

    assert order["reason"]["code"] == "cancelled_after_delivery"
    assert 'trackely_gateway_dead_orders_total{code="cancelled_after_delivery",tenant="demo"} 1.0' in figures
    assert "trackely_gateway_dead_events_total{" not in figures


def test_the_cancellation_of_one_second(tmp_path):
    """What was triggered last counts, whatever came first."""
    with running(tmp_path, adapter="shopify") as (gateway, intake):
        late = {"X-Shopify-Triggered-At": "2025-06-01T14:00:00.900000000Z", "X-Shopify-Topic": "orders/cancelled"}
        early = {"X-Shopify-Triggered-At": "2025-06-01T14:00:00.100000000Z", "X-Shopify-Topic": "orders/create"}
        cancelled = {**SHOP, "cancelled_at": SHOP["updated_at"]}
        gateway.post(cancelled, **{**late, "X-Shopify-Webhook-Id": "a"})
        gateway.post(SHOP, **{**early, "X-Shopify-Webhook-Id": "b"})
        ended = gateway.drained()
        order = gateway.order("%23B05")

    assert ended == {"withdrawn": 1, "superseded": 1}
    assert (order["status"], intake.calls) == ("withdrawn", [])


def test_the_hour_that_comes_twice(tmp_path):
    """Received long after both its passes, nothing tells which: what came later is the newer."""
    options = {"time_zone": "Europe/Stockholm", "customers": {"74": "cust-1"}}
    with running(tmp_path, adapter="ongoing", options=options) as (gateway, _):
        gateway.post(picked(1, "2025-10-26T02:50:00.0000000"))
        gateway.becomes("B07", "delivered")
        gateway.post(picked(2, "2025-10-26T02:10:00.0000000", status=1000))
        order = gateway.becomes("B07", "dead")

    assert order["reason"]["code"] == "cancelled_after_delivery"


@pytest.mark.parametrize("written", ["B23\u200b", "\ufeffB23", "B\u202e23"])
def test_ids_that_look_alike_are_one_order(tmp_path, written):
    """Nobody sees the difference."""
    with running(tmp_path) as (gateway, _):
        gateway.post(told("1", "B23", 1))
        gateway.becomes("B23", "delivered")
        gateway.post(told("2", written, 2))
        gateway.drained()
        orders = [each["externalOrderId"] for each in gateway.all("orders")]

    assert orders == ["B23"]
