"""What a draft makes of samples."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
    found = draft("acme", [sample(payload)], []).proposal

    assert found.order == order
    assert found.reference == ("orderNumber",)


@pytest.mark.parametrize(
    "payload", [ORDER, {"data": ORDER}, {"orders": [ORDER]}, [ORDER], {"payload": {"orders": [ORDER]}}]
)
def test_a_draft_runs_and_translates(sample, payload):
    """The drafted module makes the order of its own sample."""
    from adapters import Hook  # noqa: PLC0415 - only here

    space: dict[str, object] = {"__name__": "drafted"}
    exec(draft("acme", [sample(payload)], []).source, space)
    adapter = space["ADAPTER"]

    (state,) = adapter.translate(Hook(json.dumps(payload).encode()), adapter.options(), {})

    assert state.order.external_order_id == "A-1"
    assert state.order.delivery_address == "12 Elm Street, Leeds, LS1 4AP, GB"


def test_the_place_of_delivery_is_not_the_bills(sample):
    """Of several addresses, the one where the order is shipped to."""
    payload = {"number": "1", "billing_address": ADDRESS, "ship_from": ADDRESS, "shipping_address": ADDRESS}

    assert draft("acme", [sample(payload)], []).proposal.city == ("shipping_address", "city")


@pytest.mark.parametrize(
    ("members", "unit", "is_sure"),
    [
        ({"weight": 1}, "kilograms", False),
        ({"weightGrams": 1}, "grams", True),
        ({"total_grams": 1}, "grams", True),
        ({"weight_lb": 1}, "pounds", True),
        ({"weight": 1, "weightUnit": "LB"}, "pounds", True),
        ({"weight": {"value": 1, "unit": "g"}}, "grams", True),
        ({"totalWeight": 1, "weight_unit": "kg"}, "kilograms", True),
    ],
)
def test_the_unit_of_a_weight(sample, members, unit, is_sure):
    """The unit is the vendor's own word where there is one, else a guess that says so."""
    found = draft("acme", [sample(ORDER | members)], []).proposal.weight

    assert (found.unit, found.is_sure) == (unit, is_sure)


def test_a_captured_request_gives_the_event_id_and_the_topic(sample):
    """Headers stand above members; a credential is none of the headers that the adapter reads."""
    request = (
        "POST /hooks/acme/orders?x=1 HTTP/1.1\r\nX-Acme-Topic: t\r\nX-Acme-Webhook-Id: 7\r\nAuthorization: s\r\n\r\n"
    )
    captured = sample(request + json.dumps(ORDER), "request.http")
    found = draft("acme", [captured], [])

    assert captured.is_captured
    assert captured.hook.path == "orders"
    assert (found.proposal.event_header, found.proposal.topic_header) == ("x-acme-webhook-id", "x-acme-topic")
    assert 'reads_headers=("x-acme-webhook-id", "x-acme-topic",)' in found.source


def test_an_orders_own_id_names_no_event(sample):
    """Where the body is the order, its id comes again with each change: the body's hash names the event."""
    assert draft("acme", [sample({"id": 1, **ORDER})], []).proposal.event_id is None
    assert draft("acme", [sample({"id": 1, "data": ORDER})], []).proposal.event_id == ("id",)


def test_a_notice_is_looked_up(sample):
    """A payload without an address asks for the order of its id; the answer's shape comes from an answer."""
    found = draft("acme", [sample({"event": "changed", "orderId": 5})], [ORDER])

    assert found.proposal.lookup_id == ("orderId",)
    assert "Lookup(path=path)" in found.source
    assert any("hash_window" in guess for guess in found.guesses)
    assert found.proposal.city == ("shipTo", "city")


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
    source = draft("acme", [sample(payload)], []).source

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
        (tmp_path / f"{name}.py").write_text(draft(name, [sample(payload)], []).source)
    notice = draft("notice", [sample({"event": "changed", "orderId": 5})], [ORDER])
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
