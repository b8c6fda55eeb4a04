"""The translation loop's port: events out; what became of them in."""

from collections.abc import Collection, Sequence
from itertools import accumulate

from gateway.errors import StoreUnavailable
from gateway.events import (
    MOST_READ_BYTES,
    EventStatus,
    Micros,
    Reason,
    Transition,
    TranslatedEvent,
    UntranslatedEvent,
)
from gateway.store.rules.placing import FORCED, place
from gateway.store.rules.transactions import Room, Transaction, reads, settles


class TranslationQueue(Room):
    """Reads events that wait for translation; stores what became of them."""

    @reads
    def untranslated(
        self,
        transaction: Transaction,
        sources: Collection[str],
        limit: int,
        but: Collection[int] = (),
        shards: Collection[int] | None = None,
    ) -> list[UntranslatedEvent]:
        """The oldest events of each of these sources that wait for translation, in turn, `but` left out."""
        asked = (list(sources), list(but), limit, None if shards is None else list(shards))
        sizes = transaction.execute("translation.untranslated", asked).fetchall()
        before = accumulate((size for _, size in sizes), initial=0)
        wanted = [id_ for (id_, _), read in zip(sizes, before, strict=False) if read < MOST_READ_BYTES]
        events = []
        for row in transaction.execute("translation.untranslated_whole", (wanted,)).fetchall():
            id_, source, event_id, topic, received_at, body, context, clock, replay = row
            event = UntranslatedEvent(
                id=id_, source=source, event_id=event_id, topic=topic, received_at=received_at, body=body,
                context=context, answers=None if clock is None else _answers(transaction, id_), clock=clock,
                is_forced=replay == FORCED, is_replayed=replay != 0,
            )  # fmt: skip
            events.append(event)
        return events

    async def commit(self, translated: Sequence[TranslatedEvent], now: Micros) -> list[Transition]:
        """Store what translation made of events, in one transaction; what cannot be stored is a dead letter."""
        try:
            return await self._commit(translated, now)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - an adapter's odd value must not hold up all others for ever
            if len(translated) == 1:
                return await self._commit([_unfit(translated[0], error)], now)
        return [transition for event in translated for transition in await self.commit([event], now)]

    @settles
    def _commit(self, transaction: Transaction, translated: Sequence[TranslatedEvent], now: Micros) -> list[Transition]:
        return place(transaction, translated, now)


def _answers(transaction: Transaction, event: int) -> dict[str, bytes | None]:
    return dict(transaction.execute("translation.answers", (event,)).fetchall())


def _unfit(event: TranslatedEvent, error: Exception) -> TranslatedEvent:
    return TranslatedEvent(
        id=event.id,
        source=event.source,
        event_id=event.event_id,
        status=EventStatus.DEAD,
        adapter_version=event.adapter_version,
        reason=Reason("adapter_defect", f"what the adapter made of it cannot be stored: {type(error).__name__}"),
        is_forced=event.is_forced,
        is_replayed=event.is_replayed,
    )
