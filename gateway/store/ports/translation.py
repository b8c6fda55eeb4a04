"""The translation loop's port."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gateway.events import Micros, Transition, TranslatedEvent, UntranslatedEvent


class TranslationQueue(Protocol):
    """What the translation loop needs."""

    async def untranslated(
        self, sources: Collection[str], limit: int, but: Collection[int] = (), shards: Collection[int] | None = None
    ) -> list[UntranslatedEvent]:
        """The oldest events of each of these sources that wait for translation, those with the ids `but` left out.

        Each source's oldest, then each one's next: no backlog holds up another. `shards`: only those whose number
        leaves one of these when divided by `SHARDS`. At most `limit`, and no more once their bodies are
        `MOST_READ_BYTES`; where they are less, nothing else waits.
        """
        ...

    async def commit(self, translated: Sequence[TranslatedEvent], now: Micros) -> list[Transition]:
        """Store what translation made of events, in one transaction: states, orders, reasons, and the events' ends."""
        ...
