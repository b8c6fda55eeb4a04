"""What a draft makes of samples."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.golden.cases import outcome_of, read_options
from gateway.workshop.kit.drafting import draft
from gateway.workshop.kit.samples import UnreadableSample, learn, read_sample

ROOT = Path(__file__).parents[3]
ADDRESS = {"name": "Jane Doe", "street": "12 Elm Street", "city": "Leeds", "zip": "LS1 4AP", "country": "GB"}
ORDER = {"orderNumber": "A-1", "shipTo": ADDRESS, "updatedAt": "2026-03-01T10:00:00Z"}


@pytest.fixture
def sample(tmp_path):
    """A sample of a JSON value, or of a text as it is."""

    def make(content: object, name: str = "sample.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_sample(path)

    return make


@pytest.mark.parametrize(
    ("payload", "order"),
    [
        (ORDER, ()),
        ({"data": ORDER}, ("data",)),
        ({"orders": [ORDER, ORDER]}, ("orders", "[]")),
        ([ORDER], ("[]",)),
        ({"payload": {"orders": [ORDER]}}, ("payload", "orders", "[]")),
        ({"orderNumber": "A", "shipments": [{"trackingNo": "T", "shipTo": ADDRESS}]}, ()),
    ],
)
def test_the_order_is_found(sample, payload, order):
    """Wherever the order stands, the draft finds the object that has an address and a reference."""
    found = draft("acme", [sample(payload)], {}).proposal

    assert found.order == order
    assert found.reference == ("orderNumber",)


@pytest.mark.parametrize(
    "payload", [ORDER, {"data": ORDER}, {"orders": [ORDER]}, [ORDER], {"payload": {"orders": [ORDER]}}]
)
def test_a_draft_runs_and_translates(sample, payload):
    """The drafted module makes the order of its own sample."""
    from adapters import Hook  # noqa: PLC0415 - only here

    space: dict[str, object] = {"__name__": "drafted"}
    exec(draft("acme", [sample(payload)], {}).source, space)
    adapter = space["ADAPTER"]

    (state,) = adapter.translate(Hook(json.dumps(payload).encode()), adapter.options(), {})

    assert state.order.external_order_id == "A-1"
    assert state.order.delivery_address == "12 Elm Street, Leeds, LS1 4AP, GB"


def test_the_place_of_delivery_is_not_the_bills(sample):
    """Of several addresses, the one where the order is shipped to."""
    payload = {"number": "1", "billing_address": ADDRESS, "ship_from": ADDRESS, "shipping_address": ADDRESS}

    assert draft("acme", [sample(payload)], {}).proposal.receiver.city == ("shipping_address", "city")


@pytest.mark.parametrize(
    ("members", "unit", "is_sure"),
    [
        ({"weight": 1}, "", False),
        ({"weightGrams": 1}, "grams", True),
        ({"total_grams": 1}, "grams", True),
        ({"weight_lb": 1}, "pounds", True),
        ({"weight_oz": 1}, "ounces", True),
    ],
)
def test_the_unit_of_a_weight(sample, members, unit, is_sure):
    """The unit is the vendor's own word where there is one, else a guess that says so."""
    found = draft("acme", [sample(ORDER | members)], {}).proposal.weight

    assert (found.unit, found.is_sure) == (unit, is_sure)


def test_a_captured_request_gives_the_event_id_and_the_topic(sample):
    """Headers stand above members; a credential is none of the headers that the adapter reads."""
    request = (
        "POST /hooks/acme/orders?x=1 HTTP/1.1\r\nX-Acme-Topic: t\r\nX-Acme-Webhook-Id: 7\r\nAuthorization: s\r\n\r\n"
    )
    captured = sample(request + json.dumps(ORDER), "request.http")
    found = draft("acme", [captured], {})

    assert captured.is_captured
    assert captured.hook.path == "orders"
    assert (found.proposal.event_id.header, found.proposal.topic.header) == ("x-acme-webhook-id", "x-acme-topic")
    assert 'reads_headers=("x-acme-webhook-id", "x-acme-topic")' in found.source


def test_an_orders_own_id_names_no_event(sample):
    """Where the body is the order, its id comes again with each change: the body's hash names the event."""
    assert draft("acme", [sample({"id": 1, **ORDER})], {}).proposal.event_id.steps is None
    assert draft("acme", [sample({"id": 1, "data": ORDER})], {}).proposal.event_id.steps == ("id",)


