"""How duties are shared out, and when a replica is taken for dead."""

import random

import pytest

from gateway.duties.clock import StoreClock
from gateway.duties.sharing import shared
from gateway.duties.watching import Watched
from gateway.records import Seen

GROUPS = {
    "translation": [f"translation:{slot}" for slot in range(32)],
    "delivery": [f"delivery:{name}" for name in "abcdefg"],
    "ones": ["rescue", "operations", "retention"],
}
ALL = {duty for duties in GROUPS.values() for duty in duties}


class Crowd:
    """Replicas that look one after another, in any order."""

    def __init__(self, chance: random.Random) -> None:
        self.held: dict[int, set[str]] = {}
        self.moved = 0
        self._chance = chance

    def settle(self, rounds: int = 6) -> None:
        for _ in range(rounds):
            for number in self._chance.sample(sorted(self.held), len(self.held)):
                mine = self.held[number]
                free = ALL.difference(*self.held.values())
                given_up, taken = shared(GROUPS, mine, free, len(self.held), number)
                assert not set(taken) - free
                self.moved += len(given_up)
                mine -= set(given_up)
                mine |= set(taken)


@pytest.mark.parametrize("seed", range(20))
def test_every_duty_is_one_replicas_and_no_replica_has_more_than_its_share(seed):
    """Whoever comes, goes, and looks first."""
    chance = random.Random(seed)
    crowd = Crowd(chance)
    for change in range(12):
        if len(crowd.held) < 2 or chance.random() < 0.5:
            crowd.held[change] = set()
        else:
            del crowd.held[chance.choice(sorted(crowd.held))]
        crowd.settle()

        assert sorted(duty for held in crowd.held.values() for duty in held) == sorted(ALL)
        for duties in GROUPS.values():
            counts = [len(held.intersection(duties)) for held in crowd.held.values()]
            assert max(counts) <= -(-len(duties) // len(counts))


def test_who_comes_is_given_its_share_and_no_more_moves():
    """What stays where it was has nothing to begin anew."""
    crowd = Crowd(random.Random(1))
    crowd.held = {1: set(), 2: set()}
    crowd.settle()
    before = crowd.moved
    crowd.held[3] = set()
    crowd.settle()

    assert crowd.moved - before <= sum(-(-len(duties) // 3) for duties in GROUPS.values())


def test_what_is_wanted_no_more_is_given_up():
    """A tenant that has gone from the configuration, say."""
    assert shared({"ones": ["rescue"]}, {"rescue", "delivery:gone"}, set(), 1, 7) == (["delivery:gone"], [])


def seen(number: int, beats: int, process: str = "elsewhere") -> Seen:
    return Seen(number, process, "", beats, is_lost=False)


def dead(watched: Watched, at: float, *replicas: Seen) -> list[int]:
    return [each.number for each in watched.dead(replicas, at)]


def test_a_replica_is_dead_that_gave_no_sign_of_life_for_the_whole_span():
    """From the moment on at which its last one was seen, by one's own clock."""
    watched = Watched(15.0, lambda _process: False)
    found = [dead(watched, at / 2, seen(1, at // 10), seen(2, 0)) for at in range(31)]

    assert found == [[]] * 30 + [[2]]


def test_nobody_is_dead_for_what_nobody_looked_at():
    """After a gap, such as a database that was gone for all, or a stop of one's own, all are watched anew."""
    watched = Watched(15.0, lambda _process: False)
    for at in range(10):
        dead(watched, at, seen(1, 0))

    assert dead(watched, 100, seen(1, 0)) == []
    assert [dead(watched, 100 + at, seen(1, 0)) for at in range(1, 16)] == [[]] * 14 + [[1]]


def test_a_process_that_has_surely_ended_needs_no_watching():
    """It was seen to end on this machine."""
    watched = Watched(15.0, lambda process: process == "ended")

    assert dead(watched, 1, seen(1, 0, "ended"), seen(2, 0)) == [1]


def test_the_stores_time_is_kept_between_looks():
    """Whatever this machine's clock says, and no more exactly than the way there and back lets it be known."""
    wall = [1_000]
    clock = StoreClock(lambda: wall[0])
    before = clock()
    clock.agree(1_000, 5_000, 1_010)
    known = clock() - wall[0]
    clock.agree(2_000, 5_995, 2_020)

    assert (before, 3_990 <= known <= 4_000) == (1_000, True)
    assert clock() - wall[0] == known
    clock.agree(3_000, 9_000, 3_010)
    assert 5_990 <= clock() - wall[0] <= 6_000
    clock.agree(3_000, None, 3_010)
    assert 5_990 <= clock() - wall[0] <= 6_000
