"""The store's ports as calls into its process. Made by scripts/make_stubs.py: do not edit."""

# ruff: noqa: D101, D102 - the ports say what each does

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from gateway.events import (
    Arrival,
    Micros,
    NewestState,
    PageMark,
    Reason,
    Transition,
    TranslatedEvent,
    UntranslatedEvent,
    WaitingSubject,
)
from gateway.orders import Claim, Lease, Place, Settled, Settling, TenantState, Wait
from gateway.records import (
    Act,
    Amended,
    Amendment,
    ArchivedEvent,
    Asking,
    AuditFilter,
    Belonging,
    Counts,
    DayPage,
    DaySpan,
    DeadLetterFilter,
    DriftRow,
    EventDetail,
    EventFilter,
    Found,
    Joined,
    Joining,
    LearnedRow,
    ListedRecord,
    NewOperation,
    OperationRecord,
    OperationStatus,
    OrderFilter,
    OrderRecord,
    Page,
    Recovered,
    RecoveredTopic,
    ReplicaRecord,
    RetentionSpans,
    Session,
    ShadowRecord,
    Sight,
    SourceMode,
    Standbys,
    TenantFigures,
    Told,
    Turning,
)
from gateway.store.rules.lifecycle import PresentOrder

Result = TypeVar("Result")

Answer: TypeAlias = Coroutine[Any, Any, Result]

Call = Callable[..., Answer[Any]]
"""Given `port.method` and the arguments: what it returns or raises."""


class Stub:
    def __init__(self, call: Call) -> None:
        self._call = call


class Acts(Stub):
    def replay(self, events: Collection[int], *, force: bool, act: Act | None = None) -> Answer[int]:
        return self._call("acts.replay", events, force=force, act=act)

    def fitting(self, which: EventFilter) -> Answer[list[int]]:
        return self._call("acts.fitting", which)

    def letters(self, which: DeadLetterFilter | Collection[str]) -> Answer[list[str]]:
        return self._call("acts.letters", which)

    def events_of(self, letters: Collection[str]) -> Answer[list[int]]:
        return self._call("acts.events_of", letters)

    def have_bodies(self, events: Collection[int]) -> Answer[dict[int, bool]]:
        return self._call("acts.have_bodies", events)

    def discard_dead_letters(
        self, which: DeadLetterFilter | Collection[str], *, reason: str | None, now: Micros, act: Act | None = None
    ) -> Answer[int]:
        return self._call("acts.discard_dead_letters", which, reason=reason, now=now, act=act)

    def discard_order(
        self, tenant: str, external_order_id: str, *, reason: str | None, now: Micros, act: Act | None = None
    ) -> Answer[None]:
        return self._call("acts.discard_order", tenant, external_order_id, reason=reason, now=now, act=act)

    def amend(self, amendment: Amendment, *, now: Micros, act: Act | None = None) -> Answer[Amended]:
        return self._call("acts.amend", amendment, now=now, act=act)

    def release(
        self, letters: Collection[str], *, shared: Collection[str], now: Micros, act: Act | None = None
    ) -> Answer[int]:
        return self._call("acts.release", letters, shared=shared, now=now, act=act)

    def erase(self, tenant: str, external_order_id: str, *, now: Micros, act: Act | None = None) -> Answer[int]:
        return self._call("acts.erase", tenant, external_order_id, now=now, act=act)

    def prune(self, retention: RetentionSpans, now: Micros, act: Act | None = None) -> Answer[int]:
        return self._call("acts.prune", retention, now, act)


class Archive(Stub):
    def history(
        self, source: str, *, since: Micros | None, until: Micros | None, after: int, limit: int
    ) -> Answer[list[ArchivedEvent]]:
        return self._call("archive.history", source, since=since, until=until, after=after, limit=limit)

    def length(self, source: str, *, since: Micros | None, until: Micros | None) -> Answer[int]:
        return self._call("archive.length", source, since=since, until=until)

    def stored(self, events: Collection[int]) -> Answer[list[UntranslatedEvent]]:
        return self._call("archive.stored", events)

    def present(self, orders: Collection[tuple[str, str]]) -> Answer[list[PresentOrder]]:
        return self._call("archive.present", orders)

    def known_as(self, records: Collection[tuple[str, str]]) -> Answer[dict[tuple[str, str], str]]:
        return self._call("archive.known_as", records)


