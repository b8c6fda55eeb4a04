"""A day's orders: what a vendor's list had, what was received, and what became of it."""

from typing import Literal, TypeAlias

import msgspec

from gateway.events import Micros, Reason


class DaySpan(msgspec.Struct, frozen=True):
    """From a day's beginning to its end, of one source or of all."""

    since: Micros
    until: Micros
    source: str | None = None


class ListedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a vendor's list, by what it would be at Trackely; `external_order_id` empty: no order.

    `changed_at` is the vendor's, as far as it says. `clock`: under which it is news, None where it is none; `digest`
    of its canonical bytes, None for a cancellation; `reason`: why no order would come of it.
    """

    subject: str
    changed_at: Micros
    tenant: str = ""
    external_order_id: str = ""
    clock: Micros | None = None
    digest: bytes | None = None
    reason: Reason | None = None


class Asking(msgspec.Struct, frozen=True):
    """Of which span of changes the list of a source's turn was read whole: from `since` to when it was asked for."""

    source: str
    turn: str
    since: Micros
    asked_at: Micros


DayKind: TypeAlias = Literal["order", "event", "listed"]


class DayRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a day: an order, an event of which none came, or a record of the vendor's list that never came.

    `event` is the one that tells most. `is_recovered`: first told by reconciliation. `listed_at` and `asked_at`: how
    the vendor's list had it last, None where it did not. `is_behind`: the list has a newer state; `is_overtaken`: a
    newer event of it is dead, or waits. `unconfirmed`: how often the intake's answer did not list it.
    """

    kind: DayKind
    id: int
    source: str
    tenant: str | None
    external_order_id: str | None
    owner: str | None
    event: int | None
    received_at: Micros | None
    is_recovered: bool
    status: str
    reason: Reason | None
    listed_at: Micros | None
    asked_at: Micros | None
    is_behind: bool
    is_overtaken: bool
    order_id: str | None
    delivered_at: Micros | None
    clock: Micros | None
    is_cancelled: bool
    unconfirmed: int


class DayPage(msgspec.Struct, frozen=True):
    """Some of a day's rows, and where the next ones begin; `next` None: these are the last."""

    rows: tuple[DayRow, ...]
    next: str | None
