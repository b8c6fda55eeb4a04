"""Events, orders, attempts and dead letters, as they are shown."""

from typing import Literal

from gateway.api.shapes.basics import CanonicalOrder, Reason, Shape, Shown
from gateway.events import EventStatus, OrderStatus
from gateway.records import FoundHow, FoundMatch


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
    """One outbound try, or as many (`times`) that came out alike in a row, from `at` to `lastAt`."""

    id: str
    at: Shown
    kind: Literal["push", "pull", "probe"]
    http_status: int | None
    outcome: str
    detail: str | None
    batch_size: int
    milliseconds: int
    times: int
    last_at: Shown


class Finding(Shape, frozen=True, kw_only=True):
    """A doubt about an order, which changes nothing of it."""

    code: str
    detail: str


class Sibling(Shape, frozen=True, kw_only=True):
    """Another order that came of the same events: another shipment of one order, say."""

    tenant: str
    external_order_id: str
    status: str


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
    siblings: tuple[Sibling, ...]
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


class NextStep(Shape, frozen=True, kw_only=True):
    """What helps next, in words, and the command that does it, quoted for a shell."""

    what: str
    command: str


class Found(Shape, frozen=True, kw_only=True):
    """An order or an event that bears the text, by which of its names (`matched`), how, and what to do next.

    An order's `source` and `eventId` are its newest state's; an event's `tenant` and `externalOrderId` its order's.
    `siblings`: the first twenty of an order's.
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
    siblings: tuple[Sibling, ...]
    next: NextStep


class FoundList(Shape, frozen=True, kw_only=True):
    """What bears the text, the best matches first; `truncated`: there is more."""

    found: tuple[Found, ...]
    truncated: bool


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
