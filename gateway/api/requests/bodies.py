"""What is to be done to what."""

from datetime import date
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.requests.queries import MOST_IDS, DeadLetterWhich, EventWhich
from gateway.api.requests.reading import Asked, BadRequest, Moment, Text, read_body
from gateway.records import OperationOf

Ids = Annotated[list[str], Meta(max_length=MOST_IDS)]
Whole = Annotated[float, Meta(multiple_of=1)]
"""A number that is whole by its amount, `2.0` too, not by how it is written."""


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


class Replaying(ReplayFlags, frozen=True, kw_only=True):
    """How to replay, and why, for whoever looks later."""

    reason: Text = UNSET


class EventSelection(Replaying, frozen=True, kw_only=True):
    """Events by `ids` or by `filter`, and how to replay them."""

    ids: Ids | UnsetType = UNSET
    filter: EventWhich | UnsetType = UNSET


class DeadLetterSelection(Replaying, frozen=True, kw_only=True):
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

    kind: Literal["preview", "replay", "discard"]
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


class Trial(Asked, frozen=True, kw_only=True):
    """A payload, and what of its request the adapter may read."""

    body: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    parameters: dict[str, str] = msgspec.field(default_factory=dict)


class Because(Asked, frozen=True, kw_only=True):
    """Why, for whoever looks later."""

    reason: Text = UNSET


class OrderAmendment(Asked, frozen=True, kw_only=True):
    """Members of an order as they should be, null where one should be absent, and why."""

    reason: Annotated[str, Meta(pattern=r"\S", description="why, for whoever looks later")]
    delivery_address: str | UnsetType | None = UNSET
    customer_id: str | UnsetType | None = UNSET
    customer_name: str | UnsetType | None = UNSET
    customer_contact: str | UnsetType | None = UNSET
    total_weight: float | UnsetType | None = UNSET
    volume: float | UnsetType | None = UNSET
    pallet_count: Whole | UnsetType | None = UNSET
    special_handling: list[str] | UnsetType | None = UNSET
    planned_date: str | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        """A count is handed on as a whole number."""
        if isinstance(self.pallet_count, float):
            msgspec.structs.force_setattr(self, "pallet_count", int(self.pallet_count))

    def members(self) -> dict[str, Any]:
        """The members that were given, by their names on the wire."""
        names = zip(self.__struct_encode_fields__, self.__struct_fields__, strict=True)
        given = {wire: getattr(self, name) for wire, name in names if wire != "reason"}
        return {wire: value for wire, value in given.items() if value is not UNSET}


class Since(Asked, frozen=True, kw_only=True):
    """From when on."""

    since: Moment | UnsetType = UNSET


class LedgerDay(Asked, frozen=True, kw_only=True):
    """Which day, in which zone, of which source or of all."""

    day: date
    source: Text = UNSET
    zone: Text = UNSET


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
