"""The vendor's own sample of an order, byte order mark and all."""

import json
from pathlib import Path

import pytest

from gateway.lookups.asking import VendorAnswer
from tests.translating import webhook

SAMPLE = (Path(__file__).parent / "ongoing_rest_get_order.json").read_bytes()
ROWS = b'\xef\xbb\xbf[{"weight": 12.3456, "volume": 0.1, "numberOfPackages": 2, "parcelType": {"code": "EUR"}}]'


@pytest.mark.parametrize(
    ("template", "status"), [("Order is created", 200), ("Order status is changed", 400), ("Order is picked", 400)]
)
async def test_the_published_order(room, template, status):
    """With a webhook of each trigger it becomes the same order, field by field; the looked-up status decides."""
    body = webhook(
        1, 50163, goods_owner=159, orderNumber="O1231234", webhookTemplate=template, orderStatus={"number": status}
    )
    async with room() as here:
        here.vendor.said["orders/50163"] = [VendorAnswer(200, SAMPLE)]
        here.vendor.said["orders/50163/wayBillRows"] = [VendorAnswer(200, ROWS)]
        await here.take(body)
        [event] = await here.settled()
        order = await here.canonical("O1231234")

    assert SAMPLE.startswith(b"\xef\xbb\xbf")
    assert json.loads(SAMPLE.decode("utf-8-sig"))["orderInfo"]["orderStatus"]["number"] == 500
    assert event.topic == template
    assert event.references == ("O1231234", "50163", "KL33334")
    assert order == {
        "externalOrderId": "O1231234",
        "deliveryAddress": "Address 1, Address 2, Address 3, City, MN 12345, US",
        "customerName": "Name 1",
        "customerContact": "a@b.com",
        "totalWeight": 12.346,
        "volume": 0.1,
        "palletCount": 2,
        "plannedDate": "2019-10-10",
    }
