"""Who is signed in to the console."""

from typing import Protocol

from gateway.events import Micros
from gateway.records import Session


class SessionLedger(Protocol):
    """Sessions of the console, by their cookies' digests."""

    async def session(self, cookie: bytes) -> Session | None:
        """The session of a cookie, over or not."""
        ...

    async def begin(self, session: Session, *, seen_since: Micros, begun_since: Micros) -> None:
        """Keep a session, and forget those that were not seen, or did not begin, since."""
        ...

    async def touch(self, cookie: bytes, seen_at: Micros) -> None:
        """A session was seen again, if there is one still."""
        ...

    async def end(self, cookie: bytes) -> None:
        """Forget a session."""
        ...
