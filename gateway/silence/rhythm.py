"""A source's rhythm: learned from its arrivals by the hour of the week, and asked when a gap is too long.

Time is measured in the arrivals that are usual for it: a gap of four is as long at night as at noon. The usual rate is
that of the hour of the week, times the level of the last some hundred arrivals, which follows seasons. How long such
gaps get is learned from all of them together, and the tail beyond the longest tenth is taken for exponential.
ADR 17 tells why.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import exp, log
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from gateway.ground.clock import SECOND, Micros
from gateway.silence.week import HOUR, HOURS, hour_of, pieces

LEARNING: Final[Micros] = 14 * 24 * HOUR
TOGETHER: Final[Micros] = 30 * SECOND
"""What comes so soon after an arrival belongs to it: an order's hooks come in bursts."""
WARMING: Final[Micros] = LEARNING // 2
"""Each hour of the week must have been heard before gaps are measured by it."""
MONTHS_A_FALSE_ALARM: Final = 3.0
HOURS_A_MONTH: Final = 730.5
WEEKS_REMEMBERED: Final = 12.0
PRIOR_ARRIVALS: Final = 50.0
"""So many arrivals of its own weigh as much as what the hours beside it say."""
LEVEL_ARRIVALS: Final = 250.0
MOST_LEVEL: Final = 8.0
PAUSE: Final = 0.1
"""Of the week's mean rate: an hour with less belongs to a pause, a night or a weekend."""
TAIL: Final = 0.1
TAIL_PRIOR: Final = 50.0
LONGEST: Final = 0.05
"""One hour in twenty may have a longer gap than the one that is usual in it."""
FURTHEST: Final[Micros] = 28 * 24 * HOUR
REFIT: Final[Micros] = 24 * HOUR

_EDGES: Final = [2.0 ** (step / 4) for step in range(-16, 24)]
_DAY: Final = 24
WORKDAYS: Final = 5


class Learned(msgspec.Struct):
    """What is kept of a source's rhythm."""

    began_at: Micros
    last_at: Micros
    arrivals: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    """By the hour of the week; what is older weighs less."""
    hours: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    """So long was listened in each."""
    gaps: list[float] = msgspec.field(default_factory=lambda: [0.0] * (len(_EDGES) + 1))
    """How many, by their length in usual arrivals."""
    lengths: list[float] = msgspec.field(default_factory=lambda: [0.0] * (len(_EDGES) + 1))
    """And how long these are together."""
    heard: float = LEVEL_ARRIVALS
    expected: float = LEVEL_ARRIVALS


class _Tail(NamedTuple):
    """Beyond `edge` lie `share` of the gaps, longer by `scale` in the mean."""

    edge: float
    share: float
    scale: float

    def beyond(self, share: float) -> float:
        """The length that so few gaps exceed."""
        return max(self.edge, self.edge + self.scale * log(self.share / share))


