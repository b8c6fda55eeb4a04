"""Where an order goes, and to whom: an address object, or flat members that share a prefix or a suffix."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from gateway.drift.shapes import ITEM
from gateway.workshop.kit import names
from gateway.workshop.kit.finding import holds_words, leaf, matching, of_each, ranked
from gateway.workshop.kit.names import plain
from gateway.workshop.kit.samples import Node, Steps

_PARTS: Final = {
    "lines": names.LINES,
    "house_number": names.HOUSE_NUMBERS,
    "city": names.CITIES,
    "post_code": names.POST_CODES,
    "state": names.STATES,
    "country": names.COUNTRIES,
    "company": names.COMPANIES,
    "person": names.PEOPLE,
    "first": names.FIRST_NAMES,
    "last": names.LAST_NAMES,
    "mail": names.MAILS,
    "phone": names.PHONES,
}
_OF_A_PLACE: Final = ("lines", "city", "post_code", "country")
_ENOUGH: Final = 6
_TOO_FAR: Final = -5


class Place(msgspec.Struct, frozen=True):
    """A place of delivery: the object that holds it, its members by part, and whether its name says what it is."""

    steps: Steps
    parts: dict[str, tuple[str, ...]]
    is_flat: bool
    is_named: bool
    score: int
    affix: str = ""

    def all_of(self, part: str) -> tuple[str, ...]:
        """The members of one part, best first."""
        return self.parts.get(part, ())


class Receiver(msgspec.Struct, frozen=True):
    """The members of an order that say where it goes, to whom, and how to reach them; steps are the order's."""

    lines: tuple[Steps, ...] = ()
    house_number: Steps | None = None
    city: Steps | None = None
    post_code: Steps | None = None
    state: Steps | None = None
    country: Steps | None = None
    names: tuple[Steps, ...] = ()
    full_name: tuple[Steps, ...] = ()
    contacts: tuple[Steps, ...] = ()
    is_sure: bool = False
    is_of_several: bool = False
    has_other_mails: bool = False


def find_place(root: Node) -> Place | None:
    """The place of delivery of a body, None where there is none but a sender's or a payer's."""
    found = [place for steps, node in root.walk() for place in _places(steps, node)]
    best = max(found, key=lambda place: place.score, default=None)
    return None if best is None or best.score < _TOO_FAR else best


def _places(steps: Steps, node: Node) -> Iterator[Place]:
    groups: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for key, member in node.members.items():
        if member.is_leaf or (member.item is not None and member.item.is_leaf):
            for affix, part, rank in _splits(plain(key)):
                groups.setdefault(affix, {}).setdefault(part, []).append((rank, key))
    for affix, parts in groups.items():
        ordered = {part: tuple(dict.fromkeys(key for _, key in sorted(keys))) for part, keys in parts.items()}
        score = 3 * sum(part in ordered for part in _OF_A_PLACE)
        if score < _ENOUGH or not ({"city", "post_code"} & ordered.keys()):
            continue
        way = affix + "".join(plain(step) for step in steps)
        is_named = any(word in way for word in names.HERE)
        is_away = any(word in way for word in names.AWAY)
        score += 8 * is_named - 20 * is_away - 4 * steps.count(ITEM) - len(steps)
        yield Place(steps, ordered, bool(affix), is_named and not is_away, score, affix)


def _splits(name: str) -> Iterator[tuple[str, str, int]]:
    """Each way to read a member's name as a part of an address: what is around the part, the part, how good it is."""
    for part, known in _PARTS.items():
        for rank, word in enumerate(known):
            for affix in (name.removesuffix(word), name.removeprefix(word)):
                if affix != name and names.PREFIX.fullmatch(affix):
                    yield affix.replace("address", "").replace("addr", ""), part, rank
                elif name == word:
                    yield "", part, rank


