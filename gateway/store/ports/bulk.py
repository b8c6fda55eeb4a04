"""The port of operations on many."""

from collections.abc import Collection
from typing import Protocol

from gateway.events import Micros
from gateway.records import Act, NewOperation, OperationRecord, OperationStatus, Page


class Bulk(Protocol):
    """Operations on many: made once, carried on in steps, by whoever runs the loop."""

    async def make(self, wanted: NewOperation, act: Act) -> OperationRecord:
        """Fix what was chosen, as it is now, and begin."""
        ...

    async def operation(self, operation: int) -> OperationRecord:
        """One of them, with what became of its events. Raises UnknownRecord."""
        ...

    async def operations(self, *, limit: int, cursor: str | None) -> Page:
        """OperationRecords, newest first."""
        ...

    async def running(self) -> list[OperationRecord]:
        """Those that go on, oldest first."""
        ...

    async def items(self, operation: int) -> list[str]:
        """The numbers of the events that a preview is of. Raises UnknownRecord; ConflictingRequest where it is none."""
        ...

    async def turn(self, operation: int, status: OperationStatus, act: Act) -> OperationRecord:
        """Pause it, let it go on, or cancel it. Raises UnknownRecord; ConflictingRequest where it has ended."""
        ...

    async def step(self, operation: OperationRecord, limit: int, now: Micros) -> int:
        """Do the next of it, at most `limit`, skipping what has changed since; how many were looked at."""
        ...

    async def previewed(
        self, operation: int, done: int, *, effects: dict[str, int] | None, status: OperationStatus, now: Micros
    ) -> None:
        """How far a preview has come, and what it came to, unless it runs no more."""
        ...

    async def order_of_two(self, events: Collection[int]) -> str | None:
        """An order of which two of these events tell; None: there is none."""
        ...
