"""The answers of the operators' API, as they are sent: camelCase, times in UTC with Z, absent members null."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

import schemas
from gateway.api.remedies import remedy_of
from gateway.events import EventStatus, Micros, OrderStatus
from gateway.events import Reason as Why
from gateway.ground.clock import moment
from gateway.orders import TenantStatus
from gateway.records import ChangeKind, Effect, FoundHow, FoundMatch, OperationKind, OperationOf, OperationStatus


def moment_or_none(at: Micros | None) -> datetime | None:
    """A stored moment as it is shown, if there is one."""
    return None if at is None else moment(at)


Shown = Annotated[datetime, Meta(tz=True)]
"""A moment on the wire: RFC 3339 in UTC, with Z."""

CanonicalOrder: TypeAlias = Annotated[
    msgspec.Raw, Meta(extra_json_schema=msgspec.json.schema_components([schemas.Order])[1]["Order"])
]
"""The stored bytes of an order, embedded as they are."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An answer. Members with a default are left out where they have it."""


class ErrorReply(Shape, frozen=True, kw_only=True):
    """Why a request was not done: a short code and words for a person."""

    error: str
    detail: str


class Reason(Shape, frozen=True, kw_only=True):
    """Why something is where it is: a documented code, words for a person, a JSON path, and what helps."""

    code: str
    detail: str
    path: str | None
    remedy: str


def reason_of(told: Why) -> Reason:
    """A reason as it is shown."""
    return Reason(code=told.code, detail=told.detail, path=told.path, remedy=remedy_of(told).words)


def reason_or_none(told: Why | None) -> Reason | None:
    """A reason as it is shown, if there is one."""
    return None if told is None else reason_of(told)


class OrderMention(Shape, frozen=True, kw_only=True):
    """An order that an event touched, and what became of the event's state of it."""

    tenant: str
    external_order_id: str
    status: str
    reason: Reason | None


class Event(Shape, frozen=True, kw_only=True):
    """A stored event: a vendor's hook, or a person's amendment. `orphaned`: its source is not configured any more."""

    id: str
    kind: Literal["hook", "person"]
    source: str
    event_id: str
    topic: str | None
    status: EventStatus
    reason: Reason | None
    received_at: Shown
    occurred_at: Shown | None
    duplicates: int
    conflicts: int
    references: tuple[str, ...]
    orders: tuple[OrderMention, ...]
    orphaned: bool = False


class Version(Shape, frozen=True, kw_only=True):
    """What decides which state of an order is newer: the clock first, then the tie, then the arrival."""

    clock: Shown
    tie: int
    arrival: int


class TranslatedState(Shape, frozen=True, kw_only=True):
    """A state that the event was translated to; `order` null: a cancellation, or pruned."""

    tenant: str
    external_order_id: str
    owner: str
    version: Version
    order: CanonicalOrder | None
    status: str
    reason: Reason | None


class OtherBody(Shape, frozen=True, kw_only=True):
    """A different body that came under the same event key."""

    kind: Literal["conflict", "replaced"]
    received_at: Shown
    body: str


class EventDetail(Event, frozen=True, kw_only=True):
    """An event with all that is kept of it.

    `body`, `headers` and `parameters` are what the request was, null once pruned; `answers` what lookups told.
    """

    body: str | None
    headers: dict[str, str]
    parameters: dict[str, str]
    path: str
    adapter_version: str | None
    translation: tuple[TranslatedState, ...]
    traceback: str | None
    other_bodies: tuple[OtherBody, ...]
    answers: dict[str, str | None] | None


class Attempt(Shape, frozen=True, kw_only=True):
    """One outbound try."""

    id: str
    at: Shown
    kind: Literal["push", "pull", "probe"]
    http_status: int | None
    outcome: str
    detail: str | None
    batch_size: int
    milliseconds: int


class Finding(Shape, frozen=True, kw_only=True):
    """A doubt about an order, which changes nothing of it."""

    code: str
    detail: str


class Order(Shape, frozen=True, kw_only=True):
    """An order as the intake should have it, with the events and attempts behind it, oldest first.

    A list shows the last hundred of each. `orphaned`: its tenant is not configured any more.
    """

    tenant: str
    external_order_id: str
    owner: str
    status: OrderStatus
    reason: Reason | None
    order_id: str | None
    created: bool | None
    order: CanonicalOrder | None
    changed_at: Shown
    delivered_at: Shown | None
    next_attempt_at: Shown | None
    findings: tuple[Finding, ...]
    events: tuple[Event, ...]
    attempts: tuple[Attempt, ...]
    orphaned: bool = False


class DeadLetter(Shape, frozen=True, kw_only=True):
    """Something set aside for a person."""

    id: str
    kind: Literal["event", "order"]
    source: str
    event_id: str
    tenant: str | None
    external_order_id: str | None
    reason: Reason
    at: Shown
    orphaned: bool = False


