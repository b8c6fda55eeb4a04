"""The store's ports, one a room, in the room's own words. Every engine keeps them; one contract suite tests them all.

All writes are durable when they return. Any may raise `StoreUnavailable`: then nothing of it was stored, unless the
store was lost meanwhile, which is the gateway's end.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from gateway.events import (
    Arrival,
    Micros,
    NewestState,
    PageMark,
    Reason,
    Receipt,
    Transition,
    TranslatedEvent,
    UntranslatedEvent,
    WaitingSubject,
)
from gateway.orders import Claim, Lease, Settled, Settling, TenantState, Wait
from gateway.records import (
    Act,
    ArchivedEvent,
    AuditFilter,
    Counts,
    DeadLetterFilter,
    DriftRow,
    EventDetail,
    EventFilter,
    Found,
    NewOperation,
    OperationRecord,
    OperationStatus,
    OrderFilter,
    OrderRecord,
    Page,
    RetentionSpans,
    TenantFigures,
    Told,
)
from gateway.store.lifecycle import PresentOrder


class Inbox(Protocol):
    """What the rim needs."""

    def put(self, arrival: Arrival) -> asyncio.Future[Receipt]:
        """Store an event; the future is done when it is on disk. Many waiting ones share one commit."""
        ...

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing; works while nothing can be written.

        False where the key is known but the body is another one, or the hash's window is past: those are to be stored.
        """
        ...


class TranslationQueue(Protocol):
    """What the translation loop needs."""

    async def untranslated(
        self, sources: Collection[str], limit: int, but: Collection[int] = ()
    ) -> list[UntranslatedEvent]:
        """The oldest events of these sources that wait for translation, those with the ids `but` left out.

        At most `limit`, and fewer where they are large; none: none waits.
        """
        ...

    async def commit(self, translated: Sequence[TranslatedEvent], now: Micros) -> list[Transition]:
        """Store what translation made of events, in one transaction: states, orders, reasons, and the events' ends."""
        ...


class LookupQueue(Protocol):
    """What the lookup loop needs: events that wait for the vendor's API, by source and turn."""

    async def turns(self) -> list[tuple[str, str]]:
        """The (source, turn) pairs for which events wait."""
        ...

    async def next_subject(self, source: str, turn: str, now: Micros) -> str | Micros | None:
        """The subject that is due first; else when the next one is; None: nothing waits."""
        ...

    async def ask(self, source: str, turn: str, subject: str, now: Micros) -> WaitingSubject | None:
        """Draw a clock for a request that is about to be sent, and name the events that its answer will serve.

        The clock is greater than that of every state which an event of the source with one of their references told
        before. What becomes of the request touches only events that were not put back for translation meanwhile.
        """
        ...

    async def answer(self, asked: WaitingSubject, answers: Mapping[str, bytes | None]) -> None:
        """Store the answers with their events, which wait for translation again."""
        ...

    async def defer(self, source: str, turn: str, subject: str, due_at: Micros) -> None:
        """Not before `due_at`: it was asked for a moment ago."""
        ...

    async def hasten(self, source: str, now: Micros, act: Act | None = None) -> None:
        """Everything of the source that was put off is due."""
        ...

    async def postpone(
        self, asked: WaitingSubject, reason: Reason, *, due_at: Micros, failing_since: Micros | None
    ) -> None:
        """Try again later; counts a try. The events say why they wait."""
        ...

    async def bury(self, asked: WaitingSubject, reason: Reason, now: Micros) -> list[Transition]:
        """The lookup is given up: its events are dead letters."""
        ...


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

    async def feed(self, arrival: Arrival, answers: Mapping[str, bytes | None], clock: Micros, digest: bytes) -> None:
        """Put a record into the inbox as an event, with the answers that are known and their clock, in one step."""
        ...


