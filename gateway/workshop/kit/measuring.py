"""Weights and volumes: the member, and where its unit stands; what the sample's own words do not say is a guess."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.drift.shapes import ITEM
from gateway.workshop.kit import names
from gateway.workshop.kit.finding import leaf, ranked
from gateway.workshop.kit.names import plain
from gateway.workshop.kit.samples import Node, Steps

_WEIGHT: Final = re.compile(
    r"(?P<rank>total|gross)?(actual|order|shipping|shipment|package|parcel|item|unit|net|product)*(weight|mass|(?=grams))(in)?"
    r"(?P<unit>kg|kgs|kilograms|g|gr|grams|lb|lbs|pounds|oz|ounces)?"
)
_VOLUME: Final = re.compile(
    r"(?P<rank>total)?(order|shipping|shipment|package|parcel)*(volume|cbm|cubicfeet|cubicmet(re|er)s)(in)?"
    r"(?P<unit>m3|cbm|l|litres|liters|ft3|cuft)?"
)
_WEIGHT_UNITS: Final = {
    **dict.fromkeys(("kg", "kgs", "kilograms"), "kilograms"),
    **dict.fromkeys(("g", "gr", "grams"), "grams"),
    **dict.fromkeys(("lb", "lbs", "pounds"), "pounds"),
    **dict.fromkeys(("oz", "ounces"), "ounces"),
}
_VOLUME_UNITS: Final = {
    **dict.fromkeys(("m3", "cbm"), "cubic_metres"),
    **dict.fromkeys(("l", "litres", "liters"), "litres"),
    **dict.fromkeys(("ft3", "cuft"), "cubic_feet"),
}
_WITH_UNIT: Final = re.compile(r"[-+0-9.]+ ?(kgs?|g|lbs?|oz)", re.IGNORECASE)
_VALUES: Final = ("value", "amount", "weight", "volume", "magnitude", "number")
_UNITS: Final = ("unit", "units", "uom", "unitofmeasure", "measure", "unitofmeasurement")
_PACKAGES: Final = ("packages", "parcels", "boxes", "cartons", "shipments", "colli", "handlingunits")
_ITEMS: Final = ("lines", "lineitems", "items", "orderlines", "orderitems", "products", "orderlineitems", "details")


class Amount(msgspec.Struct, frozen=True):
    """A weight or a volume: its member, and its unit's: a member, or the unit helper's argument for it.

    An empty `unit` without a member: nothing says it. `is_sure`: the vendor's own words say the unit, and that the
    amount is the order's. Of an amount of each line, `count` is the member that says how many.
    """

    steps: Steps
    unit: str
    unit_steps: Steps | None = None
    count: Steps | None = None
    is_sure: bool = False


def find_weight(order: Node) -> Amount | None:
    """The order's weight, else that of its packages, else that of its lines, times how many there are of each."""
    found = _amount(order, (), _WEIGHT, _WEIGHT_UNITS) or _inside(order, _WEIGHT, _WEIGHT_UNITS)
    return found or _of_list(order, _PACKAGES) or _of_list(order, _ITEMS)


def find_volume(order: Node) -> Amount | None:
    """The order's volume."""
    return _amount(order, (), _VOLUME, _VOLUME_UNITS)


def _amount(node: Node, above: Steps, pattern: re.Pattern[str], units: Mapping[str, str]) -> Amount | None:
    found = [(key, match) for key in node.members if (match := pattern.fullmatch(plain(key))) is not None]
    # The whole before a part: total, then gross, then what says neither.
    for key, match in sorted(found, key=lambda each: ("total", "gross", None).index(each[1].groupdict().get("rank"))):
        member = node.members[key]
        if "object" in member.kinds:
            inner, unit = leaf(member, _VALUES), leaf(member, _UNITS)
            if inner is not None:
                said = None if unit is None else (*above, key, *unit)
                return Amount((*above, key, *inner), "", said, is_sure=said is not None)
        elif member.is_leaf:
            name = units.get(match["unit"] or ("cuft" if "cubicfeet" in plain(key) else ""))
            name = name or ("cubic_metres" if "cbm" in plain(key) or "cubicmet" in plain(key) else None)
            beside = None if name else _beside(node, plain(key))
            unit_steps = None if beside is None else (*above, *beside)
            has_own = bool(member.texts) and all(_WITH_UNIT.fullmatch(text) for text in member.texts)
            return Amount((*above, key), name or "", unit_steps, is_sure=bool(name or beside or has_own))
    return None


def _beside(node: Node, name: str) -> Steps | None:
    """The member that names the unit of the one beside it."""
    kind = "weight" if "weight" in name or "mass" in name else "volume"
    stems = dict.fromkeys((name, kind, "mass" if kind == "weight" else kind))
    known = [f"{stem}{unit}" for stem in stems for unit in (*_UNITS, "uomname", "unitname")] + [
        f"unitof{kind}",
        f"{kind}unitcode",
    ]
    return leaf(node, known, lambda member: member.kinds == {"text"} or not member.kinds)


def _inside(order: Node, pattern: re.Pattern[str], units: Mapping[str, str]) -> Amount | None:
    """An amount in an object of the order that stands for the whole of it."""
    known = ("totals", "summary", "parcel", "package", "shipment", "dimensions", "measurements", "shipping")
    for key in ranked(order, known, lambda member: "object" in member.kinds):
        if (found := _amount(order.members[key], (key,), pattern, units)) is not None:
            return found
    return None


def _of_list(order: Node, known: tuple[str, ...]) -> Amount | None:
    for key in ranked(order, known, lambda member: "list" in member.kinds):
        item = order.members[key].item
        found = None if item is None else _amount(item, (key, ITEM), _WEIGHT, _WEIGHT_UNITS)
        if found is None or item is None:
            continue
        count = leaf(item, names.QUANTITIES)
        said = None if count is None else (key, ITEM, *count)
        return msgspec.structs.replace(found, count=said, is_sure=False)
    return None
