"""The port of who does what: replicas, and the duties that each has alone."""

from collections.abc import Mapping
from typing import Protocol

from gateway.events import Micros
from gateway.records import Joined, Joining, ReplicaRecord, Sight, Turning


class Duties(Protocol):
    """What replicas of one store see and take of one another."""

    async def join(self, joining: Joining, now: Micros) -> Joined:
        """Begin a life under a number of its own. From now on all that is written is fenced by it."""
        ...

    async def look(self, known: tuple[int, int] | None, after_state: int) -> Sight:
        """See the others; who has which duty where that is not as it was `known`, and whose orders are new."""
        ...

    async def turn(self, turning: Turning) -> tuple[str, ...]:
        """Give a sign of life and turn duties over; those of the wanted ones that are this replica's now.

        What a lost replica had is free. Raises StoreUnavailable for a replica that was itself given up.
        """
        ...

    async def leave(self, number: int) -> None:
        """End a life: its duties are free."""
        ...

    async def tell(self, number: int, notes: Mapping[str, bytes]) -> None:
        """Let the others know something of a replica, by its kind, instead of what they knew; gone with its life."""
        ...

    async def heard(self, number: int) -> list[tuple[str, bytes]]:
        """What the others let a replica know, by kinds."""
        ...

    async def replicas(self) -> list[ReplicaRecord]:
        """All that serve the store, and those lost lately, by their names."""
        ...