class Bulk(Stub):
    def make(self, wanted: NewOperation, act: Act) -> Answer[OperationRecord]:
        return self._call("bulk.make", wanted, act)

    def operation(self, operation: int) -> Answer[OperationRecord]:
        return self._call("bulk.operation", operation)

    def operations(self, *, limit: int, cursor: str | None) -> Answer[Page]:
        return self._call("bulk.operations", limit=limit, cursor=cursor)

    def running(self) -> Answer[list[OperationRecord]]:
        return self._call("bulk.running")

    def items(self, operation: int) -> Answer[list[str]]:
        return self._call("bulk.items", operation)

    def turn(self, operation: int, status: OperationStatus, act: Act) -> Answer[OperationRecord]:
        return self._call("bulk.turn", operation, status, act)

    def step(self, operation: OperationRecord, limit: int, now: Micros) -> Answer[int]:
        return self._call("bulk.step", operation, limit, now)

    def previewed(
        self, operation: int, done: int, *, effects: dict[str, int] | None, status: OperationStatus, now: Micros
    ) -> Answer[None]:
        return self._call("bulk.previewed", operation, done, effects=effects, status=status, now=now)

    def order_of_two(self, events: Collection[int]) -> Answer[str | None]:
        return self._call("bulk.order_of_two", events)


class DayLedger(Stub):
    def page(self, span: DaySpan, *, limit: int, cursor: str | None) -> Answer[DayPage]:
        return self._call("days.page", span, limit=limit, cursor=cursor)

    def askings(self) -> Answer[list[Asking]]:
        return self._call("days.askings")


class DriftLedger(Stub):
    def drift(self) -> Answer[list[DriftRow]]:
        return self._call("drift.drift")

    def save_drift(self, rows: Sequence[DriftRow]) -> Answer[None]:
        return self._call("drift.save_drift", rows)


class Duties(Stub):
    def join(self, joining: Joining, now: Micros) -> Answer[Joined]:
        return self._call("duties.join", joining, now)

    def look(self, known: tuple[int, int] | None, after_state: int) -> Answer[Sight]:
        return self._call("duties.look", known, after_state)

    def turn(self, turning: Turning) -> Answer[tuple[str, ...]]:
        return self._call("duties.turn", turning)

    def leave(self, number: int) -> Answer[None]:
        return self._call("duties.leave", number)

    def tell(self, number: int, notes: Mapping[str, bytes]) -> Answer[None]:
        return self._call("duties.tell", number, notes)

    def heard(self, number: int) -> Answer[list[tuple[str, bytes]]]:
        return self._call("duties.heard", number)

    def replicas(self) -> Answer[list[ReplicaRecord]]:
        return self._call("duties.replicas")


class LearnedLedger(Stub):
    def learned(self) -> Answer[list[LearnedRow]]:
        return self._call("learned.learned")

    def save_learned(self, rows: Sequence[LearnedRow]) -> Answer[None]:
        return self._call("learned.save_learned", rows)


class LookupQueue(Stub):
    def turns(self) -> Answer[list[tuple[str, str]]]:
        return self._call("lookups.turns")

    def next_subject(self, source: str, turn: str, now: Micros) -> Answer[str | Micros | None]:
        return self._call("lookups.next_subject", source, turn, now)

    def ask(self, source: str, turn: str, subject: str, now: Micros) -> Answer[WaitingSubject | None]:
        return self._call("lookups.ask", source, turn, subject, now)

    def answer(self, asked: WaitingSubject, answers: Mapping[str, bytes | None]) -> Answer[None]:
        return self._call("lookups.answer", asked, answers)

    def defer(self, source: str, turn: str, subject: str, due_at: Micros) -> Answer[None]:
        return self._call("lookups.defer", source, turn, subject, due_at)

    def hasten(self, source: str, now: Micros, act: Act | None = None) -> Answer[None]:
        return self._call("lookups.hasten", source, now, act)

    def postpone(
        self, asked: WaitingSubject, reason: Reason, *, due_at: Micros, failing_since: Micros | None
    ) -> Answer[None]:
        return self._call("lookups.postpone", asked, reason, due_at=due_at, failing_since=failing_since)

    def bury(self, asked: WaitingSubject, reason: Reason, now: Micros) -> Answer[list[Transition]]:
        return self._call("lookups.bury", asked, reason, now)


