"""The port of what looks on in shadow."""

from collections.abc import Collection
from typing import Protocol

from gateway.events import Micros, TranslatedEvent
from gateway.records import Act, OperationRecord, ShadowRecord, SourceMode


class Shadows(Protocol):
    """Who delivers, and how what looks on compares with it."""

    async def enter(self, wanted: Collection[SourceMode], now: Micros) -> list[SourceMode]:
        """Take over what the file says of all sources, but for what a promotion decided and it does not say yet.

        All modes in force, plainly live sources left out.
        """
        ...

    async def modes(self) -> list[SourceMode]:
        """All modes in force, plainly live sources left out."""
        ...

    async def compare(self, translated: Collection[TranslatedEvent], now: Micros) -> None:
        """Compare what a second adapter made of live sources' events with what became of them."""
        ...

    async def skip(self, source: str, events: int) -> None:
        """A second adapter was not given so many events."""
        ...

    async def verdicts(self, source: str, now: Micros) -> ShadowRecord:
        """How the shadow of a source compares. Raises ConflictingRequest where it has none."""
        ...

    async def promote(self, source: str, act: Act) -> OperationRecord:
        """Let a source in shadow deliver from now on, and whom it replaces look on; the newest states are judged.

        Raises ConflictingRequest where it is not in shadow.
        """
        ...
