"""Who asks: named tokens with roles, compared in constant time over bytes; failed proofs are limited per address."""

import hmac
from collections.abc import Callable
from enum import IntEnum

import msgspec

from gateway.config.model import ApiAccess
from gateway.events import SECOND, Clock, Micros

MINUTE: Micros = 60 * SECOND
MOST_ADDRESSES = 10_000


class Role(IntEnum):
    """What a token may do; the greater includes the smaller."""

    READ = 1
    OPERATE = 2
    ADMIN = 3


class Operator(msgspec.Struct, frozen=True):
    """A token's bearer."""

    name: str
    role: Role


def operators_of(access: ApiAccess) -> Callable[[list[bytes]], Operator | None]:
    """A function from a request's `Authorization` headers to the bearer; None: no proof, a wrong one, or two."""
    known = [
        (entry.token.encode(), Operator(entry.name, Role[entry.role.upper()])) for entry in access.tokens if entry.token
    ]
    if access.token:
        known.append((access.token.encode(), Operator("token", Role.ADMIN)))

    def operator(headers: list[bytes]) -> Operator | None:
        if len(headers) != 1:
            return None
        scheme, _, given = headers[0].partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        given = given.strip()
        found = None
        # Every token is compared, so that the time taken tells nothing.
        for token, bearer in known:
            if hmac.compare_digest(token, given):
                found = bearer
        return found

    return operator


class FailureLimit:
    """Counts failed proofs per address and minute; only failures pay, a valid proof is never refused for them."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._since: Micros = 0
        self._failures: dict[str, int] = {}

    def retry_after(self, address: str) -> int | None:
        """Count a failure; the seconds to wait when it is one too many, else None."""
        now = self._clock()
        if not 0 <= now - self._since < MINUTE:
            self._since, self._failures = now, {}
        # Memory is bounded: past so many addresses, the others share one count.
        key = address if address in self._failures or len(self._failures) < MOST_ADDRESSES else ""
        self._failures[key] = self._failures.get(key, 0) + 1
        if self._failures[key] <= self._per_minute:
            return None
        return max(1, -(-(self._since + MINUTE - now) // SECOND))
