"""How good drafts are, over a corpus of payload shapes, each with samples and what a right adapter makes of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters import Adapter, Hook
from gateway.golden.cases import UnansweredError, outcome_of, read_options
from gateway.workshop.kit.drafting import Draft, draft
from gateway.workshop.kit.samples import Sample

_ABOUT_OUTCOMES: Final = ("topics", "cancellation", "pickup", "lookup")
"""What is right if each sample becomes what it should: orders, cancellations, nothing."""


class Expected(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a right adapter makes of a sample; an order's members, its `clock` and whether it is `cancelled`."""

    event_id: str | None
    topic: str | None = None
    orders: list[dict[str, Any]] = []
    ignored: bool = False


class ShapeSample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sample; with headers it is a captured request."""

    body: dict[str, Any] | list[Any]
    expected: Expected
    headers: dict[str, str] = {}
    path: str = ""


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A vendor's payload: its samples, the towns that they deliver to, and what its API answers, by path."""

    samples: list[ShapeSample]
    towns: list[str]
    answers: dict[str, Any] = {}


class Figures(msgspec.Struct, rename="camel"):
    """What drafts came to; the lists name shape and member."""

    shapes: int = 0
    guesses: int = 0
    marked: int = 0
    members: int = 0
    members_right: int = 0
    unmarked_wrong: list[str] = []
    weights_off: list[str] = []
    addresses_without_town: list[str] = []
    missed: list[str] = []

    @property
    def is_good(self) -> bool:
        """Every unmarked guess right, at most 30 % marked, 70 % of members right, no weight off, no town missing."""
        wrong = (*self.unmarked_wrong, *self.weights_off, *self.addresses_without_town)
        return not wrong and 10 * self.marked <= 3 * self.guesses and 10 * self.members_right >= 7 * self.members

    def told(self) -> dict[str, str]:
        """The figures in words."""
        return {
            "guesses": f"{self.guesses}, {100 * self.marked // max(self.guesses, 1)} % of them marked",
            "members right": f"{self.members_right} of {self.members}",
            "unmarked and wrong": ", ".join(self.unmarked_wrong) or "none",
            "weights off by a unit": ", ".join(self.weights_off) or "none",
            "addresses without their town": ", ".join(self.addresses_without_town) or "none",
            "not right": ", ".join(self.missed) or "none",
        }


def measure(folder: Path) -> Figures:
    """The figures over every `*.json` of a folder."""
    figures = Figures()
    for file in sorted(folder.glob("*.json")):
        _judge(file.stem, msgspec.json.decode(file.read_bytes(), type=Shape), figures)
    return figures


def drafted(name: str, shape: Shape) -> Draft:
    """The draft of a shape."""
    return draft(name, [_sample(place, sample) for place, sample in enumerate(shape.samples)], shape.answers)


def _sample(place: int, sample: ShapeSample) -> Sample:
    hook = Hook(msgspec.json.encode(sample.body), sample.headers, path=sample.path)
    return Sample(f"sample_{place}", hook, sample.body, is_captured=bool(sample.headers))


def _judge(name: str, shape: Shape, figures: Figures) -> None:
    made = drafted(name, shape)
    space: dict[str, Any] = {"__name__": f"trackely_drafted_{name}"}
    exec(compile(made.source, f"{name}.py", "exec"), space)  # noqa: S102 - our own draft, nobody's code is in it
    adapter: Adapter = space["ADAPTER"]
    answers = {path: msgspec.json.encode(value) for path, value in shape.answers.items()}
    wrong: set[str] = set()
    for place, sample in enumerate(shape.samples):
        hook = _sample(place, sample).hook
        found = _facts_of(_outcome(adapter, made, hook, answers))
        expected = dict(_expected(sample.expected))
        where = f"{name}[{place}]"
        figures.members += len(expected)
        missed = sorted(key for key, value in expected.items() if not _is_same(key, found.get(key), value))
        figures.members_right += len(expected) - len(missed)
        figures.missed += [f"{where} {key}" for key in missed]
        wrong |= {key.rpartition(".")[2] for key in missed} | {
            k.rpartition(".")[2] for k in found.keys() - expected.keys()
        }
        figures.weights_off += [f"{where} {key}" for key in found if key.endswith("totalWeight") and key in missed]
        figures.addresses_without_town += [
            f"{where} {key}"
            for key, value in found.items()
            if key.endswith("deliveryAddress") and not any(town in value for town in shape.towns)
        ]
    figures.shapes += 1
    figures.guesses += len(made.targets)
    figures.marked += len(made.marked)
    figures.unmarked_wrong += [
        f"{name} {target}"
        for target in made.targets
        if target not in made.marked and ("outcome" if target in _ABOUT_OUTCOMES else target) in wrong
    ]


def _outcome(adapter: Adapter, made: Draft, hook: Hook, answers: Mapping[str, bytes]) -> dict[str, Any]:
    options = read_options(adapter, made.example_options)
    try:
        return outcome_of(adapter, options, hook, answers)
    except UnansweredError as error:
        return {"outcome": f"asks for {error}"}


def _facts_of(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What became of a sample, flat: `0.totalWeight` is the first order's."""
    facts: dict[str, Any] = {"eventId": outcome.get("eventId"), "outcome": outcome["outcome"]}
    facts |= {} if outcome.get("topic") is None else {"topic": outcome["topic"]}
    for place, state in enumerate(outcome.get("states", [])):
        members = state.get("order", {"externalOrderId": state.get("cancelled")})
        facts |= {f"{place}.{name}": value for name, value in members.items()}
        facts |= {} if state["clock"] is None else {f"{place}.clock": state["clock"]}
        facts["outcome"] = "cancelled" if "cancelled" in state else facts["outcome"]
    return facts


def _expected(sample: Expected) -> Iterator[tuple[str, Any]]:
    yield "eventId", sample.event_id
    if sample.topic is not None:
        yield "topic", sample.topic
    is_cancelled = any(order.get("cancelled") for order in sample.orders)
    yield "outcome", "ignored" if sample.ignored else "cancelled" if is_cancelled else "orders"
    for place, order in enumerate(sample.orders):
        yield from ((f"{place}.{name}", value) for name, value in order.items() if name != "cancelled")


def _is_same(key: str, found: Any, expected: Any) -> bool:
    if key.endswith("clock") and found is not None:
        return datetime.fromisoformat(found) == datetime.fromisoformat(expected)
    return bool(found == expected)
