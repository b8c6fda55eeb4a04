"""Who asks: named tokens with roles, compared in constant time over bytes."""

import hmac
from collections.abc import Callable
from enum import IntEnum

import msgspec

from gateway.config.model import ApiAccess


class Role(IntEnum):
    """What a token may do; the greater includes the smaller."""

    READ = 1
    OPERATE = 2
    ADMIN = 3


class Operator(msgspec.Struct, frozen=True):
    """A token's bearer."""

    name: str
    role: Role


def bearers_of(access: ApiAccess) -> dict[bytes, Operator]:
    """Each token's bearer."""
    known = {
        entry.token.encode(): Operator(entry.name, Role[entry.role.upper()]) for entry in access.tokens if entry.token
    }
    return {**known, access.token.encode(): Operator("token", Role.ADMIN)} if access.token else known


def operators_of(access: ApiAccess) -> Callable[[list[bytes]], Operator | None]:
    """A function from a request's `Authorization` headers to the bearer; None: no proof, a wrong one, or two."""
    known = bearers_of(access)

    def operator(headers: list[bytes]) -> Operator | None:
        if len(headers) != 1:
            return None
        scheme, _, given = headers[0].partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        given = given.strip()
        found = None
        # Every token is compared, so that the time taken tells nothing.
        for token, bearer in known.items():
            if hmac.compare_digest(token, given):
                found = bearer
        return found

    return operator
