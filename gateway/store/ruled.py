"""What every engine's store is made of: the rules' ports over its two engines, the loops' and people's."""

from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.events import Micros
from gateway.store import ports
from gateway.store.arriving import Arriving
from gateway.store.ports import ChangeObserver, CommitObserver
from gateway.store.rules import inbox, ledger
from gateway.store.rules.acts import Acts
from gateway.store.rules.archive import Archive
from gateway.store.rules.auditing import AuditTrail
from gateway.store.rules.bulk import Bulk
from gateway.store.rules.days import DayLedger
from gateway.store.rules.drift import DriftLedger
from gateway.store.rules.duties import Duties
from gateway.store.rules.learned import LearnedLedger
from gateway.store.rules.lookups import LookupQueue
from gateway.store.rules.outbox import Outbox
from gateway.store.rules.pulls import PullLedger
from gateway.store.rules.reconciliation import ReconciliationLedger
from gateway.store.rules.records import Records
from gateway.store.rules.sessions import SessionLedger
from gateway.store.rules.shadows import Shadows
from gateway.store.rules.told import ToldLedger
from gateway.store.rules.transactions import Engine
from gateway.store.rules.translation import TranslationQueue


class Changes(Protocol):
    """What tells of changes while somebody listens."""

    on_changes: ChangeObserver | None


class RuledStore:
    """The ports that stand on the rules; an engine's own store has inbox and watch besides, and opens and closes."""

    def __init__(self, loops: Engine, people: Engine, arriving: Arriving, changes: Changes) -> None:
        self.engine = people
        self.translation: ports.TranslationQueue = TranslationQueue(loops)
        self.lookups: ports.LookupQueue = LookupQueue(loops)
        self.reconciliation: ports.ReconciliationLedger = ReconciliationLedger(loops)
        self.outbox: ports.Outbox = Outbox(loops)
        self.pulls: ports.PullLedger = PullLedger(loops)
        self.records: ports.Records = Records(people)
        self.archive: ports.Archive = Archive(people)
        self.days: ports.DayLedger = DayLedger(people)
        self.drift: ports.DriftLedger = DriftLedger(people)
        self.learned: ports.LearnedLedger = LearnedLedger(people)
        self.acts: ports.Acts = Acts(people)
        self.bulk: ports.Bulk = Bulk(people)
        self.trail: ports.AuditTrail = AuditTrail(people)
        self.told: ports.ToldLedger = ToldLedger(people)
        self.sessions: ports.SessionLedger = SessionLedger(people)
        self.duties: ports.Duties = Duties(loops)
        self.shadows: ports.Shadows = Shadows(people)
        self._arriving = arriving
        self._changes = changes

    def observe(
        self,
        *,
        on_commit: CommitObserver | None = None,
        on_stored: Callable[[], None] | None = None,
        on_changes: ChangeObserver | None = None,
    ) -> None:
        """Tell, in the loop, of each committed group of arrivals, of what else waits for translation, of changes."""
        self._changes.on_changes = on_changes or self._changes.on_changes
        self._arriving.on_commit = on_commit or self._arriving.on_commit
        self._arriving.on_stored = on_stored or self._arriving.on_stored

    async def adopt(self, aliases: Mapping[str, str]) -> None:
        """Give events and owners of former names to the source that now bears them."""
        if aliases:
            await self.engine.write(lambda transaction: inbox.adopt(transaction, aliases))

    async def trust(self, at: Micros) -> Micros:
        """Remember that this time was trusted; the highest that ever was."""
        return await self.engine.write(lambda transaction: ledger.trust(transaction, at))

    async def probe(self) -> None:
        """Write something, so that `failure` tells the present state."""
        await self.engine.write(lambda transaction: ledger.draw(transaction, "probe"))
