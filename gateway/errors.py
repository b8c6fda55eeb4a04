"""The gateway's errors, by consequence.

GatewayError
  ConfigError             stop the start, exit 78: every fault with the file and the key's path
  StoreUnavailable        nothing was stored: 503, readiness red, try again
  UnknownRecord           the operators asked for something that is not there: 404
  ConflictingRequest      the operators asked for something that cannot be now: 409
  RoleTooSmall            the operator's token may not ask for this: 403
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


class StoreUnavailable(GatewayError):  # noqa: N818 - named by its consequence
    """Nothing was stored; the caller answers 503 and may be called again."""


class UnknownRecord(GatewayError):  # noqa: N818 - named by its consequence
    """There is no such event, order, tenant or source."""


class ConflictingRequest(GatewayError):  # noqa: N818 - named by its consequence
    """It cannot be done in the present state, such as discarding an order that is being sent."""


class RoleTooSmall(GatewayError):  # noqa: N818 - named by its consequence
    """The operator's token may not ask for this."""
