"""A simulated year of three rhythms with planted silences: those found in time, and the false alarms."""

# ruff: noqa: PLR2004 - hours of a day, days of a week, shares of what is drawn

import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import exp
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from gateway.ground.clock import SECOND, Micros
from gateway.silence.rhythm import LEARNING, Learned, Rhythm, longest_of
from gateway.silence.week import HOUR

ZONE: Final = ZoneInfo("Europe/Berlin")
YEAR: Final = 2026
SILENCES: Final = 50
LEAST_FOUND: Final = 45
MOST_FALSE: Final = 12
"""One a month, of each rhythm."""
NEAR: Final = 4 / 3
LEAST_NEAR: Final = 0.8
LOOK: Final[Micros] = 15 * SECOND
"""What comes within one look of the gateway's is one arrival to it."""

EASTER: Final = date(2026, 4, 5)
HOLIDAYS: Final = frozenset(
    {
        *(date(YEAR, *each) for each in ((1, 1), (1, 6), (5, 1), (10, 3), (12, 25), (12, 26))),
        *(EASTER + timedelta(days) for days in (-2, 1, 39, 50, 60)),
    }
)
_BEGIN, _END = (int(datetime(year, 1, 1, tzinfo=ZONE).timestamp()) * SECOND for year in (YEAR, YEAR + 1))


