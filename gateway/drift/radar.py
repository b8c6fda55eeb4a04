"""Watches what sources send and vendors answer: members that no adapter knows, changed types, codes never seen before.

Nothing is refused for it. It looks at a few events a second of each source, fewer once nothing new comes, in a thread
of its own, after the acknowledgement; what it has seen is kept within bounds and written away now and then.
"""

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

import msgspec

from adapters.reading import reader
from gateway.drift.shapes import ITEM, Shapes, json_type, written
from gateway.events import SECOND, Clock, Micros, UntranslatedEvent
from gateway.records import DriftFinding, DriftRow

EVENTS_PER_SECOND: Final = 20
SELDOM: Final = 2
"""Of a source that brought nothing new in `QUIET` looks; the first new thing makes it `EVENTS_PER_SECOND` again."""

QUIET: Final = 200
LARGEST_BODY: Final = 256 * 1024
MOST_MEMBERS: Final = 2_000
"""Members of one body that are looked at, and paths that are remembered of one source."""

MOST_CODES: Final = 40
"""Values that a member may have and still be taken for a code; with more, it is an id or a name."""

LONGEST_CODE: Final = 40
LONGEST_KEY: Final = 80
DEEPEST: Final = 16

_CODE = re.compile(
    r"(status|state|type|code|topic|kind|event|template|reason|method|service|category|level|mode|priority|unit)$",
    re.IGNORECASE,
)
_NO_CODE = re.compile(
    r"(post|zip|door|security|access|discount|coupon|bar|qr|product|article|item|sku|tracking|reference|pin|phone)",
    re.IGNORECASE,
)

_MARKS: Final = frozenset(".[]")
_HOLDERS: Final = (dict, list)
_CODES: Final = (str, int)

Key = tuple[str, str, str]


