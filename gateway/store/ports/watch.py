"""The port of whoever wants to know at once what has changed."""

from typing import Final, Protocol

MOST_CHANGES: Final = 10_000
"""Of what is told at once: the newest. Of the others only how many they were."""


class Watch(Protocol):
    """Tells the store's observer of the changes of each commit, while somebody listens; nothing is spent otherwise."""

    async def listen(self) -> None:
        """From now on tell of all that changes."""
        ...

    async def rest(self) -> None:
        """Tell of nothing any more."""
        ...
