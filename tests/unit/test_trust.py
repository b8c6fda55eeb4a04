"""Trusted time: a wall clock that is set makes nobody lose, and prunes nothing."""

from gateway.ground.clock import SECOND
from gateway.ground.trust import TrustedClock

HOUR = 3600 * SECOND
DAY = 24 * HOUR
START = 1_750_000_000 * SECOND


class Machine:
    """A wall clock that can be set, and the even one beside it."""

    def __init__(self):
        self.passed, self.offset = 0, 0

    def wall(self):
        return START + self.passed + self.offset

    def even(self):
        return self.passed


def trusting(machine, known=0):
    return TrustedClock(machine.wall, known, machine.even)


def test_a_step_either_way_is_distrusted_for_an_hour():
    """Receipts count on; after an hour of agreement the wall clock is believed."""
    for step in (200 * DAY, -2 * HOUR):
        machine = Machine()
        clock = trusting(machine)
        machine.passed = 2 * HOUR
        assert clock.may_prune
        machine.offset = step
        assert clock() == START + 2 * HOUR
        machine.passed += HOUR - SECOND
        assert clock() == START + 3 * HOUR - SECOND
        assert not clock.may_prune
        assert len(clock.warnings()) == 1
        machine.passed += SECOND
        assert clock() == machine.wall()
        assert clock.warnings() == []


def test_a_small_step_is_followed():
    """A minute and less is what clocks are set by every day."""
    machine = Machine()
    clock = trusting(machine)
    machine.offset = -60 * SECOND

    assert clock() == machine.wall()
    assert clock.warnings() == []


def test_a_start_behind_what_was_trusted():
    """It is distrusted, and the time counts on from the one that is stored."""
    machine = Machine()
    clock = trusting(machine, START + DAY)
    machine.passed = SECOND

    assert clock() == START + DAY + SECOND
    assert not clock.may_prune
    assert len(clock.warnings()) == 1


def test_a_start_ahead_of_what_was_trusted():
    """It is believed, since a gateway may have been off for a week, and prunes nothing in its first hour."""
    machine = Machine()
    clock = trusting(machine, START - 7 * DAY)

    assert clock() == START
    assert clock.warnings() == []
    assert not clock.may_prune
    machine.passed = HOUR
    assert clock.may_prune
