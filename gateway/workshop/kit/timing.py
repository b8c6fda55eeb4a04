"""When an order changed, and when it is planned for."""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from gateway.workshop.kit import names
from gateway.workshop.kit.finding import matching, within
from gateway.workshop.kit.samples import Node, Steps

_OTHERWISE: Final = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}(?!\d)")


class Clock(msgspec.Struct, frozen=True):
    """The member that tells when an order changed.

    `is_events`: it is the event's own. `is_utc`: its name says so, where the value names no zone. `is_sure`: it tells
    of a change, in a zone that is known.
    """

    steps: Steps | None = None
    is_events: bool = False
    is_utc: bool = False
    is_sure: bool = False


def find_clock(order: Node, body: Node | None) -> Clock:
    """The time of change: of the order, else of the event (`body`; None: it is the order), else its start."""
    for inside in within(order):
        if (found := _best(order.at(inside), names.CHANGED, inside)) is not None:
            return found
    for above in (
        () if body is None else ((), *((key,) for key in body.members if names.ENVELOPES.fullmatch(names.plain(key))))
    ):
        node = body.at(above) if body is not None else Node()
        for pattern in (names.CHANGED, names.TOLD):
            if (found := _best(node, pattern, above)) is not None:
                is_sure = found.is_sure and not _has_times(order)
                return msgspec.structs.replace(found, is_events=True, is_sure=is_sure)
    found = _best(order, names.CREATED)
    return Clock() if found is None else msgspec.structs.replace(found, is_sure=False)


def _has_times(order: Node) -> bool:
    """Whether the order has times of its own that are no plans: one of them may tell better of its change."""
    times = (names.plain(key) for key, member in order.members.items() if member.is_time)
    return any(not any(pattern.fullmatch(key) for pattern in names.PLANNED) for key in times)


def _best(node: Node, pattern: re.Pattern[str], above: Steps = ()) -> Clock | None:
    found = [(key, match) for key, match in matching(node, pattern) if node.members[key].is_time]
    # A time in UTC before the warehouse's own, which comes twice in autumn.
    ranked = sorted(found, key=lambda each: not any(each[1].groupdict().values()))
    for key, match in ranked:
        is_utc = any(match.groupdict().values())
        return Clock((*above, key), is_utc=is_utc, is_sure=is_utc or not node.members[key].is_naive_time)
    return None


def find_planned(order: Node, is_day: Callable[[Node], bool] = lambda node: node.is_time) -> Steps | None:
    """The day that is planned, of the order itself or of an object of it that holds its dates."""
    for above in within(order):
        node = order.at(above)
        for pattern in names.PLANNED:
            for key, _ in matching(node, pattern):
                if is_day(node.members[key]):
                    return (*above, key)
    return None


def is_written_otherwise(node: Node) -> bool:
    """Whether it holds days of another order than the year's, the month's, the day's: nothing says which it is."""
    return bool(node.texts) and all(_OTHERWISE.match(text) for text in node.texts)
