"""The store's ports, one a room, in the room's own words. Every engine keeps them; one contract suite tests them all.

All writes are durable when they return, but translations, settlements that lease nothing, and the radar's counts: what
a loss of power undoes of these is found and done again. Any may raise `StoreUnavailable`: then nothing of it was
stored, unless the store was lost meanwhile, which is the gateway's end.
"""

from gateway.store.ports.acts import Acts
from gateway.store.ports.archive import Archive
from gateway.store.ports.bulk import Bulk
from gateway.store.ports.days import DayLedger
from gateway.store.ports.drift import DriftLedger
from gateway.store.ports.duties import Duties
from gateway.store.ports.inbox import Inbox, Outcome, Tell
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
from gateway.store.ports.watch import MOST_CHANGES, Watch
from gateway.store.ports.whole import ChangeObserver, CommitObserver, Store

__all__ = [
    "MOST_CHANGES",
    "Acts",
    "Archive",
    "AuditTrail",
    "Bulk",
    "ChangeObserver",
    "CommitObserver",
    "DayLedger",
    "DriftLedger",
    "Duties",
    "Inbox",
    "LearnedLedger",
    "LookupQueue",
    "Outbox",
    "Outcome",
    "PullLedger",
    "ReconciliationLedger",
    "Records",
    "SessionLedger",
    "Shadows",
    "Store",
    "Tell",
    "ToldLedger",
    "TranslationQueue",
    "Watch",
]