class Outbox(Stub):
    def claim(self, tenant: str, claim: Claim) -> Answer[Lease | Wait]:
        return self._call("outbox.claim", tenant, claim)

    def claim_probe(self, tenant: str, *, now: Micros, until: Micros, hand: int = 0) -> Answer[Lease | Wait]:
        return self._call("outbox.claim_probe", tenant, now=now, until=until, hand=hand)

    def extend(self, lease: Lease, orders: Collection[int], until: Micros) -> Answer[bool]:
        return self._call("outbox.extend", lease, orders, until)

    def settle(self, lease: Lease, settling: Settling) -> Answer[tuple[list[Settled], Lease | None]]:
        return self._call("outbox.settle", lease, settling)

    def tenant_state(self, tenant: str) -> Answer[TenantState]:
        return self._call("outbox.tenant_state", tenant)

    def tenant_states(self) -> Answer[dict[str, TenantState]]:
        return self._call("outbox.tenant_states")

    def save_tenant_state(self, tenant: str, state: TenantState) -> Answer[None]:
        return self._call("outbox.save_tenant_state", tenant, state)

    def halt(self, tenant: str, reason: Reason, now: Micros, act: Act | None = None) -> Answer[TenantState]:
        return self._call("outbox.halt", tenant, reason, now, act)

    def resume(self, tenant: str, now: Micros, act: Act | None = None) -> Answer[TenantState]:
        return self._call("outbox.resume", tenant, now, act)

    def reschedule(self, tenant: str, *, farthest: Micros, due_at: Micros) -> Answer[int]:
        return self._call("outbox.reschedule", tenant, farthest=farthest, due_at=due_at)

    def rescue(self, *, now: Micros, rests_until: Micros, tenant: str | None = None) -> Answer[int]:
        return self._call("outbox.rescue", now=now, rests_until=rests_until, tenant=tenant)

    def rescue_expired(self, *, now: Micros, rests_until: Micros, but: Collection[str] = ()) -> Answer[int]:
        return self._call("outbox.rescue_expired", now=now, rests_until=rests_until, but=but)

    def pending_at_most(self, tenant: str, limit: int) -> Answer[int]:
        return self._call("outbox.pending_at_most", tenant, limit)


class PullLedger(Stub):
    def claim_unserved(self, tenant: str, *, now: Micros, until: Micros, limit: int) -> Answer[Lease | None]:
        return self._call("pulls.claim_unserved", tenant, now=now, until=until, limit=limit)

    def served(self, tenant: str, *, since: Micros, after: Place, limit: int) -> Answer[list[Place]]:
        return self._call("pulls.served", tenant, since=since, after=after, limit=limit)

    def bodies(self, orders: Sequence[int]) -> Answer[list[bytes]]:
        return self._call("pulls.bodies", orders)


class ReconciliationLedger(Stub):
    def reached(self, source: str, turn: str) -> Answer[Micros | None]:
        return self._call("reconciliation.reached", source, turn)

    def reach(self, source: str, turn: str, moment: Micros) -> Answer[None]:
        return self._call("reconciliation.reach", source, turn, moment)

    def begin_page(self, now: Micros) -> Answer[PageMark]:
        return self._call("reconciliation.begin_page", now)

    def newest(self, tenant: str, external_order_id: str) -> Answer[NewestState | None]:
        return self._call("reconciliation.newest", tenant, external_order_id)

    def is_fed(self, source: str, subject: str, digest: bytes) -> Answer[bool]:
        return self._call("reconciliation.is_fed", source, subject, digest)

    def is_named(self, source: str, subject: str) -> Answer[bool]:
        return self._call("reconciliation.is_named", source, subject)

    def feed(
        self,
        arrival: Arrival,
        answers: Mapping[str, bytes | None],
        clock: Micros,
        digest: bytes,
        recovered: RecoveredTopic | None,
    ) -> Answer[None]:
        return self._call("reconciliation.feed", arrival, answers, clock, digest, recovered)

    def note_listed(self, source: str, listed: Sequence[ListedRecord], asked_at: Micros) -> Answer[None]:
        return self._call("reconciliation.note_listed", source, listed, asked_at)

    def note_asked(self, asking: Asking) -> Answer[None]:
        return self._call("reconciliation.note_asked", asking)