def test_a_notice_is_looked_up(sample):
    """A payload without an address asks for the order of its id; the answer's shape comes from an answer."""
    found = draft("acme", [sample({"event": "changed", "orderId": 5})], {"orders/5": ORDER})

    assert found.proposal.lookup_id == ("orderId",)
    assert 'Lookup(path=f"orders/{order_id}")' in found.source
    assert any("hash_window" in guess for guess in found.guesses)
    assert found.proposal.receiver.city == ("shipTo", "city")


def made(*samples, answers=None, name="acme"):
    """The drafted adapter, and its draft."""
    drafted = draft(name, samples, answers or {})
    space: dict[str, object] = {"__name__": "drafted"}
    exec(drafted.source, space)
    return space["ADAPTER"], drafted


def outcomes(adapter, samples, answers=None):
    """What the adapter makes of each sample."""
    options = read_options(adapter, {"base_url": "https://a.example"} if adapter.api else {})
    encoded = {path: json.dumps(value).encode() for path, value in (answers or {}).items()}
    return [outcome_of(adapter, options, each.hook, encoded) for each in samples]


def test_a_subscriptions_id_names_no_event(sample):
    """What is equal in samples with different bodies is no event ID; alone, a subscription's id is none either."""
    bodies = [{"webhookId": "sub", "eventId": each, "order": ORDER} for each in ("e1", "e2")]
    same = [{"messageId": "m", "order": ORDER | {"orderNumber": each}} for each in ("A", "B")]

    assert draft("acme", [sample(each) for each in bodies], {}).proposal.event_id.steps == ("eventId",)
    assert draft("acme", [sample(each) for each in same], {}).proposal.event_id.steps is None
    assert draft("acme", [sample({"webhookId": "sub", "order": ORDER})], {}).proposal.event_id.steps is None


def test_an_event_id_is_a_guess_until_several_samples_prove_it(sample):
    """One sample proves nothing, two different ones do."""
    one, other = ({"eventId": each, "order": ORDER} for each in ("e1", "e2"))

    assert "eventId" in draft("acme", [sample(one)], {}).marked
    assert "eventId" not in draft("acme", [sample(one), sample(other, "other.json")], {}).marked


def test_a_deliverys_header_goes_before_a_subscriptions(sample):
    """Of two headers with ids, the one that names the delivery."""
    head = "POST /hooks/a HTTP/1.1\r\nX-WC-Webhook-ID: 7\r\nX-WC-Webhook-Delivery-ID: d1\r\n\r\n"
    found = draft("acme", [sample(head + json.dumps(ORDER), "a.http")], {})

    assert found.proposal.event_id.header == "x-wc-webhook-delivery-id"


@pytest.mark.parametrize(
    ("members", "weight"),
    [
        ({"weight": {"value": 48, "units": "ounces"}}, 1.361),
        ({"weight": 2, "weightUnit": "lb"}, 0.907),
        ({"weight": 2, "weight_uom": "KG"}, 2.0),
        ({"weight": "1.5 kg"}, 1.5),
        ({"weight": 7}, None),
        ({"items": [{"quantity": 2, "weight_oz": 8}, {"quantity": 1, "weight_oz": 16}]}, 0.907),
        ({"items": [{"qty": 2, "weight": {"value": 1, "unit": "kg"}}, {"qty": 1, "weight": None}]}, 2.0),
        ({"packages": [{"weight": 250, "weight_unit": "g"}, {"weight": 1, "weight_unit": "kg"}]}, 1.25),
    ],
)
def test_a_weight_is_read_by_its_own_unit(sample, members, weight):
    """By the unit of each payload, whole or by line; without a unit there is none until an option says it."""
    body = sample(ORDER | members)
    adapter, _ = made(body)
    (order,) = outcomes(adapter, [body])[0]["states"]

    assert order["order"].get("totalWeight") == weight


def test_a_unit_is_not_frozen_from_the_sample(sample):
    """Another payload in another unit is read by its own."""
    adapter, _ = made(sample(ORDER | {"weight": 1, "weightUnit": "kg"}))
    (order,) = outcomes(adapter, [sample(ORDER | {"weight": 500, "weightUnit": "g"})])[0]["states"]

    assert order["order"]["totalWeight"] == 0.5


