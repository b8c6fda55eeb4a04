"""The audit's port."""

from typing import Protocol

from gateway.records import Act, AuditFilter, Page


class AuditTrail(Protocol):
    """Who did what when."""

    async def note(self, act: Act) -> None:
        """Write down an act whose effect is not in the store."""
        ...

    async def acts(self, which: AuditFilter, *, limit: int, cursor: str | None) -> Page:
        """AuditRecords, newest first."""
        ...
