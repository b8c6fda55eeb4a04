"""The drift radar."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import VendorModel, decoder
from gateway.drift.expected import samples_of
from gateway.drift.radar import MOST_CODES, MOST_MEMBERS, QUIET, SELDOM, Radar
from gateway.drift.shapes import Shapes, shapes_in, shapes_of
from gateway.events import SECOND, UntranslatedEvent
from gateway.registry import find_adapter


class Line(VendorModel, frozen=True):
    sku: str | None = None


class Event(VendorModel, frozen=True):
    id: str
    status: str | None = None
    lines: list[Line] | None = None


SHAPES = shapes_in({"read": decoder(Event)})


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def look(radar: Radar, clock: Clock, *bodies: object, apart: int = SECOND) -> None:
    for number, body in enumerate(bodies):
        clock.now += apart
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        radar.look(
            UntranslatedEvent(
                id=number, source="acme", event_id=f"e-{number}", topic=None, received_at=0, body=raw, context=b""
            )
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def radar(clock) -> Radar:
    return Radar({"acme": SHAPES}, clock)


def told(radar: Radar) -> list[tuple[str, str, str, int]]:
    return [(each.kind, each.path, each.value, each.count) for each in radar.findings("acme")]


def test_an_unknown_member_is_told_with_an_example(radar, clock):
    """A member that the adapter does not read, once for each event, where its object is one that is read."""
    look(
        radar,
        clock,
        {"id": "1", "lines": [{"sku": "a"}, {"sku": "b", "lot": {"no": 1}}]},
        {"id": "2", "lines": [{"lot": {}}]},
    )
    (finding,) = radar.findings("acme")

    assert (finding.kind, finding.path, finding.count) == ("unknown_member", "$.lines[].lot", 2)
    assert (finding.example, finding.event_id) == ("$.lines[1].lot", "e-0")
    assert (finding.first_at, finding.last_at) == (SECOND, 2 * SECOND)


def test_what_a_vendors_api_answers_is_looked_at_too(radar, clock):
    """A looked-up order's answers, whatever of them is there; a replay tells nothing new."""
    answers = {"orders/1": b'{"id": "1", "new": 1}', "orders/1/rows": None, "orders/2": b"<html>"}
    event = UntranslatedEvent(
        id=1, source="acme", event_id="e-1", topic=None, received_at=0, body=b'{"old": 1}', context=b"", answers=answers
    )
    radar.look(event)
    radar.look(msgspec.structs.replace(event, is_replayed=True))

    assert told(radar) == [("unknown_member", "$.new", "", 1)]


def test_a_changed_type_is_told(radar, clock):
    """A type other than the first, and one that the adapter does not take; null is no type."""
    look(radar, clock, {"id": "1", "status": None}, {"id": 2, "status": "open"})

    assert told(radar) == [("type_changed", "$.id", "number", 1)]
    assert radar.findings("acme")[0].was == ("text",)


def test_a_first_type_that_the_adapter_does_not_take_is_told(radar, clock):
    """What was never otherwise has drifted from what the adapter expects."""
    look(radar, clock, {"id": 2})

    assert told(radar) == [("type_changed", "$.id", "number", 1)]


def test_a_new_code_is_told(radar, clock):
    """A value of a status, a type or a topic that was not there when the member was first met."""
    look(radar, clock, {"id": "1", "status": "open"}, {"id": "2", "status": "open"}, {"id": "3", "status": "lost"})

    assert told(radar) == [("new_code", "$.status", "lost", 1)]


def test_a_member_of_many_values_is_no_code(radar, clock):
    """With more values than codes have it is an id or a name, and is left alone for good."""
    look(radar, clock, *({"id": "1", "status": f"s-{number}"} for number in range(MOST_CODES + 3)))
    radar.take()
    reborn = Radar({"acme": SHAPES}, clock)
    look(reborn, clock, {"id": "1", "status": "s"})

    assert told(radar) == []


def test_what_was_seen_is_remembered(radar, clock):
    """What is taken and loaded again goes on where it ended, and is taken once."""
    look(radar, clock, {"id": "1", "status": "open", "new": 1}, {"id": "2", "status": "lost", "new": "1"})
    rows = radar.take()
    later = Radar({"acme": SHAPES}, clock)
    later.load(rows)

    assert later.findings("acme") == radar.findings("acme")
    assert radar.take() == []
    assert later.take() == []


def test_only_some_events_a_second_are_looked_at(clock):
    """A burst costs no more than its first events."""
    radar = Radar({"acme": SHAPES}, clock, per_second=3)
    look(radar, clock, *({"id": "1", "new": 1} for _ in range(50)), apart=0)
    clock.now += SECOND
    look(radar, clock, {"id": "1", "new": 1}, apart=0)

    assert told(radar) == [("unknown_member", "$.new", "", 4)]


def test_a_source_that_brings_nothing_new_is_looked_at_seldom(clock):
    """Twice a second, until one of the looks meets something: then as often as at the start."""
    radar = Radar({"acme": SHAPES}, clock, per_second=QUIET + 1)
    look(radar, clock, *({"id": "1"} for _ in range(QUIET + 1)), apart=0)

    def second(*told):
        clock.now += SECOND
        look(radar, clock, *told, apart=0)

    second(*({"id": "1"} for _ in range(SELDOM)), {"id": "1", "missed": 1})
    second({"id": "1", "new": 1}, *({"id": "1", "another": 1} for _ in range(SELDOM + 1)))

    assert told(radar) == [("unknown_member", "$.another", "", SELDOM + 1), ("unknown_member", "$.new", "", 1)]


def test_what_is_remembered_has_bounds(radar, clock):
    """Members without end, as keys that are data, do not fill the memory."""
    for part in range(5):
        look(radar, clock, {"id": "1", **{f"k{part}_{number}": number for number in range(MOST_MEMBERS)}})

    assert len(radar.take()) < 3 * MOST_MEMBERS


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    )
)
def test_nothing_that_comes_in_stops_it(body):
    """Whatever a body holds, looking at it, taking and loading what was seen raise nothing."""
    radar = Radar({"acme": SHAPES, "other": Shapes([])}, lambda: 0)
    look(radar, Clock(), body)
    again = Radar({"acme": SHAPES}, lambda: 0)
    again.load(radar.take())

    assert again.findings("acme") == radar.findings("acme")


def test_an_adapter_that_decodes_in_its_own_way_has_no_unknown_members(clock):
    """Where nobody knows what is read, nothing is unknown."""
    radar = Radar({"acme": Shapes([])}, clock)
    look(radar, clock, {"id": "1", "new": 1})

    assert told(radar) == []


@pytest.mark.parametrize("name", ["logistics_plus", "ongoing", "shopify"])
def test_what_the_adapter_came_with_is_no_finding(clock, name):
    """Nobody is told of members, types and codes that its integrator has seen: on a good day there is nothing."""
    adapter = find_adapter(name, Path())
    samples = list(samples_of(adapter))
    radar = Radar({"acme": shapes_of(adapter)}, clock, samples={"acme": samples})
    look(radar, clock, *samples)

    assert len(samples) > 5
    assert told(radar) == []

    look(radar, clock, samples[0] | {"neverSeen": 1})

    assert told(radar) == [("unknown_member", "$.neverSeen", "", 1)]
