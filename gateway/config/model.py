"""The configuration's shape: every key, its type and its default. `load.py` reads a file into it."""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from adapters import Adapter, Secret
from gateway.config.nodes import KeyPath, Node, Table
from gateway.config.proofs import Proof
from gateway.config.section import Section
from gateway.events import SECOND
from gateway.records import Belonging, RetentionSpans

Seconds = Annotated[float, "span"]
"""A span: a number of seconds, or `90s`, `15m`, `2h`, `30d`."""

Bytes = Annotated[int, "size"]
"""A size: a number of bytes, or `8MiB`, `100kB`."""


class Address(Section, frozen=True):
    """Where a listener binds."""

    host: str = "127.0.0.1"
    port: int = 8080


class Server(Section, frozen=True):
    """The listener; `admin` moves the operators' doors elsewhere; `trusted_proxies` counts the proxies in front."""

    host: str = "127.0.0.1"
    port: int = 8080
    admin: Address | None = None
    trusted_proxies: int = 0


class ApiToken(Section, frozen=True):
    """A named operator's token. Roles: `read` may GET; `operate` also acts; `admin` everything."""

    name: str
    token: Secret
    role: Literal["read", "operate", "admin"] = "read"


class ApiAccess(Section, frozen=True):
    """Who may use the operators' API: one admin `token`, or named `tokens`."""

    token: Secret | None = None
    tokens: list[ApiToken] = []


class IntakeCustomer(Section, frozen=True):
    """A customer that the embedded intake knows from the start."""

    id: str
    name: str
    contact: str = "N/A"
    address: str | None = None


class EmbeddedIntake(Section, frozen=True):
    """The embedded core intake, for a demo, a test, a pilot."""

    embedded: bool = False
    customers: list[IntakeCustomer] = []


class Limits(Section, frozen=True):
    """What the rim bears."""

    max_body: Bytes = 8 * 1024 * 1024
    header_timeout: Seconds = 10.0
    body_timeout: Seconds = 30.0
    max_connections: int = 1000
    min_free_disk: Bytes = 100 * 1024 * 1024
    unproven: Bytes = 64 * 1024 * 1024


class Retention(Section, frozen=True):
    """How long things are kept, counted from the end of an event or order."""

    bodies: Seconds = 30 * 86400.0
    dead_letters: Seconds = 180 * 86400.0
    keys: Seconds = 90 * 86400.0
    orders: Seconds = 400 * 86400.0
    attempts: Seconds = 30 * 86400.0
    audit: Seconds = 400 * 86400.0

    def spans(self) -> RetentionSpans:
        """The same in microseconds, as the store takes them."""
        return RetentionSpans(**{name: int(span * SECOND) for name, span in msgspec.structs.asdict(self).items()})


class Backoff(Section, frozen=True):
    """Exponential with jitter, from `base` to `max`."""

    base: Seconds = 0.5
    max: Seconds = 300.0


class Batching(Section, frozen=True):
    """When a batch is full, and how long a lone order waits for company."""

    max_orders: int = 100
    max_bytes: Bytes = 1024 * 1024
    linger: Seconds = 0.2


class Pull(Section, frozen=True):
    """What Trackely's pull is served."""

    window: Seconds = 86400.0
    max_orders: int = 10_000


FindingCode: TypeAlias = Literal[
    "no_house_number",
    "impossible_postcode",
    "no_town",
    "po_box",
    "masked",
    "planned_in_the_past",
    "improbable_weight",
]


class Tenant(Section, frozen=True):
    """One Trackely tenant: pushed to at `intake_url` with `secret`, or pulled from with `pull_secret`."""

    intake_url: str | None = None
    secret: Secret | None = None
    delivery: Literal["push", "pull"] = "push"
    pull_secret: Secret | list[Secret] | None = None
    timeout: Seconds = 30.0
    concurrency: int = 1
    max_backlog: int | None = None
    settle_delay: Seconds = 5.0
    release_after: Seconds = 0.0
    probe: Seconds = 60.0
    backoff: Backoff = Backoff()
    batch: Batching = Batching()
    pull: Pull = Pull()
    shared_orders: bool = False
    allow_http: bool = False
    hold: list[FindingCode] = []


