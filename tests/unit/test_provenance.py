"""Where each member of an order came from."""

import json
import time
from pathlib import Path

from adapters import Hook
from gateway.cli.offline import Workbench, source_of
from gateway.events import EventStatus, OrderState, Reason, TranslatedEvent
from gateway.rehearsal.provenance import compared, trace

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
        original = bench.translate(hook, answers)
        return trace(original, bench.translate, bench.seen(hook), answers, lambda: True)


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


def outcome(*orders: str, **rest):
    """An event that told of these orders."""
    states = tuple(
        [OrderState(tenant="t", external_order_id=each, owner="o", clock=1, tie=0, body=None) for each in orders]
    )
    translated = TranslatedEvent(
        id=1, source="s", event_id="e", status=EventStatus.TRANSLATED, adapter_version="1", states=states, **rest
    )
    return "e", None, translated


def test_it_is_looked_for_as_long_as_there_is_time():
    """What comes from a member that was not reached is told of no member; what is there is told."""
    body, left = json.dumps({f"m{number}": f"{number}" for number in range(9)}).encode(), iter((True, True, False))

    def run(hook, _):
        asked.append(hook.body)
        return outcome("B")

    asked: list[bytes] = []
    origin = trace(outcome("A"), run, Hook(body), {}, lambda: next(left))

    assert len(asked) == 2
    assert origin.orders[0]["externalOrderId"] == ("$.m0", "$.m1")


def test_what_is_hopeless_is_not_asked_again():
    """An adapter that did not end would not end once more."""
    hopeless = outcome(reason=Reason("adapter_defect", "did not end"))

    assert trace(hopeless, lambda *_: 1 / 0, Hook(b'{"id": 1}'), {}, lambda: True).orders == ()


def test_an_event_of_many_orders_takes_no_longer_for_each():
    """Each order's members are gathered in one pass."""
    orders = [str(number) for number in range(5000)]
    began = time.thread_time()
    origin = compared(outcome(*orders), [("$.id", outcome(*(f"{each}~" for each in orders)))])

    assert time.thread_time() - began < 1
    assert {origin["externalOrderId"] for origin in origin.orders} == {("$.id",)}
