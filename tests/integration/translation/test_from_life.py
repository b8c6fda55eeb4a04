"""What vendors' APIs answered in life that was no answer, and events whose fault was told at the wrong place."""

import json
from pathlib import Path

import pytest

from adapters import Api, Credentials, Secret
from gateway.config.model import ConfiguredSource, Source, Tenant
from gateway.events import SECOND, StoredLookup, UntranslatedEvent
from gateway.ground.watchdog import Watchdog
from gateway.lookups.vendor_api import VendorApi
from gateway.registry import find_adapter
from gateway.translation.translator import Translator
from tests import warehouses
from tests.translating import api_options, read_options, webhook

NOW = 1_750_000_000 * SECOND


async def answered(respond):
    """The gateway's answer to a lookup in an API that responds so."""
    with warehouses.VendorApi(respond) as vendor:
        api = Api(base_url=vendor.url, credentials=Credentials("trackely", Secret("a-long-enough-password")))
        fetch = VendorApi({"acme": api}, clock=lambda: NOW)
        try:
            return await fetch("acme", StoredLookup("orders/1", "74", {}, best_effort=False))
        finally:
            await fetch.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><body>We are back soon</body></html>", "no JSON"),
        (b"", "nothing in it"),
        (b"\xef\xbb\xbf \r\n", "nothing in it"),
        (b" null\n", "null"),
        (b'{"orderInfo": ', "no JSON"),
    ],
)
async def test_what_is_no_answer_is_asked_for_again(body, said):
    """A 200 of a maintenance page is like a 503: nothing is judged by it."""
    answer = await answered(lambda asked: asked.say(200, body))

    assert answer.status is None
    assert said in answer.said


@pytest.mark.parametrize(
    "body",
    [b'\xef\xbb\xbf{"orderInfo": {"orderId": 1}}', b'{"consignee": {"name": "cut \\ud83d"}}'],
    ids=["BOM", "half a pair"],
)
async def test_an_order_is_an_answer(body):
    """As the vendor sends it."""
    answer = await answered(lambda asked: asked.say(200, body))

    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("text", ["Fri, 31 Dec 99999 23:59:59 GMT", "Mon, 01 Jan 0000 00:00:00 GMT", "1" * 400, "soon"])
async def test_an_absurd_retry_after_is_none(text):
    """The lookup backs off as for any 503."""
    answer = await answered(lambda asked: asked.say(503, b"later", Retry_After=text))

    assert answer.status == 503
    assert answer.retry_after <= 3600 * SECOND


@pytest.mark.parametrize(
    ("members", "answer", "code", "path"),
    [
        ({"goodsOwnerId": "74"}, {"orderInfo": {"orderId": 1}}, "malformed_payload", "$.goodsOwnerId"),
        ({}, {"orderInfo": {"orderId": "x"}}, "lookup_malformed", "$.orderInfo.orderId"),
        ({}, {"message": "An error has occurred."}, "lookup_malformed", "$.orderInfo"),
        ({}, {"orderInfo": {"orderId": 999}}, "lookup_malformed", "$.orderInfo.orderId"),
    ],
)
def test_a_fault_is_told_where_it_is(members, answer, code, path):
    """In the hook, even where answers are at hand; else in the answer."""
    adapter = find_adapter("ongoing", Path())
    source = ConfiguredSource("acme", Source("ongoing", "demo", "none"), adapter, read_options(api_options()))
    answers = {"orders/1": json.dumps(answer).encode(), "orders/1/wayBillRows": None}
    event = UntranslatedEvent(1, "acme", "e", None, NOW, webhook(1, 1, **members), b"", answers, NOW)
    watchdog = Watchdog(5.0)
    translated = Translator({"acme": source}, {"demo": Tenant()}, watchdog).translate(event)
    watchdog.close()

    assert (translated.reason.code, translated.reason.path) == (code, path)