class Source(Section, frozen=True):
    """One warehouse's webhook: `/hooks/{name}`. `auth: none` must be said in so many words.

    `zone`: in which time zone its days and hours are reckoned.
    """

    adapter: str
    tenant: str
    auth: list[Proof] | Literal["none"]
    malformed: Literal["accept", "reject"] = "accept"
    options: dict[str, Any] = {}
    mode: Literal["live", "shadow"] = "live"
    replaces: str | None = None
    shadow_adapter: str | None = None
    shadow_options: dict[str, Any] = {}
    allow_ips: list[str] = []
    expect_every: Seconds | Literal["auto"] | None = None
    hash_window: Seconds = 86400.0
    aliases: list[str] = []
    zone: str = "UTC"

    def without_options(self) -> "Source":
        """What is the gateway's own of it."""
        return msgspec.structs.replace(self, options={}, shadow_options={})


Notice: TypeAlias = Literal["halt", "silence", "dead_letters", "store", "backlog"]


class Notify(Section, frozen=True):
    """Whom to tell when something begins and ends: a webhook, or a mailbox by way of an SMTP server."""

    url: Secret | None = None
    email: str | None = None
    smtp: Secret | None = None
    events: list[Notice] = msgspec.field(
        default_factory=lambda: ["halt", "silence", "dead_letters", "store", "backlog"]
    )


LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


class Logging(Section, frozen=True):
    """What is written to standard error, and how many lines of one kind a minute."""

    level: LogLevel = "info"
    lines_per_minute: int = 1000


class Tracing(Section, frozen=True):
    """Where spans go, an OpenTelemetry collector's OTLP over HTTP, and which share of all stories is told."""

    endpoint: str
    sample: float = 0.01


class Console(Section, frozen=True):
    """The operators' pages at `/console`; `zone` is the time zone of the times that they show."""

    enabled: bool = True
    title: str = "Trackely Gateway"
    zone: str = "UTC"


DEFAULT_STORE: Final = "sqlite:///data/gateway.db"


class Replica(Section, frozen=True):
    """Which of several gateways on one database this is, and how often it tells the others that it lives."""

    name: str | None = None
    heartbeat: Seconds = 5.0


class Settings(Section, frozen=True):
    """The file as written."""

    tenants: dict[str, Tenant]
    sources: dict[str, Source]
    server: Server = Server()
    store: str = DEFAULT_STORE
    allow_unsafe: bool = False
    replica: Replica = Replica()
    api: ApiAccess = ApiAccess()
    intake: EmbeddedIntake = EmbeddedIntake()
    limits: Limits = Limits()
    retention: Retention = Retention()
    notify: list[Notify] = []
    console: Console = Console()
    log: Logging = Logging()
    tracing: Tracing | None = None


class ConfiguredSource(msgspec.Struct, frozen=True):
    """A source with its adapter loaded and its options checked.

    `directory` is where the file lies that names them, `given` what it gives as options: another process reads them
    anew, since their types come with the adapter. `second` is the same source with the adapter that looks on.
    """

    name: str
    settings: Source
    adapter: Adapter
    options: Any
    directory: str = ""
    given: Node = Table({}, "")
    second: "ConfiguredSource | None" = None

    def __repr__(self) -> str:
        """Without what may be a secret."""
        return f"ConfiguredSource({self.name!r})"

    def typed_options(self) -> dict[str, Any]:
        """Its options by their keys, as their adapters typed them."""
        found = {"options": self.options}
        return found if self.second is None else {**found, "shadow_options": self.second.options}


class Config(msgspec.Struct, frozen=True):
    """The settings, checked as a whole: adapters loaded, options typed, the store's file an absolute path.

    `expanded` are the keys whose values came from `${…}`: no page shows them. `database` is the store's address where
    it is no file; it may hold a password.
    """

    settings: Settings
    sources: dict[str, ConfiguredSource]
    store_path: str
    directory: str
    expanded: frozenset[KeyPath] = frozenset()
    database: str | None = None

    @property
    def former_names(self) -> dict[str, str]:
        """What sources are called now, by what they were called."""
        return {alias: source.name for source in self.sources.values() for alias in source.settings.aliases}

    @property
    def belonging(self) -> Belonging:
        """Whose the sources' events are that have no order."""
        named = [(name, each) for each in self.sources.values() for name in (each.name, *each.settings.aliases)]
        return Belonging(
            {name: each.settings.tenant for name, each in named},
            tuple([name for name, each in named if each.adapter.tenants and any(each.adapter.tenants(each.options))]),
        )
