"""Replicas: the gateways that serve one store, what each may do alone, and what each sees of the others."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from gateway.events import Micros

SHARDS: Final = 32
"""Translation is shared out by what an event's number leaves when divided by this."""

_MOST_NAMED: Final = 4


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """Who begins to serve the store. `process`: which one, of which machine, so that its end can be seen there."""

    name: str
    version: str
    process: str
    config_digest: str = ""
    adapters_digest: str = ""


class Joined(msgspec.Struct, frozen=True):
    """A life of a replica's: its number, whether others can serve the store beside it, and the store's own time."""

    number: int
    is_shared: bool
    now: Micros | None


class Seen(msgspec.Struct, frozen=True):
    """A replica as the others see it: `beats` rises with each sign of life, `wanted` says which duties it shares in."""

    number: int
    process: str
    wanted: str
    beats: int
    is_lost: bool


class Sight(msgspec.Struct, frozen=True):
    """What a replica sees: all of them, who has which duty (None: as when `mark` was seen last), and what is new."""

    replicas: tuple[Seen, ...]
    mark: tuple[int, int]
    duties: dict[str, int] | None
    now: Micros | None
    last_event: int
    last_state: int
    tenants: tuple[str, ...]


class Turning(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of life, and what goes with it: replicas that gave none for too long, duties given up, duties wanted."""

    number: int
    now: Micros
    wanted: str = ""
    config_digest: str = ""
    adapters_digest: str = ""
    lost: tuple[tuple[int, int], ...] = ()
    given_up: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()


class ReplicaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A replica as the operators see it."""

    name: str
    version: str
    config_digest: str
    adapters_digest: str
    started_at: Micros
    last_seen_at: Micros
    duties: tuple[str, ...]
    state: Literal["alive", "lost"]


class Standbys(msgspec.Struct, frozen=True):
    """How many of the database's standbys stand so to its commits, and how far the nearest of them is behind.

    `behind` are bytes of the log, `behind_for` how long ago it was written; None where there is none.
    """

    state: str
    count: int
    behind: int | None
    behind_for: Micros | None


def duties_by_kind(duties: Sequence[str]) -> Iterator[str]:
    """As people are told of them: `delivery: acme, north`; of many of a kind how many there are."""
    kinds: dict[str, list[str]] = {}
    for duty in sorted(duties):
        kind, _, name = duty.partition(":")
        kinds.setdefault(kind, []).extend([name] if name else [])
    for kind, names in kinds.items():
        many = f" ({len(names)})" if len(names) > _MOST_NAMED else f": {', '.join(names)}" if names else ""
        yield f"{kind}{many}"
