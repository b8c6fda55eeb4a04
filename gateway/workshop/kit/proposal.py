"""What a vendor's members probably mean, by their names and values. What is not certain is a guess, and says so."""

from collections.abc import Sequence

import msgspec

from gateway.drift.shapes import ITEM
from gateway.workshop.kit import names
from gateway.workshop.kit.addressing import Place, Receiver, find_place, receiver_of
from gateway.workshop.kit.finding import holds_text, holds_words, leaf, matching, ranked, within
from gateway.workshop.kit.identifying import (
    EventId,
    Topic,
    TopicPlace,
    find_event_id,
    find_topic,
    judged,
    topic_of_sample,
)
from gateway.workshop.kit.measuring import Amount, find_volume, find_weight
from gateway.workshop.kit.samples import Node, Sample, Steps, learn
from gateway.workshop.kit.timing import Clock, find_clock, find_planned

SURE_REFERENCES = names.REFERENCES[: -names.VAGUE]
DEEPEST_ID = 4
"""Objects around a notice's id of its order."""

NO_ORDER = "no order: nothing to deliver"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Where an adapter finds what. Steps of an order are relative to it, those of the event to the body.

    `order` leads from the body (or the answer, where the order is looked up) to the order. `link` is the member with a
    link to it, `lookup_id` the one with its id; neither: the body holds the order. `is_named_otherwise`: a notice calls
    the order by something else than `reference`. `has_rivals`: another member may name the order as well.
    """

    order: Steps
    event_id: EventId = EventId()
    topic: TopicPlace | None = None
    topics: tuple[Topic, ...] = ()
    link: Steps | None = None
    lookup_id: Steps | None = None
    reference: Steps | None = None
    references: tuple[Steps, ...] = ()
    receiver: Receiver = Receiver()
    weight: Amount | None = None
    volume: Amount | None = None
    pallets: Steps | None = None
    planned: Steps | None = None
    clock: Clock = Clock()
    cancelled_at: Steps | None = None
    status: Steps | None = None
    pickup: Steps | None = None
    is_named_otherwise: bool = False
    has_rivals: bool = False

    @property
    def is_notice(self) -> bool:
        """Whether the order is looked up."""
        return self.link is not None or self.lookup_id is not None


class Learned(msgspec.Struct, frozen=True):
    """The samples by what their topics bring, and what those that bring orders show."""

    body: Node
    topic: TopicPlace | None
    topics: tuple[Topic, ...]


def learn_samples(samples: Sequence[Sample], answer: Node | None) -> Learned:
    """Samples grouped by topic; only those that bring orders, or cancel some, say what an order looks like."""
    whole = learn(sample.value for sample in samples)
    place = find_topic(samples, whole, is_order=_is_order(whole, answer))
    groups: dict[str | None, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(topic_of_sample(sample, place), []).append(sample)
    found = {topic: judged(topic) for topic in groups if topic is not None}
    with_orders = [
        sample
        for topic, group in groups.items()
        if topic is None or found[topic].brings == "orders"
        for sample in group
    ]
    shown = learn(sample.value for sample in with_orders or samples)
    if with_orders and answer is None and find_place(shown) is not None:
        found = {name: _checked(topic, groups[name], shown) for name, topic in found.items()}
    kept = [
        sample
        for topic, group in groups.items()
        if topic is None or found[topic].brings != "nothing"
        for sample in group
    ]
    return Learned(learn(sample.value for sample in kept or samples), place, tuple(found.values()))


def _checked(topic: Topic, samples: Sequence[Sample], shown: Node) -> Topic:
    """A topic whose bodies hold no order where the others have it brings nothing, whatever its words say."""
    order = _order(shown, find_place(shown))
    reference = leaf(shown.at(order), names.REFERENCES, holds_text)
    own = learn(sample.value for sample in samples)
    if topic.brings == "orders" and find_place(own) is None:
        return Topic(topic.name, "nothing", NO_ORDER)
    if topic.brings == "cancellations" and (reference is None or not _has(own, (*order, *reference))):
        return Topic(topic.name, "nothing", "a cancellation that names no order as the others do")
    return topic


def _has(root: Node, steps: Steps) -> bool:
    try:
        return root.at(steps).is_leaf
    except KeyError:
        return False


def _is_order(body: Node, answer: Node | None) -> bool:
    """Whether the body itself is an order."""
    if answer is not None or (place := find_place(body)) is None:
        return False
    return _order(body, place) == ()


def propose(samples: Sequence[Sample], learned: Learned, answer: Node | None, paths: Sequence[str] = ()) -> Proposal:
    """The proposal for these samples.

    `answer` is what a lookup's answers show (None: there are none at hand), `paths` what they answer. A body that holds
    no address, or that comes with answers, is a notice: its order is looked up.
    """
    body = learned.body
    there = answer if answer is not None else body
    place = find_place(there)
    link = _link(body) if answer is not None or place is None else None
    is_thin = answer is not None or (place is None and (link is not None or _lookup_id(body, paths) is not None))
    lookup_id = _lookup_id(body, paths) if is_thin and link is None else None
    order = () if is_thin and answer is None else _order(there, place)
    found = Node() if is_thin and answer is None else there.at(order)
    # One of several places around an order is nobody's but the event's.
    below = place.steps[len(order) :] if place is not None and place.steps[: len(order)] == order else ()
    is_order = order == () and not is_thin
    references = _references(found)
    way = leaf(found, names.WAYS, lambda node: bool(node.kinds))
    return Proposal(
        order=order,
        event_id=find_event_id(samples, body, is_order=is_order, but=lookup_id),
        topic=learned.topic,
        topics=learned.topics,
        link=link if is_thin else None,
        lookup_id=lookup_id,
        reference=references[0] if references else None,
        references=tuple(references[:4]),
        receiver=receiver_of(found, below, place),
        weight=find_weight(found),
        volume=find_volume(found),
        pallets=leaf(found, names.PALLETS),
        planned=find_planned(found),
        clock=find_clock(found, None if is_order or is_thin else body),
        cancelled_at=leaf(found, names.CANCELLED_AT),
        status=leaf(found, names.STATUSES, holds_words),
        pickup=way,
        has_rivals=bool(references) and _has_rivals(found.at(references[0][:-1]), references),
        is_named_otherwise=bool(lookup_id and references and _differs(body.at(lookup_id), found.at(references[0]))),
    )


def _references(order: Node) -> list[Steps]:
    """The members that name an order, best first: its own, else those of an object that tells more of it."""
    for above in within(order):
        node = order.at(above)
        vague = [] if above else ranked(node, names.REFERENCES, lambda member: member.is_leaf and holds_text(member))
        sure = ranked(node, SURE_REFERENCES, lambda member: member.is_leaf and holds_text(member))
        found = list(dict.fromkeys((*sure, *_of_some_order(node), *vague)))
        if found:
            return [(*above, key) for key in found]
    events = {*names.EVENT_IDS, *names.SUBSCRIPTIONS}
    probable = [
        key
        for key, _ in matching(order, names.PROBABLE)
        if holds_text(order.members[key]) and names.plain(key) not in events
    ]
    return [(probable[0],)] if probable else []


def _has_rivals(node: Node, references: Sequence[Steps]) -> bool:
    """Whether another member speaks of an order's number, by a name that nobody knows."""
    known = {steps[-1] for steps in references}
    return any(
        key not in known and holds_text(node.members[key]) and names.plain(key) not in names.REFERENCES
        for key, _ in matching(node, names.RIVAL)
    )


