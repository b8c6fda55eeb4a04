"""A link that signs in once: the demo's, for whoever started it on this machine."""

import hmac
import secrets
from typing import Final

from gateway.events import SECOND, Clock

LASTS: Final = 300 * SECOND
BYTES: Final = 16


class SignInLink:
    """Holds a token for whoever has the link's code: once, for five minutes from the printing on."""

    def __init__(self, token: str, clock: Clock) -> None:
        self._token = token.encode()
        self._clock = clock
        self._code: str | None = None
        self._until = 0

    def issue(self) -> str:
        """The path of a new link; an older one ends."""
        self._code, self._until = secrets.token_urlsafe(BYTES), self._clock() + LASTS
        return f"/console/link/{self._code}"

    def is_good(self, code: str) -> bool:
        """Whether a code would sign in."""
        is_ours = self._code is not None and hmac.compare_digest(self._code.encode(), code.encode())
        return is_ours and self._clock() <= self._until

    def consume(self, code: str) -> bytes | None:
        """The token, this once."""
        if not self.is_good(code):
            return None
        self._code = None
        return self._token
