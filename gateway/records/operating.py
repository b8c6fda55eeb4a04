"""What people do: acts and their audit, what would come of them, operations."""

from typing import Any, Literal, TypeAlias

import msgspec

from gateway.events import Micros


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


OperationKind: TypeAlias = Literal["preview", "replay", "discard", "promote"]
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