@pytest.mark.parametrize(
    "members",
    [
        {"deliveryaddress": "12 Elm Street", "deliveryzipcode": "LS1 4AP", "deliverycity": "Leeds"},
        {"address_street": "12 Elm Street", "address_city": "Leeds", "address_zip": "LS1 4AP"},
        {"ship_to_address1": "12 Elm Street", "ship_to_zip": "LS1 4AP", "ship_to_city": "Leeds"},
        {"street_delivery": "12 Elm Street", "zip_delivery": "LS1 4AP", "city_delivery": "Leeds"},
        {"DeliveryAddress1": "12 Elm Street", "DeliveryTown": "Leeds", "DeliveryPostCode": "LS1 4AP"},
        {
            "shipTo": {"street": "12", "houseNumber": "x", "address1": "12 Elm Street"}
            | {"city": "Leeds", "zip": "LS1 4AP"}
        },
    ],
)
def test_an_address_is_found_flat_or_not(sample, members):
    """By prefix or suffix, in whatever spelling; never the payer's."""
    bill = {"billing_address1": "1 Bank Road", "billing_city": "York", "billing_zip": "YO1"}
    body = sample({"orderNumber": "A-1", **bill, **members})
    adapter, _ = made(body)
    (order,) = outcomes(adapter, [body])[0]["states"]

    assert order["order"]["deliveryAddress"].startswith("12 ")
    assert order["order"]["deliveryAddress"].endswith("Leeds, LS1 4AP")


def test_a_street_without_its_town_is_never_taken_in_silence(sample):
    """Neither by the draft nor, where a payload lacks the town, by what was drafted."""
    found = draft("acme", [sample({"orderNumber": "A", "shipTo": {"street": "12 Elm Street", "country": "GB"}})], {})
    adapter, _ = made(sample(ORDER))
    bare = sample(ORDER | {"shipTo": {"street": "12 Elm Street", "country": "GB"}})

    assert "deliveryAddress" in found.marked
    assert outcomes(adapter, [bare])[0]["reason"]["code"] == "incomplete_payload"


@pytest.mark.parametrize(
    ("members", "clock"),
    [
        (
            {"date_modified": "2026-03-01T12:00:00", "date_modified_gmt": "2026-03-01T11:00:00"},
            ("date_modified_gmt", True),
        ),
        ({"updatedUtc": "2026-03-01T11:00:00", "updated": "2026-03-01T12:00:00"}, ("updatedUtc", True)),
        ({"modifyDate": "2026-03-01T11:00:00Z", "createDate": "2026-02-01T11:00:00Z"}, ("modifyDate", True)),
        ({"modifyDate": "2026-03-01T11:00:00"}, ("modifyDate", False)),
        ({"createdAt": "2026-03-01T11:00:00Z"}, ("createdAt", False)),
    ],
)
def test_the_time_of_change(sample, members, clock):
    """UTC before a local time, a change before a beginning; sure only if it tells of a change, in a zone."""
    order = {key: value for key, value in ORDER.items() if key != "updatedAt"}
    found = draft("acme", [sample(order | members)], {})

    assert found.proposal.clock.steps == (clock[0],)
    assert ("clock" not in found.marked) is clock[1]


@pytest.mark.parametrize("written", ["31/12/2026", "1.12.2026", "12-31-2026 08:00"])
def test_a_planned_day_in_another_order_is_told(sample, written):
    """Nothing says which number is the month: it is left to whoever can ask, and marked."""
    found = draft("acme", [sample({**ORDER, "plannedDate": written})], {})

    assert "`$.plannedDate` is a planned day that is not written as 2026-12-31: read it by hand" in found.guesses
    assert "planned_date=None,  # guess" in found.source


@pytest.mark.parametrize("name", ["plannedFor", "promisedDate", "shipBy", "requested_delivery_date", "deliverOn"])
def test_a_planned_day(sample, name):
    """Planned, promised, to be shipped by; what has happened is no plan."""
    found = draft(
        "acme", [sample(ORDER | {name: "2026-03-04", "shippedAt": "2026-01-01", "deliveredDate": "2026-01-01"})], {}
    )

    assert found.proposal.planned == (name,)


def test_each_topic_is_drafted_as_what_it_is(sample):
    """Orders, cancellations, refunds, returns and holds; a topic that no sample showed is ignored."""
    samples = [
        sample({"eventId": topic, "topic": topic, "data": ORDER | {"refundId": 1}}, f"{place}.json")
        for place, topic in enumerate(["order.created", "order.cancelled", "order.on_hold", "order.hold_released"])
    ]
    samples.append(sample({"eventId": "r", "topic": "refund.created", "data": {"refundId": 1}}, "refund.json"))
    adapter, drafted = made(*samples)
    found = outcomes(adapter, [*samples, sample({"eventId": "s", "topic": "stock.changed", "data": {"sku": "A"}})])

    assert [each["outcome"] for each in found] == ["orders", "orders", "ignored", "orders", "ignored", "ignored"]
    assert found[1]["states"][0]["cancelled"] == "A-1"
    assert "topics" in drafted.marked


