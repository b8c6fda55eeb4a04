from decimal import Decimal

import msgspec
import pytest

from adapters import MalformedPayload
from adapters.units import cubic_metres, decimal_of, kilograms, total, whole


@pytest.mark.parametrize(
    ("amounts", "weight"),
    [
        ({"grams": 1234}, 1.234),
        ({"grams": "0.5"}, 0.001),
        ({"grams": 0.4}, 0.0),
        ({"grams": Decimal("-0.4")}, 0.0),
        ({"pounds": 1}, 0.454),
        ({"pounds": "2.20462262185"}, 1.0),
        ({"kilograms": 25.5}, 25.5),
        ({"kilograms": "12.0005"}, 12.001),
        ({"kilograms": 1, "grams": 500}, 1.5),
        ({"kilograms": None}, None),
        ({"kilograms": " "}, None),
        ({}, None),
    ],
)
def test_kilograms(amounts, weight):
    """Weights come to kilograms with three decimals, halves rounded up; nothing stays nothing."""
    assert kilograms(**amounts) == weight


@pytest.mark.parametrize(
    ("amounts", "volume"),
    [
        ({"litres": 1.5}, 0.0015),
        ({"cubic_feet": 1}, 0.028317),
        ({"cubic_metres": "0.0000005"}, 0.000001),
        ({"cubic_metres": 0.048}, 0.048),
        ({}, None),
    ],
)
def test_cubic_metres(amounts, volume):
    """Volumes come to cubic metres with six decimals, halves rounded up; nothing stays nothing."""
    assert cubic_metres(**amounts) == volume


def test_tenths_add_up():
    """Amounts are added in decimals: a tenth and two tenths are three tenths."""
    assert total([0.1, "0.2"]) == Decimal("0.3")
    assert msgspec.json.encode(kilograms(kilograms=total([0.1, 0.2]))) == b"0.3"


def test_a_sum_of_nothing_is_absent():
    """A sum in which no amount is there is none, not zero; a zero that is there counts."""
    assert total([]) is None
    assert total([None, "", None]) is None
    assert total([None, 0]) == 0


@pytest.mark.parametrize(
    "bomb",
    [
        *("NaN", "sNaN", "Infinity", "-inf", "1e1000000", "1e99999999999999999999", "9" * 5_000, "12,5", "1 kg", "\0"),
        *(float("nan"), float("inf"), 10**16, Decimal("NaN"), Decimal("Infinity"), Decimal("1e1000000")),
    ],
)
def test_a_hostile_amount(bomb):
    """What is no number of a warehouse's size is a malformed payload at its path, found before any arithmetic."""
    for read in (decimal_of, whole):
        with pytest.raises(MalformedPayload) as caught:
            read(bomb, "$.weight")
        assert caught.value.path == "$.weight"


def test_a_tiny_amount():
    """An amount below any rounding is zero."""
    assert kilograms(kilograms=Decimal("1e-1000000")) == 0
    assert kilograms(kilograms=Decimal("0." + "3" * 5_000)) == 0.333


def test_whole():
    """A count may come with decimals that say nothing; a broken count is a malformed payload."""
    assert whole("2.000") == 2
    assert whole(3.0) == 3
    assert whole(None) is None
    with pytest.raises(MalformedPayload):
        whole(2.5)