class Rhythm:
    """Judges one source's gaps by what was learned of it."""

    def __init__(self, learned: Learned, zone: ZoneInfo) -> None:
        self.learned = learned
        self._zone = zone
        self._hour, self._hour_began = 0, 0
        self._fit()

    def learning_until(self) -> Micros:
        """Until then it is never silent."""
        return self.learned.began_at + LEARNING

    def note(self, at: Micros) -> None:
        """Something came; what came before the last arrival tells nothing."""
        learned = self.learned
        if at - learned.last_at < TOGETHER:
            return
        if at - self._fitted_at > REFIT:
            self._fit()
        hour = self._hour_of(at)
        gap, is_whole = self._listened(learned.last_at + TOGETHER, at, hour)
        self._forget(hour, gap)
        learned.arrivals[hour] += 1
        if at - learned.began_at > WARMING:
            learned.heard += 1
            learned.expected += gap
            if is_whole or not self._crosses_pause(learned.last_at, at):
                place = bisect_right(_EDGES, gap)
                learned.gaps[place] += 1
                learned.lengths[place] += gap
        learned.last_at = at

    def _listened(self, start: Micros, at: Micros, hour: int) -> tuple[float, bool]:
        """Count a gap's hours as listened to; its length, and whether it was not too long: then only to its limit."""
        if start >= self._hour_began:
            # Most gaps lie within one hour.
            share = (at - start) / HOUR
            walked: Iterable[tuple[int, float, float]] = [(hour, share, self._rates[hour] * self._level * share)]
        else:
            walked = self._walk(start, at)
        gap = 0.0
        for each, share, arrivals in walked:
            if gap + arrivals > self._limit:
                self.learned.hours[each] += share * (self._limit - gap) / arrivals
                return self._limit, False
            gap += arrivals
            self.learned.hours[each] += share
        return gap, True

    def _hour_of(self, at: Micros) -> int:
        if at >= self._hour_began + HOUR or at < self._hour_began:
            self._hour, self._hour_began = hour_of(at, self._zone), at // HOUR * HOUR
        return self._hour

    def skip(self, at: Micros) -> None:
        """Nobody listened until then."""
        self.learned.last_at = max(self.learned.last_at, at)

    def silent_at(self, last: Micros) -> Micros | None:
        """When a source that was heard last at that moment is silent, if it sends nothing; None: not within weeks."""
        at, gap, openings, was_pause = last + TOGETHER, 0.0, 0, False
        for hour, share, arrivals in self._walk(at, at + FURTHEST):
            span = int(share * HOUR)
            is_pause = self._rates[hour] < self._pause_below
            if was_pause and not is_pause:
                # A day that does not begin may be a holiday: the next one tells.
                openings, gap = openings + 1, 0.0
            was_pause = is_pause
            if openings != 1:
                if gap + arrivals >= self._limit:
                    found = at + int(span * (self._limit - gap) / arrivals)
                    return max(found, self.learning_until())
                gap += arrivals
            at += span
        return None

    def usual_gap(self, at: Micros) -> Micros:
        """From a moment on; nineteen of twenty such hours of the week have no longer gap."""
        rate = self._rates[hour_of(at, self._zone)] * self._level
        wanted, end = self._tail.beyond(exp(-longest_of(rate))), at
        for _, share, arrivals in self._walk(at, at + FURTHEST):
            if arrivals >= wanted:
                return end + int(share * HOUR * wanted / arrivals) - at
            wanted -= arrivals
            end += int(share * HOUR)
        return FURTHEST

    @property
    def _level(self) -> float:
        return min(max(self.learned.heard / self.learned.expected, 1 / MOST_LEVEL), MOST_LEVEL)

    def _walk(self, start: Micros, end: Micros) -> Iterator[tuple[int, float, float]]:
        """Hours of the week, how much of each, and the arrivals that are usual in it."""
        level, rates = self._level, self._rates
        for hour, span in pieces(start, end, self._zone):
            share = span / HOUR
            yield hour, share, rates[hour] * level * share

    def _crosses_pause(self, start: Micros, end: Micros) -> bool:
        return any(self._rates[hour] < self._pause_below for hour, _ in islice(pieces(start, end, self._zone), HOURS))

    def _forget(self, hour: int, gap: float) -> None:
        learned = self.learned
        if learned.hours[hour] > WEEKS_REMEMBERED:
            kept = WEEKS_REMEMBERED / learned.hours[hour]
            learned.hours[hour] *= kept
            learned.arrivals[hour] *= kept
        kept = exp(-max(gap, 0.5) / LEVEL_ARRIVALS)
        learned.heard *= kept
        learned.expected *= kept

    def _fit(self) -> None:
        """Work out rates and limits anew: once a day is often enough, the level tells of today."""
        learned = self.learned
        self._fitted_at = learned.last_at
        self._rates = _rates_of(learned)
        mean = sum(self._rates) / HOURS
        self._pause_below = PAUSE * mean
        # Some eight weeks of gaps.
        most = max(500.0, mean * HOURS * WEEKS_REMEMBERED)
        if (held := sum(learned.gaps)) > most:
            learned.gaps = [count * most / held for count in learned.gaps]
            learned.lengths = [length * most / held for length in learned.lengths]
        self._tail = _tail_of(learned)
        a_month = max(1.0, mean * HOURS_A_MONTH)
        self._limit = self._tail.beyond(1 / (a_month * MONTHS_A_FALSE_ALARM))


def _rates_of(learned: Learned) -> list[float]:
    """Arrivals an hour, by the hour of the week: its own, and what the hours beside it make likely."""
    rates = []
    for day in range(7):
        alike = range(WORKDAYS) if day < WORKDAYS else range(WORKDAYS, 7)
        shape = [_mean(learned, [each * _DAY + hour for each in alike]) for hour in range(_DAY)]
        own = range(day * _DAY, (day + 1) * _DAY)
        likely = sum(rate * learned.hours[hour] for rate, hour in zip(shape, own, strict=True))
        factor = (sum(learned.arrivals[hour] for hour in own) + PRIOR_ARRIVALS) / (likely + PRIOR_ARRIVALS)
        for rate, hour in zip(shape, own, strict=True):
            prior = max(rate * factor, 0.01)
            rates.append((learned.arrivals[hour] + PRIOR_ARRIVALS) / (learned.hours[hour] + PRIOR_ARRIVALS / prior))
    return rates


def _mean(learned: Learned, hours: Sequence[int]) -> float:
    listened = sum(learned.hours[hour] for hour in hours)
    return sum(learned.arrivals[hour] for hour in hours) / listened if listened else 0.0


def longest_of(rate: float) -> float:
    """In mean gaps, the longest gap that reaches into an hour of so many arrivals, in nineteen of twenty such hours.

    Of gaps by chance: `rate` begin in it, and the one it begins with is longer than others by being met.
    """
    length = log((rate + 1) / LONGEST)
    for _ in range(5):
        length = log((rate + 1 + length) / LONGEST)
    return length


def _tail_of(learned: Learned) -> _Tail:
    total = sum(learned.gaps)
    if not total:
        return _Tail(0.0, 1.0, 1.0)
    count = length = 0.0
    place = len(_EDGES)
    while place and count < TAIL * total:
        count += learned.gaps[place]
        length += learned.lengths[place]
        place -= 1
    edge = _EDGES[place]
    return _Tail(edge, count / total, (length - edge * count + TAIL_PRIOR) / (count + TAIL_PRIOR))
