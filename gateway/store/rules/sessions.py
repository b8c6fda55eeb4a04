"""Who is signed in to the console."""

import msgspec

from gateway.events import Micros
from gateway.records import Session
from gateway.store.rules.transactions import Room, Transaction, reads, writes


class SessionLedger(Room):
    """A row a session."""

    @reads
    def session(self, transaction: Transaction, cookie: bytes) -> Session | None:
        """The session of a cookie, over or not."""
        found = transaction.execute("sessions.session", (cookie,)).fetchone()
        return Session(*found) if found else None

    @writes
    def begin(self, transaction: Transaction, session: Session, *, seen_since: Micros, begun_since: Micros) -> None:
        """Keep a session, and forget those that were not seen, or did not begin, since."""
        transaction.execute("sessions.forget", (seen_since, begun_since))
        transaction.execute("sessions.begin", msgspec.structs.astuple(session))

    @writes
    def touch(self, transaction: Transaction, cookie: bytes, seen_at: Micros) -> None:
        """A session was seen again, if there is one still."""
        transaction.execute("sessions.touch", (seen_at, cookie))

    @writes
    def end(self, transaction: Transaction, cookie: bytes) -> None:
        """Forget a session."""
        transaction.execute("sessions.end", (cookie,))