class Outbox(Protocol):
    """What delivery needs. An order is one row holding its newest state."""

    async def claim(self, tenant: str, claim: Claim) -> Lease | Wait:
        """Lease the tenant's due orders, oldest first.

        An order that goes alone, or is larger than a batch may be, is leased alone.
        """
        ...

    async def claim_probe(self, tenant: str, *, now: Micros, until: Micros) -> Lease | None:
        """Lease one pending order for a probe of a halted tenant; None: none is pending.

        First those not yet refused, oldest first, whatever their own schedule says except a rest.
        """
        ...

    async def extend(self, lease: Lease, orders: Collection[int], until: Micros) -> bool:
        """Prolong the lease of these orders; False: it was lost, do not send."""
        ...

    async def settle(self, lease: Lease, settling: Settling) -> tuple[list[Settled], Lease | None]:
        """End the lease of these orders by what the attempt showed; what became of them, and the next lease.

        A settlement touches only the version that was leased: where a newer state came meanwhile, that one is pending
        (or, a cancellation, takes effect). Settlements of orders that the lease no longer holds are dropped. The next
        lease is None where none was claimed, or nothing may go yet.
        """
        ...

    async def release(self, tenant: str, *, now: Micros, trial_is_final: bool) -> None:
        """The intake accepts again after it refused everything: orders marked REFUSED become FINAL and due now."""
        ...

    async def tenant_state(self, tenant: str) -> TenantState:
        """What delivery remembered of the tenant; a new tenant's defaults."""
        ...

    async def save_tenant_state(self, tenant: str, state: TenantState, act: Act | None = None) -> None:
        """Remember the tenant's state."""
        ...

    async def reschedule(self, tenant: str, *, farthest: Micros, due_at: Micros) -> int:
        """The clock was set back: what it had put off beyond `farthest` is due at `due_at`; how many orders."""
        ...

    async def rescue(self, *, now: Micros, rests_until: Micros, everything: bool) -> int:
        """Put back orders whose lease ran out (`everything`: all leases, at a start), as uncertain; how many."""
        ...

    async def pending_at_most(self, tenant: str, limit: int) -> int:
        """How many orders of the tenant are pending, counted no further than `limit`."""
        ...


class PullLedger(Protocol):
    """What serving a pull needs, beside the outbox."""

    async def claim_unserved(self, tenant: str, *, now: Micros, until: Micros, limit: int) -> Lease | None:
        """Lease orders whose newest state was never served whole, unchanged since `now`, oldest change first."""
        ...

    async def served(self, tenant: str, *, since: Micros, limit: int) -> list[int]:
        """The row ids of orders that were served from `since` on and not changed afterwards, oldest change first."""
        ...

    async def bodies(self, orders: Sequence[int]) -> list[bytes]:
        """Served orders' canonical bytes, in this order; what has changed meanwhile, or was erased, is left out."""
        ...


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

    async def dead_letters(self, which: DeadLetterFilter, *, limit: int, cursor: str | None) -> Page:
        """DeadLetters of events and of orders."""
        ...

    async def find(self, text: str, *, limit: int) -> tuple[list[Found], bool]:
        """What bears the text as an externalOrderId, orderId, reference, event ID or id; whether there is more.

        Exact matches first, then those ignoring the case of ASCII letters, then those that begin with it.
        """
        ...

    async def tenant_figures(self) -> dict[str, TenantFigures]:
        """Figures by tenant, for those that have any order."""
        ...

    async def dead_events(self) -> dict[str, int]:
        """Dead letters of kind `event`, by source."""
        ...

    async def last_accepted(self) -> dict[str, Micros]:
        """When each source last gave us an event, a repeated one too."""
        ...

    async def waiting(self) -> dict[str, int]:
        """Events that wait for a lookup, by source."""
        ...

    async def counts(self) -> Counts:
        """How many events and orders are in which status."""
        ...


class Operations(Protocol):
    """What the operators may do. Counts say how many were found to do it to.

    `act` is written down in the transaction of the first effect, and counts the later ones; None: no person's doing.
    """

    async def replay(self, events: Collection[int], *, force: bool, act: Act | None = None) -> int:
        """Translate the stored bytes of these events again with today's adapter and options.

        Events whose body was pruned are left out. `force` makes each the newest state of its orders.
        """
        ...

    async def fitting(self, which: EventFilter) -> list[int]:
        """The events that fit, oldest first, those without a body too."""
        ...

    async def letters(self, which: DeadLetterFilter | Collection[str]) -> list[str]:
        """The ids of the dead letters that fit, or are among these, the oldest first."""
        ...

    async def events_of(self, letters: Collection[str]) -> list[int]:
        """The events behind dead letters, each once: an event's own, an order's by its state."""
        ...

    async def have_bodies(self, events: Collection[int]) -> dict[int, bool]:
        """Those of these events that there are, and whether each has a body still."""
        ...

    async def discard_dead_letters(
        self, which: DeadLetterFilter | Collection[str], *, reason: str | None, now: Micros, act: Act | None = None
    ) -> int:
        """Set dead letters aside for good, with the person's reason."""
        ...

    async def discard_order(
        self, tenant: str, external_order_id: str, *, reason: str | None, now: Micros, act: Act | None = None
    ) -> None:
        """Never send the order's present state. Raises UnknownRecord; ConflictingRequest while it is being sent."""
        ...

    async def erase(self, tenant: str, external_order_id: str, *, now: Micros, act: Act | None = None) -> int:
        """Remove what the order's whole story says of anybody; how many events were emptied.

        The skeleton stays: ids, statuses, times, versions, digests. What was still to be sent is discarded. Events that
        became no order's go too, where all their references are the story's. Raises UnknownRecord; ConflictingRequest
        while the order is being sent.
        """
        ...

    async def prune(self, retention: RetentionSpans, now: Micros, act: Act | None = None) -> int:
        """Remove what is older than its span since its end; how many rows.

        No step holds the writer for 50 ms, but for what the disk takes to overwrite a single body of many megabytes.
        """
        ...