class Tenant(Shape, frozen=True, kw_only=True):
    """How deliveries to a tenant go; `intakeUrl` without what may be a query's secret."""

    name: str
    delivery: Literal["push", "pull"]
    intake_url: str | None
    status: TenantStatus
    reason: Reason | None
    pending: int
    oldest_pending_seconds: float | None
    dead_letters: int
    last_delivered_at: Shown | None
    last_answer: str | None
    next_attempt_at: Shown | None


class LookupHalt(Shape, frozen=True, kw_only=True):
    """Lookups that the vendor's API turns away."""

    owner: str
    reason: Reason
    since: Shown
    next_probe_at: Shown | None


class Source(Shape, frozen=True, kw_only=True):
    """How a source is doing. `silent`: nothing came for longer than its `expect_every`.

    `findings` are codes of what its last orders have in common, since the gateway started.
    """

    name: str
    adapter: str
    adapter_version: str
    tenant: str
    last_accepted_at: Shown | None
    last_refused_at: Shown | None
    last_refusal: Reason | None
    waiting: int
    silent: bool
    findings: tuple[str, ...]
    lookup_halts: tuple[LookupHalt, ...]


class Refusal(Shape, frozen=True, kw_only=True):
    """A request that was turned away; never its credential."""

    at: Shown
    source: str | None
    status: int
    reason: Reason
    address: str | None
    size: int | None


class HistoryState(Shape, frozen=True, kw_only=True):
    """A state that an event was last translated to; `order` null: a cancellation; `code`: why it is dead."""

    tenant: str
    external_order_id: str
    owner: str
    clock: Shown
    tie: int
    order: CanonicalOrder | None
    code: str | None


class HistoryEvent(Shape, frozen=True, kw_only=True):
    """A stored event whole. `body` and `answers` are base64; `clock` was drawn before its lookups, null without any."""

    id: str
    event_id: str
    topic: str | None
    received_at: Shown
    status: EventStatus
    reason: Reason | None
    body: bytes
    headers: dict[str, str]
    parameters: dict[str, str]
    path: str
    answers: dict[str, bytes | None]
    clock: Shown | None
    states: tuple[HistoryState, ...]


class History(Shape, frozen=True, kw_only=True):
    """Events whole, oldest first, and the cursor of the next page; the first page tells how many there are."""

    events: tuple[HistoryEvent, ...]
    length: int | None
    next: str | None


class DriftFinding(Shape, frozen=True, kw_only=True):
    """What a source sends that was not expected; `was` is what had been seen before. Counts are of looked-at events."""

    kind: Literal["unknown_member", "type_changed", "new_code"]
    path: str
    value: str
    was: tuple[str, ...]
    count: int
    first_at: Shown
    last_at: Shown
    example: str
    event_id: str


class Drift(Shape, frozen=True, kw_only=True):
    """What has drifted in what a source sends, the newest first."""

    drift: tuple[DriftFinding, ...]


class NextStep(Shape, frozen=True, kw_only=True):
    """What helps next, in words, and the command that does it, quoted for a shell."""

    what: str
    command: str


class Found(Shape, frozen=True, kw_only=True):
    """An order or an event that bears the text, by which of its names (`matched`), how, and what to do next.

    An order's `source` and `eventId` are its newest state's; an event's `tenant` and `externalOrderId` its order's.
    """

    kind: Literal["order", "event"]
    tenant: str | None
    source: str | None
    external_order_id: str | None
    order_id: str | None
    event_id: str | None
    id: str
    status: str
    reason: Reason | None
    matched: FoundMatch
    how: FoundHow
    at: Shown
    next: NextStep


class FoundList(Shape, frozen=True, kw_only=True):
    """What bears the text, the best matches first; `truncated`: there is more."""

    found: tuple[Found, ...]
    truncated: bool


class Amended(Shape, frozen=True, kw_only=True):
    """The event that a person's state is of, where it is now, and the order."""

    event: str
    status: EventStatus
    order: Order


class Released(Shape, frozen=True, kw_only=True):
    """How many held dead letters go, and those of the ids given that are none."""

    released: int
    missing: tuple[str, ...] = ()


class Act(Shape, frozen=True, kw_only=True):
    """Something that was done by a person, or with a token; `count`: to how many, null where that says nothing."""

    id: str
    at: Shown
    by: str
    act: str
    what: str
    count: int | None
    reason: str | None


class AuditList(Shape, frozen=True, kw_only=True):
    """Acts, newest first, and the cursor of the next page."""

    audit: tuple[Act, ...]
    next: str | None


class Reloaded(Shape, frozen=True, kw_only=True):
    """The keys that are others now, how many parts are as they were, and the keys that need a restart."""

    changed: tuple[str, ...]
    unchanged: int
    needs_restart: tuple[str, ...]


class TriedOrder(Shape, frozen=True, kw_only=True):
    """An order that would come of it; null: a cancellation. `reason`: why it would never leave the gateway.

    `cameFrom` names for each member the JSON paths, headers and parameters that it came from; none: an option.
    """

    tenant: str
    external_order_id: str
    order: CanonicalOrder | None
    reason: Reason | None
    came_from: dict[str, tuple[str, ...]]


