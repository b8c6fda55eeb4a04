"""The port of what is learned of sources."""

from collections.abc import Sequence
from typing import Protocol

from gateway.records import LearnedRow


class LearnedLedger(Protocol):
    """What is learned of each source over months, and must not begin anew with a restart."""

    async def learned(self) -> list[LearnedRow]:
        """All of it."""
        ...

    async def save_learned(self, rows: Sequence[LearnedRow]) -> None:
        """Remember these instead of what was remembered of the same."""
        ...
