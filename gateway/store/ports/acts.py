"""The port of what operators may do."""

from collections.abc import Collection
from typing import Protocol

from gateway.events import Micros
from gateway.records import Act, Amended, Amendment, DeadLetterFilter, EventFilter, RetentionSpans


class Acts(Protocol):
    """What the operators may do. Counts say how many were found to do it to.

    `act` is written down in the transaction of the first effect, and counts the later ones; None: no person's doing.
    """

    async def replay(self, events: Collection[int], *, force: bool, act: Act | None = None) -> int:
        """Translate the stored bytes of these events again with today's adapter and options.

        Events whose body was pruned are left out. `force` makes each the newest state of its orders.
        """
        ...

    async def fitting(self, which: EventFilter) -> list[int]:
        """The events that fit, oldest first, those without a body too."""
        ...

    async def letters(self, which: DeadLetterFilter | Collection[str]) -> list[str]:
        """The ids of the dead letters that fit, or are among these, the oldest first."""
        ...

    async def events_of(self, letters: Collection[str]) -> list[int]:
        """The events behind dead letters, each once: an event's own, an order's by its state."""
        ...

    async def have_bodies(self, events: Collection[int]) -> dict[int, bool]:
        """Those of these events that there are, and whether each has a body still."""
        ...

    async def discard_dead_letters(
        self, which: DeadLetterFilter | Collection[str], *, reason: str | None, now: Micros, act: Act | None = None
    ) -> int:
        """Set dead letters aside for good, with the person's reason."""
        ...

    async def discard_order(
        self, tenant: str, external_order_id: str, *, reason: str | None, now: Micros, act: Act | None = None
    ) -> None:
        """Never send the order's present state. Raises UnknownRecord; ConflictingRequest while it is being sent."""
        ...

    async def amend(self, amendment: Amendment, *, now: Micros, act: Act | None = None) -> Amended:
        """Place a person's state of an order with the clock `now`, judged like any other.

        Raises UnknownRecord; ConflictingRequest where the order's newest state is not the one that was looked at.
        """
        ...

    async def release(
        self, letters: Collection[str], *, shared: Collection[str], now: Micros, act: Act | None = None
    ) -> int:
        """Let the `held` states of these dead letters go as if they had just arrived; how many letters.

        `shared`: the tenants whose orders may be of several owners.
        """
        ...

    async def erase(self, tenant: str, external_order_id: str, *, now: Micros, act: Act | None = None) -> int:
        """Remove what the order's whole story says of anybody; how many events were emptied.

        The skeleton stays: ids, statuses, times, versions, digests. What was still to be sent is discarded. Events that
        became no order's go too, where all their references are the story's. Raises UnknownRecord; ConflictingRequest
        while the order is being sent.
        """
        ...

    async def prune(self, retention: RetentionSpans, now: Micros, act: Act | None = None) -> int:
        """Remove what is older than its span since its end; how many rows.

        No step holds the writer for 50 ms, but for what the disk takes to overwrite a single body of many megabytes.
        """
        ...
