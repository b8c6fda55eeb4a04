"""What a vendor's answer says of its limits: in headers, or inside a GraphQL answer that is a 200 all the same."""

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from adapters import RateLimit
from gateway.events import SECOND, Micros
from gateway.ground.backoff import LONGEST_RETRY_AFTER
from gateway.lookups.asking import VendorAnswer

_TOO_MANY: Final = 429
_THROTTLED: Final = frozenset({"THROTTLED", "RATE_LIMITED", "TOO_MANY_REQUESTS", "MAX_COST_EXCEEDED"})
_DENIED: Final = frozenset({"UNAUTHENTICATED", "UNAUTHORIZED", "ACCESS_DENIED", "FORBIDDEN"})


def rest_of(limits: RateLimit | None, headers: Mapping[str, str], status: int, now: Micros) -> Micros:
    """How long nothing more may be asked, by the headers that the adapter names; an hour at most."""
    if limits is None:
        return 0
    remaining, reset = _number(headers.get(limits.remaining.lower())), _number(headers.get(limits.reset.lower()))
    if reset is None or (status != _TOO_MANY and (remaining is None or remaining >= 1)):
        return 0
    if limits.unit == "epoch":
        rest = reset * SECOND - now
    else:
        rest = reset * SECOND / (1000 if limits.unit == "milliseconds" else 1)
    return round(min(max(rest, 0), LONGEST_RETRY_AFTER))


def _number(text: object) -> float | None:
    try:
        number = float(text) if isinstance(text, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


class _Error(msgspec.Struct):
    extensions: dict[str, Any] | None = None


class _Answer(msgspec.Struct):
    errors: list[_Error] | None = None
    extensions: dict[str, Any] | None = None


_read = msgspec.json.Decoder(_Answer).decode


def refused_inside(answer: VendorAnswer) -> VendorAnswer:
    """A GraphQL answer as what it is: its errors may say that too much was asked, or that we have no rights."""
    try:
        read = _read(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return answer
    codes = {str((error.extensions or {}).get("code", "")).upper() for error in read.errors or ()}
    if codes & _DENIED:
        return VendorAnswer(401, detail=f"its answer's error is {min(codes & _DENIED)}", lacks_rights=True)
    if not codes & _THROTTLED:
        return answer
    rest = max(answer.retry_after, _restored_in(read.extensions or {}))
    return VendorAnswer(
        _TOO_MANY, detail=f"its answer's error is {min(codes & _THROTTLED)}", retry_after=rest, pause=rest
    )


def _restored_in(extensions: dict[str, Any]) -> Micros:
    """When a bucket of points holds what the query costs again, by the cost that the answer names."""
    cost = extensions.get("cost")
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return 0
    wanted, there, rate = (
        _number(value)
        for value in (cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate"))
    )
    if wanted is None or there is None or not rate or rate < 0:
        return 0
    return round(min(max((wanted - there) / rate * SECOND, 0), LONGEST_RETRY_AFTER))
