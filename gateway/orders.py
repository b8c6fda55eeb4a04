"""Nouns of the outbox: leases, settlements, attempts, a tenant's state."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal, TypeAlias

import msgspec

from gateway.events import Micros, Reason


class TenantStatus(StrEnum):
    """How deliveries to a tenant go."""

    ACTIVE = "active"
    BACKING_OFF = "backing_off"
    HALTED = "halted"


Place: TypeAlias = tuple[Micros, int]
"""Where an order stands among those of a tenant by their change: when it changed, its row id."""

FIRST_PLACE: Final[Place] = 0, 0


class TenantState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What delivery remembers of a tenant over a restart.

    `failures` run since the last answer that counts (they make the back-off); `suspicions` are those of them that may
    be one order's doing (three halve the batch); `size` is the halved batch, `max_size` what a 413 taught;
    `lies` counts running 2xx that are not the contract; `refused` and `unconfirmed` are the orders (row ids) that died
    alone since the last one was accepted; `probes` counts the probes of a halt; `is_halted_by_hand` is never probed.
    `failing_since`: when the present outage or halt began; `downtime`: the length of all before it. An order that
    fails alone does not die of them. `pulls`: when those came that decide what is served again; `again`: behind which
    order they go on with that, where an answer has no room for all. `hand`: how often a person had halted or resumed
    the tenant when this was known; the store remembers it apart.
    """

    status: TenantStatus = TenantStatus.ACTIVE
    reason: Reason | None = None
    is_halted_by_hand: bool = False
    halted_at: Micros | None = None
    next_attempt_at: Micros | None = None
    failures: int = 0
    suspicions: int = 0
    size: int | None = None
    max_size: int | None = None
    lies: int = 0
    refused: tuple[int, ...] = ()
    unconfirmed: tuple[int, ...] = ()
    probes: int = 0
    last_success_at: Micros | None = None
    last_delivered_at: Micros | None = None
    last_answer: str | None = None
    failing_since: Micros | None = None
    downtime: Micros = 0
    pulls: tuple[Micros, ...] = ()
    again: Place = FIRST_PLACE
    hand: int = 0


class Trial(StrEnum):
    """Where an order stands in an intake that refused everything."""

    NONE = "none"
    REFUSED = "refused"
    FINAL = "final"


class Notes(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What delivery remembers of one order.

    `is_alone`: sent in a request of its own. `failures` alone and running while others pass; `lone_since`: since when,
    by the clock without the tenant's `downtime`, or, with no such failure yet, when its request last failed;
    `unconfirmed`: answers by the contract that did not list it; `trial`: refused while everything was refused (pending
    again), then tried a last time.
    """

    is_alone: bool = False
    failures: int = 0
    lone_since: Micros | None = None
    unconfirmed: int = 0
    trial: Trial = Trial.NONE


class LeasedOrder(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order in a lease: the row id, its id at Trackely, the canonical bytes, notes, and the event of its state."""

    id: int
    external_order_id: str
    body: bytes
    notes: Notes
    received_at: Micros
    source: str = ""
    event_id: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's next batch: of what is due `now`, leased until `until`.

    It is full at `max_orders` or `max_bytes` (the JSON array's), else goes once its oldest order has waited `linger`.
    `hand`: what is known of a person's commands; where there is a newer one, nothing is leased.
    """

    now: Micros
    until: Micros
    linger: Micros
    max_orders: int
    max_bytes: int
    hand: int = 0


class Lease(msgspec.Struct, frozen=True, tag=True):
    """Orders that one holder may send. `token` fences: a settlement with another token changes nothing."""

    token: int
    tenant: str
    orders: tuple[LeasedOrder, ...]


class Wait(msgspec.Struct, frozen=True, tag=True):
    """Nothing to send before `until`; None: nothing is pending. `state`: a person has spoken, and this holds now."""

    until: Micros | None
    state: TenantState | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What one attempt means for one order, that is for the version of it that was sent.

    `delivered`: the intake listed it. `dead`: never again in this version. `unchanged`: surely nothing changed at the
    intake, pending again. `uncertain`: it may have been applied, pending again. `due_at`: not tried before;
    `rests_until`: no version of it is sent before.
    """

    order: int
    result: Literal["delivered", "dead", "unchanged", "uncertain"]
    reason: Reason | None = None
    order_id: str | None = None
    is_created: bool | None = None
    due_at: Micros = 0
    rests_until: Micros = 0
    notes: Notes = Notes()


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One outbound try, for the orders' story. `detail` holds the intake's own words, cut at 2 kB."""

    at: Micros
    kind: Literal["push", "pull", "probe"]
    http_status: int | None
    outcome: str
    detail: str | None
    batch_size: int
    milliseconds: int


class Settling(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer showed: its orders' settlements and the tenant's state, stored at once.

    `tried` orders were in the attempt as well; their lease goes on. `revived` orders that are dead become pending
    again, with their notes' trial set. `releases`: the intake accepts again after it refused everything, so that orders
    marked REFUSED become FINAL and due now, each alone. `claim`: the tenant's next batch is leased in the same
    transaction. Orders that another has leased since rest until `rests_until`, and their newest state is sent again.
    """

    settlements: Sequence[Settlement]
    attempt: Attempt | None
    state: TenantState
    now: Micros
    tried: Sequence[int] = ()
    revived: Sequence[int] = ()
    releases: bool = False
    claim: Claim | None = None
    rests_until: Micros = 0


class Settled(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order after its settlement, for the log and the metrics: `status` as it now is (pending when newer waits).

    `reason` is why it is dead, be it that it was cancelled meanwhile, or else what the answer said of it.
    """

    external_order_id: str
    result: str
    status: str
    reason: Reason | None = None
    received_at: Micros = 0
    source: str = ""
    event_id: str = ""
