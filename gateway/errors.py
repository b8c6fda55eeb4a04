"""The gateway's errors, by consequence.

GatewayError
  ConfigError             stop the start, exit 78: every fault with the file and the key's path
  Refusal                 the request is answered with a status, nothing is stored
  StoreUnavailable        nothing was stored: 503, readiness red, try again
  DeliveryError           what the outbox does next
    IntakeUnavailable       back off
    IntakeUnauthorized      halt
    OrdersRefused           find the culprits, dead letters
  UnknownRecord           the operators asked for something that is not there: 404
  ConflictingRequest      the operators asked for something that cannot be now: 409
"""

import msgspec


class GatewayError(Exception):
    """The root of everything that the gateway raises on purpose."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with the configuration: in which file, if in one, at which key's path, and what was expected."""

    file: str
    path: str
    detail: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.path, self.detail) if part)


class ConfigError(GatewayError):
    """The configuration does not do; all its faults at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[list[Fault]]]:
        """Made anew from its faults: one of the store's process is raised in the gateway's."""
        return ConfigError, (self.faults,)


class Refusal(GatewayError):  # noqa: N818 - the field's word for a request that is turned away
    """The request is answered with `status`; nothing is stored; `reason` is a member of a closed set, for metrics."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail


class StoreUnavailable(GatewayError):  # noqa: N818 - named by its consequence
    """Nothing was stored; the caller answers 503 and may be called again."""


class UnknownRecord(GatewayError):  # noqa: N818 - named by its consequence
    """There is no such event, order, tenant or source."""


class ConflictingRequest(GatewayError):  # noqa: N818 - named by its consequence
    """It cannot be done in the present state, such as discarding an order that is being sent."""