class Bulk(Protocol):
    """Operations on many: made once, carried on in steps, by whoever runs the loop."""

    async def make(self, wanted: NewOperation, act: Act) -> OperationRecord:
        """Fix what was chosen, as it is now, and begin."""
        ...

    async def operation(self, operation: int) -> OperationRecord:
        """One of them, with what became of its events. Raises UnknownRecord."""
        ...

    async def operations(self, *, limit: int, cursor: str | None) -> Page:
        """OperationRecords, newest first."""
        ...

    async def running(self) -> list[OperationRecord]:
        """Those that go on, oldest first."""
        ...

    async def items(self, operation: int) -> list[str]:
        """What was chosen: events' numbers, or, of a discard, the ids of dead letters."""
        ...

    async def turn(self, operation: int, status: OperationStatus, act: Act) -> OperationRecord:
        """Pause it, let it go on, or cancel it. Raises UnknownRecord; ConflictingRequest where it has ended."""
        ...

    async def step(self, operation: OperationRecord, limit: int, now: Micros) -> int:
        """Do the next of it, at most `limit`, skipping what has changed since; how many were looked at."""
        ...

    async def previewed(
        self, operation: int, done: int, *, effects: dict[str, int] | None, status: OperationStatus, now: Micros
    ) -> None:
        """How far a preview has come, and what it came to, unless it runs no more."""
        ...

    async def order_of_two(self, events: Collection[int]) -> str | None:
        """An order of which two of these events tell; None: there is none."""
        ...


class AuditTrail(Protocol):
    """Who did what when."""

    async def note(self, act: Act) -> None:
        """Write down an act whose effect is not in the store."""
        ...

    async def acts(self, which: AuditFilter, *, limit: int, cursor: str | None) -> Page:
        """AuditRecords, newest first."""
        ...


class Archive(Protocol):
    """What a rehearsal needs: stored events whole, as long as their bodies are kept, and the orders as they are."""

    async def history(
        self, source: str, *, since: Micros | None, until: Micros | None, after: int, limit: int
    ) -> list[ArchivedEvent]:
        """The source's events, oldest first, those beyond the row `after`; fewer than `limit` are the last."""
        ...

    async def length(self, source: str, *, since: Micros | None, until: Micros | None) -> int:
        """How many events the history has."""
        ...

    async def stored(self, events: Collection[int]) -> list[UntranslatedEvent]:
        """These events as they would be translated again, oldest first, their answers too; those without a body not."""
        ...

    async def present(self, orders: Collection[tuple[str, str]]) -> list[PresentOrder]:
        """Those of these orders, by tenant and externalOrderId, that there are."""
        ...

    async def known_as(self, records: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The externalOrderIds under which vendors' records, by source, are known."""
        ...


class DriftLedger(Protocol):
    """What the drift radar remembers over a restart."""

    async def drift(self) -> list[DriftRow]:
        """All that was seen."""
        ...

    async def save_drift(self, rows: Sequence[DriftRow]) -> None:
        """Remember these instead of what was remembered of the same; the codes of what is `wide` are forgotten."""
        ...


class ToldLedger(Protocol):
    """Whom the gateway has told of which condition."""

    async def told(self) -> list[Told]:
        """All that somebody was told the beginning of, and not yet the end."""
        ...

    async def remember(self, begun: Collection[Told], ended: Collection[Told]) -> None:
        """Somebody was told of these beginnings and these ends."""
        ...


class CommitObserver(Protocol):
    """Told, in the loop, of each committed group of arrivals."""

    def __call__(self, rows: int, seconds: float) -> None:
        """A group of `rows` arrivals took `seconds`."""
        ...


class Store(Protocol):
    """What an engine opens: all ports, over something that survives its closing."""

    path: Path
    inbox: Inbox
    translation: TranslationQueue
    lookups: LookupQueue
    reconciliation: ReconciliationLedger
    outbox: Outbox
    pulls: PullLedger
    records: Records
    archive: Archive
    drift: DriftLedger
    operations: Operations
    bulk: Bulk
    trail: AuditTrail
    told: ToldLedger

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        ...

    def observe(self, *, on_commit: CommitObserver | None = None, on_stored: Callable[[], None] | None = None) -> None:
        """Tell, in the loop, of each committed group of arrivals, and that there is something to translate."""
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