def receiver_of(order: Node, steps: Steps, place: Place | None) -> Receiver:
    """Who receives an order; `steps` lead from the order to the place's object."""
    if place is None:
        return _of_one_line(order)
    around = [steps, *([steps[:-1]] if len(steps) > 1 and steps[-1] != ITEM else [])]
    people = _people_of(order, steps)

    def own(part: str) -> tuple[Steps, ...]:
        # Among the order's own members, what stands with its address in name or place is the receiver's.
        return tuple((*steps, key) for key in place.all_of(part)) if place.is_flat or not steps else ()

    first, last = (
        next(iter((*own(part), *of_each(order, people, known))), None)
        for part, known in (("first", names.FIRST_NAMES), ("last", names.LAST_NAMES))
    )
    contacts = dict.fromkeys(
        (
            *(*own("mail")[:1], *of_each(order, people, names.MAILS), *_some_mails(order, people)),
            *(*own("phone")[:1], *of_each(order, people, names.PHONES)),
        )
    )
    return Receiver(
        lines=tuple((*steps, key) for key in place.all_of("lines")),
        **_parts(order, steps, place),
        names=tuple(dict.fromkeys((*own("company")[:1], *own("person")[:1], *_names(order, [*around, *people])))),
        full_name=(first, last) if first and last else (),
        contacts=tuple(contacts),
        is_of_several=ITEM in steps,
        has_other_mails=_has_other_mails(order, contacts),
        is_sure=place.is_named
        and bool(place.all_of("lines") and place.all_of("city"))
        and ITEM not in steps
        and not _unknown(order.at(steps), place),
    )


def _parts(order: Node, steps: Steps, place: Place) -> dict[str, Steps | None]:
    """Where each part of an address stands that is one member."""
    one = {part: place.all_of(part) for part in ("house_number", "city", "post_code", "state", "country")}
    parts = {part: (*steps, keys[0]) if keys else None for part, keys in one.items() if part != "country" or keys}
    country = _country(order.at(steps))
    return parts if one["country"] or country is None else {**parts, "country": (*steps, *country)}


def _names(order: Node, around: Iterable[Steps]) -> Iterator[Steps]:
    for known in (names.COMPANIES, names.PEOPLE, names.ATTENTION):
        yield from of_each(order, around, known)


def _has_other_mails(order: Node, known: Iterable[Steps]) -> bool:
    """Whether an order has a mail of somebody's, and all that is known of are phones: it may be the receiver's."""
    if any("mail" in plain(steps[-1]) for steps in known):
        return False
    return any("@" in text for _, node in order.walk() for text in node.texts)


def _some_mails(order: Node, places: Iterable[Steps]) -> Iterator[Steps]:
    for place in places:
        yield from ((*place, key) for key, _ in matching(order.at(place), names.SOME_MAIL))


def _unknown(node: Node, place: Place) -> list[str]:
    """Texts of an address object that are no part of an address that is known: one of them may be."""
    known = {key for keys in place.parts.values() for key in keys}
    return [
        key
        for key, member in node.members.items()
        if key not in known
        and member.kinds == {"text"}
        and member.texts
        and not names.NO_PART.fullmatch(plain(key))
        and (not place.is_flat or (place.affix in plain(key) and names.SOME_PART.fullmatch(plain(key)) is not None))
        and not any(
            plain(key).endswith(end)
            for end in (*names.MAILS, *names.PHONES, *names.PEOPLE, *names.ATTENTION, *names.COMPANIES)
        )
    ]


def _country(node: Node) -> Steps | None:
    """A country that is an object of its own."""
    for key in ranked(node, names.COUNTRIES, lambda member: "object" in member.kinds):
        if (found := leaf(node.members[key], names.COUNTRY_OBJECT)) is not None:
            return (key, *found)
    return None


def _of_one_line(order: Node) -> Receiver:
    """A whole address in one text; it has a comma or several lines, else it may be a street without its town."""
    known = ("deliveryaddress", "shippingaddress", "shiptoaddress", "address", "shipto")
    line = leaf(
        order, known, lambda node: holds_words(node) and all("," in text or "\n" in text for text in node.texts)
    )
    return Receiver(
        lines=() if line is None else (line,),
        names=of_each(order, [()], names.COMPANIES)
        + of_each(order, [()], ("customername", "recipientname", "recipient")),
        contacts=of_each(order, _people_of(order, ()), names.MAILS)
        + of_each(order, _people_of(order, ()), names.PHONES),
    )


def _people_of(order: Node, address: Steps) -> list[Steps]:
    """The objects that may tell whom to reach, the place of delivery's first."""
    around = [address[:length] for length in range(len(address), 0, -1) if "object" in order.at(address[:length]).kinds]
    words = re.compile(
        r"(order)?(contact|customer|recipient|consignee|buyer|receiver|client|account|user)(details|info|person|data)?"
    )
    beside = [
        (*above, key)
        for above in [*around, ()]
        for key, member in order.at(above).members.items()
        if words.fullmatch(plain(key)) and "object" in member.kinds
    ]
    return list(dict.fromkeys([*around, *beside, ()]))
