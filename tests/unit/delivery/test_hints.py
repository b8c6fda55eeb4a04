"""Hints in refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.hints import hints_in

SENT = ["WMS-1", "WMS-10", "7", "WMS-3", "5"]


@pytest.mark.parametrize(
    ("answer", "hints"),
    [
        ({"fieldErrors": {"plannedDate": [{"index": 3, "externalOrderId": "WMS-3", "message": "bad"}]}}, (3,)),
        ({"fieldErrors": {"plannedDate": [{"index": 1, "message": "bad"}, {"index": 3}]}}, (1, 3)),
        ({"fieldErrors": {"plannedDate": [{"externalOrderId": "WMS-10"}]}}, (1,)),
        ({"fieldErrors": {"plannedDate": {"0": "bad", "3": ["bad"]}}}, (0, 3)),
        ({"fieldErrors": {"plannedDate": {"WMS-10": "bad", "WMS-3": ["bad"]}}}, (1, 3)),
        ({"fieldErrors": {"plannedDate": {"7": "an id before an index"}}}, (2,)),
        ({"fieldErrors": {"plannedDate": ["WMS-1"]}}, (0,)),
        ({"fieldErrors": {"plannedDate": "not a date"}}, ()),
        ({"details": "customer of WMS-10 not found"}, (1,)),
        ({"details": "orders[3].customerId: not found"}, (3,)),
        ({"details": [{"path": [2, "customerId"], "message": "not found"}]}, (2,)),
        ({"details": [{"path": ["orders", 1, "customerId"]}]}, (1,)),
        ({"details": {"issues": [{"deep": {"externalOrderId": "WMS-1"}}]}}, (0,)),
        ({"details": "7 of 9 items are fine"}, ()),
        ({"details": ["5"]}, (4,)),
        ({"details": {"index": 99}}, ()),
        ({"details": {"index": -1}}, ()),
        ({"error": "WMS-1 is bad"}, ()),
        ([], ()),
        ("WMS-1", ()),
    ],
)
def test_shapes(answer, hints):
    """Every form that the seed leaves open is read; positions outside the batch are none."""
    assert hints_in(json.dumps(answer).encode(), SENT) == hints


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b'{"details":' * 5000])
def test_not_json(body):
    """What is no JSON hints at nothing."""
    assert hints_in(body, SENT) == ()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(SENT),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=4),
    max_leaves=20,
)


@given(json_values, json_values)
def test_any_json(dates, details):
    """Any JSON gives positions in the batch and no error."""
    hints = hints_in(json.dumps({"fieldErrors": {"plannedDate": dates}, "details": details}).encode(), SENT)

    assert all(0 <= hint < len(SENT) for hint in hints)


def test_hostile_size():
    """A megabyte of members against a large batch is read in no time worth speaking of."""
    body = json.dumps({"details": [{"index": number % 5000, "m": "x" * 10} for number in range(20_000)]}).encode()

    assert hints_in(body, [f"WMS-{number}" for number in range(5000)])
