"""What a vendor's members probably mean, by their names and values. Everything here is a guess, and says so."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from gateway.drift.shapes import ITEM
from gateway.workshop.kit.samples import Node, Sample, Steps

EVENT_IDS = (
    *("eventid", "messageid", "webhookid", "webhookeventid", "notificationid", "deliveryid", "batchid", "requestid"),
    *("eventuuid", "messageuuid", "transactionid", "eventkey", "uuid"),
)
TOPICS = ("topic", "eventtype", "event", "eventname", "webhooktype", "messagetype", "type", "action", "trigger")
REFERENCES = (
    *("ordernumber", "orderno", "ordernum", "orderreference", "orderref", "salesordernumber", "primaryreference"),
    *("externalorderid", "externalid", "referencenumber", "reference", "ref", "orderid", "number", "no", "id"),
)
LOOKUP_IDS = ("orderid", "shipmentid", "resourceid", "objectid", "entityid", "orderkey", "ordernumber", "id")
LINES = (
    *("address1", "addressline1", "line1", "street1", "streetline1", "street", "streetaddress", "streetname"),
    *("address", "addressline", "housenumber", "address2", "addressline2", "line2", "street2", "streetline2"),
    *("address3", "addressline3", "line3"),
)
CITIES = ("city", "town", "locality", "cityname", "place")
POST_CODES = ("postalcode", "postcode", "zipcode", "zip", "postal")
STATES = ("provincecode", "statecode", "countrystatecode", "state", "province", "region", "county")
COUNTRIES = ("countrycode", "countryiso", "countryisocode", "country")
COMPANIES = ("organization", "organisation", "companyname", "company", "businessname")
PEOPLE = ("fullname", "personname", "recipientname", "contactname", "customername", "name", "recipient", "attention")
MAILS = ("email", "emailaddress", "customeremail", "mail", "contactemail")
PHONES = ("phone", "phonenumber", "telephone", "telephonenumber", "mobile", "mobilenumber", "mobilephone", "tel")
PLANNED = (
    *("planneddate", "plannedfor", "deliverydate", "requesteddeliverydate", "expecteddeliverydate", "deliverby"),
    *("requireddate", "requiredshipdate", "requestedshipdate", "shipdate", "shipby", "deliveron", "duedate", "eta"),
)
CHANGED = (
    *("updatedat", "lastupdated", "datelastupdated", "modifiedat", "lastmodified", "changedat", "updated", "modified"),
    *("dateupdated", "datemodified", "timestamp", "occurredat", "senttime", "sentat", "createdat", "created"),
)
CANCELLED_AT = ("cancelledat", "canceledat", "cancelleddate", "cancellationdate", "cancelledon")
STATUSES = ("status", "orderstatus", "state", "statuscode")
PALLETS = ("palletcount", "pallets", "numberofpallets", "palletqty", "palletquantity")
AWAY = ("bill", "invoice", "from", "sender", "supplier", "origin", "return", "warehouse", "shipper", "pickup", "store")
HERE = ("ship", "deliver", "recipient", "consignee", "destination", "receiver", "dropoff")

_WEIGHT = re.compile(
    r"(total|gross|order|shipping)?(weight(in)?|grams)(?P<unit>kg|kgs|kilograms|g|gr|grams|lb|lbs|pounds)?"
)
_VOLUME = re.compile(
    r"(total|order)?(volume|cbm|cubicfeet|cubicmet(re|er)s)(in)?(?P<unit>m3|cbm|l|litres|liters|ft3|cuft)?"
)
_WEIGHT_UNITS = {"g": "grams", "gr": "grams", "grams": "grams", "lb": "pounds", "lbs": "pounds", "pounds": "pounds"}
_VOLUME_UNITS = {"l": "litres", "litres": "litres", "liters": "litres", "ft3": "cubic_feet", "cuft": "cubic_feet"}


class Amount(msgspec.Struct, frozen=True):
    """A weight or a volume, and the unit helper's argument for it; `is_sure`: the vendor's own words say the unit."""

    steps: Steps
    unit: str
    is_sure: bool


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Where an adapter finds what. Steps of an order are relative to it, those of the event to the body.

    `order` leads from the body (or the answer, where `lookup_id` is asked for) to the order; `event_header` and
    `topic_header` stand above the members of the same meaning.
    """

    order: Steps
    reference: Steps | None = None
    references: tuple[Steps, ...] = ()
    event_header: str | None = None
    event_id: Steps | None = None
    topic_header: str | None = None
    topic: Steps | None = None
    lookup_id: Steps | None = None
    lines: tuple[Steps, ...] = ()
    city: Steps | None = None
    post_code: Steps | None = None
    state: Steps | None = None
    country: Steps | None = None
    names: tuple[Steps, ...] = ()
    full_name: tuple[Steps, ...] = ()
    contacts: tuple[Steps, ...] = ()
    weight: Amount | None = None
    volume: Amount | None = None
    pallets: Steps | None = None
    planned: Steps | None = None
    changed: Steps | None = None
    cancelled_at: Steps | None = None
    status: Steps | None = None


