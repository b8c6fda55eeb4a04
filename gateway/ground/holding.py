"""What a room asks of duties that one replica has alone; and the answer where this gateway has them all."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from gateway.ground.supervision import Loop


class WindUp(Protocol):
    """Ends what a duty has begun."""

    async def __call__(self, *, is_lost: bool) -> None:
        """Begin nothing more; what was begun is settled, or broken off where the duty `is_lost`."""
        ...


class Holding(Protocol):
    """Which duties are this gateway's."""

    def holds(self, duty: str) -> bool:
        """Whether it is, for now."""
        ...

    def during(self, duty: str, loop: Loop, wind_up: WindUp | None = None) -> Loop:
        """The loop, as it is while the duty is this gateway's."""
        ...

    def alone(self, what: str) -> AbstractAsyncContextManager[None]:
        """While it lasts nobody else is at the same."""
        ...


class Everything:
    """Of a gateway that is alone."""

    def holds(self, duty: str) -> bool:  # noqa: ARG002 - whichever
        """It is."""
        return True

    def during(self, duty: str, loop: Loop, wind_up: WindUp | None = None) -> Loop:  # noqa: ARG002 - whichever
        """The loop."""
        return loop

    @asynccontextmanager
    async def alone(self, what: str) -> AsyncIterator[None]:  # noqa: ARG002 - whatever
        """Nobody else is there."""
        yield
