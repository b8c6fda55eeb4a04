"""Reconciliation's port."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.events import Arrival, Micros, NewestState, PageMark
from gateway.records import Asking, ListedRecord, RecoveredTopic


class ReconciliationLedger(Protocol):
    """What reconciliation needs: how far it got, and what the store knows of the records that a vendor lists."""

    async def reached(self, source: str, turn: str) -> Micros | None:
        """The moment up to which the vendor's changes are known; None: never asked."""
        ...

    async def reach(self, source: str, turn: str, moment: Micros) -> None:
        """Remember the moment, unless a later one is known."""
        ...

    async def begin_page(self, now: Micros) -> PageMark:
        """Draw a clock for a page that is about to be asked for."""
        ...

    async def newest(self, tenant: str, external_order_id: str) -> NewestState | None:
        """An order's newest state."""
        ...

    async def is_fed(self, source: str, subject: str, digest: bytes) -> bool:
        """Whether the event last fed for this record held the same, and still waits, or is dead or discarded."""
        ...

    async def is_named(self, source: str, subject: str) -> bool:
        """Whether an event of the source has this record among its references."""
        ...

    async def feed(
        self,
        arrival: Arrival,
        answers: Mapping[str, bytes | None],
        clock: Micros,
        digest: bytes,
        recovered: RecoveredTopic | None,
    ) -> None:
        """Put a record into the inbox as an event, with the answers that are known and their clock, in one step.

        It counts as `recovered` in the hour of its receipt.
        """
        ...

    async def note_listed(self, source: str, listed: Sequence[ListedRecord], asked_at: Micros) -> None:
        """Remember what a page of a vendor's list named, in place of what was known of its subjects."""
        ...

    async def note_asked(self, asking: Asking) -> None:
        """Remember that a list was read whole; spans of changes that touch are one."""
        ...
