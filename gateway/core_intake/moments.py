"""Times: integers of microseconds since 1970 in UTC inside, ISO 8601 with a `Z` outside."""

from typing import overload

from gateway.ground import clock


@overload
def as_text(at: int) -> str: ...
@overload
def as_text(at: None) -> None: ...
def as_text(at: int | None) -> str | None:
    """`2025-02-22T12:00:00.000000Z`; nothing stays nothing."""
    if at is None:
        return None
    return clock.moment(at).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
