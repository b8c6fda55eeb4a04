"""What the operators' API is asked: filters, pages and bodies, read strictly and refused with what was expected."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.events import EventStatus, Micros, OrderStatus
from gateway.ground.clock import micros_at
from gateway.records import (
    AuditFilter,
    ChangeKind,
    DeadLetterFilter,
    EventFilter,
    OperationKind,
    OperationOf,
    OrderFilter,
)

DEFAULT_ROWS, MOST_ROWS, MOST_IDS = 100, 1_000, 10_000

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, such as 2026-02-01T08:00:00Z")]
Rows = Annotated[int, Meta(ge=1, le=MOST_ROWS, description="how many rows at most")]
Format = Annotated[Literal["json", "csv"], Meta(description="csv: all that the filter holds")]
Text = str | UnsetType
NUMBER = "[0-9]{1,18}"


def _cursor(parts: int) -> Meta:
    """A cursor of so many numbers: its form is said, so that every text of this form is one."""
    pattern = "^" + r"\.".join([NUMBER] * parts) + "$"
    return Meta(pattern=pattern, description="the `next` of the page before")


EventCursor = Annotated[str, _cursor(1)] | UnsetType
OrderCursor = Annotated[str, _cursor(2)] | UnsetType
DeadLetterCursor = Annotated[str, _cursor(3)] | UnsetType
RefusalCursor = Annotated[str, _cursor(2)] | UnsetType
Ids = Annotated[list[str], Meta(max_length=MOST_IDS)]


class BadRequest(Exception):  # noqa: N818 - named by its answer
    """The request says something that cannot be meant: 400."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Something asked for: an unknown member is refused, a null too."""


class Nothing(Asked, frozen=True, kw_only=True):
    """No parameters."""


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
    cursor: EventCursor = UNSET


class DryRun(Asked, frozen=True, kw_only=True):
    """`dryRun` does nothing, and tells what would be done."""

    dry_run: bool = False


class ReplayFlags(DryRun, frozen=True, kw_only=True):
    """`dryRun` does nothing, and tells what would be done; `force` makes each event the newest of its orders."""

    force: bool = False

    @property
    def told(self) -> str:
        """What the audit adds."""
        return ", made the newest" if self.force else ""


class EventSelection(ReplayFlags, frozen=True, kw_only=True):
    """Events by `ids` or by `filter`, and how to replay them."""

    ids: Ids | UnsetType = UNSET
    filter: EventWhich | UnsetType = UNSET


class DeadLetterSelection(ReplayFlags, frozen=True, kw_only=True):
    """Dead letters by `ids` or by `filter`, and how to replay them."""

    ids: Ids | UnsetType = UNSET
    filter: DeadLetterWhich | UnsetType = UNSET


class DeadLetterDiscard(DryRun, frozen=True, kw_only=True):
    """Dead letters by `ids` or by `filter`, and why they are set aside for good."""

    ids: Ids | UnsetType = UNSET
    filter: DeadLetterWhich | UnsetType = UNSET
    reason: Text = UNSET


class Either(EventWhich, frozen=True, kw_only=True):
    """Which events, or which dead letters: of those `kind` and no `status` or `reference`."""

    kind: Literal["event", "order"] | UnsetType = UNSET


class OperationWanted(Asked, frozen=True, kw_only=True):
    """What is to be done to what: by `ids`, by `filter`, or to what a `preview` was of.

    `force` makes each event the newest state of its orders: ids of different orders, 100 at most.
    """

    kind: OperationKind
    of: OperationOf
    ids: Ids | UnsetType = UNSET
    filter: Either | UnsetType = UNSET
    preview: Text = UNSET
    force: bool = False
    reason: Text = UNSET

    def which(self) -> EventWhich | DeadLetterWhich | UnsetType:
        """The filter as one of what the operation is of. Raises BadRequest for a member that it does not have."""
        if self.filter is UNSET:
            return UNSET
        given = msgspec.json.encode(self.filter)
        return read_body(given, EventWhich) if self.of == "events" else read_body(given, DeadLetterWhich)


class OperationQuery(Asked, frozen=True, kw_only=True):
    """Which page of the operations."""

    format: Format = "json"
    limit: Rows = DEFAULT_ROWS
    cursor: EventCursor = UNSET


class HoursQuery(Asked, frozen=True, kw_only=True):
    """How many hours."""

    hours: Annotated[int, Meta(ge=1, le=720, description="how many hours, the present one too")] = 24


class Trial(Asked, frozen=True, kw_only=True):
    """A payload, and what of its request the adapter may read."""

    body: str
    headers: dict[str, str] = {}
    parameters: dict[str, str] = {}


class Because(Asked, frozen=True, kw_only=True):
    """Why, for whoever looks later."""

    reason: Text = UNSET


