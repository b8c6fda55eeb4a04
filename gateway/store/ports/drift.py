"""The drift radar's port."""

from collections.abc import Sequence
from typing import Protocol

from gateway.records import DriftRow


class DriftLedger(Protocol):
    """What the drift radar remembers over a restart."""

    async def drift(self) -> list[DriftRow]:
        """All that was seen."""
        ...

    async def save_drift(self, rows: Sequence[DriftRow]) -> None:
        """Count these besides what is remembered; the codes of what is `wide` are forgotten."""
        ...