def test_pickups_and_holds_are_no_deliveries(sample):
    """By the order's own words, marked as guesses."""
    bodies = [
        ORDER | {"status": status, "delivery_method": way}
        for status, way in (
            ("open", "courier"),
            ("On-Hold", "courier"),
            ("open", "Store pickup"),
            ("Cancelled", "courier"),
        )
    ]
    samples = [sample(body, f"{place}.json") for place, body in enumerate(bodies)]
    adapter, drafted = made(*samples)
    found = outcomes(adapter, samples)

    assert [each["outcome"] for each in found] == ["orders", "ignored", "ignored", "orders"]
    assert "cancelled" in found[3]["states"][0]
    assert {"cancellation", "pickup"} <= set(drafted.marked)


@pytest.mark.parametrize(
    "notice",
    [
        {"resource_url": "https://api.example/v2/orders/5?x=1", "resource_type": "ORDER"},
        {"event": "order.changed", "href": "/v2/orders/5"},
        {"type": "order", "_links": {"self": {"href": "https://api.example/e/1"}, "order": {"href": "v2/orders/5"}}},
        {"event": "order.changed", "data": {"id": 5}},
    ],
)
def test_a_thin_event_is_looked_up(sample, notice):
    """By its link's path or by its id, as the answer's own path shows it."""
    body, answers = sample(notice), {"v2/orders/5": ORDER}
    adapter, _ = made(body, answers=answers)
    (order,) = outcomes(adapter, [body], answers)[0]["states"]

    assert order["order"]["externalOrderId"] == "A-1"


def test_references_are_carried_whatever_goes_wrong(sample):
    """A dead letter of a drafted adapter can be found by its order's number."""
    adapter, _ = made(sample(ORDER | {"id": 7}))
    (dead,) = outcomes(adapter, [sample(ORDER | {"id": 7, "shipTo": None})])

    assert (dead["outcome"], dead["references"]) == ("dead", ["A-1", "7"])


def test_several_samples_show_what_varies():
    """Absent members, nulls and numbers that are now texts are told apart."""
    node = learn([{"a": 1, "b": None, "d": "2026-03-01"}, {"a": "1", "b": "x", "c": 1.5, "d": "2026-03-02"}])

    assert node.members["a"].words == "text or number"
    assert node.members["b"].words == "text or null"
    assert (node.members["c"].met, node.objects) == (1, 2)
    assert node.members["d"].words == "date"


def test_names_keep_the_vendors_spelling(sample):
    """Snake case, camel case and whatever msgspec cannot make of an attribute, each in its own way."""
    payload = {"Order-Number": "A", "ShipTo": {"City": "Leeds", "Zip": "LS1", "Street": "12 Elm Street"}}
    source = draft("acme", [sample(payload)], {}).source

    assert 'ship_to: ShipTo | None = msgspec.field(default=None, name="ShipTo")' in source
    assert 'order_number: str | None = msgspec.field(default=None, name="Order-Number")' in source


@pytest.mark.parametrize("content", ["", "no json", "3", "POST / HTTP/1.1\r\n\r\nno json"])
def test_what_is_no_sample_is_said(sample, content):
    """Neither JSON with members nor a request with such a body."""
    with pytest.raises(UnreadableSample):
        sample(content)


def test_a_draft_is_in_the_house_style(sample, tmp_path):
    """Formatter, linter and type checker have nothing to say of a draft, by the rules of this house."""
    payloads = {"full": ORDER | {"weight": 1, "status": "open"}, "batch": {"message_id": 1, "orders": [ORDER]}}
    for name, payload in payloads.items():
        (tmp_path / f"{name}.py").write_text(draft(name, [sample(payload)], {}).source)
    notice = draft("notice", [sample({"event": "changed", "orderId": 5})], {"orders/5": ORDER})
    (tmp_path / "notice.py").write_text(notice.source)
    (tmp_path / "__init__.py").touch()
    files = [str(tmp_path / f"{name}.py") for name in (*payloads, "notice")]
    rules = ["--config", str(ROOT / "pyproject.toml")]
    tools = (["ruff", "format", "--check", *rules], ["ruff", "check", *rules], ["mypy", "--strict"])
    ended = [
        subprocess.run([sys.executable, "-m", *tool, *files], cwd=ROOT, capture_output=True, text=True, check=False)
        for tool in tools
    ]

    assert [each.stdout for each in ended if each.returncode] == []
