"""The culprit finder."""

import math
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.delivery.split import Search


def run(n, culprits, hints_of=lambda _group: ()):
    """Search against an intake that refuses what holds a culprit; the requests, and who was refused alone."""
    search = Search(range(n))
    requests, dead, delivered = [], [], []
    while (group := search.next()) is not None:
        requests.append(group)
        if culprits.isdisjoint(group):
            delivered += group
            search.accepted()
            continue
        if len(group) == 1:
            dead += group
        search.refused(hints_of(group))
    return requests, dead, delivered


def bound(n, k):
    return min(2 * k * math.ceil(math.log2(n)) + 2, 2 * n)


@st.composite
def batches(draw):
    n = draw(st.integers(1, 100))
    culprits = draw(st.sets(st.integers(0, n - 1), min_size=1))
    named = draw(st.sets(st.integers(0, n - 1)))
    return n, culprits, named


@settings(max_examples=400, deadline=None)
@given(batches())
@example((100, set(range(100)), set()))
@example((100, set(range(25)), set(range(25))))
@example((2, {0}, {1}))
@example((2, {1}, {0, 1}))
def test_bound_and_verdicts(batch):
    """Each item is delivered or refused alone, once; the requests stay within the bound, a wrong hint adding one."""
    n, culprits, named = batch
    requests, dead, delivered = run(n, culprits, lambda _group: named)

    assert sorted(dead) == sorted(culprits)
    assert sorted(delivered) == sorted(set(range(n)) - culprits)
    assert len(requests) <= bound(n, len(culprits)) + len(named - culprits)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 100), st.data())
def test_bound_with_new_hints_in_every_answer(n, data):
    """Answers may name others each time, rightly or wrongly; the bound holds."""
    culprits = data.draw(st.sets(st.integers(0, n - 1), min_size=1))
    wrong = set()
    tried = set()

    def hints_of(group):
        named = data.draw(st.sets(st.sampled_from(group), max_size=3)) - tried if len(group) > 1 else set()
        tried.update(named)
        wrong.update(named - culprits)
        return named

    requests, dead, _ = run(n, culprits, hints_of)

    assert sorted(dead) == sorted(culprits)
    assert len(requests) <= bound(n, len(culprits)) + len(wrong)


@pytest.mark.parametrize("first", range(0, 98, 7))
def test_two_culprits_in_a_hundred(first):
    """Two opaque culprits in a hundred cost at most thirty requests."""
    requests, dead, delivered = run(100, {first, 98})

    assert len(requests) <= 30
    assert sorted(dead) == [first, 98]
    assert len(delivered) == 98


def test_right_hints_cost_two_requests_more_than_they_are():
    """The whole batch, each named one alone, the rest whole."""
    requests, dead, _ = run(100, {3, 50}, lambda _group: {3, 50})

    assert [len(group) for group in requests] == [100, 1, 1, 98]
    assert dead == [3, 50]


def test_rest_is_not_sent_whole_when_every_hint_was_wrong():
    """The rest is then known to hold the culprit."""
    requests, dead, _ = run(10, {7}, lambda group: {0} & set(group))

    assert [len(group) for group in requests][:4] == [10, 1, 5, 4]
    assert dead == [7]


@pytest.mark.parametrize("named", [frozenset(), frozenset(range(25))])
@pytest.mark.parametrize("start", [0, 30, 40])
def test_run_of_culprits_is_broken_by_an_acceptance(start, named):
    """Of twenty-five culprits side by side, never twenty are refused alone without an acceptance between."""
    culprits = set(range(start, start + 25))
    requests, _, _ = run(100, culprits, lambda _group: named)
    longest = running = 0
    for group in requests:
        if culprits.isdisjoint(group):
            running = 0
        elif len(group) == 1:
            running += 1
        longest = max(longest, running)

    assert longest < 20


def test_nothing_to_search():
    """An empty batch has no groups."""
    assert Search[int]([]).next() is None


@pytest.mark.parametrize("n", range(1, 101))
def test_bound_for_every_size(n):
    """For each size up to a hundred, and many numbers of culprits anywhere, the bound holds."""
    chance = random.Random(n)
    for k in {1, 2, 3, n, *(chance.randint(1, n) for _ in range(10))}:
        culprits = set(chance.sample(range(n), min(k, n)))
        requests, dead, _ = run(n, culprits)

        assert set(dead) == culprits
        assert len(requests) <= bound(n, len(culprits))