class Tried(Shape, frozen=True, kw_only=True):
    """What would come of a payload; `asks`: what the vendor's API would be asked, if anything."""

    status: EventStatus
    adapter_version: str
    reason: Reason | None
    references: tuple[str, ...]
    asks: tuple[str, ...]
    orders: tuple[TriedOrder, ...]
    traceback: str | None


class Setting(Shape, frozen=True, kw_only=True):
    """A key of the configuration; `***` in place of whatever may be secret."""

    key: str
    value: Any
    default: Any
    is_default: bool


class Configuration(Shape, frozen=True, kw_only=True):
    """The configuration in force."""

    configuration: tuple[Setting, ...]


class Operation(Shape, frozen=True, kw_only=True):
    """An operation on many. `skipped` changed since it was made; `failed`: nothing was left to do it to.

    `effects` is a preview's, with `sends`; `became`, where one is asked for, its events' statuses now.
    """

    id: str
    kind: OperationKind
    of: OperationOf
    status: OperationStatus
    total: int
    done: int
    failed: int
    skipped: int
    effects: dict[str, int] | None
    by: str
    reason: str | None
    started_at: Shown
    ended_at: Shown | None
    became: dict[str, int] | None = None


class OperationMade(Shape, frozen=True, kw_only=True):
    """An operation; `missing`: those of the ids given to which there was nothing."""

    operation: Operation
    missing: tuple[str, ...] = ()


class OperationList(Shape, frozen=True, kw_only=True):
    """Operations, newest first, and the cursor of the next page."""

    operations: tuple[Operation, ...]
    next: str | None


class EventList(Shape, frozen=True, kw_only=True):
    """Events, newest first, and the cursor of the next page."""

    events: tuple[Event, ...]
    next: str | None


class OrderList(Shape, frozen=True, kw_only=True):
    """Orders, the last changed first, and the cursor of the next page."""

    orders: tuple[Order, ...]
    next: str | None


class DeadLetterList(Shape, frozen=True, kw_only=True):
    """Dead letters, newest first, and the cursor of the next page."""

    dead_letters: tuple[DeadLetter, ...]
    next: str | None


class RefusalList(Shape, frozen=True, kw_only=True):
    """Refusals, newest first, and the cursor of the next page."""

    refusals: tuple[Refusal, ...]
    next: str | None


class TenantList(Shape, frozen=True, kw_only=True):
    """The configured tenants."""

    tenants: tuple[Tenant, ...]


class SourceList(Shape, frozen=True, kw_only=True):
    """The configured sources."""

    sources: tuple[Source, ...]


class Stats(Shape, frozen=True, kw_only=True):
    """How many events and orders are in which status: overall, by source (events), by tenant (orders)."""

    events: dict[str, int]
    orders: dict[str, int]
    sources: dict[str, dict[str, int]]
    tenants: dict[str, dict[str, int]]


class Hour(Shape, frozen=True, kw_only=True):
    """What happened in the hour that began at that moment."""

    at: Shown
    received: int
    delivered: int


class HourList(Shape, frozen=True, kw_only=True):
    """The last hours, the present one last; counted since the start, in this process."""

    since: Shown
    hours: tuple[Hour, ...]


class Difference(Shape, frozen=True, kw_only=True):
    """A member of an order that would change; absent members are null."""

    member: str
    from_: Any = msgspec.field(name="from")
    to: Any


class EffectExample(Shape, frozen=True, kw_only=True):
    """What one event would do to one order, if to one; what would change of it."""

    event: str
    tenant: str | None
    external_order_id: str | None
    effect: Effect
    difference: tuple[Difference, ...]


class Done(Shape, frozen=True, kw_only=True):
    """What was done; `missing`: those of the ids given to which there is nothing.

    Of a dry run: how many events would have which effect, how many orders would go to the intake, and some examples.
    """

    missing: tuple[str, ...] = ()
    effects: dict[Effect, int] | None = None
    sends: int | None = None
    examples: tuple[EffectExample, ...] | None = None


class Replayed(Done, frozen=True, kw_only=True):
    """How many events are translated again, or would be."""

    replayed: int


class Discarded(Done, frozen=True, kw_only=True):
    """How many were set aside for good, or would be."""

    discarded: int


class Erased(Shape, frozen=True, kw_only=True):
    """How many events were emptied."""

    erased: int


class Pruned(Shape, frozen=True, kw_only=True):
    """How many rows retention removed."""

    pruned: int


class Reconciled(Shape, frozen=True, kw_only=True):
    """How many events the vendor's answers made."""

    reconciled: int


class Told(Shape, frozen=True, kw_only=True):
    """One message of the stream: what is in another status or for another reason, or that some is missing (`gap`).

    Which members there are is the kind's. `code` is the reason's; the whole of it is where the thing itself is shown.
    """

    kind: ChangeKind | Literal["gap"]
    at: Shown
    id: str | None = None
    source: str | None = None
    event_id: str | None = None
    tenant: str | None = None
    external_order_id: str | None = None
    operation: OperationKind | None = None
    status: str | None = None
    code: str | None = None
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    skipped: int | None = None
    why: Literal["older", "unknown", "behind"] | None = None
