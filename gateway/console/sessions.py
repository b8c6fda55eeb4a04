"""Who is signed in: a cookie's digest, and the token's keyed by the cookie; the role is the token's of this moment."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec

from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Clock
from gateway.records import Session
from gateway.store.ports import SessionLedger

IDLE: Final = 3600 * SECOND
LONGEST: Final = 12 * 3600 * SECOND
TOUCH: Final = 60 * SECOND
"""So often is it stored that a session was seen; nothing shorter is known of one after a restart."""
MOST: Final = 1_000
"""Sessions that are known from memory; the one that was looked at first makes room."""

Bearer = TypeVar("Bearer")


def digest_of(secret: bytes) -> bytes:
    """What is kept of a cookie."""
    return hashlib.sha256(secret).digest()


def bearer_with(given: bytes, digest: Callable[[bytes], bytes], bearers: Mapping[bytes, Bearer]) -> Bearer | None:
    """Whose token has this digest; all are compared, so that the time taken tells nothing."""
    found = None
    for token, bearer in bearers.items():
        if hmac.compare_digest(digest(token), given):
            found = bearer
    return found


def _keyed(cookie: str, token: bytes) -> bytes:
    # Who reads the store has no cookie, and so nothing to try tokens against.
    return hmac.digest(cookie.encode(), token, "sha256")


class Sessions:
    """Begins, finds and ends sessions: an hour after the last page they are over, and after 12 hours at most.

    While the store is down those that are known are read from memory.
    """

    def __init__(self, ledger: SessionLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._known: dict[bytes, Session] = {}
        self._ends = 0

    async def begin(self, token: bytes) -> str:
        """A session of a token's bearer; its cookie, which is kept nowhere here."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        session = Session(digest_of(cookie.encode()), _keyed(cookie, token), now, now)
        await self._ledger.begin(session, seen_since=now - IDLE, begun_since=now - LONGEST)
        return cookie

    async def is_over(self, cookie: str, bearers: Mapping[bytes, Bearer], *, is_sure: bool = True) -> bool:
        """Whether a session has ended; to ask is no activity. Who need not be sure is answered from memory."""
        key, now = digest_of(cookie.encode()), self._clock()
        session = None if is_sure else self._known.get(key)
        session = session or await self._session(key)
        if session is None or now - session.seen_at > IDLE or now - session.begun_at > LONGEST:
            return True
        return bearer_with(session.token, lambda token: _keyed(cookie, token), bearers) is None

    async def bearer_of(self, cookie: str, bearers: Mapping[bytes, Bearer]) -> Bearer | None:
        """Whose session a cookie is, by the tokens of this moment; None: there is none, or it is over."""
        key, now = digest_of(cookie.encode()), self._clock()
        ends = self._ends
        session = await self._session(key)
        if session is None or now - session.seen_at > IDLE or now - session.begun_at > LONGEST:
            return None
        if now - session.seen_at > TOUCH:
            session = await self._seen(session)
        self._known.pop(key, None)
        # One that was ended while the ledger was asked must not be known again.
        if ends == self._ends:
            if len(self._known) >= MOST:
                del self._known[next(iter(self._known))]
            self._known[key] = session
        return bearer_with(session.token, lambda token: _keyed(cookie, token), bearers)

    async def end(self, cookie: str) -> None:
        """Nobody is signed in with this cookie any more. Raises StoreUnavailable."""
        key = digest_of(cookie.encode())
        await self._ledger.end(key)
        self._ends += 1
        self._known.pop(key, None)

    async def _session(self, key: bytes) -> Session | None:
        try:
            found = await self._ledger.session(key)
        except StoreUnavailable:
            return self._known.get(key)
        if found is None:
            self._known.pop(key, None)
        return found

    async def _seen(self, session: Session) -> Session:
        seen = msgspec.structs.replace(session, seen_at=self._clock())
        try:
            await self._ledger.touch(seen.cookie, seen.seen_at)
        except StoreUnavailable:
            return seen
        return seen
