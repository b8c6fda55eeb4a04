"""What was done, would be done, and goes on."""

from typing import Any

import msgspec

from gateway.api.shapes.basics import CanonicalOrder, Reason, Shape, Shown
from gateway.api.shapes.stored import Order
from gateway.events import EventStatus
from gateway.records import Effect, OperationKind, OperationOf, OperationStatus


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
