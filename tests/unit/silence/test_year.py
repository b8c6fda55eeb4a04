"""A simulated year of three rhythms, drawn anew each time."""

import secrets

from benchmarks.silence import LEAST_FOUND, LEAST_NEAR, MOST_FALSE, SILENCES, measure


def test_a_year_of_three_rhythms_is_judged():
    """Of 50 planted silences 45 are found within twice the usual gap; each rhythm has one false alarm a month at most.

    Holidays and both changes of the clock are in it. The usual gap that is told is within a third of the truth.
    """
    seed = secrets.randbelow(1_000_000)
    figures = measure(seed)

    assert figures.planted == SILENCES
    assert figures.found >= LEAST_FOUND, f"seed {seed}"
    assert max(map(len, figures.false_alarms.values())) <= MOST_FALSE, f"seed {seed}"
    assert figures.near >= LEAST_NEAR, f"seed {seed}"
