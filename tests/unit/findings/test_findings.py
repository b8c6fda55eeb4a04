"""Doubts about orders: over a corpus of addresses, and one by one."""

from datetime import date
from pathlib import Path

import pytest

from adapters import Order, Parts
from benchmarks.findings import LEAST_FOUND, MOST_FALSE, Address, measure
from gateway.findings import CODES, Habits, findings_of

CORPUS = Path(__file__).parents[2] / "findings"
BOXES = CORPUS / "boxes.txt"
FILES = [file for file in sorted(CORPUS.glob("*.txt")) if file != BOXES]
TODAY = date(2026, 5, 12)


def found(order: Order, parts: Parts | None = None) -> list[str]:
    return [each.code for each in findings_of(order, parts, TODAY)]


def addressed(line: str, **members) -> Order:
    return Order(external_order_id="A-1", delivery_address=line, **members)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_findings_hold_their_floors(file):
    """At most two good addresses in a hundred are doubted, and nine of ten planted faults are found."""
    figures = measure(file, BOXES)

    assert figures.countries >= 25
    assert len(figures.false_alarms) <= MOST_FALSE * figures.addresses, figures.false_alarms
    assert all(figures.planted.values())
    assert sum(figures.found.values()) >= LEAST_FOUND * sum(figures.planted.values()), figures.told()


def test_no_address_stands_in_two_files():
    """What the rules were made on is told apart."""
    lines = [line for file in FILES for line in file.read_text(encoding="utf-8").splitlines()]

    assert len(lines) == len(set(lines))
    assert all(len(line.split("|")) == len(Address._fields) for line in lines)


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("Storgata 1, 0155 Oslo, NO", []),
        ("Storgata, 0155 Oslo, NO", ["no_house_number"]),
        ("Storgata 1, 155 Oslo, NO", ["impossible_postcode"]),
        ("Storgata 1, NO", ["no_town"]),
        ("Postboks 12 Sentrum, 0155 Oslo, Norway", ["po_box"]),
        ("12 E*** Street, Leeds, LS1 4AP, GB", ["masked"]),
        ("The Old Rectory, Leeds, LS1 4AP, GB", []),
        ("12 Elm Street, Leeds, LS1 4A, GB", ["impossible_postcode"]),
        ("77 Pier Road, Long Beach, CA 9080, US", ["impossible_postcode"]),
        ("77 Pier Road, Long Beach, CA 90802-1234, USA", []),
        # What one line does not show is not judged.
        ("Somewhere in Freedonia", []),
        ("Storgata, Oslo, NO", []),
    ],
)
def test_one_line_is_judged_by_what_it_shows(line, codes):
    """Where it ends in a country that is known, and where its parts can be told apart."""
    assert found(addressed(line)) == codes


def test_parts_show_more_than_their_line():
    """A town that is missing beside a code, a street without a number before a town without a code."""
    line = "Storgata, Oslo, NO"

    assert found(addressed(line), Parts(street="Storgata", town="Oslo", country="NO")) == ["no_house_number"]
    assert found(addressed(line), Parts(street="Storgata", house_number="1", town="Oslo", country="NO")) == []
    assert found(addressed(line), Parts(street="Storgata 1", postcode="0155", country="Norway")) == ["no_town"]


@pytest.mark.parametrize(
    ("members", "codes"),
    [
        ({"planned_date": "2026-05-11"}, []),
        ({"planned_date": "2026-05-10"}, ["planned_in_the_past"]),
        ({"total_weight": 0.0}, []),
        ({"total_weight": 40_001.0}, ["improbable_weight"]),
        ({"total_weight": 3_000.0, "pallet_count": 1}, []),
        ({"total_weight": 3_001.0, "pallet_count": 1}, ["improbable_weight"]),
        ({"total_weight": 0.4, "volume": 1.0}, ["improbable_weight"]),
        ({"total_weight": 24.0, "volume": 0.001}, []),
        ({"total_weight": 240.0, "volume": 0.01}, ["improbable_weight"]),
    ],
)
def test_days_and_weights_have_their_thresholds(members, codes):
    """Each just within, and just beyond."""
    assert found(addressed("Storgata 1, 0155 Oslo, NO", **members)) == codes


def test_an_order_for_a_customer_has_no_address_to_doubt():
    """Its name may be masked all the same; each code is found once."""
    order = Order(
        external_order_id="A-1", customer_id="c-1", customer_name="J*** D***", customer_contact="***@x.example"
    )

    assert found(order) == ["masked"]


@pytest.mark.parametrize(("same", "others", "is_habit"), [(30, 0, True), (29, 0, False), (57, 3, True), (56, 4, False)])
def test_a_source_that_plans_the_day_of_receipt_is_told(same, others, is_habit):
    """Thirty orders at least, and all but one in twenty; another source's orders say nothing of it."""
    habits = Habits()
    habits.note("lp", [])
    habits.note("lp", [True] * same + [False] * others)

    assert habits.of("lp") == (("planned_is_receipt_day",) if is_habit else ())
    assert habits.of("other") == ()


def test_a_habit_ends_with_the_orders_that_showed_it():
    """The last hundred count."""
    habits = Habits()
    habits.note("lp", [True] * 100)
    habits.note("lp", [False] * 10)

    assert habits.of("lp") == ()


def test_every_code_is_documented():
    """Its page names each, with where it is found."""
    page = (CORPUS.parents[1] / "docs" / "findings.md").read_text(encoding="utf-8")

    assert all(f"| `{code}` |" in page for code in CODES)
