"""What the wiring hands to the operators' API: the rooms behind it, as narrow Protocols, and the facts it needs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from adapters import Hook
from gateway.config.live import Live
from gateway.config.model import ApiAccess, Config
from gateway.events import Clock, Micros, Reason, TranslatedEvent
from gateway.ground.failures import TurnedAway
from gateway.ground.hours import Hours
from gateway.orders import TenantState
from gateway.records import Act, Change, DriftFinding, Effects, Heard, LookupHalt, RefusalRecord, Silence, SourceMode
from gateway.store.ports import Acts, Archive, AuditTrail, Bulk, DayLedger, Duties, Records, Shadows

Audit: TypeAlias = Callable[[str, str, str], None]
"""Writes into the log who did what to what: the token's name, the act, the thing it was done to."""


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload made of the configuration.

    The keys that are others now, how many parts are as they were, and the keys that count from the next start on.
    """

    changed: tuple[str, ...]
    unchanged: int
    needs_restart: tuple[str, ...]


class Reloading(Protocol):
    """Reads the configuration anew."""

    async def reload(self, by: str) -> Reloaded:
        """Go on with it. Raises ConflictingRequest where it does not do: nothing changed."""
        ...

    async def announced(self) -> ApiAccess | None:
        """Whom it would let in; None: that cannot be told at the moment."""
        ...


class Deliveries(Protocol):
    """What the operators may ask of delivery."""

    def states(self) -> Mapping[str, TenantState]:
        """How each pushed tenant stands."""
        ...

    async def halt(self, tenant: str, reason: Reason, act: Act) -> None:
        """Send nothing to the tenant until it is resumed by hand; survives a restart."""
        ...

    async def resume(self, tenant: str, act: Act) -> None:
        """Lift a halt or a back-off and try at once."""
        ...

    def wake(self, tenant: str) -> None:
        """The tenant may have an order to send."""
        ...

    async def forget_words(self, tenant: str) -> None:
        """Keep of the tenant's present trouble its code, not the intake's words: they may name a person."""
        ...


class Lookups(Protocol):
    """What the operators may ask of the lookups in vendors' APIs."""

    def halts(self, source: str) -> Sequence[LookupHalt]:
        """The source's halted lookups."""
        ...

    async def resume(self, source: str, act: Act) -> None:
        """Lift the halts of the source's lookups and try at once."""
        ...

    async def reconcile(self, source: str, since: Micros | None) -> int:
        """Ask the vendor for what no webhook told, changed since then (None: the configured horizon); events made.

        Raises `ConflictingRequest` where the source has nothing to ask.
        """
        ...

    async def look(self, source: str, since: Micros) -> int:
        """Read the vendor's list of what changed since then, and only remember it; how many records it named.

        Raises as `reconcile` does.
        """
        ...

    def turns(self, source: str) -> Sequence[str]:
        """Whose lists can be asked for; none where nobody can be asked."""
        ...


class Refusals(Protocol):
    """The requests that were turned away."""

    def recent(self) -> Sequence[RefusalRecord]:
        """The last ones, oldest first."""
        ...

    def last(self, source: str) -> RefusalRecord | None:
        """The source's last one."""
        ...


class Drift(Protocol):
    """What was noticed of the sources' payloads."""

    def findings(self, source: str) -> Sequence[DriftFinding]:
        """What a source sends that was not expected, the newest first."""
        ...


class Preview(Protocol):
    """What replaying would do, told by really translating, nothing being stored."""

    async def of_replay(self, events: Collection[int], *, is_forced: bool) -> Effects:
        """What replaying these events would do."""
        ...


class Stream(Protocol):
    """All that changes, as it changes."""

    async def begin(self) -> None:
        """Listen. Raises StoreUnavailable."""
        ...

    def follow(
        self, last: str | None, wanted: Callable[[Change], bool], *, is_live: bool = False
    ) -> AsyncIterator[Sequence[Heard]]:
        """What is wanted of what changes after a place, or from now on (None); nothing: it was quiet for a while.

        Who is `is_live` would rather miss what is long past than be told late.
        """
        ...


class Trials(Protocol):
    """What would come of a payload, with the paths that each member of each order came from."""

    async def tried(self, source: str, hook: Hook) -> tuple[TranslatedEvent, Sequence[Mapping[str, Sequence[str]]]]:
        """Of a request."""
        ...

    async def traced(self, event: int) -> tuple[TranslatedEvent, Sequence[Mapping[str, Sequence[str]]]]:
        """Of a stored event, now."""
        ...


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """All that the operators' API opens onto.

    `wake_translation` is called when events were put back for translation. `started_at` is when this gateway began to
    listen, from which a source that never sent anything is silent.
    Nothing is pruned by a time beyond the `trusted` one.
    """

    records: Records
    acts: Acts
    bulk: Bulk
    archive: Archive
    days: DayLedger
    duties: Duties
    preview: Preview
    trials: Trials
    drift: Drift
    hours: Hours
    deliveries: Deliveries
    lookups: Lookups
    refusals: Refusals
    silences: Callable[[], Awaitable[Mapping[str, Silence]]]
    habits: Callable[[str], tuple[str, ...]]
    live: Live
    clock: Clock
    started_at: Micros
    audit: Audit
    trail: AuditTrail
    stream: Stream
    turned_away: TurnedAway
    wake_translation: Callable[[], None]
    reloading: Reloading
    wake_operations: Callable[[], None]
    shadows: Shadows
    mode_of: Callable[[str], SourceMode]
    look_at_modes: Callable[[], Awaitable[None]]
    trusted: Clock | None = None

    def now(self) -> Micros:
        """The time that versions go by."""
        return (self.trusted or self.clock)()

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self.live.config
