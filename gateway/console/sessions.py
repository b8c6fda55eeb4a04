"""Who is signed in: a cookie's digest and the token's, in memory; the role is the token's of this moment."""

import hashlib
import secrets
from typing import Final

from gateway.ground.clock import SECOND, Clock, Micros, monotonic

IDLE: Final = 3600 * SECOND
LONGEST: Final = 12 * 3600 * SECOND
MOST: Final = 1_000
"""Sessions; the one that was longest idle makes room."""


def digest_of(secret: bytes) -> bytes:
    """What is kept of a cookie or a token."""
    return hashlib.sha256(secret).digest()


class Sessions:
    """Begins, finds and ends sessions. They end with the process, an hour after the last page, 12 hours at most.

    `clock` is one that nobody sets.
    """

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._sessions: dict[bytes, tuple[bytes, Micros, Micros]] = {}

    def begin(self, token: bytes) -> str:
        """A session of a token's bearer; its cookie, which is kept nowhere here."""
        if len(self._sessions) >= MOST:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key][2])]
        cookie, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[digest_of(cookie.encode())] = digest_of(token), now, now
        return cookie

    def token_of(self, cookie: str) -> bytes | None:
        """The digest of the token that a cookie's session began with; None: there is none, or it is over."""
        key, now = digest_of(cookie.encode()), self._clock()
        found = self._sessions.get(key)
        if found is None:
            return None
        token, begun, seen = found
        if now - seen > IDLE or now - begun > LONGEST:
            del self._sessions[key]
            return None
        self._sessions[key] = token, begun, now
        return token

    def end(self, cookie: str) -> None:
        """Nobody is signed in with this cookie any more."""
        self._sessions.pop(digest_of(cookie.encode()), None)
