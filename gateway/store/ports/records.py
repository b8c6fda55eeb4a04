"""The port of what operators may ask."""

from typing import Protocol

from gateway.events import Micros
from gateway.records import (
    Belonging,
    Counts,
    DeadLetterFilter,
    EventDetail,
    EventFilter,
    Found,
    OrderFilter,
    OrderRecord,
    Page,
    Recovered,
    Standbys,
    TenantFigures,
)


class Records(Protocol):
    """What the operators may ask. Lists are newest first; a cursor is what the last page's `next` said.

    Raises `UnknownRecord` for an id that is not there, ValueError for a cursor that is none of ours.
    """

    async def events(self, which: EventFilter, *, limit: int, cursor: str | None) -> Page:
        """EventRecords."""
        ...

    async def event(self, event: int) -> EventDetail:
        """An event with all that is kept of it."""
        ...

    async def orders(self, which: OrderFilter, *, limit: int, cursor: str | None) -> Page:
        """OrderRecords, the last changed first, each with the last of its events and attempts.

        A page whose stories are long ends before `limit`; its `next` goes on.
        """
        ...

    async def order(self, tenant: str, external_order_id: str) -> OrderRecord:
        """An order with its whole story."""
        ...

    async def amendable(self, tenant: str, external_order_id: str) -> bytes | None:
        """The canonical bytes that an amendment of an order begins with, its newest state's, be it one that is held.

        None: a cancellation, or erased.
        """
        ...

    async def dead_letters(self, which: DeadLetterFilter, *, limit: int, cursor: str | None) -> Page:
        """DeadLetters of events and of orders."""
        ...

    async def find(self, text: str, *, limit: int) -> tuple[list[Found], bool]:
        """What bears the text as an externalOrderId, orderId, reference, event ID or id; whether there is more.

        Exact matches first, then those ignoring the case of ASCII letters, then those that begin with it.
        """
        ...

    async def tenant_figures(self, belonging: Belonging) -> dict[str, TenantFigures]:
        """Figures by tenant, for those that have any; a dead letter of no order is its source's tenant's."""
        ...

    async def standbys(self) -> list[Standbys]:
        """Of a database the standbys by how they stand to its commits, those of which there are none too."""
        ...

    async def last_accepted(self) -> dict[str, Micros]:
        """When each source last gave us an event, a repeated one too."""
        ...

    async def recovered(self, source: str, since: Micros) -> list[Recovered]:
        """What reconciliation found of a source in the hours since that no webhook had told, the newest first."""
        ...

    async def waiting(self) -> dict[str, int]:
        """Events that wait for a lookup, by source."""
        ...

    async def counts(self) -> Counts:
        """How many events and orders are in which status."""
        ...
