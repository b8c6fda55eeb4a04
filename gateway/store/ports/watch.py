"""The port of whoever wants to know at once what has changed."""

from typing import Protocol


class Watch(Protocol):
    """Tells the store's observer of the changes of each commit, while somebody listens; nothing is spent otherwise."""

    async def listen(self) -> None:
        """From now on tell of all that changes."""
        ...

    async def rest(self) -> None:
        """Tell of nothing any more."""
        ...
