"""How good findings are: false alarms over good addresses, and what is found of planted faults."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from adapters import Order, Parts
from adapters.addresses import one_line
from gateway.findings import CODES, findings_of
from gateway.findings.addresses import NUMBERED
from gateway.findings.countries import code_of

RECEIVED_ON: Final = date(2026, 5, 12)
MOST_FALSE, LEAST_FOUND = 0.02, 0.9


class Address(NamedTuple):
    """A line of the corpus: country, street, house number, postal code, town, region."""

    country: str
    street: str
    house_number: str
    postcode: str
    town: str
    region: str


class Figures(msgspec.Struct, frozen=True, rename="camel"):
    """Of one file of good addresses; `planted` and `found` by code, and those that no single line shows apart."""

    addresses: int
    countries: int
    false_alarms: tuple[str, ...]
    planted: dict[str, int]
    found: dict[str, int]
    found_on_one_line: dict[str, int]

    @property
    def is_good(self) -> bool:
        """Whether both floors hold."""
        return len(self.false_alarms) <= MOST_FALSE * self.addresses and sum(self.found.values()) >= LEAST_FOUND * sum(
            self.planted.values()
        )

    def told(self) -> dict[str, Any]:
        """The figures as a person reads them."""
        return {
            "addresses": f"{self.addresses} of {self.countries} countries",
            "false alarms": f"{len(self.false_alarms)}: {'; '.join(self.false_alarms) or 'none'}",
            **{
                code: f"{self.found[code]} of {count} planted found, {self.found_on_one_line[code]} on one line"
                for code, count in self.planted.items()
            },
        }


def measure(file: Path, boxes: Path, seed: int = 0) -> Figures:
    """Judge a file's addresses, in parts and on one line, and what is found of faults planted in each."""
    addresses = [Address(*line.split("|")) for line in file.read_text(encoding="utf-8").splitlines()]
    spellings = boxes.read_text(encoding="utf-8").splitlines()
    chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated
    alarms = [
        f"{_line(each)}: {', '.join(found)}" for each in addresses if (found := _said(_order(each), _parts(each)))
    ]
    counts: dict[str, list[int]] = {code: [0, 0, 0] for code in CODES}
    for each in addresses:
        for code, order, parts in _planted(each, spellings, chance):
            counts[code][0] += 1
            counts[code][1] += code in _found_in(order, parts)
            counts[code][2] += code in _found_in(order, None)
    return Figures(
        addresses=len(addresses),
        countries=len({code_of(each.country) for each in addresses}),
        false_alarms=tuple(alarms),
        planted={code: count[0] for code, count in counts.items()},
        found={code: count[1] for code, count in counts.items()},
        found_on_one_line={code: count[2] for code, count in counts.items()},
    )


def _said(order: Order, parts: Parts) -> set[str]:
    """What is found of a good order, either way: all of it is false."""
    return _found_in(order, parts) | _found_in(order, None)


def _found_in(order: Order, parts: Parts | None) -> set[str]:
    return {each.code for each in findings_of(order, parts, RECEIVED_ON)}


def _parts(address: Address) -> Parts:
    return Parts(**{name: value or None for name, value in address._asdict().items()})


def _line(address: Address) -> str:
    street = " ".join(part for part in (address.street, address.house_number) if part)
    return (
        one_line(
            (street,), city=address.town, post_code=address.postcode, state=address.region, country=address.country
        )
        or ""
    )


def _order(address: Address, **members: Any) -> Order:
    given = {
        "planned_date": RECEIVED_ON.isoformat(),
        "total_weight": 12.5,
        "volume": 0.08,
        "pallet_count": 1,
        **members,
    }
    return Order(external_order_id="A-1", delivery_address=_line(address), customer_name="Jo Field", **given)


def _planted(good: Address, boxes: list[str], chance: random.Random) -> Iterator[tuple[str, Order, Parts]]:
    """The address with one fault at a time."""
    bare = " ".join(word for word in good.street.split() if not any(each.isdigit() for each in word))
    if code_of(good.country) in NUMBERED and bare and bare != f"{good.street} {good.house_number}".strip():
        yield "no_house_number", *_both(good._replace(street=bare, house_number=""))
    if good.postcode:
        yield "impossible_postcode", *_both(good._replace(postcode=good.postcode[:-1]))
        yield "impossible_postcode", *_both(good._replace(postcode=f"{good.postcode[:-1]}!"))
    yield "no_town", *_both(good._replace(town="", postcode="", region=""))
    yield "po_box", *_both(good._replace(street=chance.choice(boxes), house_number=""))
    half = len(good.street) // 2
    yield "masked", *_both(good._replace(street=good.street[:half] + "*****"))
    yield "masked", _order(good, customer_contact="j***@f****.example"), _parts(good)
    day = RECEIVED_ON - timedelta(days=chance.randint(2, 400))
    yield "planned_in_the_past", _order(good, planned_date=day.isoformat()), _parts(good)
    yield "improbable_weight", _order(good, total_weight=12_500.0), _parts(good)
    yield "improbable_weight", _order(good, total_weight=0.0125), _parts(good)


def _both(address: Address) -> tuple[Order, Parts]:
    return _order(address), _parts(address)
