"""An answer of Ongoing's API that is not the order asked for."""

import json

import pytest

from adapters import Hook, MalformedAnswer
from adapters.ongoing import ADAPTER, translate
from adapters.ongoing.options import ApiOptions, Options

EVENT = {"webhookOrdersId": 1, "webhookEventId": 2, "system": "nord", "orderId": 5, "orderNumber": "A-5",
         "goodsOwnerId": 9}  # fmt: skip
OPTIONS = Options(api=ApiOptions(base_url="https://x.example/", username="u", password="p"), customers={"9": "c"})


@pytest.mark.parametrize(
    "answer", [{"message": "An error."}, {}, {"orderInfo": None}, {"orderInfo": {"orderId": 999, "orderNumber": "Z"}}]
)
def test_what_is_not_the_order_asked_for_is_no_order(answer):
    """It never becomes an order made of defaults for the customer who stands in; the event is found by its number."""
    answers = {"orders/5": json.dumps(answer).encode(), "orders/5/wayBillRows": None}

    with pytest.raises(MalformedAnswer) as raised:
        translate(Hook(json.dumps(EVENT).encode()), OPTIONS, answers)
    assert raised.value.code == "lookup_malformed"
    assert "A-5" in raised.value.references
    assert ADAPTER.version == "3"
