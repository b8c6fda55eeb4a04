"""Which sources are silent, and why."""

from adapters.logistics_plus import ADAPTER
from gateway.config.model import ConfiguredSource, Source
from gateway.events import SECOND
from gateway.records import LearnedRow, Silence
from gateway.silence.watch import SilenceWatch
from gateway.silence.week import HOUR

START = 1_775_000_000 * SECOND
MINUTE = 60 * SECOND


class Watched:
    """One source, its clock, and what the store says of it."""

    def __init__(
        self, *, alive_until: int = START, rows: tuple[LearnedRow, ...] = (), started_at: int = START, **settings
    ) -> None:
        source = Source(adapter="logistics_plus", tenant="demo", auth="none", **settings)
        self.now = started_at
        self.accepted: dict[str, int] = {}
        self.watch = SilenceWatch(
            {"acme": ConfiguredSource("acme", source, ADAPTER, None)}, self._accepted, lambda: self.now
        )
        self.watch.load(rows, alive_until)

    async def _accepted(self) -> dict[str, int]:
        return self.accepted

    async def after(self, span: int, *, came: int | None = None) -> Silence:
        self.now += span
        if came is not None:
            self.accepted["acme"] = came
        return (await self.watch.look())["acme"]


async def test_a_span_is_measured_from_the_last_event():
    """Silent once it is over, and no longer with the next event."""
    watched = Watched(expect_every=120.0, zone="Europe/Oslo")

    assert (await watched.after(0, came=START)).state == "heard"
    assert (await watched.after(119 * SECOND)).state == "heard"
    silent = await watched.after(SECOND)
    assert (silent.state, silent.silent_at) == ("silent", START + 120 * SECOND)
    assert silent.why == "nothing since 01:33; something is expected every 2 min"
    assert (await watched.after(0, came=START + 120 * SECOND)).state == "heard"


async def test_a_source_that_never_sent_is_silent_from_its_first_day_on():
    """A restart is no sign of life."""
    watched = Watched(expect_every=60.0)
    await watched.after(61 * SECOND)
    rows = tuple(watched.watch.learned(watched.now))
    again = Watched(expect_every=60.0, rows=rows, started_at=watched.now + HOUR, alive_until=watched.now)

    silent = await again.after(0)
    assert silent.state == "silent"
    assert silent.why == "nothing at all since 23:33; something is expected every 60 s"


async def test_what_a_stopped_gateway_could_not_hear_is_not_held_against_the_source():
    """It is given its time anew; but for a gateway that was away for a moment only."""
    away = Watched(expect_every=600.0, started_at=START + HOUR, alive_until=START + MINUTE)
    restarted = Watched(expect_every=600.0, started_at=START + 2 * MINUTE, alive_until=START + MINUTE)

    assert (await away.after(599 * SECOND, came=START)).state == "heard"
    assert (await away.after(SECOND)).state == "silent"
    assert (await restarted.after(479 * SECOND, came=START)).state == "heard"
    assert (await restarted.after(SECOND)).state == "silent"


async def test_a_rhythm_is_learned_and_kept():
    """Learning for 14 days, then silent by it, with the sentence; also after a restart from what was written away."""
    watched = Watched(expect_every="auto", zone="Europe/Oslo")
    states = set()
    for step in range(1, 20 * 24 * 12):
        span = (3 if step % 2 else 7) * MINUTE
        states.add((await watched.after(span, came=watched.now + span)).state)
    last = watched.now
    rows = tuple(watched.watch.learned(last))
    await watched.after(HOUR)
    again = Watched(
        expect_every="auto", zone="Europe/Oslo", rows=rows, started_at=last + HOUR, alive_until=last + HOUR - MINUTE
    )
    before, after = await watched.after(0), await again.after(0, came=last)

    assert states == {"learning", "heard"}
    assert before.state == after.state == "silent"
    assert before.why == after.why
    assert before.why is not None
    assert before.why.startswith("nothing since ")
    assert "the usual gap is " in before.why
    assert sum(len(row.body) for row in rows) < 8192


async def test_nothing_is_told_of_a_source_of_which_nothing_is_expected():
    """Nor before what was learned is known."""
    watched = Watched()
    unloaded = SilenceWatch({}, watched._accepted, lambda: START)

    assert await watched.watch.look() == {}
    assert await unloaded.look() == {}
