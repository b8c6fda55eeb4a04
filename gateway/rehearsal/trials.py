"""What would come of one payload, and where each member of its orders came from: nothing stored, no vendor asked."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from adapters import Hook
from gateway.config.model import ConfiguredSource
from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import Clock, TranslatedEvent, UntranslatedEvent, context_of, hook_of
from gateway.rehearsal.effects import Translate, Translating
from gateway.rehearsal.provenance import Answers, compared, is_hopeless, variants
from gateway.store.ports import Archive

LONGEST_SECONDS: Final = 10.0

Origins: TypeAlias = Sequence[Mapping[str, Sequence[str]]]
"""For each state, the JSON paths that each of its order's members came from."""


class Trials:
    """Tries payloads and traces stored events, by the adapters and options of this moment.

    Args:
        archive: where the events are.
        sources: those that are configured now.
        translating: a translation of its own, bounded in memory, never before the live one.
        clock: the wall clock.
    """

    def __init__(
        self, archive: Archive, sources: Mapping[str, ConfiguredSource], translating: Translating, clock: Clock
    ) -> None:
        self._archive = archive
        self._sources = sources
        self._translating = translating
        self._clock = clock

    async def tried(self, source: str, hook: Hook) -> tuple[TranslatedEvent, Origins]:
        """What would come of a request. Raises ConflictingRequest where that takes too long."""
        event = UntranslatedEvent(0, source, "try", None, self._clock(), hook.body, context_of(hook))
        return await self._traced(event)

    async def traced(self, event: int) -> tuple[TranslatedEvent, Origins]:
        """What would come of a stored event now.

        Raises:
            UnknownRecord: there is no such event, or nothing is left of its body.
            ConflictingRequest: its source is not configured, or it takes too long.
        """
        stored = await self._archive.stored([event])
        if not stored:
            raise UnknownRecord("no such event, or its body was pruned or erased")
        if stored[0].source not in self._sources:
            raise ConflictingRequest("the event's source is not configured any more")
        return await self._traced(stored[0])

    async def _traced(self, event: UntranslatedEvent) -> tuple[TranslatedEvent, Origins]:
        try:
            async with asyncio.timeout(LONGEST_SECONDS), self._translating() as translate:
                [original] = await _all(translate, [event])
                if is_hopeless(original) or not original.states:
                    return original, ()
                found = list(variants(hook_of(event.body, event.context), event.answers or {}))
                changed = await _all(translate, [_changed(event, hook, answers) for _, hook, answers in found])
        except TimeoutError:
            raise ConflictingRequest(f"it took longer than {LONGEST_SECONDS:g} s") from None
        paths = [path for path, _, _ in found]
        outcomes = ((path, (event.event_id, None, each)) for path, each in zip(paths, changed, strict=True))
        # Beside the loop: of an event of many orders it takes its time.
        traced = await asyncio.to_thread(compared, (event.event_id, None, original), outcomes)
        return original, traced.orders


def _changed(event: UntranslatedEvent, hook: Hook, answers: Answers) -> UntranslatedEvent:
    return UntranslatedEvent(
        event.id, event.source, event.event_id, event.topic, event.received_at, hook.body, context_of(hook),
        answers if event.answers is not None else None, event.clock,
    )  # fmt: skip


async def _all(translate: Translate, events: Sequence[UntranslatedEvent]) -> list[TranslatedEvent]:
    return [each async for part in translate(events) for each in part]