def propose(samples: Sequence[Sample], body: Node, answer: Node | None) -> Proposal:
    """The proposal for these samples. `answer` is what a lookup's answers show; None: there are none at hand.

    A body that holds no address, or that comes with answers, is a notice: its order is looked up.
    """
    address = None if answer is not None else _address(body)
    is_notice = answer is not None or (address is None and _leaf(body, LOOKUP_IDS) is not None)
    there = answer if answer is not None else body
    if answer is not None:
        address = _address(answer)
    order = () if is_notice and answer is None else _order(there, address)
    place = there.at(order)
    found = Node() if is_notice and answer is None else place
    below = None if address is None else address[len(order) :]
    if below is not None and ITEM in below:
        # One of several places inside an order: which of them counts, only a person can say.
        below = None
    lookup_id = _leaf(body, LOOKUP_IDS) if is_notice else None
    event_header, event_id = _event_id(samples, body, order if not is_notice else ("?",), lookup_id)
    topic_header = _header(samples, ("topic", "event-type", "webhook-event", "event-name", "-event"))
    changed = _leaf(found, CHANGED, lambda node: node.is_time)
    references = [(name,) for name in _ranked(found, REFERENCES, lambda node: node.is_leaf and _holds_text(node))]
    return Proposal(
        order=order,
        reference=references[0] if references else None,
        references=tuple(references[:3]),
        event_header=event_header,
        event_id=event_id,
        topic_header=topic_header,
        topic=None if topic_header else _leaf(body, TOPICS, lambda node: node.kinds == {"text"}),
        lookup_id=lookup_id,
        **_of_address(found, below),
        weight=_amount(found, _WEIGHT, _WEIGHT_UNITS, "kilograms"),
        volume=_amount(found, _VOLUME, _VOLUME_UNITS, "cubic_metres"),
        pallets=_leaf(found, PALLETS),
        planned=_leaf(found, PLANNED, lambda node: node.is_time),
        changed=changed,
        cancelled_at=_leaf(found, CANCELLED_AT),
        status=_leaf(found, STATUSES, lambda node: node.kinds == {"text"}),
    )


