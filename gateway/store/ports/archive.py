"""A rehearsal's and a preview's port."""

from collections.abc import Collection
from typing import Protocol

from gateway.events import Micros, UntranslatedEvent
from gateway.records import ArchivedEvent
from gateway.store.rules.lifecycle import PresentOrder


class Archive(Protocol):
    """What a rehearsal needs: stored events whole, as long as their bodies are kept, and the orders as they are."""

    async def history(
        self, source: str, *, since: Micros | None, until: Micros | None, after: int, limit: int
    ) -> list[ArchivedEvent]:
        """The source's events, oldest first, those beyond the row `after`; fewer than `limit` are the last."""
        ...

    async def length(self, source: str, *, since: Micros | None, until: Micros | None) -> int:
        """How many events the history has."""
        ...

    async def stored(self, events: Collection[int]) -> list[UntranslatedEvent]:
        """These events as they would be translated again, oldest first, their answers too; those without a body not."""
        ...

    async def present(self, orders: Collection[tuple[str, str]]) -> list[PresentOrder]:
        """Those of these orders, by tenant and externalOrderId, that there are."""
        ...

    async def known_as(self, records: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The externalOrderIds under which vendors' records, by source, are known."""
        ...
