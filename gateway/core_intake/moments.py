"""Times: integers of microseconds since 1970 in UTC inside, ISO 8601 with a `Z` outside."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import overload

Clock = Callable[[], int]
"""Answers the present in microseconds since 1970 in UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> int:
    """The machine's clock."""
    return time.time_ns() // 1000


@overload
def as_text(moment: int) -> str: ...
@overload
def as_text(moment: None) -> None: ...
def as_text(moment: int | None) -> str | None:
    """`2025-02-22T12:00:00.000000Z`; nothing stays nothing."""
    if moment is None:
        return None
    at = _EPOCH + timedelta(microseconds=moment)
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