class OrderAmendment(Asked, frozen=True, kw_only=True):
    """Members of an order as they should be, null where one should be absent, and why."""

    reason: Annotated[str, Meta(min_length=1, description="why, for whoever looks later")]
    delivery_address: str | UnsetType | None = UNSET
    customer_id: str | UnsetType | None = UNSET
    customer_name: str | UnsetType | None = UNSET
    customer_contact: str | UnsetType | None = UNSET
    total_weight: float | UnsetType | None = UNSET
    volume: float | UnsetType | None = UNSET
    pallet_count: int | UnsetType | None = UNSET
    special_handling: list[str] | UnsetType | None = UNSET
    planned_date: str | UnsetType | None = UNSET

    def members(self) -> dict[str, Any]:
        """The members that were given, by their names on the wire."""
        names = zip(self.__struct_encode_fields__, self.__struct_fields__, strict=True)
        given = {wire: getattr(self, name) for wire, name in names if wire != "reason"}
        return {wire: value for wire, value in given.items() if value is not UNSET}


class Since(Asked, frozen=True, kw_only=True):
    """From when on."""

    since: Moment | UnsetType = UNSET


def _given(which: Asked, target: type[msgspec.Struct]) -> dict[str, Any]:
    """The members that were given and that the store's filter has, times as it stores them."""
    given = {name: getattr(which, name, UNSET) for name in target.__struct_fields__}
    return {
        name: micros_at(value) if isinstance(value, datetime) else value
        for name, value in given.items()
        if value is not UNSET
    }


def micros_or_none(at: datetime | UnsetType) -> Micros | None:
    """A moment as it is stored, if one was given."""
    return None if at is UNSET else micros_at(at)


def text_or_none(text: Text) -> str | None:
    """A text, if one was given."""
    return None if text is UNSET else text


Which = TypeVar("Which", EventWhich, DeadLetterWhich)


def selected(ids: list[str] | UnsetType, which: Which | UnsetType) -> list[str] | Which:
    """The ids or the filter, of which there must be exactly one, and the filter not empty."""
    if ids is not UNSET and which is UNSET:
        return ids
    if which is UNSET or ids is not UNSET:
        raise BadRequest('expected either "ids" or "filter"')
    if which.filter().is_empty:
        raise BadRequest("an empty filter would take everything: expected at least one member")
    return which


Wanted = TypeVar("Wanted", bound=Asked)


def read_query(pairs: Iterable[tuple[str, str]], shape: type[Wanted]) -> Wanted:
    """Query parameters as `shape`. Raises BadRequest with what was expected."""
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in given:
            raise BadRequest(f"the parameter {name!r} is given twice")
        given[name] = text
    types = _types(shape)
    for name, text in given.items():
        if types.get(name) is bool:
            given[name] = {"true": True, "false": False}.get(text, text)
        elif types.get(name) is int and text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004
            given[name] = int(text)
    # In a query "+" means a space: an offset that was not percent-encoded arrives as one.
    for name in ("since", "until"):
        if name in given:
            given[name] = given[name].replace(" ", "+") if "T" in given[name] else given[name]
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise BadRequest(_explained(error, shape)) from None


def read_body(body: bytes, shape: type[Wanted]) -> Wanted:
    """A JSON body as `shape`. Raises BadRequest with what was expected."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise BadRequest(_explained(error, shape)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not readable as JSON: {error}") from None


def _types(shape: type[Asked]) -> dict[str, Any]:
    """Each member's type by its name on the wire, without what says that it may be missing."""
    hints = get_type_hints(shape)
    names = zip(shape.__struct_encode_fields__, shape.__struct_fields__, strict=True)
    return {
        wire: _first(hints[name]) if get_origin(hints[name]) in {Union, UnionType} else hints[name]
        for wire, name in names
    }


def _first(union: Any) -> Any:
    return get_args(union)[0]


def _explained(error: msgspec.ValidationError, shape: type[Asked]) -> str:
    """The words of msgspec, with the members or the values that would have done."""
    words, _, path = str(error).partition(" - at `")
    path = path.removesuffix("`")
    words = words[:1].lower() + words[1:]
    owner = shape
    if path.startswith("$.filter"):
        owner = next(part for part in get_args(get_type_hints(shape)["filter"]) if part is not UnsetType)
    if "unknown field" in words:
        words += f"; expected one of {', '.join(sorted(owner.__struct_encode_fields__)) or 'none'}"
    kind = _types(owner).get(path.rpartition(".")[2])
    if isinstance(kind, type) and issubclass(kind, Enum):
        words += f"; expected one of {', '.join(str(member.value) for member in kind)}"
    elif get_origin(kind) is Literal:
        words += f"; expected one of {', '.join(get_args(kind))}"
    return f"{path}: {words}" if path else words
