"""What is on record about events, orders, attempts and dead letters."""

from typing import Any, Literal, TypeAlias

import msgspec

from gateway.events import EventStatus, Micros, OrderStatus, Reason


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
    """One outbound try, or as many (`times`) that came out alike in a row, from `at` to `last_at`."""

    id: int
    at: Micros
    kind: str
    http_status: int | None
    outcome: str
    detail: str | None
    batch_size: int
    milliseconds: int
    times: int
    last_at: Micros


class Sibling(msgspec.Struct, frozen=True, kw_only=True):
    """Another order that came of the same events: another shipment of one order, say."""

    tenant: str
    external_order_id: str
    status: str


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


def siblings_of(order: OrderRecord) -> tuple[Sibling, ...]:
    """The other orders that its events told of, as the newest of these has them."""
    told = {(each.tenant, each.external_order_id): each.status for event in order.events for each in event.orders}
    told.pop((order.tenant, order.external_order_id), None)
    return tuple(Sibling(tenant=tenant, external_order_id=name, status=told[tenant, name]) for tenant, name in told)


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
    `siblings`: the first of an order's.
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
    siblings: tuple[Sibling, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """Rows, newest first, and where to go on (opaque), or None at the end."""

    rows: tuple[Any, ...]
    next: str | None


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