class Kind(NamedTuple):
    """A rhythm: clusters of arrivals in each hour of the year, drawn."""

    name: str
    rates: Sequence[float]

    def expected(self, start: Micros, end: Micros) -> float:
        """How many clusters are usual between two moments."""
        total = 0.0
        while start < min(end, _END):
            edge = min((start // HOUR + 1) * HOUR, end, _END)
            total += self.rates[(start - _BEGIN) // HOUR] * (edge - start) / HOUR
            start = edge
        return total

    def usual_gap(self, at: Micros) -> Micros:
        """What nineteen of twenty such hours do not exceed, by the rates that were drawn."""
        wanted = longest_of(self.rates[(at - _BEGIN) // HOUR])
        end = at
        while wanted > 0 and end < _END:
            rate = self.rates[(end - _BEGIN) // HOUR]
            step = (end // HOUR + 1) * HOUR - end
            held = rate * step / HOUR
            end += step if held < wanted else int(step * wanted / held)
            wanted -= held
        return end - at


class Silence(NamedTuple):
    """A planted one: from the last arrival on."""

    began_at: Micros
    ended_at: Micros


class Figures(msgspec.Struct, frozen=True, rename="camel"):
    """What came of one year."""

    seed: int
    planted: int
    found: int
    found_late: int
    found_by_truth: int
    told: tuple[float, ...]
    false_alarms: dict[str, tuple[str, ...]]

    @property
    def is_good(self) -> bool:
        """Whether the floors hold."""
        are_few = all(len(each) <= MOST_FALSE for each in self.false_alarms.values())
        return self.found >= LEAST_FOUND and are_few and self.near >= LEAST_NEAR

    @property
    def near(self) -> float:
        """The share of silences whose usual gap was told within a third of the truth."""
        return sum(1 / NEAR <= each <= NEAR for each in self.told) / len(self.told)

    def shown(self) -> dict[str, Any]:
        """The figures as a person reads them."""
        return {
            "seed": self.seed,
            "found within twice the usual gap": f"{self.found} of {self.planted}, {self.found_late} later",
            "by the rates that were drawn": self.found_by_truth,
            "usual gap told within a third of these": f"{self.near:.0%}",
            **{f"false, {name}": f"{len(each)} {'; '.join(each)}" for name, each in self.false_alarms.items()},
        }


def measure(seed: int) -> Figures:
    """Draw a year and judge it."""
    drawn = random.Random(seed)  # noqa: S311 - no secret
    kinds = [_around_the_clock(drawn), _office(drawn), _seasonal(drawn)]
    shares = [SILENCES // 3 + (place < SILENCES % 3) for place in range(3)]
    found, late, by_truth = 0, 0, 0
    told: list[float] = []
    false: dict[str, tuple[str, ...]] = {}
    for kind, share in zip(kinds, shares, strict=True):
        arrivals = _arrivals(kind, drawn)
        silences = {each.began_at: each for each in _silences(kind, arrivals, share, drawn)}
        wrong = []
        for alarm in _judged(_without(arrivals, silences.values())):
            planted = silences.get(alarm.last_at)
            if planted is None:
                wrong.append(f"{datetime.fromtimestamp(alarm.at / SECOND, ZONE):%d.%m. %H:%M}")
                continue
            usual = kind.usual_gap(alarm.last_at)
            is_found = alarm.at <= min(alarm.last_at + 2 * alarm.usual_gap, planted.ended_at)
            found, late = found + is_found, late + (not is_found)
            by_truth += alarm.at <= min(alarm.last_at + 2 * usual, planted.ended_at)
            told.append(alarm.usual_gap / usual)
        false[kind.name] = tuple(wrong)
    return Figures(seed, SILENCES, found, late, by_truth, tuple(told), false)


class Alarm(NamedTuple):
    """A source was called silent: after which arrival, when, and the gap that was told to be usual there."""

    last_at: Micros
    at: Micros
    usual_gap: Micros


def _judged(arrivals: Sequence[Micros]) -> Iterator[Alarm]:
    rhythm = Rhythm(Learned(_BEGIN, _BEGIN), ZONE)
    for last, following in pairwise([*arrivals, _END]):
        rhythm.note(last)
        if following - last < HOUR // 20 or last - _BEGIN < LEARNING // 2:
            continue
        silent_at = rhythm.silent_at(last)
        if silent_at is not None and silent_at < following:
            yield Alarm(last, silent_at, rhythm.usual_gap(last))


def _arrivals(kind: Kind, drawn: random.Random) -> list[Micros]:
    """Clusters by chance, some of several hooks; as the gateway sees them, look by look."""
    found = set()
    for place, rate in enumerate(kind.rates):
        begin = _BEGIN + place * HOUR
        for _ in range(_poisson(rate, drawn)):
            at = begin + int(drawn.random() * HOUR)
            found.add(at // LOOK)
            while drawn.random() < 0.3:
                at += int(drawn.uniform(1, 20) * SECOND)
                found.add(at // LOOK)
    return [each * LOOK for each in sorted(found)]


def _silences(kind: Kind, arrivals: Sequence[Micros], count: int, drawn: random.Random) -> list[Silence]:
    """Each begins with an arrival, in the time that is usual at some hour, and lasts from some hours to two days."""
    found: list[Silence] = []
    candidates = arrivals[bisect_left(arrivals, _BEGIN + LEARNING + 7 * 24 * HOUR) : -1]
    while len(found) < count:
        began = drawn.choice(candidates)
        lasts = int(drawn.uniform(2, 48) * HOUR)
        ended = began + max(lasts, 2 * kind.usual_gap(began) + HOUR)
        if ended < _END and all(
            ended + 48 * HOUR < each.began_at or began > each.ended_at + 48 * HOUR for each in found
        ):
            found.append(Silence(began, ended))
    return found


def _without(arrivals: Sequence[Micros], silences: Iterable[Silence]) -> list[Micros]:
    rest = list(arrivals)
    for each in silences:
        del rest[bisect_right(rest, each.began_at) : bisect_right(rest, each.ended_at)]
    return rest


def _hours() -> Iterator[datetime]:
    """Each hour of the year, in the zone."""
    for at in range(_BEGIN, _END, HOUR):
        yield datetime.fromtimestamp(at // SECOND, ZONE)


def _around_the_clock(drawn: random.Random) -> Kind:
    base, holiday = drawn.uniform(25, 45), drawn.uniform(0.4, 0.9)
    night = drawn.uniform(0.25, 0.8)
    days = [drawn.uniform(0.75, 1.25) for _ in range(7)]
    return Kind(
        "around the clock",
        [
            base
            * days[at.weekday()]
            * (night if at.hour < 6 or at.hour > 21 else 1.0)
            * drawn.uniform(0.9, 1.1)
            * (holiday if at.date() in HOLIDAYS else 1.0)
            for at in _hours()
        ],
    )


def _office(drawn: random.Random) -> Kind:
    base, opens, closes = drawn.uniform(25, 60), drawn.choice((7, 8, 9)), drawn.choice((16, 17, 18))
    days = [drawn.uniform(0.8, 1.2) for _ in range(5)]
    return Kind(
        "office hours",
        [
            base * days[at.weekday()] * (0.6 if at.hour == 12 else 1.0) * drawn.uniform(0.85, 1.15)
            if at.weekday() < 5 and opens <= at.hour < closes and at.date() not in HOLIDAYS
            else 0.0
            for at in _hours()
        ],
    )


def _seasonal(drawn: random.Random) -> Kind:
    base, peak, holiday = drawn.uniform(14, 28), drawn.uniform(2.5, 5), drawn.uniform(0.5, 0.9)
    days = [drawn.uniform(0.7, 1.3) for _ in range(7)]
    top = datetime(YEAR, 12, drawn.randrange(4, 18), tzinfo=ZONE)

    def season(at: datetime) -> float:
        # Weeks of rise, and a fall within days.
        away = (at - top).total_seconds() / 86400
        return 1 + (peak - 1) * (exp(away / 14) if away < 0 else exp(-away / 4))

    return Kind(
        "seasonal peak",
        [
            base
            * days[at.weekday()]
            * (1.0 if 7 <= at.hour < 22 else 0.25)
            * season(at)
            * drawn.uniform(0.85, 1.15)
            * (holiday if at.date() in HOLIDAYS else 1.0)
            for at in _hours()
        ],
    )


def _poisson(mean: float, drawn: random.Random) -> int:
    count, left = -1, mean
    while left > 0:
        left -= drawn.expovariate(1.0)
        count += 1
    return max(count, 0)