def _differs(one: Node, other: Node) -> bool:
    return not set(one.texts) & set(other.texts)


def _link(body: Node) -> Steps | None:
    """The member with a link to a record: a URL, or a path."""
    for above in ((), *((key,) for key, node in body.members.items() if "object" in node.kinds)):
        for name in ranked(body.at(above), names.LINKS):
            steps = (*above, name)
            node = body.at(steps)
            if node.is_leaf and node.texts and all("/" in text for text in node.texts):
                return steps
    linked = [
        steps
        for steps, node in body.walk()
        if "href" in node.members and ITEM not in steps and any("link" in names.plain(step) for step in steps)
    ]
    # The order's own before the notice's.
    best = sorted(linked, key=lambda steps: not any(word in names.plain(steps[-1]) for word in ("order", "shipment")))
    return (*best[0], "href") if best else None


def _lookup_id(body: Node, paths: Sequence[str]) -> Steps | None:
    """The member with the order's id: the one that stands in an answer's path, else the one whose name says most."""
    places = [
        steps for steps, node in body.walk() if "object" in node.kinds and ITEM not in steps and len(steps) < DEEPEST_ID
    ]
    found = [
        (*above, *steps)
        for name in names.LOOKUP_IDS
        for above in places
        if (steps := leaf(body.at(above), (name,), holds_text)) is not None
    ]
    found += [(*above, key) for above in places for key in _of_some_order(body.at(above))]
    shown = {step for path in paths for step in path.split("/")}
    # What stands in an answer's path is the order's, whatever it is called.
    found += [
        (*above, key) for above in places for key, node in body.at(above).members.items() if shown & set(node.texts)
    ]
    # An id at the top is the event's, unless nothing below has one.
    best = sorted(
        found,
        key=lambda steps: (not shown & set(body.at(steps).texts), names.plain(steps[-1]) == "id" and len(steps) == 1),
    )
    return best[0] if best else None


def _order(root: Node, place: Place | None) -> Steps:
    """The object that is an order: the nearest one around the address that has a reference of its own."""
    if place is None:
        candidates = [
            steps for steps, node in root.walk() if "object" in node.kinds and leaf(node, names.REFERENCES, holds_text)
        ]
        return min(candidates, key=len, default=())
    around = [place.steps[:length] for length in range(len(place.steps), -1, -1)]
    for known in (SURE_REFERENCES, names.REFERENCES):
        for steps in around:
            node = root.at(steps)
            is_itself = steps == place.steps and not place.is_flat and bool(steps)
            if "object" in node.kinds and not (is_itself and place.is_named) and _names_it(node, known):
                return steps
    # An address has a code of its own.
    outside = [
        steps for steps in around if "object" in root.at(steps).kinds and (steps != place.steps or place.is_flat)
    ]
    return next((steps for steps in outside if _references(root.at(steps))), outside[0] if outside else ())


def _names_it(node: Node, known: Sequence[str]) -> bool:
    """Whether a member names an order, by a known name or by one such as `AcmeOrderId`."""
    return leaf(node, known, holds_text) is not None or (known is SURE_REFERENCES and bool(_of_some_order(node)))


def _of_some_order(node: Node) -> list[str]:
    return [key for key, _ in matching(node, names.SOME_ORDER) if holds_text(node.members[key])]
