"""Why a source is called silent, in a sentence."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from gateway.config.model import Source
from gateway.events import SECOND, Micros
from gateway.ground.clock import spoken

_DAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def why_of(source: Source, last: Micros, usual: Micros | None, *, at: Micros, has_come: bool) -> str:
    """Times are the source's own; `at` is when it fell silent, `usual` the gap that is usual after its last event."""
    zone = ZoneInfo(source.zone)
    since, fell = _local(last, zone), _local(at, zone)
    day = "" if since.date() == fell.date() else f" on {since:%Y-%m-%d}"
    nothing = f"nothing since {since:%H:%M}{day}" if has_come else f"nothing at all since {since:%H:%M}{day}"
    if usual is None:
        every = source.expect_every
        return f"{nothing}; something is expected every {spoken(every if isinstance(every, float | int) else 0)}"
    hours = f"between {since.hour} and {since.hour + 1}"
    return f"{nothing}; on {_DAYS[since.weekday()]} {hours} the usual gap is {spoken(usual / SECOND)}"


def _local(at: Micros, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at / SECOND, zone)
