"""The preview of a replay: the stored bytes through today's adapters, judged by the orders' life; nothing is stored."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from gateway.events import Clock, TranslatedEvent, UntranslatedEvent
from gateway.records import Effects
from gateway.rehearsal.judging import Judge, portions
from gateway.store.ports import Archive

PORTION: Final = 64

Translate: TypeAlias = Callable[[Sequence[UntranslatedEvent]], AsyncIterator[Sequence[TranslatedEvent]]]
Translating: TypeAlias = Callable[[], AbstractAsyncContextManager[Translate]]
"""Opens a translation of its own over the adapters and options of this moment."""


class Preview:
    """Tells what replaying events would do.

    Args:
        archive: where the events are.
        sources: the names of those that are configured now.
        translating: translates beside the live translation, and never before it.
        clock: the wall clock.
    """

    def __init__(self, archive: Archive, sources: Collection[str], translating: Translating, clock: Clock) -> None:
        self._archive = archive
        self._sources = sources
        self._translating = translating
        self._clock = clock

    async def of_replay(
        self, events: Collection[int], *, is_forced: bool, done: Callable[[int], None] = lambda _count: None
    ) -> Effects:
        """What replaying these would do; `done` is told how many more were judged.

        Lookups are answered by what was stored with the event; where a replay would ask for more, the event `asks`.
        """
        judge = Judge(self._clock(), is_forced=is_forced)
        async with self._translating() as translate:
            for portion in portions(events, PORTION):
                stored = await self._archive.stored(portion)
                judge.count("noBody", len(portion) - len(stored))
                wanted = [event for event in stored if event.source in self._sources]
                # As long as nobody translates for their source they wait.
                judge.count("unchanged", len(stored) - len(wanted))
                await self._judge(judge, wanted, translate)
                done(len(portion))
        return judge.effects()

    async def _judge(self, judge: Judge, events: Sequence[UntranslatedEvent], translate: Translate) -> None:
        if not events:
            return
        translated = [each async for part in translate(events) for each in part]
        judge.know_records(await self._archive.known_as(judge.unknown_records(translated)))
        translated = [judge.named(event) for event in translated]
        judge.know(await self._archive.present(judge.unknown(translated)))
        for event, became in zip(events, translated, strict=True):
            judge.judge(event, became)