class Records(Stub):
    def events(self, which: EventFilter, *, limit: int, cursor: str | None) -> Answer[Page]:
        return self._call("records.events", which, limit=limit, cursor=cursor)

    def event(self, event: int) -> Answer[EventDetail]:
        return self._call("records.event", event)

    def orders(self, which: OrderFilter, *, limit: int, cursor: str | None) -> Answer[Page]:
        return self._call("records.orders", which, limit=limit, cursor=cursor)

    def order(self, tenant: str, external_order_id: str) -> Answer[OrderRecord]:
        return self._call("records.order", tenant, external_order_id)

    def amendable(self, tenant: str, external_order_id: str) -> Answer[bytes | None]:
        return self._call("records.amendable", tenant, external_order_id)

    def dead_letters(self, which: DeadLetterFilter, *, limit: int, cursor: str | None) -> Answer[Page]:
        return self._call("records.dead_letters", which, limit=limit, cursor=cursor)

    def find(self, text: str, *, limit: int) -> Answer[tuple[list[Found], bool]]:
        return self._call("records.find", text, limit=limit)

    def tenant_figures(self, belonging: Belonging) -> Answer[dict[str, TenantFigures]]:
        return self._call("records.tenant_figures", belonging)

    def standbys(self) -> Answer[list[Standbys]]:
        return self._call("records.standbys")

    def last_accepted(self) -> Answer[dict[str, Micros]]:
        return self._call("records.last_accepted")

    def recovered(self, source: str, since: Micros) -> Answer[list[Recovered]]:
        return self._call("records.recovered", source, since)

    def waiting(self) -> Answer[dict[str, int]]:
        return self._call("records.waiting")

    def counts(self) -> Answer[Counts]:
        return self._call("records.counts")


class SessionLedger(Stub):
    def session(self, cookie: bytes) -> Answer[Session | None]:
        return self._call("sessions.session", cookie)

    def begin(self, session: Session, *, seen_since: Micros, begun_since: Micros) -> Answer[None]:
        return self._call("sessions.begin", session, seen_since=seen_since, begun_since=begun_since)

    def touch(self, cookie: bytes, seen_at: Micros) -> Answer[None]:
        return self._call("sessions.touch", cookie, seen_at)

    def end(self, cookie: bytes) -> Answer[None]:
        return self._call("sessions.end", cookie)


class Shadows(Stub):
    def enter(self, wanted: Collection[SourceMode], now: Micros) -> Answer[list[SourceMode]]:
        return self._call("shadows.enter", wanted, now)

    def modes(self) -> Answer[list[SourceMode]]:
        return self._call("shadows.modes")

    def compare(self, translated: Collection[TranslatedEvent], now: Micros) -> Answer[None]:
        return self._call("shadows.compare", translated, now)

    def skip(self, source: str, events: int) -> Answer[None]:
        return self._call("shadows.skip", source, events)

    def verdicts(self, source: str, now: Micros) -> Answer[ShadowRecord]:
        return self._call("shadows.verdicts", source, now)

    def promote(self, source: str, act: Act) -> Answer[OperationRecord]:
        return self._call("shadows.promote", source, act)


class ToldLedger(Stub):
    def told(self) -> Answer[list[Told]]:
        return self._call("told.told")

    def remember(self, begun: Collection[Told], ended: Collection[Told]) -> Answer[None]:
        return self._call("told.remember", begun, ended)


class AuditTrail(Stub):
    def note(self, act: Act) -> Answer[None]:
        return self._call("trail.note", act)

    def acts(self, which: AuditFilter, *, limit: int, cursor: str | None) -> Answer[Page]:
        return self._call("trail.acts", which, limit=limit, cursor=cursor)


class TranslationQueue(Stub):
    def untranslated(
        self, sources: Collection[str], limit: int, but: Collection[int] = (), shards: Collection[int] | None = None
    ) -> Answer[list[UntranslatedEvent]]:
        return self._call("translation.untranslated", sources, limit, but, shards)

    def commit(self, translated: Sequence[TranslatedEvent], now: Micros) -> Answer[list[Transition]]:
        return self._call("translation.commit", translated, now)


class Watch(Stub):
    def listen(self) -> Answer[None]:
        return self._call("watch.listen")

    def rest(self) -> Answer[None]:
        return self._call("watch.rest")
