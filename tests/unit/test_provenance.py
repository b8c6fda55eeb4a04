"""Where each member of an order came from."""

import json
from pathlib import Path

from adapters import Hook
from gateway.cli.offline import Workbench, source_of
from gateway.rehearsal.provenance import trace

GOLDEN = Path(__file__).parents[1] / "golden"


def origin_of(adapter: str, case: str, options: Path | None = None):
    folder = GOLDEN / adapter / case
    request = folder / "hook.json"
    hook = Hook((folder / "body.json").read_bytes(), **(json.loads(request.read_text()) if request.exists() else {}))
    answers = {
        file.relative_to(folder / "answers").with_suffix("").as_posix(): file.read_bytes()
        for file in (folder / "answers").rglob("*.json")
    }
    with Workbench(source_of(adapter, options)) as bench:
        return trace(bench.translate, bench.seen(hook), answers)


def test_members_of_the_body():
    """Each member of the order names the members of the payload that it is made of."""
    origin = origin_of("logistics_plus", "order")

    assert origin.event_id == ("$.id",)
    assert origin.topic == ("$.topic",)
    assert origin.orders[0]["externalOrderId"] == ("$.data.primaryReference",)
    assert "$.data.shipToAddress.address.city" in origin.orders[0]["deliveryAddress"]
    assert origin.orders[0]["owner"] == ()


def test_members_of_headers():
    """Headers that the adapter reads are told as such."""
    origin = origin_of("shopify", "order")

    assert origin.event_id == ("header x-shopify-webhook-id",)
    assert origin.topic == ("header x-shopify-topic",)
    assert origin.orders[0]["totalWeight"] == ("$.total_weight",)


def test_members_of_answers():
    """What was looked up names the lookup."""
    folder = GOLDEN / "ongoing" / "looked_up_created"
    origin = origin_of("ongoing", "looked_up_created", folder / "options.json")

    assert origin.orders[0]["customerName"] == ("orders/70421 $.consignee.name",)
    assert any(path.startswith("orders/70421/wayBillRows $") for path in origin.orders[0]["totalWeight"])
    assert origin.event_id == ("$.webhookOrdersId", "$.webhookEventId", "$.system")


def test_a_hash_is_said():
    """Where nothing names the event, every byte does."""
    assert origin_of("shopify", "event_id_from_hash").event_id == ("a hash of the body",)
