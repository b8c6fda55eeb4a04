"""Shadows in tests: adapters with the truth of how they differ, and takings-over with that of what comes of them."""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import httpx

from tests.processes import PROOF, Gateway, eventually, told, version_of

CHANGED = """
import msgspec
from adapters import Ignored, State
from adapters.logistics_plus import ADAPTER as WAS

def translate(hook, options, answers):
    made = []
    for state in WAS.translate(hook, options, answers):
        number = int(state.external_order_id.rpartition("-")[2])
        if number % 5 == 0:
            state = msgspec.structs.replace(state, order=msgspec.structs.replace(state.order, pallet_count=number))
        if number % 7 == 0:
            gone = msgspec.structs.replace(state.order, customer_contact="changed", delivery_address="elsewhere")
            state = msgspec.structs.replace(state, order=gone)
        made.append(state)
        if number % 11 == 0:
            return Ignored("not any more")
    return made

ADAPTER = msgspec.structs.replace(WAS, name="changed", version="9", translate=translate)
"""

CRASHING = """
import os
import msgspec
from adapters.logistics_plus import ADAPTER as WAS

def translate(hook, options, answers):
    os._exit(3)

ADAPTER = msgspec.structs.replace(WAS, name="crashing", version="9", translate=translate)
"""

HANGING = CRASHING.replace("os._exit(3)", "while True: pass").replace("crashing", "hanging")


def truth(numbers: range) -> tuple[Counter[str], Counter[str]]:
    """Verdicts, and members that differ, by the rule that `CHANGED` was written by."""
    verdicts: Counter[str] = Counter()
    members: Counter[str] = Counter()
    for number in numbers:
        differing = {
            *(["palletCount"] if number % 5 == 0 else []),
            *(["customerContact", "deliveryAddress"] if number % 7 == 0 else []),
        }
        verdict = "missing" if number % 11 == 0 else "differ" if differing else "equal"
        verdicts[verdict] += 1
        if verdict == "differ":
            members.update(differing)
    return verdicts, members


def holds(told_of: dict[str, Any], numbers: range) -> None:
    verdicts, members = truth(numbers)
    assert (told_of["equal"], told_of["differ"]) == (verdicts["equal"], verdicts["differ"])
    assert told_of["settling"] == verdicts["missing"]
    assert told_of["members"] == members
    assert len(told_of["examples"]) == 20
    for example in told_of["examples"]:
        number = int(example["externalOrderId"].rpartition("-")[2])
        _, differing = truth(range(number, number + 1))
        assert {each["member"] for each in example["difference"]} == set(differing)
        for each in example["difference"]:
            assert (
                each["to"]
                == {"palletCount": number, "customerContact": "changed", "deliveryAddress": "elsewhere"}[each["member"]]
            )


class Told(NamedTuple):
    """What a source told, and when: by how many promotions had begun, and ended."""

    source: str
    order: str
    version: int
    begun: int
    ended: int


class Telling:
    """Both sources tell of each order, in versions that rise and of which each is told once, until it is left."""

    def __init__(
        self, gateways: Sequence[Gateway], sources: Sequence[str] = ("old", "new"), *, orders: int = 12,
        pause: float = 0.002, prefix: str = "P",
    ) -> None:  # fmt: skip
        self.told: list[Told] = []
        self.refused: list[int] = []
        self.sources = sources
        self._gateways = gateways
        # Of a number that no adapter of the tests changes.
        self._orders = [f"{prefix}-{2**number}" for number in range(orders)]
        self._versions = iter(range(1, 80_000))
        self._drawing = threading.Lock()
        self._begun = self._ended = 0
        self._enough = threading.Event()
        self._pause = pause
        self._threads = [threading.Thread(target=self._tell, args=(source,)) for source in sources]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _tell(self, source: str) -> None:
        with httpx.Client(headers=PROOF, timeout=20, trust_env=False) as client:
            while not self._enough.wait(self._pause):
                with self._drawing:
                    version = next(self._versions)
                order, ended = self._orders[version % len(self._orders)], self._ended
                gateway = self._gateways[version % len(self._gateways)]
                body = told(f"{order}-{version}", order, version)
                answer = client.post(f"{gateway.url}/hooks/{source}", json=body)
                if answer.status_code == 200:
                    self.told.append(Told(source, order, version, self._begun, ended))
                else:
                    self.refused.append(answer.status_code)

    def promote(self, gateway: Gateway, source: str, within: float = 60) -> dict[str, Any]:
        """Let a source take over; its operation, once that is done."""
        self._begun += 1
        operation = gateway.api(f"sources/{source}/promote", method="POST")["operation"]
        self._ended += 1
        return eventually(
            lambda: gateway.api(f"operations/{operation['id']}")["operation"],
            lambda seen: seen["status"] == "done",
            within,
        )

    def lost(self, live: str, orders: dict[str, dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
        """The orders that did not end on their newest: between which versions that was to be, and what it is.

        All that counts which the source told that is live now, and what the other one told before the last promotion.
        What was under way in that moment may count.
        """
        wrong = {}
        for order in self._orders:
            mine = [each for each in self.told if each.order == order]
            surely = [each.version for each in mine if each.source == live or each.begun < self._begun]
            perhaps = [each.version for each in mine if each.source == live or each.ended < self._ended]
            had = version_of(orders[order]) if order in orders else 0
            if had not in (0, *perhaps) or had < max(surely, default=0):
                wrong[order] = (max(surely, default=0), max(perhaps, default=0), had)
        return wrong

    def sent_late(self, live: str, history: Sequence[dict[str, Any]]) -> set[tuple[str, int]]:
        """What the other source was told after the last promotion and went out all the same."""
        late = {(each.order, each.version) for each in self.told if each.source != live and each.ended == self._ended}
        mine = [order for order in history if order["externalOrderId"] in self._orders]
        return late & {(order["externalOrderId"], version_of(order)) for order in mine}

    def doubled(self, history: Sequence[dict[str, Any]]) -> list[str]:
        """What went out more than once."""
        counts = Counter(json.dumps(order, sort_keys=True) for order in history)
        return [order for order, count in counts.items() if count > 1]
