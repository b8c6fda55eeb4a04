"""What is told of the whole: changes, figures, refusals, sessions, halts of lookups, drift, spans of keeping."""

from typing import Literal, TypeAlias

import msgspec

from gateway.events import SECOND, Micros, Reason

ChangeKind: TypeAlias = Literal["event", "order", "tenant", "source", "operation"]


class Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something is in another status, or for another reason, than before a commit.

    `of` and `name`: an event's source and event ID, an order's tenant and externalOrderId; a tenant's name, a source's,
    an operation's kind, and nothing. `id` is the row's, 0 of tenants and sources. `counts`: of an operation, as JSON,
    how many it is of, and how many were done, failed, skipped.
    """

    kind: ChangeKind
    id: int
    of: str
    name: str
    status: str
    code: str | None
    counts: str | None = None


class Heard(msgspec.Struct, frozen=True):
    """A change in the stream of all: its place there, when it was heard, and itself.

    Without a change it is a gap, and `gap` says why: `older` than what is remembered, of an `unknown` place, such as
    one from before a restart, or so far `behind` that it was left out.
    """

    id: str
    at: Micros
    change: Change | None
    gap: Literal["older", "unknown", "behind"] | None = None


class Told(msgspec.Struct, frozen=True):
    """A condition that somebody was told the beginning of: whom (a digest), the event, its subject, since when."""

    whom: str
    event: str
    subject: str
    began_at: Micros


class Session(msgspec.Struct, frozen=True):
    """Who is signed in to the console: digests of the cookie and of the token, since when, and when last seen."""

    cookie: bytes
    token: bytes
    begun_at: Micros
    seen_at: Micros


class Belonging(msgspec.Struct, frozen=True):
    """Which tenant each source's events belong to that have no order, by all the source's names.

    `routing` are those whose orders may be other tenants', too.
    """

    tenants: dict[str, str] = {}
    routing: tuple[str, ...] = ()


class TenantFigures(msgspec.Struct, frozen=True):
    """A tenant's pending orders (leased ones too), since when the oldest waits, and dead letters."""

    pending: int = 0
    oldest_pending_at: Micros | None = None
    dead_letters: int = 0


class Counts(msgspec.Struct, frozen=True):
    """How many events and orders are in which status: overall, per source (events), per tenant (orders)."""

    events: dict[str, int]
    orders: dict[str, int]
    sources: dict[str, dict[str, int]]
    tenants: dict[str, dict[str, int]]


class RefusalRecord(msgspec.Struct, frozen=True):
    """A request that was turned away; never the credential."""

    at: Micros
    source: str | None
    status: int
    reason: str
    address: str | None
    size: int | None


class RetentionSpans(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept after the end of their event or order, or since an act was done, in microseconds."""

    bodies: Micros
    dead_letters: Micros
    keys: Micros
    orders: Micros
    attempts: Micros
    audit: Micros = 400 * 86400 * SECOND


class LookupHalt(msgspec.Struct, frozen=True):
    """Lookups that a vendor's API turns away: whose, why, since when, and when they are tried again."""

    owner: str
    reason: Reason
    since: Micros
    next_probe_at: Micros | None


RecoveredTopic: TypeAlias = Literal["created", "changed", "cancelled"]
"""What a lost webhook would have told of its order."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """How a source stands of which something is expected: heard, learning its rhythm, or silent.

    `since` is its last sign of life; `silent_at`: from then on it is silent, unless it sends; None: not within weeks.
    `usual_gap` is the one that is usual after that, of a rhythm that was learned; `why` it is silent, in a sentence.
    """

    state: Literal["heard", "learning", "silent"]
    since: Micros
    silent_at: Micros | None
    learning_until: Micros | None
    usual_gap: Micros | None
    why: str | None


class LearnedRow(msgspec.Struct, frozen=True):
    """Something learned of a source, and when that was written down."""

    source: str
    kind: str
    at: Micros
    body: bytes


class Recovered(msgspec.Struct, frozen=True):
    """What reconciliation found in the hour that began then, and no webhook had told."""

    source: str
    topic: RecoveredTopic
    hour: Micros
    count: int


class DriftRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something seen in a source's payloads: a member, one of its types, or one of its codes.

    `path` is general (`$.orders[].status`), `example` one that was met (`$.orders[2].status`), in event `event_id`.
    `is_first`: it was there when the member was first met, so nothing has changed. Counts are of looked-at events.
    """

    source: str
    kind: Literal["member", "type", "code", "wide"]
    path: str
    value: str
    count: int
    first_at: Micros
    last_at: Micros
    example: str
    event_id: str
    is_first: bool


class DriftFinding(msgspec.Struct, frozen=True, kw_only=True):
    """What a source sends that was not expected; `was` is what had been seen before."""

    kind: Literal["unknown_member", "type_changed", "new_code"]
    path: str
    value: str
    was: tuple[str, ...]
    count: int
    first_at: Micros
    last_at: Micros
    example: str
    event_id: str
