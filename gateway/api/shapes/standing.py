"""How tenants and sources stand, what was turned away, what has drifted, and figures."""

from typing import Any, Literal

from gateway.api.shapes.basics import Reason, Shape, Shown
from gateway.orders import TenantStatus
from gateway.records import ChangeKind, Mode, OperationKind, RecoveredTopic


class Tenant(Shape, frozen=True, kw_only=True):
    """How deliveries to a tenant go; `intakeUrl` without what may be a query's secret."""

    name: str
    delivery: Literal["push", "pull"]
    intake_url: str | None
    status: TenantStatus
    reason: Reason | None
    pending: int
    oldest_pending_seconds: float | None
    dead_letters: int
    last_delivered_at: Shown | None
    last_answer: str | None
    next_attempt_at: Shown | None


class LookupHalt(Shape, frozen=True, kw_only=True):
    """Lookups that the vendor's API turns away."""

    owner: str
    reason: Reason
    since: Shown
    next_probe_at: Shown | None


class Silence(Shape, frozen=True, kw_only=True):
    """How a source stands of which something is expected; `since` is its last sign of life.

    `silentAt` is when it is silent, or was, if it sends nothing; `usualGapSeconds` is that of a learned rhythm.
    """

    state: Literal["heard", "learning", "silent"]
    since: Shown
    silent_at: Shown | None
    learning_until: Shown | None
    usual_gap_seconds: float | None
    why: str | None


class Loss(Shape, frozen=True, kw_only=True):
    """What webhooks would have told, and reconciliation found, in the hour that began at that moment."""

    topic: RecoveredTopic
    hour: Shown
    count: int


class Losses(Shape, frozen=True, kw_only=True):
    """What was lost and found, the newest first."""

    losses: tuple[Loss, ...]


class Source(Shape, frozen=True, kw_only=True):
    """How a source is doing. `silent`: nothing came for longer than its `expect_every`; `silence` is null without one.

    `aliases`: what it was called. `findings` are codes of what its last orders have in common. `hasShadow`: it is in
    shadow, or a second adapter of it looks on.
    """

    name: str
    aliases: tuple[str, ...]
    adapter: str
    adapter_version: str
    tenant: str
    mode: Mode
    has_shadow: bool
    last_accepted_at: Shown | None
    last_refused_at: Shown | None
    last_refusal: Reason | None
    waiting: int
    silent: bool
    silence: Silence | None
    findings: tuple[str, ...]
    lookup_halts: tuple[LookupHalt, ...]


class Refusal(Shape, frozen=True, kw_only=True):
    """A request that was turned away; never its credential."""

    at: Shown
    source: str | None
    status: int
    reason: Reason
    address: str | None
    size: int | None


class DriftFinding(Shape, frozen=True, kw_only=True):
    """What a source sends that was not expected; `was` is what had been seen before. Counts are of looked-at events."""

    kind: Literal["unknown_member", "type_changed", "new_code"]
    path: str
    value: str
    was: tuple[str, ...]
    count: int
    first_at: Shown
    last_at: Shown
    example: str
    event_id: str


class Drift(Shape, frozen=True, kw_only=True):
    """What has drifted in what a source sends, the newest first."""

    drift: tuple[DriftFinding, ...]


class Setting(Shape, frozen=True, kw_only=True):
    """A key of the configuration; `***` in place of whatever may be secret."""

    key: str
    value: Any
    default: Any
    is_default: bool


class Replica(Shape, frozen=True, kw_only=True):
    """A gateway that serves the store, and what it does alone; the digests show which goes by something else."""

    name: str
    version: str
    config_digest: str
    adapters_digest: str
    started_at: Shown
    last_seen_at: Shown
    duties: tuple[str, ...]
    state: Literal["alive", "lost"]


class ReplicaList(Shape, frozen=True, kw_only=True):
    """Those that serve the store, and those lost lately."""

    replicas: tuple[Replica, ...]


class Configuration(Shape, frozen=True, kw_only=True):
    """The configuration in force."""

    configuration: tuple[Setting, ...]


class RefusalList(Shape, frozen=True, kw_only=True):
    """Refusals, newest first, and the cursor of the next page."""

    refusals: tuple[Refusal, ...]
    next: str | None


class TenantList(Shape, frozen=True, kw_only=True):
    """The configured tenants."""

    tenants: tuple[Tenant, ...]


class SourceList(Shape, frozen=True, kw_only=True):
    """The configured sources."""

    sources: tuple[Source, ...]


class Stats(Shape, frozen=True, kw_only=True):
    """How many events and orders are in which status: overall, by source (events), by tenant (orders)."""

    events: dict[str, int]
    orders: dict[str, int]
    sources: dict[str, dict[str, int]]
    tenants: dict[str, dict[str, int]]


class Hour(Shape, frozen=True, kw_only=True):
    """What happened in the hour that began at that moment."""

    at: Shown
    received: int
    delivered: int


class HourList(Shape, frozen=True, kw_only=True):
    """The last hours, the present one last; counted since the start, in this process."""

    since: Shown
    hours: tuple[Hour, ...]


class Told(Shape, frozen=True, kw_only=True):
    """One message of the stream: what is in another status or for another reason, or that some is missing (`gap`).

    Which members there are is the kind's. `code` is the reason's; the whole of it is where the thing itself is shown.
    """

    kind: ChangeKind | Literal["gap"]
    at: Shown
    id: str | None = None
    source: str | None = None
    event_id: str | None = None
    tenant: str | None = None
    external_order_id: str | None = None
    operation: OperationKind | None = None
    status: str | None = None
    code: str | None = None
    total: int | None = None
    done: int | None = None
    failed: int | None = None
    skipped: int | None = None
    why: Literal["older", "unknown", "behind"] | None = None
