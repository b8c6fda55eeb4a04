import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import EventStatus, Reason
from gateway.orders import Notes, Settlement
from gateway.store.rules import lifecycle
from gateway.store.rules.lifecycle import NewState

states = st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from([b"x", b"y", None]))
results = st.sampled_from(["delivered", "dead", "unchanged", "uncertain"])
steps = st.lists(st.one_of(st.tuples(st.just("arrive"), states), st.tuples(st.just("lease"), st.none()),
                           st.tuples(st.just("settle"), results)), max_size=30)  # fmt: skip
DEAD_CODES = itertools.cycle(["refused", "intake_error"])


def new(number, clock, tie, digest):
    return NewState(number, "north", "A", "source:acme", clock, tie, number, digest)


def take_lease(order):
    """What is noted in a row whose state is in a lease."""
    order.leased_state, order.leased_digest = order.state, order.digest


@given(states, steps)
def test_whatever_happens_a_row_stays_sound(first, history):
    """Versions, rests and what may be at Trackely never go back; a lease is whole or not there; states know where."""
    order, change = lifecycle.first(1, new(1, *first), now=0)
    known = {change.state: str(change.status)}
    for now, (what, how) in enumerate(history, start=2):
        before = (order.clock, order.tie, order.arrival), order.attempted, order.rests_until
        if what == "arrive":
            changes = lifecycle.arrive(order, new(now, *how), now, is_shared=False, must_send=False, collision_hint="")
        elif what == "lease" and order.status == "pending" and not order.is_in_flight:
            take_lease(order)
            changes = []
        elif what == "settle" and order.is_in_flight:
            reason = Reason(next(DEAD_CODES), "") if how == "dead" else None
            settlement = Settlement(order=1, result=how, reason=reason, due_at=now, rests_until=now + now % 3)
            changes = lifecycle.settle(order, settlement, now)
        else:
            continue
        known |= {each.state: str(each.status) for each in changes}

        assert ((order.clock, order.tie, order.arrival), order.attempted, order.rests_until) >= before
        assert order.is_in_flight <= (order.status == "pending")
        assert (order.status == "pending") == (order.ended_at is None) == (order.pending_since is not None)
        is_due = order.digest is not None and order.due_at >= order.rests_until
        assert order.status != "pending" or order.is_in_flight or is_due
        assert known[order.state] == order.status
        pending = {state for state, status in known.items() if status == "pending"}
        assert pending <= {order.state, order.leased_state}


@given(st.lists(st.sampled_from(["pending", "delivered", "superseded", "withdrawn", "dead", "discarded"]), min_size=1))
def test_an_events_status_does_not_hang_on_the_order_of_its_states(found):
    """Dead before on its way before delivered before discarded before withdrawn before superseded."""
    ranks = ["dead", "pending", "delivered", "discarded", "withdrawn", "superseded"]
    expected = min(found, key=ranks.index)

    assert lifecycle.event_status(found) == ("translated" if expected == "pending" else expected)


@pytest.mark.parametrize(
    ("clock", "tie", "arrival", "takes"),
    [
        (5, 5, 5, True),
        (6, 0, 0, True),
        (5, 6, 0, True),
        (5, 5, 6, True),
        (4, 9, 9, False),
        (5, 4, 9, False),
        (5, 5, 4, False),
    ],
)
def test_a_version_takes_an_orders_place_if_it_is_not_older(clock, tie, arrival, takes):
    """Clock, then tie, then arrival; an equal one applies again."""
    order, _ = lifecycle.first(1, NewState(1, "north", "A", "o", 5, 5, 5, b"x"), now=0)
    newer = NewState(2, "north", "A", "o", clock, tie, arrival, b"y")
    changes = lifecycle.arrive(order, newer, 1, is_shared=False, must_send=False, collision_hint="")

    assert order.state == (2 if takes else 1)
    assert changes[0] == lifecycle.StateChange(1 if takes else 2, EventStatus.SUPERSEDED)


def test_an_order_revived_starts_afresh_but_for_its_trial():
    """Its notes are gone; its rest is not."""
    order, _ = lifecycle.first(1, new(1, 1, 0, b"x"), now=0)
    take_lease(order)
    notes = Notes(is_alone=True, failures=4, unconfirmed=2)
    dead = Settlement(order=1, result="dead", reason=Reason("refused", ""), notes=notes, rests_until=50)
    lifecycle.settle(order, dead, 1)
    change = lifecycle.revive(order, "refused", 2)

    assert change == lifecycle.StateChange(1, "pending")
    assert (order.is_alone, order.failures, order.unconfirmed, order.trial) == (0, 0, 0, "refused")
    assert (order.due_at, order.reason_code) == (50, None)
