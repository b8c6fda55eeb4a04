"""Who looks on in the nemesis sees what must not be."""

import time

import psycopg
import pytest

from tests.vigil import DutyWatch

ROWS = [("delivery:demo", "machine ns 1 begun"), ("rescue", "machine ns 2 begun")]


@pytest.fixture
def seen():
    """The rows of duties that are found, and who is able."""
    return {"rows": ROWS, "able": {1, 2}}


@pytest.fixture
def watch(seen):
    """One for which a tenth of a second is too long."""
    watch = DutyWatch(lambda _: seen["rows"], lambda: seen["able"], 0.1)
    watch.look()
    return watch


@pytest.mark.parametrize(
    "change",
    [{"able": {2}}, {"rows": ROWS[1:]}, {"rows": [("delivery:demo", None), ROWS[1]]}],
    ids=["its holder is dead", "no row", "a row of nobody's"],
)
@pytest.mark.parametrize("is_seen", [True, False], ids=["seen", "again somebody's at the next look but one"])
def test_a_duty_that_is_nobodys_for_too_long_is_a_fault(watch, seen, change, is_seen):
    """However it came to be so; the others are none."""
    before = dict(seen)
    seen |= change
    watch.look()
    time.sleep(0.15)
    seen |= {} if is_seen else before
    watch.look()

    assert [fault.split(" for ")[0] for fault in watch.faults] == ["delivery:demo was nobody's"]
    assert watch.longest > 0.1


def test_what_is_held_is_no_fault_however_rarely_it_is_looked_at(watch):
    """Nor is what cannot be asked, between two primaries."""
    time.sleep(0.15)
    watch.look()

    assert (watch.faults, watch.seen) == ([], 2)


def test_a_primary_that_cannot_be_asked_is_no_fault():
    """What was nobody's before still counts from then on."""

    def gone(_: str) -> list[tuple[str, str]]:
        raise psycopg.OperationalError("the database is starting up")

    watch = DutyWatch(gone, lambda: {1})
    watch.look()

    assert (watch.faults, watch.looks) == ([], 0)
