"""Watches all sources: learns their rhythms, and tells which are silent and why.

When a source was last heard is the store's to say, so that all replicas go by the same. What is learned is written away
every minute.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from gateway.config.model import ConfiguredSource
from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Clock, Micros
from gateway.records import LearnedRow, Silence
from gateway.silence.rhythm import Learned, Rhythm
from gateway.silence.words import why_of

LOOK_SECONDS: Final = 5.0
SAVE_EVERY: Final[Micros] = 60 * SECOND
AWAY: Final[Micros] = 300 * SECOND
"""Nobody listened for so long: what did not come meanwhile tells nothing."""

Accepted: TypeAlias = Callable[[], Awaitable[Mapping[str, Micros]]]


class SilenceWatch:
    """One configuration's sources.

    Args:
        sources: those that are configured.
        accepted: when each gave us an event last.
        clock: the trusted one.
    """

    def __init__(self, sources: Mapping[str, ConfiguredSource], accepted: Accepted, clock: Clock) -> None:
        self._sources = sources
        self._accepted = accepted
        self._clock = clock
        self._started_at = self._alive_until = clock()
        self._rhythms: dict[str, Rhythm] = {}
        self._listened: dict[str, Micros] = {}
        # From when on a source's silence is counted, where that is later than its last event.
        self._counted_from: dict[str, Micros] = {}
        self._lasts: dict[str, Micros] = {}
        self._saved_at = 0
        self._is_loaded = False

    def load(self, rows: Iterable[LearnedRow], alive_until: Micros) -> None:
        """Go on from what was learned by a gateway that listened until then."""
        known = {(row.source, row.kind): row.body for row in rows}
        self._alive_until = alive_until
        for name, source in self._expecting():
            listened = known.get((name, "listened"))
            self._listened[name] = int(listened) if listened else self._started_at
            if source.settings.expect_every == "auto":
                body = known.get((name, "rhythm"))
                now = self._started_at
                learned = Learned(now, now) if body is None else msgspec.msgpack.decode(body, type=Learned)
                self._rhythms[name] = Rhythm(learned, ZoneInfo(source.settings.zone))
        self._is_loaded = True

    def learned(self, now: Micros) -> list[LearnedRow]:
        """All of it, to be written away."""
        return [
            *(
                LearnedRow(name, "rhythm", now, msgspec.msgpack.encode(each.learned))
                for name, each in self._rhythms.items()
            ),
            *(LearnedRow(name, "listened", now, str(at).encode()) for name, at in self._listened.items()),
        ]

    async def look(self) -> dict[str, Silence]:
        """How those sources stand of which something is expected. Raises StoreUnavailable."""
        if not self._is_loaded:
            return {}
        accepted = await self._accepted() if self._listened else {}
        now = self._clock()
        return {name: self._judged(name, source, accepted, now) for name, source in self._expecting()}

    def _expecting(self) -> Iterable[tuple[str, ConfiguredSource]]:
        return [(name, each) for name, each in self._sources.items() if each.settings.expect_every is not None]

    def _judged(self, name: str, source: ConfiguredSource, accepted: Mapping[str, Micros], now: Micros) -> Silence:
        names = (name, *source.settings.aliases)
        came = max((accepted[each] for each in names if each in accepted), default=None)
        last = self._listened[name] if came is None else came
        rhythm = self._rhythms.get(name)
        if name not in self._counted_from:
            self._counted_from[name] = self._first_counted(name, source, last)
        if rhythm is not None and came is not None and came > self._lasts.get(name, 0):
            rhythm.note(came)
        self._lasts[name] = last
        last_counted = max(last, self._counted_from[name])
        silent_at = self._silent_at(name, source, last_counted)
        is_silent = silent_at is not None and now >= silent_at
        learning_until = None if rhythm is None or now >= rhythm.learning_until() else rhythm.learning_until()
        usual = None if rhythm is None or learning_until is not None else rhythm.usual_gap(last_counted)
        state = "silent" if is_silent else "heard" if learning_until is None else "learning"
        return Silence(
            state=state,  # type: ignore[arg-type]
            since=last,
            silent_at=silent_at,
            learning_until=learning_until,
            usual_gap=usual,
            why=why_of(source.settings, last, usual, at=min(now, silent_at or now), has_come=came is not None)
            if is_silent
            else None,
        )

    def _silent_at(self, name: str, source: ConfiguredSource, last: Micros) -> Micros | None:
        rhythm, every = self._rhythms.get(name), source.settings.expect_every
        if rhythm is not None:
            return rhythm.silent_at(last)
        return None if not isinstance(every, float | int) else last + int(every * SECOND)

    def _first_counted(self, name: str, source: ConfiguredSource, last: Micros) -> Micros:
        """The last sign of life, for a gateway that was hardly away, or left the source silent; else its own start."""
        silent_at = self._silent_at(name, source, last)
        was_silent = silent_at is not None and silent_at <= self._alive_until
        if was_silent or self._started_at - self._alive_until < AWAY:
            return last
        if (rhythm := self._rhythms.get(name)) is not None:
            rhythm.skip(self._started_at)
        return self._started_at


class SilenceLoop:
    """Looks every few seconds, and writes away what was learned, and what others learn of sources."""

    def __init__(
        self,
        watch: SilenceWatch,
        save: Callable[[Sequence[LearnedRow]], Awaitable[None]],
        clock: Clock,
        also: Callable[[Micros], Sequence[LearnedRow]],
    ) -> None:
        self._watch = watch
        self._save = save
        self._also = also
        self._clock = clock
        self._saved_at = 0

    async def run(self, tick: Callable[[], None]) -> None:
        """Look for ever."""
        while True:
            tick()
            with contextlib.suppress(StoreUnavailable):
                await self._watch.look()
                if self._clock() - self._saved_at > SAVE_EVERY:
                    await self.save()
            await asyncio.sleep(LOOK_SECONDS)

    async def save(self) -> None:
        """Write away. Raises StoreUnavailable."""
        self._saved_at = self._clock()
        if rows := [*self._watch.learned(self._saved_at), *self._also(self._saved_at)]:
            await self._save(rows)

    async def flush(self) -> None:
        """Write away at the end."""
        with contextlib.suppress(StoreUnavailable):
            await self.save()
