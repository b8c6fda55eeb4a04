"""One source's rhythm, in small."""

import random
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from gateway.events import SECOND
from gateway.silence.rhythm import LEARNING, Learned, Rhythm
from gateway.silence.week import HOUR, hour_of, pieces

OSLO = ZoneInfo("Europe/Oslo")
MINUTE = 60 * SECOND


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=OSLO).timestamp()) * SECOND  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def office() -> Rhythm:
    """Six weeks from Monday, 2 March 2026, on: 8 to 16, Monday to Friday, 20 an hour; the clocks change on the 29th."""
    drawn = random.Random(7)
    begin = at(2026, 3, 2)
    rhythm = Rhythm(Learned(begin, begin), OSLO)
    day = datetime(2026, 3, 2, 8, tzinfo=OSLO)
    while day < datetime(2026, 4, 13, tzinfo=OSLO):
        if day.weekday() < 5:
            opens = int(day.timestamp()) * SECOND
            for moment in sorted(opens + int(drawn.random() * 8 * HOUR) for _ in range(160)):
                rhythm.note(moment)
        day += timedelta(days=1)
    return rhythm


def test_the_hours_of_the_week_follow_the_zone():
    """Through both changes of the clock: each hour has its place, the one that is skipped has none."""
    spring = [hour for hour, _ in pieces(at(2026, 3, 29, 0), at(2026, 3, 29, 5), OSLO)]
    autumn = [hour % 24 for hour, _ in pieces(at(2026, 10, 25, 1), at(2026, 10, 25, 4), OSLO)]

    assert [hour % 24 for hour in spring] == [0, 1, 3, 4]
    assert autumn == [1, 2, 2, 3]
    assert hour_of(at(2026, 3, 30, 9), OSLO) == 9
    assert sum(span for _, span in pieces(at(2026, 3, 2), at(2026, 3, 9), OSLO)) == 168 * HOUR


def test_hours_that_begin_beside_utcs_are_whole():
    """Kathmandu is 5:45 ahead."""
    zone = ZoneInfo("Asia/Kathmandu")
    found = list(pieces(0, 2 * HOUR, zone))

    assert sum(span for _, span in found) == 2 * HOUR
    assert [hour % 24 for hour, _ in found] == [5, 6, 6, 7]


def test_nothing_is_silent_while_it_is_learned():
    """For 14 days, whatever does not come."""
    begin = at(2026, 3, 2)
    rhythm = Rhythm(Learned(begin, begin), OSLO)
    for minutes in range(0, 3 * 24 * 60, 4):
        rhythm.note(begin + minutes * MINUTE)
    silent_at = rhythm.silent_at(rhythm.learned.last_at)

    assert silent_at is not None
    assert silent_at >= begin + LEARNING


def test_a_silence_within_the_day_is_seen_within_the_hour(office):
    """And the usual gap is told: some 20 minutes at 20 an hour."""
    last = at(2026, 4, 14, 10)
    silent_at = office.silent_at(last)

    assert 12 * MINUTE < office.usual_gap(last) < 35 * MINUTE
    assert silent_at is not None
    assert 18 * MINUTE < silent_at - last < 60 * MINUTE
    assert silent_at - last < 2 * office.usual_gap(last)


@pytest.mark.parametrize(
    ("last", "opens"), [((2026, 4, 14, 15, 58), (2026, 4, 16, 8)), ((2026, 4, 17, 15, 58), (2026, 4, 21, 8))]
)
def test_a_day_that_does_not_begin_may_be_a_holiday(office, last, opens):
    """The next one tells: after Tuesday evening on Thursday, after Friday evening on Tuesday, in the first hour."""
    silent_at = office.silent_at(at(*last))

    assert silent_at is not None
    assert at(*opens) < silent_at < at(*opens) + HOUR


def test_a_long_silence_teaches_nothing(office):
    """After a week without anything, the same is usual."""
    learned = Learned(
        **{
            name: list(value) if isinstance(value := getattr(office.learned, name), list) else value
            for name in office.learned.__struct_fields__
        }
    )
    rhythm = Rhythm(learned, OSLO)
    before = rhythm.usual_gap(at(2026, 4, 14, 10))
    for first, second in pairwise(range(at(2026, 4, 21, 9), at(2026, 4, 21, 16), 3 * MINUTE)):
        rhythm.note(first + (second - first) // 3)

    assert rhythm.usual_gap(at(2026, 4, 14, 10)) == pytest.approx(before, rel=0.3)
