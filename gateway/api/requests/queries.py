"""Filters and pages."""

from datetime import date
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from gateway.api.requests.reading import Asked, Moment, Text, _given
from gateway.events import EventStatus, OrderStatus
from gateway.records import (
    AuditFilter,
    ChangeKind,
    DeadLetterFilter,
    EventFilter,
    OrderFilter,
)

DEFAULT_ROWS, MOST_ROWS, MOST_IDS = 100, 1_000, 10_000
Rows = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="how many rows at most")]
Format = Annotated[Literal["json", "csv"], Meta(description="csv: all that the filter holds")]
NUMBER = "[0-9]{1,18}"


def _cursor(parts: int) -> Meta:
    """A cursor of so many numbers: its form is said, so that every text of this form is one."""
    pattern = "^" + r"\.".join([NUMBER] * parts) + "$"
    return Meta(pattern=pattern, description="the `next` of the page before")


EventCursor = Annotated[str, _cursor(1)] | UnsetType
OrderCursor = Annotated[str, _cursor(2)] | UnsetType
DeadLetterCursor = Annotated[str, _cursor(3)] | UnsetType
HistoryCursor = (
    Annotated[str, Meta(pattern=rf"^{NUMBER}(\.[0-9a-f]{{32}})?$", description="the `next` of the page before")]
    | UnsetType
)
RefusalCursor = Annotated[str, _cursor(2)] | UnsetType


class LossQuery(Asked, frozen=True, kw_only=True):
    """From when on."""

    since: Moment | UnsetType = UNSET


class EventWhich(Asked, frozen=True, kw_only=True):
    """Which events: every member given must fit; `since` and `until` bound the time of receipt."""

    source: Text = UNSET
    status: EventStatus | UnsetType = UNSET
    event_id: Text = UNSET
    reference: Text = UNSET
    external_order_id: Text = UNSET
    tenant: Text = UNSET
    code: Text = UNSET
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET

    def filter(self) -> EventFilter:
        """The same in the store's words."""
        return EventFilter(**_given(self, EventFilter))


class DeadLetterWhich(Asked, frozen=True, kw_only=True):
    """Which dead letters: every member given must fit; `since` and `until` bound the time of death."""

    kind: Literal["event", "order"] | UnsetType = UNSET
    source: Text = UNSET
    tenant: Text = UNSET
    code: Text = UNSET
    event_id: Text = UNSET
    external_order_id: Text = UNSET
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET

    def filter(self) -> DeadLetterFilter:
        """The same in the store's words."""
        return DeadLetterFilter(**_given(self, DeadLetterFilter))


class EventQuery(EventWhich, frozen=True, kw_only=True):
    """Which events, and which page of them."""

    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: EventCursor = UNSET


class DeadLetterQuery(DeadLetterWhich, frozen=True, kw_only=True):
    """Which dead letters, and which page of them."""

    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: DeadLetterCursor = UNSET


class OrderQuery(Asked, frozen=True, kw_only=True):
    """Which orders, and which page of them; `q` is a part of the externalOrderId or a vendor's reference."""

    tenant: Text = UNSET
    status: OrderStatus | UnsetType = UNSET
    q: Text = UNSET
    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: OrderCursor = UNSET

    def filter(self) -> OrderFilter:
        """The same in the store's words."""
        return OrderFilter(**_given(self, OrderFilter))


class FindQuery(Asked, frozen=True, kw_only=True):
    """What is looked for, in all tenants: `q` as a whole, ignoring the case of its letters, or as a beginning."""

    q: Annotated[str, Meta(min_length=1, max_length=1000, description="what is looked for")]
    limit: Rows = DEFAULT_ROWS


class AuditQuery(Asked, frozen=True, kw_only=True):
    """Which acts, by whom and when they were done, and which page of them."""

    by: Text = UNSET
    act: Text = UNSET
    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET
    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: EventCursor = UNSET

    def filter(self) -> AuditFilter:
        """The same in the store's words."""
        return AuditFilter(**_given(self, AuditFilter))


class RefusalQuery(Asked, frozen=True, kw_only=True):
    """Which refusals, and which page of them."""

    source: Text = UNSET
    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: RefusalCursor = UNSET


class StreamQuery(Asked, frozen=True, kw_only=True):
    """Of which changes to be told: every member given must fit; and after which place, where no `Last-Event-ID` says.

    A `source` is its events' and its own, a `tenant` its orders' and its own.
    """

    kind: ChangeKind | UnsetType = UNSET
    source: Text = UNSET
    tenant: Text = UNSET
    status: Text = UNSET
    after: Text = UNSET


class HistoryQuery(Asked, frozen=True, kw_only=True):
    """Which span of a source's history, by the time of receipt, and which page of it."""

    since: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET
    limit: Rows = DEFAULT_ROWS
    cursor: HistoryCursor = UNSET


class OperationQuery(Asked, frozen=True, kw_only=True):
    """Which page of the operations."""

    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: EventCursor = UNSET


class HoursQuery(Asked, frozen=True, kw_only=True):
    """How many hours."""

    hours: Annotated[int, Meta(ge=1, le=720, description="how many hours, the present one too")] = 24


Difference = Literal[
    "any", "never_received", "ignored", "dead", "pending", "delivered_older_state", "not_confirmed", "only_here"
]


class LedgerQuery(Asked, frozen=True, kw_only=True):
    """Which day (today), in which zone (the source's, or that of all sources, else UTC), and which rows of it.

    `difference`: only rows with this one, or with `any`. With a `limit` the first rows alone; the sums are of all:
    without them (`sums=false`) no more of the day is read than those rows need.
    """

    day: date | UnsetType = UNSET
    source: Text = UNSET
    zone: Text = UNSET
    difference: Difference | UnsetType = UNSET
    format: Format = "json"
    limit: Rows | UnsetType = UNSET
    sums: bool = True
