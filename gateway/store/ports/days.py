"""The day ledger's port."""

from typing import Protocol

from gateway.records import Asking, DayPage, DaySpan


class DayLedger(Protocol):
    """What a day was, from what is stored; nobody is asked."""

    async def page(self, span: DaySpan, *, limit: int, cursor: str | None) -> DayPage:
        """Rows of the span; the cursor goes on from row to row. Raises ValueError for one that is none of ours."""
        ...

    async def askings(self) -> list[Asking]:
        """When each vendor's list was last read, and which changes it told of."""
        ...
