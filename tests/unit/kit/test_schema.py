"""Samples that are made up from a vendor's own description."""

import json
from functools import partial

import pytest
import yaml

from gateway.workshop.kit.drafting import draft
from gateway.workshop.kit.samples import UnreadableSample
from gateway.workshop.kit.schema import read_schema

ADDRESS = {
    "type": "object",
    "properties": {
        "street": {"type": "string"},
        "city": {"type": "string"},
        "postalCode": {"type": ["string", "null"]},
        "countryCode": {"type": "string", "enum": ["GB", "NO"]},
    },
}
ORDER = {
    "type": "object",
    "properties": {
        "orderNumber": {"type": "string", "example": "A-1"},
        "shipTo": {"$ref": "#/components/schemas/Address"},
        "updatedAt": {"type": "string", "format": "date-time"},
        "weight": {"allOf": [{"properties": {"value": {"type": "number"}}}, {"properties": {"unit": {"const": "lb"}}}]},
        "parent": {"$ref": "#/components/schemas/Order"},
        "elsewhere": {"$ref": "https://elsewhere.example/schema.json"},
    },
}
EVENT = {
    "type": "object",
    "properties": {
        "eventId": {"type": "string", "format": "uuid"},
        "event": {"type": "string", "example": "order.created"},
        "data": {"$ref": "#/components/schemas/Order"},
    },
}
COMPONENTS = {
    "components": {"schemas": {"Address": ADDRESS, "Event": EVENT, "Order": ORDER, "Stock": {"type": "object"}}}
}


def hook(event):
    schema = {"allOf": [{"$ref": "#/components/schemas/Event"}, {"properties": {"event": {"const": event}}}]}
    return {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}


WEBHOOKS = {
    "openapi": "3.1.0",
    "webhooks": {"orderCreated": hook("order.created"), "orderCancelled": hook("order.cancelled")},
    **COMPONENTS,
}


@pytest.fixture
def read(tmp_path):
    """The samples of a document, as JSON or YAML."""

    def of(document, dump=json.dumps):
        path = tmp_path / "openapi"
        path.write_text(document if isinstance(document, str) else dump(document))
        return read_schema(path)

    return of


@pytest.mark.parametrize("dump", [json.dumps, partial(yaml.safe_dump, sort_keys=False)], ids=["json", "yaml"])
def test_each_webhook_is_a_sample(read, dump):
    """By its schema, references and parts put together, in JSON and in YAML."""
    created, cancelled = read(WEBHOOKS, dump)

    assert (created.name, cancelled.name) == ("ordercreated", "ordercancelled")
    assert created.value["data"]["orderNumber"] == "A-1"
    assert created.value["data"]["weight"] == {"value": 1.5, "unit": "lb"}
    assert created.value["data"]["shipTo"]["countryCode"] == "GB"
    assert cancelled.value["event"] == "order.cancelled"


def test_a_schema_that_holds_itself_ends_and_none_elsewhere_is_followed(read):
    """An order's parent is an order once; what lies at another address is not asked for."""
    (created, _) = read(WEBHOOKS)

    assert created.value["data"]["parent"] is None
    assert created.value["data"]["elsewhere"] == "elsewhere 1"


def test_the_shape_most_like_an_order_is_taken(read):
    """Without webhooks, the described shape that has an address and an order around it."""
    (sample,) = read({"openapi": "3.0.0", **COMPONENTS})

    assert sample.name == "order"


def test_a_json_schema_is_a_sample(read):
    """A schema by itself."""
    (sample,) = read({"title": "Acme order", **ADDRESS})

    assert sample.name == "acme_order"
    assert sample.value["city"] == "city 1"


def test_a_draft_from_a_schema_marks_what_made_up_values_cannot_prove(read):
    """By topic, with the unit read at run time; the event ID stays a guess however many samples there are."""
    found = draft("acme", read(WEBHOOKS), {})

    assert found.proposal.event_id.steps == ("eventId",)
    assert "eventId" in found.marked
    assert '"order.cancelled": _cancellations,  # guess' in found.source
    assert 'weight(weight_part.value, weight_part.unit, "$.data.weight.value")' in found.source


@pytest.mark.parametrize("document", ["", "[1]", "{", "\0", {"openapi": "3.1.0"}, {"type": "object"}])
def test_what_describes_nothing_is_said(read, document):
    """Neither OpenAPI nor JSON Schema, or without a member."""
    with pytest.raises(UnreadableSample):
        read(document)
