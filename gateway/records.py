"""Nouns of the operators' doors: what is on record about events, orders, attempts and dead letters."""

from typing import Any, Literal, TypeAlias

import msgspec

from gateway.events import SECOND, EventStatus, Micros, OrderStatus, Reason


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: every member given must fit. `since` and `until` bound the time of receipt.

    An event is its orders' tenants'; as long as it has no order, the `tenant`'s if it is one of `tenant_sources`.
    """

    source: str | None = None
    status: EventStatus | None = None
    event_id: str | None = None
    reference: str | None = None
    external_order_id: str | None = None
    tenant: str | None = None
    tenant_sources: tuple[str, ...] = ()
    code: str | None = None
    since: Micros | None = None
    until: Micros | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that everything would fit."""
        return self == EventFilter()


class DeadLetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: every member given must fit. `since` and `until` bound the time of death.

    `tenant` and `tenant_sources` as in `EventFilter`.
    """

    kind: Literal["event", "order"] | None = None
    source: str | None = None
    tenant: str | None = None
    tenant_sources: tuple[str, ...] = ()
    code: str | None = None
    event_id: str | None = None
    external_order_id: str | None = None
    since: Micros | None = None
    until: Micros | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for, so that everything would fit."""
        return self == DeadLetterFilter()


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """What a person says of an order: its canonical bytes as they were when it was looked at, and as they should be.

    `said` is who changed which members and why, as JSON.
    """

    tenant: str
    external_order_id: str
    was: bytes
    order: bytes
    said: bytes


class Amended(msgspec.Struct, frozen=True):
    """The event that a person's state is of, and where it is: as any other, it may be older than what is there."""

    event: int
    status: EventStatus


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders: `q` is a part of the externalOrderId or one of the vendor's references."""

    tenant: str | None = None
    status: OrderStatus | None = None
    q: str | None = None


class EventOrder(msgspec.Struct, frozen=True):
    """An order that an event touched, as it is now; dead where the event's own state of it is dead."""

    tenant: str
    external_order_id: str
    status: str
    reason: Reason | None = None


class EventRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a list shows it. `reason` is the event's own, else that of its dead state.

    `kind`: a vendor's hook, or a person's amendment of an order.
    """

    id: int
    kind: Literal["hook", "person"] = "hook"
    source: str
    event_id: str
    topic: str | None
    status: EventStatus
    reason: Reason | None
    received_at: Micros
    occurred_at: Micros | None
    duplicates: int
    conflicts: int
    references: tuple[str, ...]
    orders: tuple[EventOrder, ...] = ()


class TranslatedState(msgspec.Struct, frozen=True, kw_only=True):
    """A state that an event was translated to; `body` None: a cancellation, or erased.

    `order_status` is its order's now, None where there is no such order.
    """

    tenant: str
    external_order_id: str
    owner: str
    clock: Micros
    tie: int
    arrival: int
    body: bytes | None
    status: str
    reason: Reason | None
    order_status: str | None


class OtherBody(msgspec.Struct, frozen=True):
    """A different body that came under the same event key: `conflict`, or `replaced` by the one now stored."""

    kind: Literal["conflict", "replaced"]
    received_at: Micros
    body: bytes


class EventDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An event with all that is kept of it; `body` is None once it was pruned or erased."""

    record: EventRecord
    body: bytes | None
    context: bytes
    adapter_version: str | None
    traceback: str | None
    translation: tuple[TranslatedState, ...]
    other_bodies: tuple[OtherBody, ...]
    answers: dict[str, bytes | None] | None


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One outbound try."""

    id: int
    at: Micros
    kind: str
    http_status: int | None
    outcome: str
    detail: str | None
    batch_size: int
    milliseconds: int


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An order with its story, oldest first; `body`: its newest state's canonical bytes, None for a cancellation.

    `findings` are doubts about that state: code and words.
    """

    id: int
    tenant: str
    external_order_id: str
    owner: str
    status: OrderStatus
    reason: Reason | None
    order_id: str | None
    is_created: bool | None
    body: bytes | None
    changed_at: Micros
    delivered_at: Micros | None
    next_attempt_at: Micros | None
    events: tuple[EventRecord, ...]
    attempts: tuple[AttemptRecord, ...]
    findings: tuple[tuple[str, str], ...] = ()


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Something set aside for a person. `id` is `event-<n>` or `order-<n>`."""

    id: str
    kind: Literal["event", "order"]
    source: str
    event_id: str
    tenant: str | None
    external_order_id: str | None
    reason: Reason
    at: Micros


FoundMatch: TypeAlias = Literal["externalOrderId", "orderId", "reference", "eventId", "id"]
FoundHow: TypeAlias = Literal["exact", "case", "beginning"]
"""How a text names something: as it is, but for the case of its letters, or as its beginning; the best first."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An order, or an event, that bears a text that was looked for.

    An order's `source` and `event_id` are its newest state's; an event's `tenant` and `external_order_id` those of its
    order, if it named one. `is_dead_letter`: it is one itself. `at`: when the order changed, the event was received.
    """

    kind: Literal["order", "event"]
    id: int
    tenant: str | None
    source: str | None
    external_order_id: str | None
    order_id: str | None
    event_id: str | None
    status: str
    reason: Reason | None
    is_dead_letter: bool
    matched: FoundMatch
    how: FoundHow
    at: Micros


class Page(msgspec.Struct, frozen=True):
    """Rows, newest first, and where to go on (opaque), or None at the end."""

    rows: tuple[Any, ...]
    next: str | None


ChangeKind: TypeAlias = Literal["event", "order", "tenant", "source", "operation"]


class Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something is in another status, or for another reason, than before a commit.

    `of` and `name`: an event's source and event ID, an order's tenant and externalOrderId; a tenant's name, a source's,
    an operation's kind, and nothing. `id` is the row's, 0 of tenants and sources. `counts`: of an operation, as JSON,
    how many it is of, and how many were done, failed, skipped.
    """

    kind: ChangeKind
    id: int
    of: str
    name: str
    status: str
    code: str | None
    counts: str | None = None


class Heard(msgspec.Struct, frozen=True):
    """A change in the stream of all: its place there, when it was heard, and itself.

    Without a change it is a gap, and `gap` says why: `older` than what is remembered, of an `unknown` place, such as
    one from before a restart, or so far `behind` that it was left out.
    """

    id: str
    at: Micros
    change: Change | None
    gap: Literal["older", "unknown", "behind"] | None = None


class Told(msgspec.Struct, frozen=True):
    """A condition that somebody was told the beginning of: whom (a digest), the event, its subject, since when."""

    whom: str
    event: str
    subject: str
    began_at: Micros


class Session(msgspec.Struct, frozen=True):
    """Who is signed in to the console: digests of the cookie and of the token, since when, and when last seen."""

    cookie: bytes
    token: bytes
    begun_at: Micros
    seen_at: Micros


class TenantFigures(msgspec.Struct, frozen=True):
    """A tenant's pending orders (leased ones too), since when the oldest waits, and dead letters."""

    pending: int = 0
    oldest_pending_at: Micros | None = None
    dead_letters: int = 0


class Counts(msgspec.Struct, frozen=True):
    """How many events and orders are in which status: overall, per source (events), per tenant (orders)."""

    events: dict[str, int]
    orders: dict[str, int]
    sources: dict[str, dict[str, int]]
    tenants: dict[str, dict[str, int]]


class RefusalRecord(msgspec.Struct, frozen=True):
    """A request that was turned away; never the credential."""

    at: Micros
    source: str | None
    status: int
    reason: str
    address: str | None
    size: int | None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What a person does: when, by which token's name, what to what, and why in the person's own words."""

    at: Micros
    by: str
    act: str
    what: str
    reason: str | None = None


def order_named(tenant: str, external_order_id: str) -> str:
    """An order as an act's `what`, by which what was said of it is found again."""
    return f"order {tenant}/{external_order_id}"


