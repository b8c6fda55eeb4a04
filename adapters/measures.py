"""Weights and volumes whose unit the payload itself names, beside the number or behind it in one text."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, TypeAlias

from adapters.errors import MalformedPayload
from adapters.units import Amount, cubic_metres, decimal_of, kilograms

_WITH_UNIT: Final = re.compile(r"([-+0-9.]{1,40}) ?([a-zA-Z][a-zA-Z3³. ]{0,20})")

Measured: TypeAlias = tuple[Amount, str | None, Amount]
"""An amount, its unit, and how many there are of it."""

_WEIGHTS: Final = {
    **dict.fromkeys(("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "kgm"), "kilograms"),
    **dict.fromkeys(("g", "gr", "gm", "gms", "gram", "grams", "grm"), "grams"),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds", "lbr"), "pounds"),
    **dict.fromkeys(("oz", "ozs", "ounce", "ounces", "onz"), "ounces"),
}
_VOLUMES: Final = {
    **dict.fromkeys(
        ("m3", "m³", "cbm", "cubicmetre", "cubicmetres", "cubicmeter", "cubicmeters", "mtq"), "cubic_metres"
    ),
    **dict.fromkeys(("l", "ltr", "litre", "litres", "liter", "liters", "dm3"), "litres"),
    **dict.fromkeys(("ft3", "ft³", "cuft", "cf", "cubicfoot", "cubicfeet", "ftq"), "cubic_feet"),
}


def weight(value: Amount, unit: str | None, path: str | None = None) -> float | None:
    """A weight in kilograms by the unit that stands beside it; None where there is no value, or nothing says its unit.

    Raises:
        MalformedPayload: an unknown unit, since a guess would be off by a factor; or no number.
    """
    return weights([(value, unit, None)], path)


def weights(parts: Iterable[Measured], path: str | None = None) -> float | None:
    """The sum of weights in kilograms, each by its own unit and times its count (None: one); None where there is none.

    Raises:
        MalformedPayload: as of `weight`.
    """
    return kilograms(**_sums(parts, _WEIGHTS, path), path=path)


def volume(value: Amount, unit: str | None, path: str | None = None) -> float | None:
    """A volume in cubic metres by the unit that stands beside it; None where there is no value.

    Raises:
        MalformedPayload: as of `weight`.
    """
    return cubic_metres(**_sums([(value, unit, None)], _VOLUMES, path), path=path)


def _sums(parts: Iterable[Measured], units: dict[str, str], path: str | None) -> dict[str, Decimal]:
    """The sum of the amounts in each unit, by the helpers' own names for it."""
    found: dict[str, Decimal] = {}
    for value, beside, count in parts:
        number, own = _apart(value)
        unit = own or beside
        if not unit or not unit.strip() or (amount := decimal_of(number, path)) is None:
            continue
        name = units.get("".join(unit.lower().replace(".", "").split()))
        if name is None:
            raise MalformedPayload("an unknown unit", path=path)
        many = decimal_of(count, path)
        found[name] = found.get(name, Decimal(0)) + (amount if many is None else amount * many)
    return found


def _apart(value: Amount) -> tuple[Amount, str | None]:
    """A text such as `1.25 kg` as its number and its unit."""
    found = _WITH_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None
    return (value, None) if found is None else (found[1], found[2])
