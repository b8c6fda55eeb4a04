"""What names an event, and what its topic is: by headers, members and the URL's path; what topics bring."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from gateway.workshop.kit import names
from gateway.workshop.kit.finding import holds_text, holds_words, leaf
from gateway.workshop.kit.names import plain
from gateway.workshop.kit.samples import Node, Sample, Steps

Brings: TypeAlias = Literal["orders", "cancellations", "nothing"]

_NO_ORDERS: Final = (
    (re.compile(r"refund|credit|chargeback"), "a refund: nothing to deliver"),
    (re.compile(r"return|rma"), "a return: nothing to deliver"),
    (re.compile(r"(?<!un)hold|suspend"), "on hold: nothing to deliver yet"),
    (re.compile(r"pick.?up|collect"), "a pick-up: nothing to deliver"),
)
_GOES_ON: Final = re.compile(r"releas|resum|unhold|off.?hold")
_CANCELS: Final = re.compile(r"cancel|void|delet|remov")


class EventId(msgspec.Struct, frozen=True):
    """What names an event: a header or a member, neither: the body's hash. `is_proven`: the samples show it."""

    header: str | None = None
    steps: Steps | None = None
    is_proven: bool = False


class TopicPlace(msgspec.Struct, frozen=True):
    """Where an event's topic stands: a header, a member, or the path after the source's URL."""

    header: str | None = None
    steps: Steps | None = None
    is_path: bool = False


class Topic(msgspec.Struct, frozen=True):
    """A topic of the samples, as its words say what it brings; `why` it brings no order."""

    name: str
    brings: Brings
    why: str = ""


def find_event_id(samples: Sequence[Sample], body: Node, *, is_order: bool, but: Steps | None) -> EventId:
    """What names an event; `is_order`: the body is an order, whose id comes again with each change of it."""
    captured = [sample for sample in samples if sample.is_captured]
    for header in _headers(captured, (*names.DELIVERY_IDS, "webhook-id")):
        if (proof := _proof([sample.hook.headers.get(header) for sample in captured], captured)) is not False:
            return EventId(header=header, is_proven=bool(proof))
    known = (
        (*names.EVENT_IDS[:-3], *names.SUBSCRIPTIONS) if is_order else (*names.EVENT_IDS, "id", *names.SUBSCRIPTIONS)
    )
    for steps in _candidates(body, known):
        if steps == but:
            continue
        proof = _proof([at(sample.value, steps) for sample in samples], samples)
        if proof is False or (plain(steps[-1]) in names.SUBSCRIPTIONS and not proof):
            continue
        return EventId(steps=steps, is_proven=bool(proof))
    return EventId()


def _candidates(body: Node, known: Sequence[str]) -> Iterator[Steps]:
    places: list[Steps] = [(), *((key,) for key in body.members if names.ENVELOPES.fullmatch(plain(key)))]
    for name in known:
        for place in places:
            if (found := leaf(body.at(place), (name,), holds_text)) is not None:
                yield (*place, *found)


def _proof(values: Sequence[object], samples: Sequence[Sample]) -> bool | None:
    """True: other in each of several samples; False: absent, or equal in some that differ; None: one, or made up."""
    if any(value is None or value == "" for value in values):
        return False
    if any(sample.is_made_up for sample in samples):
        return None
    bodies = {sample.hook.body for sample in samples}
    if len({str(value) for value in values}) < len(bodies):
        return False
    return True if len(bodies) > 1 else None


def find_topic(samples: Sequence[Sample], body: Node, *, is_order: bool) -> TopicPlace | None:
    """Where the topic stands, None where nothing says one."""
    captured = [sample for sample in samples if sample.is_captured]
    for header in _headers(captured, ("topic", "event-type", "webhook-event", "event-name", "-event", "-resource")):
        return TopicPlace(header=header)
    # Where the body is the order itself, its `type` and its `action` are the order's.
    known = names.TOPICS[:-3] if is_order else names.TOPICS
    said = [steps for steps in _candidates(body, known) if holds_words(body.at(steps))]
    telling = [steps for steps in said if all(names.HAPPENED.search(text) for text in body.at(steps).texts)]
    if said:
        return TopicPlace(steps=(telling or said)[0])
    paths = [sample.hook.path for sample in captured]
    if paths and all(path and not re.search(r"\d{2}", path) for path in paths):
        return TopicPlace(is_path=True)
    return None


def topic_of_sample(sample: Sample, place: TopicPlace | None) -> str | None:
    """A sample's topic."""
    if place is None:
        return None
    if place.is_path:
        return sample.hook.path
    said = sample.hook.headers.get(place.header) if place.header else at(sample.value, place.steps or ())
    return said if isinstance(said, str) and said.strip() else None


def judged(topic: str) -> Topic:
    """What a topic's own words say that it brings."""
    words = topic.lower()
    if not _GOES_ON.search(words):
        for pattern, why in _NO_ORDERS:
            if pattern.search(words):
                return Topic(topic, "nothing", why)
    return Topic(topic, "cancellations" if _CANCELS.search(words) else "orders")


def at(value: object, steps: Steps) -> object:
    """The value below, None where there is none."""
    for step in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _headers(samples: Sequence[Sample], words: Sequence[str]) -> list[str]:
    """The headers of all captured samples whose name ends so, best first; a subscription's is none."""
    shared = sorted(set.intersection(*(set(sample.hook.headers) for sample in samples))) if samples else []
    return [name for word in words for name in shared if name.endswith(word) and "subscription" not in name]