class Radar:
    """Looks, remembers, and tells.

    Args:
        shapes: what each source's adapter reads.
        samples: what each source's adapter came with; what they hold is no finding.
        clock: the wall clock.
        per_second: how many events of one source are looked at within a second.
    """

    def __init__(
        self,
        shapes: Mapping[str, Shapes],
        clock: Clock,
        per_second: int = EVENTS_PER_SECOND,
        *,
        samples: Mapping[str, Iterable[Any]] | None = None,
    ) -> None:
        self._shapes = shapes
        self._clock = clock
        self._per_second = per_second
        self._seconds: dict[str, tuple[Micros, int]] = {}
        known = samples or {}
        self._sources = {source: _Seen(found, known.get(source, ())) for source, found in shapes.items()}
        self._lock = threading.Lock()

    def load(self, rows: Sequence[DriftRow]) -> None:
        """Go on from what was remembered."""
        with self._lock:
            for row in rows:
                if row.source in self._sources:
                    self._sources[row.source].load(row)

    def look(self, event: UntranslatedEvent) -> None:
        """Look at an event, if its turn has come; never raises for what its body holds."""
        seen = self._sources.get(event.source)
        # A replay tells nothing new, and the hook was looked at before its order was looked up.
        if seen is None or event.is_replayed:
            return
        told = [event.body] if event.answers is None else [body for body in event.answers.values() if body]
        now = self._clock()
        looked = self._looked(event.source, now)
        if looked >= self._most(seen):
            return
        self._seconds[event.source] = (now // SECOND, looked + 1)
        for body in told:
            if (value := _decoded(body)) is not None:
                with self._lock:
                    seen.look(value, event.event_id, now)

    def is_watching(self, source: str) -> bool:
        """Whether it would look at an event of this source now."""
        seen = self._sources.get(source)
        return seen is not None and self._looked(source, self._clock()) < self._most(seen)

    def _looked(self, source: str, now: Micros) -> int:
        """How many of its events were looked at in this second."""
        second, looked = self._seconds.get(source, (0, 0))
        return looked if second == now // SECOND else 0

    def _most(self, seen: "_Seen") -> int:
        return self._per_second if seen.quiet < QUIET else min(SELDOM, self._per_second)

    def take(self) -> list[DriftRow]:
        """What has changed since it was last asked, to be written away."""
        with self._lock:
            return [row for source, seen in self._sources.items() for row in seen.take(source)]

    def findings(self, source: str) -> list[DriftFinding]:
        """What a source sends that was not expected, the latest first met first."""
        with self._lock:
            found = list(self._sources[source].findings()) if source in self._sources else []
        return sorted(found, key=lambda finding: (-finding.first_at, finding.path, finding.value))

    def counts(self) -> dict[tuple[str, str], int]:
        """How many findings there are, by source and kind."""
        counts: dict[tuple[str, str], int] = {}
        for source in self._sources:
            for finding in self.findings(source):
                counts[source, finding.kind] = counts.get((source, finding.kind), 0) + 1
        return counts


class _Entry:
    """One thing that was seen."""

    __slots__ = ("count", "event_id", "example", "first_at", "is_dirty", "is_first", "last_at")

    def __init__(self, first_at: Micros, example: str, event_id: str, *, is_first: bool) -> None:
        self.count = 0
        self.first_at = self.last_at = first_at
        self.example = example
        self.event_id = event_id
        self.is_first = is_first
        self.is_dirty = True


class _Seen:
    """What was seen of one source.

    Attributes:
        quiet: how many looks in a row have met nothing new.
    """

    def __init__(self, shapes: Shapes, samples: Iterable[Any]) -> None:
        self.quiet = 0
        self._shapes = shapes
        self._entries: dict[Key, _Entry] = {}
        self._steps: dict[str, tuple[str, ...]] = {}
        self._types: dict[str, list[str]] = {}
        self._codes: dict[str, list[str]] = {}
        self._wide: set[str] = set()
        self._samples = samples

    @cached_property
    def _expected(self) -> set[Key]:
        """What the samples hold; they are not read before there is anything to compare with them."""
        return {
            (kind, written(steps), text)
            for sample in self._samples
            for steps, _, member in _members(sample)
            for kind, text in self._facts(written(steps), steps, member)
        }

    def load(self, row: DriftRow) -> None:
        entry = _Entry(row.first_at, row.example, row.event_id, is_first=row.is_first)
        entry.count, entry.last_at, entry.is_dirty = row.count, row.last_at, False
        self._enter((row.kind, row.path, row.value), entry)

    def _enter(self, key: Key, entry: _Entry) -> None:
        kind, path, value = key
        self.quiet = 0
        self._entries[key] = entry
        self._steps.setdefault(path, _steps_of(path))
        if kind == "type":
            self._types.setdefault(path, []).append(value)
        elif kind == "code":
            self._codes.setdefault(path, []).append(value)
        elif kind == "wide":
            self._wide.add(path)

    def look(self, value: Any, event_id: str, now: Micros) -> None:
        self.quiet += 1
        # Of one event, everything counts once; a list's items are mostly alike, and seen at the first.
        alike: set[tuple[tuple[str, ...], type]] = set()
        met: set[Key] = set()
        for steps, example, member in _members(value):
            if (steps, type(member)) in alike:
                continue
            path = written(steps)
            if path not in self._steps:
                if len(self._steps) >= MOST_MEMBERS:
                    continue
                self._steps[path] = steps
            if not _names_code(steps[-1]):
                alike.add((steps, type(member)))
            for kind, text in self._facts(path, steps, member):
                key = (kind, path, text)
                if key not in met:
                    met.add(key)
                    self._note(key, example, event_id, now)

    def _facts(self, path: str, steps: tuple[str, ...], member: Any) -> Iterator[tuple[str, str]]:
        if steps[-1] != ITEM:
            yield "member", ""
        if member is None:
            return
        yield "type", json_type(member)
        if type(member) in _CODES and path not in self._wide:
            text, name = str(member), steps[-1]
            if text and len(text) <= LONGEST_CODE and _names_code(name):
                yield "code", text

    def _note(self, key: Key, example: str, event_id: str, now: Micros) -> None:
        kind, path, value = key
        entry = self._entries.get(key)
        if entry is None:
            known = {"type": self._types, "code": self._codes}.get(kind, {}).get(path, [])
            if kind == "code" and len(known) >= MOST_CODES:
                self._widen(path, example, event_id, now)
                return
            steps = self._steps[path]
            is_first = not known
            if kind == "type" and self._shapes.knows(steps):
                is_first = is_first and self._shapes.takes(steps, value)  # type: ignore[arg-type]
            entry = _Entry(now, example, event_id, is_first=is_first)
            self._enter(key, entry)
        entry.count += 1
        entry.last_at = now
        entry.is_dirty = True

    def _widen(self, path: str, example: str, event_id: str, now: Micros) -> None:
        for value in self._codes.pop(path, []):
            del self._entries["code", path, value]
        self._enter(("wide", path, ""), _Entry(now, example, event_id, is_first=True))

    def take(self, source: str) -> Iterator[DriftRow]:
        for (kind, path, value), entry in self._entries.items():
            if entry.is_dirty:
                entry.is_dirty = False
                yield DriftRow(
                    source=source, kind=kind, path=path, value=value, count=entry.count,  # type: ignore[arg-type]
                    first_at=entry.first_at, last_at=entry.last_at, example=entry.example, event_id=entry.event_id,
                    is_first=entry.is_first,
                )  # fmt: skip

    def findings(self) -> Iterator[DriftFinding]:
        for key, entry in self._entries.items():
            found = self._finding(*key, entry)
            if found is not None and key not in self._expected:
                yield found

    def _finding(self, kind: str, path: str, value: str, entry: _Entry) -> DriftFinding | None:
        if kind == "member" and self._is_unknown(self._steps[path]):
            return _finding("unknown_member", path, "", (), entry)
        if kind == "type" and not entry.is_first:
            return _finding("type_changed", path, value, self._before(self._types, kind, path, value, entry), entry)
        if kind == "code" and not entry.is_first:
            return _finding("new_code", path, value, self._before(self._codes, kind, path, value, entry), entry)
        return None

    def _is_unknown(self, steps: tuple[str, ...]) -> bool:
        """Whether the adapter does not read a member whose object it reads: below an unknown one all is unknown."""
        shapes = self._shapes
        if not shapes.are_known or shapes.knows(steps):
            return False
        above = steps[:-1]
        return not above or shapes.knows(above)

    def _before(
        self, known: Mapping[str, Sequence[str]], kind: str, path: str, value: str, entry: _Entry
    ) -> tuple[str, ...]:
        others = [other for other in known.get(path, ()) if other != value]
        return tuple(other for other in others if self._entries[kind, path, other].first_at <= entry.first_at)


def _finding(kind: Any, path: str, value: str, was: tuple[str, ...], entry: _Entry) -> DriftFinding:
    return DriftFinding(
        kind=kind, path=path, value=value, was=was, count=entry.count, first_at=entry.first_at, last_at=entry.last_at,
        example=entry.example, event_id=entry.event_id,
    )  # fmt: skip


_read = reader(object)


def _decoded(body: bytes) -> Any:
    try:
        return _read(body) if len(body) <= LARGEST_BODY else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _members(value: Any) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Every member and item below a value: its steps, the path at which it stands, and itself."""
    waiting: list[tuple[tuple[str, ...], str, Any]] = [((), "$", value)] if isinstance(value, _HOLDERS) else []
    looked = 0
    while waiting:
        steps, path, found = waiting.pop()
        if len(steps) >= DEEPEST:
            continue
        below: Iterator[tuple[tuple[str, ...], str, Any]]
        if isinstance(found, dict):
            below = (((*steps, key), f"{path}.{key}", member) for key, member in found.items() if _is_name(key))
        else:
            item = (*steps, ITEM)
            below = ((item, f"{path}[{place}]", member) for place, member in enumerate(found))
        for each in below:
            looked += 1
            if looked > MOST_MEMBERS:
                return
            yield each
            if isinstance(each[2], _HOLDERS):
                waiting.append(each)


@lru_cache(4096)
def _names_code(name: str) -> bool:
    return bool(_CODE.search(name)) and not _NO_CODE.search(name)


@lru_cache(4096)
def _is_name(key: str) -> bool:
    """Whether a key can stand in a written path, and is no text that somebody wrote at length."""
    return 0 < len(key) <= LONGEST_KEY and key.isprintable() and not _MARKS & set(key)


def _steps_of(path: str) -> tuple[str, ...]:
    """The steps of a written path."""
    return tuple(path[1:].replace(ITEM, f".{ITEM}").split(".")[1:])
