"""What the embedded intake refuses, by the answer that it gives.

IntakeRefusal
  Unauthorized        401  wrong or missing secret, unknown tenant, inactive integration
  TooManyFailures     429  the same, too often from one address
  PayloadRefused      400  no JSON, not the payload's shape, or an order that cannot be
  DatesRefused        422  every plannedDate that is no day, of a payload that has no other fault
  PullFailed          502  the pulled URL did not answer, or not with orders that pass the rules above
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from gateway.errors import GatewayError


class DateFault(msgspec.Struct, frozen=True, rename="camel"):
    """One `plannedDate` that is no day, and whose it is."""

    index: int
    external_order_id: str
    message: str


class IntakeRefusal(GatewayError):  # noqa: N818 - the field's word for a request that is turned away
    """Nothing of the request was applied; `body` is the JSON answer."""

    status: ClassVar[int]
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.body: dict[str, Any] = {"error": error}


class Unauthorized(IntakeRefusal):
    """One answer for every reason, so that it tells nobody which it was."""

    status = 401
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})

    def __init__(self) -> None:
        super().__init__("unauthorized")


class TooManyFailures(IntakeRefusal):
    """Guessing is slow; a valid proof is never refused for it."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__("too many failed proofs from this address")
        self.headers = {"Retry-After": str(seconds)}


class PayloadRefused(IntakeRefusal):
    """`details` name the item at fault, where it is one item's."""

    status = 400

    def __init__(self, error: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(error)
        if details:
            self.body["details"] = details


class DatesRefused(IntakeRefusal):
    """Every bad date of the payload."""

    status = 422

    def __init__(self, faults: list[DateFault]) -> None:
        super().__init__("invalid plannedDate")
        self.body["fieldErrors"] = {"plannedDate": faults}


class PullFailed(IntakeRefusal):
    """`details` are those of the refused payload, where the answer was one."""

    status = 502

    def __init__(self, error: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(error)
        if details:
            self.body["details"] = details
