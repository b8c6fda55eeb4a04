"""Requests that were turned away: the last ones on record, a few of them a second in the log."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

import structlog

from gateway.events import SECOND, Micros
from gateway.records import RefusalRecord

CAPACITY = 10_000
LINES_PER_SECOND = 5

REASONS = frozenset(
    {
        "unknown_source",
        "method",
        "credentials",
        "address",
        "too_many_failures",
        "content_type",
        "content_encoding",
        "too_large",
        "unavailable",
        "blocked",
        "crowded",
        "not_json",
        "too_deep",
        "header",
        "charset",
        "disconnected",
        "body_timeout",
        "stopping",
        "internal_error",
        "bad_request",
        "url_too_long",
        "headers_too_large",
        "header_timeout",
        "too_many_connections",
        "operators_credentials",
        "pull_credentials",
        "intake_credentials",
    }
)
"""Why: the closed set, for metrics."""


class LineLimit:
    """Lets a few lines a second through for each key; the keys are configured names, so memory is bounded."""

    def __init__(self) -> None:
        self._seen: dict[str | None, tuple[int, int]] = {}

    def allows(self, key: str | None, at: Micros) -> int | None:
        """How many lines were held back since the last one that was let through, or None: hold this one back too."""
        second = at // SECOND
        since, count = self._seen.get(key, (second, 0))
        held_back = 0
        if since != second:
            held_back, count = max(0, count - LINES_PER_SECOND), 0
        self._seen[key] = (second, count + 1)
        return held_back if count < LINES_PER_SECOND else None


class RefusalLog:
    """The last 10,000 refusals, and each source's last one."""

    def __init__(self, log: Callable[..., None] | None = None, capacity: int = CAPACITY) -> None:
        self._records: deque[RefusalRecord] = deque(maxlen=capacity)
        self._last: dict[str, RefusalRecord] = {}
        self._others: Sequence[RefusalRecord] = ()
        self._lines = LineLimit()
        self._log = log or structlog.get_logger("gateway.ingress").info

    def add(self, record: RefusalRecord) -> None:
        """Keep one; its source is a configured name or None, so that nobody outside can make names."""
        self._records.append(record)
        if record.source is not None:
            self._last[record.source] = record
        held_back = self._lines.allows(record.source, record.at)
        if held_back is not None:
            self._log(
                "refused",
                source=record.source,
                status=record.status,
                reason=record.reason,
                address=record.address,
                size=record.size,
                **({"held_back": held_back} if held_back else {}),
            )

    def own(self, most: int) -> list[RefusalRecord]:
        """The last ones of this gateway's own, oldest first."""
        return list(islice(reversed(self._records), most))[::-1]

    def hear(self, others: Sequence[RefusalRecord]) -> None:
        """These are the other replicas' last ones."""
        self._others = others

    def recent(self) -> Sequence[RefusalRecord]:
        """All that are kept, oldest first."""
        return sorted((*self._others, *self._records), key=_when) if self._others else tuple(self._records)

    def last(self, source: str) -> RefusalRecord | None:
        """A source's last refusal since the start."""
        others = (record for record in self._others if record.source == source)
        return max((*others, *filter(None, [self._last.get(source)])), key=_when, default=None)


def _when(record: RefusalRecord) -> Micros:
    return record.at
