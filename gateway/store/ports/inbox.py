"""The rim's port."""

import asyncio
from typing import Protocol

from gateway.events import Arrival, Receipt


class Inbox(Protocol):
    """What the rim needs."""

    def put(self, arrival: Arrival) -> asyncio.Future[Receipt]:
        """Store an event; the future is done when it is on disk. Many waiting ones share one commit."""
        ...

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing; works while nothing can be written.

        False where the key is known but the body is another one, or the hash's window is past: those are to be stored.
        """
        ...
