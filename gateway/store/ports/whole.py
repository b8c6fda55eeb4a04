"""All ports together, as an engine opens them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.events import Micros
from gateway.records import Change
from gateway.store.ports.acts import Acts
from gateway.store.ports.archive import Archive
from gateway.store.ports.bulk import Bulk
from gateway.store.ports.days import DayLedger
from gateway.store.ports.drift import DriftLedger
from gateway.store.ports.duties import Duties
from gateway.store.ports.inbox import Inbox
from gateway.store.ports.learned import LearnedLedger
from gateway.store.ports.lookups import LookupQueue
from gateway.store.ports.outbox import Outbox
from gateway.store.ports.pulls import PullLedger
from gateway.store.ports.reconciliation import ReconciliationLedger
from gateway.store.ports.records import Records
from gateway.store.ports.sessions import SessionLedger
from gateway.store.ports.shadows import Shadows
from gateway.store.ports.told import ToldLedger
from gateway.store.ports.trail import AuditTrail
from gateway.store.ports.translation import TranslationQueue
from gateway.store.ports.watch import Watch


class CommitObserver(Protocol):
    """Told, in the loop, of each committed group of arrivals."""

    def __call__(self, rows: int, seconds: float) -> None:
        """A group of `rows` arrivals took `seconds`."""
        ...


class ChangeObserver(Protocol):
    """Told, in the loop, of what has changed, while somebody listens."""

    def __call__(self, changes: Sequence[Change], missed: int) -> None:
        """These, and before them `missed` others of which no more is known."""
        ...


class Store(Protocol):
    """What an engine opens: all ports, over something that survives its closing."""

    inbox: Inbox
    translation: TranslationQueue
    lookups: LookupQueue
    reconciliation: ReconciliationLedger
    outbox: Outbox
    pulls: PullLedger
    records: Records
    archive: Archive
    days: DayLedger
    drift: DriftLedger
    learned: LearnedLedger
    acts: Acts
    bulk: Bulk
    trail: AuditTrail
    told: ToldLedger
    sessions: SessionLedger
    duties: Duties
    shadows: Shadows
    watch: Watch

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        ...

    def observe(
        self,
        *,
        on_commit: CommitObserver | None = None,
        on_stored: Callable[[], None] | None = None,
        on_changes: ChangeObserver | None = None,
    ) -> None:
        """Tell, in the loop, of each committed group of arrivals, of what else waits for translation, of changes."""
        ...

    async def adopt(self, aliases: Mapping[str, str]) -> None:
        """Give events and owners of former names to the source that now bears them."""
        ...

    async def trust(self, at: Micros) -> Micros:
        """Remember that this time was trusted; the highest that ever was."""
        ...

    async def probe(self) -> None:
        """Write something, so that `failure` tells the present state."""
        ...

    async def close(self) -> None:
        """Finish what waits and close."""
        ...