def plain(key: str) -> str:
    """A name without case and marks."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _holds_text(node: Node) -> bool:
    return bool(node.texts) and not node.is_time


def _ranked(node: Node, names: Sequence[str], fits: Callable[[Node], bool] = lambda _: True) -> list[str]:
    """The members of these names, best name first."""
    found = [
        (names.index(plain(key)), key) for key, member in node.members.items() if plain(key) in names and fits(member)
    ]
    return [key for _, key in sorted(found)]


def _leaf(node: Node, names: Sequence[str], fits: Callable[[Node], bool] = lambda _: True) -> Steps | None:
    found = _ranked(node, names, lambda member: member.is_leaf and fits(member))
    return (found[0],) if found else None


def _address(root: Node) -> Steps | None:
    """The object that is most probably the place of delivery."""
    best: tuple[int, Steps] | None = None
    for steps, node in root.walk():
        parts = (LINES, CITIES, POST_CODES, COUNTRIES)
        score = 3 * sum(bool(_ranked(node, names, lambda member: member.is_leaf)) for names in parts)
        if score < 6:  # noqa: PLR2004 - two kinds of parts make an address
            continue
        way = "".join(plain(step) for step in steps)
        score += 8 * any(word in way for word in HERE) - 20 * any(word in way for word in AWAY)
        score -= 4 * steps.count(ITEM) + len(steps)
        if best is None or score > best[0]:
            best = (score, steps)
    return None if best is None or best[0] < -5 else best[1]  # noqa: PLR2004 - the supplier's is worse than none


def _order(root: Node, address: Steps | None) -> Steps:
    """The object that is an order: the nearest one around the address that has a reference of its own."""
    if address is None:
        candidates = [steps for steps, node in root.walk() if "object" in node.kinds and _leaf(node, REFERENCES)]
        return min(candidates, key=len, default=())
    around = [address[:length] for length in range(len(address), -1, -1)]
    for strict in (REFERENCES[:-3], REFERENCES):
        for steps in around:
            node = root.at(steps)
            if "object" in node.kinds and _leaf(node, strict, _holds_text) and (steps != address or not steps):
                return steps
    return ()


def _event_id(
    samples: Sequence[Sample], body: Node, order: Steps, lookup_id: Steps | None
) -> tuple[str | None, Steps | None]:
    """The header or the member that names the event; neither: a hash of the body does."""
    header = _header(samples, ("webhook-id", "event-id", "message-id", "delivery-id", "request-id", "-delivery"))
    if header is not None:
        return header, None
    if not order:
        # The body is the order: its id comes again with every change of it.
        return None, _leaf(body, EVENT_IDS[:-1], _holds_text)
    found = _leaf(body, EVENT_IDS, _holds_text) or _leaf(body, ("id",), _holds_text)
    return None, found if found != lookup_id else None


def _header(samples: Sequence[Sample], words: Sequence[str]) -> str | None:
    """The first header of all captured samples whose name ends in one of these words."""
    captured = [set(sample.hook.headers) for sample in samples if sample.is_captured]
    names = sorted(set.intersection(*captured)) if captured else []
    return next((name for word in words for name in names if name.endswith(word)), None)


def _of_address(order: Node, address: Steps | None) -> dict[str, Any]:
    """The members that an address line, a name and a contact are made of."""
    if address is None:
        line = _leaf(order, ("deliveryaddress", "shippingaddress", "address", "shipto"), lambda n: n.kinds == {"text"})
        return {
            "lines": () if line is None else (line,),
            "names": _all(order, [()], COMPANIES) + _all(order, [()], ("customername", "recipientname", "recipient")),
            "contacts": _all(order, _people_of(order, ()), MAILS) + _all(order, _people_of(order, ()), PHONES),
        }
    node = order.at(address)
    around = [address, *([address[:-1]] if len(address) > 1 else [])]
    people = _people_of(order, address)
    names = _all(order, [*around, *people], COMPANIES) + _all(order, [*around, *people], PEOPLE)
    first, last = (_first(order, people, names) for names in (("firstname", "givenname"), ("lastname", "surname")))
    return {
        "lines": tuple((*address, name) for name in _ranked(node, LINES, lambda member: member.is_leaf)),
        "city": _below(address, node, CITIES),
        "post_code": _below(address, node, POST_CODES),
        "state": _below(address, node, STATES),
        "country": _below(address, node, COUNTRIES),
        "names": names,
        "full_name": (first, last) if first and last else (),
        "contacts": _all(order, people, MAILS) + _all(order, people, PHONES),
    }


def _people_of(order: Node, address: Steps) -> list[Steps]:
    """The objects that may tell whom to reach, the place of delivery's first."""
    around = [address[:length] for length in range(len(address), 0, -1)]
    words = ("contact", "customer", "recipient", "consignee", "buyer")
    beside = [
        (*above, key)
        for above in [*around, ()]
        for key, member in order.at(above).members.items()
        if plain(key) in words and "object" in member.kinds
    ]
    return list(dict.fromkeys([*around, *beside, ()]))


def _all(order: Node, places: Iterable[Steps], names: Sequence[str]) -> tuple[Steps, ...]:
    """The best member of these names of each place; of an order itself, no plain `name`: that is the order's."""
    found = []
    for place in places:
        allowed = names if place else tuple(name for name in names if name != "name")
        leaf = _leaf(order.at(place), allowed)
        if leaf is not None:
            found.append((*place, *leaf))
    return tuple(dict.fromkeys(found))


def _first(order: Node, places: Iterable[Steps], names: Sequence[str]) -> Steps | None:
    found = _all(order, places, names)
    return found[0] if found else None


def _below(steps: Steps, node: Node, names: Sequence[str]) -> Steps | None:
    leaf = _leaf(node, names)
    return None if leaf is None else (*steps, *leaf)


def _amount(order: Node, pattern: re.Pattern[str], units: dict[str, str], otherwise: str) -> Amount | None:
    for key, member in order.members.items():
        found = pattern.fullmatch(plain(key))
        if found is None:
            continue
        if "object" in member.kinds:
            inner = _leaf(member, ("value", "amount"))
            unit = _said_unit(member, ("unit", "units", "uom"))
            if inner is not None:
                return Amount((key, *inner), units.get(unit, otherwise), is_sure=bool(unit))
            continue
        unit = (
            found["unit"]
            or ("g" if "grams" in plain(key) else "")
            or _said_unit(order, (f"{plain(key)}unit", "weightunit"))
        )
        if member.is_leaf:
            return Amount((key,), units.get(unit, otherwise), is_sure=bool(unit))
    return None


def _said_unit(node: Node, names: Sequence[str]) -> str:
    leaf = _leaf(node, names)
    return node.at(leaf).texts[0].lower() if leaf and node.at(leaf).texts else ""
