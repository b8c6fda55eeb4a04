"""The rim's port."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Receipt

Result = TypeVar("Result")

Outcome: TypeAlias = Receipt | StoreUnavailable
"""What became of an arrival: it is on disk, or why not."""

Tell: TypeAlias = Callable[[Outcome], None]


class Inbox(Protocol):
    """What the rim needs."""

    def give(self, arrival: Arrival, tell: Tell) -> None:
        """Store an event. Many waiting ones share one commit. `tell` is called in the loop, once this has returned."""
        ...

    def put(self, arrival: Arrival) -> asyncio.Future[Receipt]:
        """Store an event, for whoever awaits it; who does so no longer does not unstore it."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self.give(arrival, partial(settle, future))
        return future

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing; works while nothing can be written.

        False where the key is known but the body is another one, or the hash's window is past: those are to be stored.
        """
        ...


def settle(future: "asyncio.Future[Result]", outcome: "Result | Exception") -> None:
    """Give a future its outcome, unless nobody waits for it any more."""
    if future.cancelled():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
