"""Weights and volumes in decimal arithmetic: kilograms to three decimals, cubic metres to six, halves rounded up."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TypeAlias

from adapters.errors import MalformedPayload

Amount: TypeAlias = Decimal | int | float | str | None
"""A number as vendors write it, text included; None or blank text is absent.

For a member of a vendor's shape, msgspec takes `Decimal | None` (numbers and numeric text, exact) or
`int | float | str | None` (blank text too).
"""

_KILOGRAMS_PER_GRAM = Decimal("0.001")
_KILOGRAMS_PER_POUND = Decimal("0.45359237")
_KILOGRAMS_PER_OUNCE = Decimal("0.028349523125")
_CUBIC_METRES_PER_CUBIC_FOOT = Decimal("0.028316846592")
_CUBIC_METRES_PER_LITRE = Decimal("0.001")
_WEIGHT_STEP = Decimal("0.001")
_VOLUME_STEP = Decimal("0.000001")
_LARGEST_POWER_OF_TEN = 15
_LONGEST_NUMBER = 400


def decimal_of(amount: Amount, path: str | None = None) -> Decimal | None:
    """The amount as a finite Decimal below 10^16, None where it is absent.

    Raises:
        MalformedPayload: not a number, not finite, or beyond anything that a warehouse ships.
    """
    if amount is None:
        return None
    number = Decimal(amount) if isinstance(amount, (Decimal, int)) else _parsed(amount, path)
    if number is not None and (not number.is_finite() or (number and number.adjusted() > _LARGEST_POWER_OF_TEN)):
        raise MalformedPayload("not a usable number", path=path)
    return number


def _parsed(amount: float | str, path: str | None) -> Decimal | None:
    # By way of a float's text: 0.1 is meant as 0.1. The length goes first, since digits without end cost time.
    text = str(amount).strip()
    if not text:
        return None
    if len(text) > _LONGEST_NUMBER:
        raise MalformedPayload("not a usable number", path=path)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise MalformedPayload("not a number", path=path) from None


def total(amounts: Iterable[Amount], path: str | None = None) -> Decimal | None:
    """The sum of the amounts that are there; None where none is: a sum of nothing is absent, not zero."""
    found: Decimal | None = None
    for amount in amounts:
        number = decimal_of(amount, path)
        if number is not None:
            found = number if found is None else found + number
    return found


def _converted(parts: Iterable[tuple[Amount, Decimal]], step: Decimal, path: str | None) -> float | None:
    """The sum of the amounts, each in its unit, rounded to `step`."""
    found: Decimal | None = None
    for amount, unit in parts:
        if amount is not None and (number := decimal_of(amount, path)) is not None:
            found = number * unit if found is None else found + number * unit
    # Adding zero turns a rounded -0.000 into 0.
    return None if found is None else float(found.quantize(step, rounding=ROUND_HALF_UP) + 0)


def kilograms(
    *,
    kilograms: Amount = None,
    grams: Amount = None,
    pounds: Amount = None,
    ounces: Amount = None,
    path: str | None = None,
) -> float | None:
    """A weight in kilograms to three decimals, the sum of what is given; None where nothing is."""
    parts = (
        (kilograms, Decimal(1)),
        (grams, _KILOGRAMS_PER_GRAM),
        (pounds, _KILOGRAMS_PER_POUND),
        (ounces, _KILOGRAMS_PER_OUNCE),
    )
    return _converted(parts, _WEIGHT_STEP, path)


def cubic_metres(
    *, cubic_metres: Amount = None, litres: Amount = None, cubic_feet: Amount = None, path: str | None = None
) -> float | None:
    """A volume in cubic metres to six decimals, the sum of what is given; None where nothing is."""
    parts = (
        (cubic_metres, Decimal(1)),
        (litres, _CUBIC_METRES_PER_LITRE),
        (cubic_feet, _CUBIC_METRES_PER_CUBIC_FOOT),
    )
    return _converted(parts, _VOLUME_STEP, path)


def whole(amount: Amount, path: str | None = None) -> int | None:
    """A count; `2.0` is 2.

    Raises:
        MalformedPayload: not a usable number, or not a whole one.
    """
    number = decimal_of(amount, path)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise MalformedPayload("not a whole number", path=path)
    return int(number)
