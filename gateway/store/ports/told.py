"""The port of whom we have told what."""

from collections.abc import Collection
from typing import Protocol

from gateway.records import Told


class ToldLedger(Protocol):
    """Whom the gateway has told of which condition."""

    async def told(self) -> list[Told]:
        """All that somebody was told the beginning of, and not yet the end."""
        ...

    async def remember(self, begun: Collection[Told], ended: Collection[Told]) -> None:
        """Somebody was told of these beginnings and these ends."""
        ...
