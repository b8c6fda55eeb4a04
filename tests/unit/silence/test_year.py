"""Simulated years of three rhythms, drawn anew each time."""

import secrets

from benchmarks.silence import LEAST_FOUND, LEAST_NEAR, MOST_FALSE, SILENCES, measure

YEARS = 2
"""One alone misses by chance, by one silence or one alarm, in three of 132."""


def test_years_of_three_rhythms_are_judged():
    """Of 50 planted silences 45 are found within twice the usual gap; each rhythm has one false alarm a month at most.

    Holidays and both changes of the clock are in it. The usual gap that is told is within a third of the truth.
    """
    seed = secrets.randbelow(1_000_000)
    years = [measure(seed + year) for year in range(YEARS)]

    assert all(each.planted == SILENCES for each in years)
    assert sum(each.found for each in years) >= YEARS * LEAST_FOUND, f"seed {seed}"
    for rhythm in years[0].false_alarms:
        assert sum(len(each.false_alarms[rhythm]) for each in years) <= YEARS * MOST_FALSE, f"seed {seed}"
    assert sum(each.near for each in years) >= YEARS * LEAST_NEAR, f"seed {seed}"
