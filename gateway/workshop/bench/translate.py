"""What a translation costs, bytes to canonical bytes, against `json.loads` of the same bytes."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from adapters import Answers, Hook, State, logistics_plus, ongoing, shopify
from adapters.contract import Adapter
from adapters.reading import BOM
from gateway.workshop.samples import sample
from schemas import encode_order


class Cost(msgspec.Struct, frozen=True):
    """An adapter's cost for one event, and its ratio to reading the same bytes as JSON."""

    microseconds: float
    ratio_to_json_loads: float


class Case(msgspec.Struct, frozen=True):
    """An adapter with a hook, and what it looked up for it."""

    adapter: Adapter
    options: Any
    hook: Hook
    answers: Answers = {}

    def canonical(self) -> bytes:
        """The event's order, from bytes to bytes."""
        (state,) = self.adapter.translate(self.hook, self.options, self.answers)  # type: ignore[misc]
        assert isinstance(state, State)  # noqa: S101 - the samples are orders
        return encode_order(state.order)


def cases() -> dict[str, Case]:
    """Logistics Plus' sample, an Ongoing webhook with its looked-up order, and a Shopify order, by adapter."""
    harbour = {"address": "2400 Harbor Gateway South, Carson, CA 90745, US", "name": "Los Angeles Warehouse"}
    api = {"base_url": "https://ongoing.example/api/v1/", "username": "bench", "password": "bench"}
    order = sample("ongoing_rest_get_order.json")
    order_id = json.loads(order.decode("utf-8-sig"))["orderInfo"]["orderId"]
    # The vendor's two samples are of two orders.
    webhook = json.dumps({**json.loads(sample("ongoing_order_webhook.json").decode("utf-8-sig")), "orderId": order_id})
    answers = {f"orders/{order_id}": order, f"orders/{order_id}/wayBillRows": None}
    return {
        "logistics_plus": Case(
            logistics_plus.ADAPTER,
            _options(logistics_plus.ADAPTER, {"warehouses": {"LAW": harbour}}),
            Hook(sample("logistics_plus_receive.json")),
        ),
        "ongoing": Case(ongoing.ADAPTER, _options(ongoing.ADAPTER, {"api": api}), Hook(webhook.encode()), answers),
        "shopify": Case(
            shopify.ADAPTER,
            _options(shopify.ADAPTER, {}),
            Hook(sample("shopify_order.json"), {"x-shopify-topic": "orders/updated"}),
        ),
    }


def measure(rounds: int, runs: int, on_round: Callable[[], None] = lambda: None) -> dict[str, Cost]:
    """Each adapter's cost: the median of `rounds` paired rounds of `runs` translations and as many readings."""
    return {name: _cost(case, rounds, runs, on_round) for name, case in cases().items()}


def _options(adapter: Adapter, raw: Mapping[str, Any]) -> Any:
    return msgspec.convert(raw, adapter.options, dec_hook=lambda kind, value: kind(value))


def _cost(case: Case, rounds: int, runs: int, on_round: Callable[[], None]) -> Cost:
    texts = [text.removeprefix(BOM) for text in (case.hook.body, *case.answers.values()) if text is not None]

    def read() -> None:
        for text in texts:
            json.loads(text)

    costs, ratios = [], []
    for _ in range(rounds):
        read_seconds, seconds = _seconds(read, runs), _seconds(case.canonical, runs)
        costs.append(seconds * 1e6)
        ratios.append(seconds / read_seconds)
        on_round()
    return Cost(round(statistics.median(costs), 2), round(statistics.median(ratios), 3))


def _seconds(run: Callable[[], object], runs: int) -> float:
    """What one run takes: the quickest of five bouts, since whatever else the machine does only ever adds."""
    bout = max(1, runs // 5)
    quickest = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(bout):
            run()
        quickest = min(quickest, (time.perf_counter() - started) / bout)
    return quickest