class AuditRecord(msgspec.Struct, frozen=True):
    """An act that was done; `count`: to how many, None where that says nothing."""

    id: int
    at: Micros
    by: str
    act: str
    what: str
    count: int | None
    reason: str | None


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts: every member given must fit. `since` and `until` bound when they were done."""

    by: str | None = None
    act: str | None = None
    since: Micros | None = None
    until: Micros | None = None


Effect: TypeAlias = Literal[
    "unchanged", "changed", "new", "superseded", "dead", "ignored", "cancelled", "asks", "noBody", "discarded"
]
"""What an event would do: to the orders as they are, or why to none."""


class MemberChange(msgspec.Struct, frozen=True):
    """A member of an order that would change; None: absent."""

    member: str
    before: Any
    after: Any


class EffectExample(msgspec.Struct, frozen=True):
    """What one event would do to one order, if to one."""

    event: str
    tenant: str | None
    external_order_id: str | None
    effect: Effect
    difference: tuple[MemberChange, ...]


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """How many events would have which effect, how many orders would go to the intake, and some examples."""

    counts: dict[Effect, int]
    sends: int = 0
    examples: tuple[EffectExample, ...] = ()


OperationKind: TypeAlias = Literal["preview", "replay", "discard"]
OperationOf: TypeAlias = Literal["events", "deadLetters"]
OperationStatus: TypeAlias = Literal["running", "paused", "done", "cancelled", "failed"]


class NewOperation(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done to what: events' numbers, or, of a discard, the ids of dead letters, in this order."""

    kind: OperationKind
    of: OperationOf
    items: tuple[str, ...]
    is_forced: bool = False


class OperationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An operation on many. `skipped`: changed since it was made; `failed`: there was nothing left to do it to.

    `effects` is a preview's, with `sends`; `became` how many of its events are in which status now.
    """

    id: int
    kind: OperationKind
    of: OperationOf
    status: OperationStatus
    total: int
    done: int
    failed: int
    skipped: int
    effects: dict[str, int] | None
    by: str
    started_at: Micros
    ended_at: Micros | None
    reason: str | None
    is_forced: bool
    became: dict[str, int] | None = None


class RetentionSpans(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept after the end of their event or order, or since an act was done, in microseconds."""

    bodies: Micros
    dead_letters: Micros
    keys: Micros
    orders: Micros
    attempts: Micros
    audit: Micros = 400 * 86400 * SECOND


class LookupHalt(msgspec.Struct, frozen=True):
    """Lookups that a vendor's API turns away: whose, why, since when, and when they are tried again."""

    owner: str
    reason: Reason
    since: Micros
    next_probe_at: Micros | None


class ArchivedState(msgspec.Struct, frozen=True):
    """A state that a stored event was last translated to; `body` None: a cancellation. `code`: why it is dead."""

    tenant: str
    external_order_id: str
    owner: str
    clock: Micros
    tie: int
    body: bytes | None
    code: str | None


class ArchivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event whole, with what it was last translated to, for a rehearsal."""

    id: int
    event_id: str
    topic: str | None
    received_at: Micros
    status: EventStatus
    reason: Reason | None
    body: bytes
    context: bytes
    answers: dict[str, bytes | None]
    clock: Micros | None
    states: tuple[ArchivedState, ...]


class DriftRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something seen in a source's payloads: a member, one of its types, or one of its codes.

    `path` is general (`$.orders[].status`), `example` one that was met (`$.orders[2].status`), in event `event_id`.
    `is_first`: it was there when the member was first met, so nothing has changed. Counts are of looked-at events.
    """

    source: str
    kind: Literal["member", "type", "code", "wide"]
    path: str
    value: str
    count: int
    first_at: Micros
    last_at: Micros
    example: str
    event_id: str
    is_first: bool


class DriftFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What a source sends that was not expected; `was` is what had been seen before."""

    kind: Literal["unknown_member", "type_changed", "new_code"]
    path: str
    value: str
    was: tuple[str, ...]
    count: int
    first_at: Micros
    last_at: Micros
    example: str
    event_id: str
