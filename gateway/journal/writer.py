"""The journal's writing thread: takes what waits, sees that its keys are new, writes one record, syncs once, tells.

It runs in the process that acknowledges. Writing, syncing and the look for known keys give the interpreter up.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from gateway.events import Arrival
from gateway.ground.files import InPlace
from gateway.journal.records import HEAD_BYTES, Head, encode
from gateway.journal.segments import SEGMENT_BYTES, Origin, prepare, segment_path, segments_of

MOST_SEGMENTS: Final = 8
"""So much waits for the ledger at the most; then arrivals wait for it, too."""

MOST_ENTRIES: Final = 256
MOST_BYTES: Final = 1 << 20
ROOM_SECONDS: Final = 0.25
"""So long a group waits for a segment to become free, before it goes to the ledger itself."""

_YIELD_SECONDS: Final = 0.00005


class Offered(NamedTuple):
    """An arrival, itself and packed; `future` is whoever waits for it, of no concern here."""

    arrival: Arrival
    packed: msgspec.Raw
    future: "asyncio.Future[object]"


class Written(NamedTuple):
    """What became of a group: the entries that are on disk, and those that are the ledger's to judge.

    `is_failed`: since they could not be written, and not since it knows their keys.
    The record is in the segment's file from `start` to `end`; `last` is the number of its last entry.
    """

    stored: Sequence[Offered]
    others: Sequence[Offered]
    seconds: float = 0.0
    segment: int = 0
    start: int = 0
    end: int = 0
    last: int = 0
    is_failed: bool = False


class _Segment:
    __slots__ = ("descriptor", "end", "in_place", "index", "last", "used")

    def __init__(self, store: Path, index: int) -> None:
        path = segment_path(store, index)
        self.index = index
        # An earlier life may have written to all of it.
        self.used = SEGMENT_BYTES if path.exists() else 0
        self.descriptor = prepare(path)
        self.in_place = InPlace(path)
        self.end = self.last = 0


class Journal:
    """Call `offer` in the loop; `tell` is called there, too, group by group in the order of the offers.

    Args:
        store: beside which the segments are, or come to be.
        origin: where an earlier life ended; nothing of it is needed any more.
        known: which of these arrivals have keys that the ledger knows, by their places; may raise anything.
        tell: is told of each group.
        write, sync: the system's.

    Raises:
        OSError: there is no room for the first segment.
    """

    def __init__(
        self,
        store: Path,
        origin: Origin,
        known: Callable[[Sequence[Arrival]], Collection[int]],
        tell: Callable[[Written], None],
        *,
        write: Callable[[int, bytes, int], int] = os.pwrite,
        sync: Callable[[int], None] = os.fdatasync,
    ) -> None:
        self._store_path = store
        self._writer = origin.writer
        self._epoch = origin.epoch + 1
        self._generation = origin.generation
        self._last = origin.number
        self._known = known
        self._tell = tell
        self._write = write
        self._sync = sync
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Offered] = deque()
        self._wake = threading.Lock()
        self._wake.acquire()
        self._is_waking = False
        self._is_closing = False
        self._segments = [_Segment(store, index) for index in range(max(1, len(segments_of(store))))]
        self._free: deque[_Segment] = deque(self._segments)
        self._sealed: deque[_Segment] = deque()
        self._current: _Segment | None = None
        self._room = threading.Event()
        self._making: threading.Thread | None = None
        self._jobs: deque[tuple[Callable[[], None], asyncio.Future[None]]] = deque()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def offer(self, offered: Offered) -> None:
        """Write it with the next group."""
        self._waiting.append(offered)
        if not self._is_waking:
            # Once for all that one turn of the loop has read, which makes them one group.
            self._is_waking = True
            self._loop.call_soon(self._wake_up)

    def release(self, taken: int) -> None:
        """The ledger has all entries up to this number, for good: what held no later one is used again."""
        while self._sealed and self._sealed[0].last <= taken:
            self._free.append(self._sealed.popleft())
            self._room.set()

    async def seal(self) -> None:
        """Write no more to the segment in use: once the ledger has it, it is free."""
        await self._do(self._seal)

    async def scrub(self) -> None:
        """Overwrite what is in free segments. Raises OSError."""
        await self._do(self._overwrite)

    async def close(self) -> None:
        """Write what waits, tell of it, and end the thread."""
        self._is_closing = True
        self._wake_up()
        await asyncio.to_thread(self._thread.join)
        if self._making is not None:
            await asyncio.to_thread(self._making.join)
        for segment in self._segments:
            os.close(segment.descriptor)

    async def _do(self, job: Callable[[], None]) -> None:
        """Run in the thread, between two groups."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._jobs.append((job, done))
        self._wake_up()
        await done

    def _wake_up(self) -> None:
        self._is_waking = False
        with contextlib.suppress(RuntimeError):
            self._wake.release()

    def _run(self) -> None:
        while True:
            # Read first: whatever was offered before the close is in the queue by now.
            is_closing = self._is_closing
            if self._jobs:
                self._run_job(*self._jobs.popleft())
            elif self._waiting:
                self._store(self._next_group())
            elif is_closing:
                return
            else:
                self._wake.acquire()

    def _run_job(self, job: Callable[[], None], done: "asyncio.Future[None]") -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - whoever asked for it is told
            self._loop.call_soon_threadsafe(done.set_exception, error)
        else:
            self._loop.call_soon_threadsafe(done.set_result, None)

    def _overwrite(self) -> None:
        for segment in list(self._free):
            if segment.used:
                self._write(segment.descriptor, bytes(segment.used), 0)
                self._sync(segment.descriptor)
                segment.used = 0

    def _next_group(self) -> list[Offered]:
        group: list[Offered] = []
        size = 0
        while self._waiting and len(group) < MOST_ENTRIES and size < MOST_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1].arrival.body)
        return group

    def _store(self, group: list[Offered]) -> None:
        started = time.perf_counter()
        try:
            known = self._known([each.arrival for each in group])
            others = [group[place] for place in known]
            stored = [each for place, each in enumerate(group) if place not in known] if known else group
            written = self._written(stored, others, started) if stored else Written((), others)
        except Exception:  # noqa: BLE001 - whatever it was, the ledger itself can judge and store, or say why not
            self._seal()
            written = Written((), group, is_failed=True)
        # The loop may be closed already when a stop was forced: then nobody waits for the answer.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell, written)
        # Yields the interpreter, so that the loop answers and fills the next group before it is taken.
        time.sleep(_YIELD_SECONDS)

    def _written(self, stored: Sequence[Offered], others: Sequence[Offered], started: float) -> Written:
        payload = encode([each.packed for each in stored])
        segment = self._segment_for(HEAD_BYTES + len(payload))
        head = Head(len(payload), self._writer, self._epoch, self._last + 1, len(stored), self._generation)
        record = head.packed(payload) + payload
        start, done = segment.end, 0
        segment.used = max(segment.used, start + len(record))
        while done < len(record):
            done += self._write(segment.descriptor, record[done:], start + done)
        self._sync(segment.descriptor)
        if (fault := segment.in_place.fault()) is not None:
            raise OSError(fault)
        segment.end = start + len(record)
        segment.last = self._last = self._last + len(stored)
        seconds = time.perf_counter() - started
        return Written(stored, others, seconds, segment.index, start, segment.end, segment.last)

    def _segment_for(self, size: int) -> _Segment:
        """A segment that has room for a record. Raises OSError where none becomes free."""
        if self._current is not None and self._current.end + size > SEGMENT_BYTES:
            self._seal()
        if self._current is None:
            self._room.clear()
            if not self._free and not self._room.wait(ROOM_SECONDS):
                raise OSError("no segment of the journal is free")
            self._current = self._free.popleft()
            self._current.end = self._current.last = 0
            self._generation += 1
            if not self._free and len(self._segments) < MOST_SEGMENTS and self._making is None:
                self._making = threading.Thread(target=self._make_another, name="journal-segment", daemon=True)
                self._making.start()
        return self._current

    def _seal(self) -> None:
        """Write no more to the segment: it is full, or nobody knows what of it is on disk."""
        if self._current is not None:
            (self._sealed if self._current.last else self._free).append(self._current)
            self._current = None

    def _make_another(self) -> None:
        """The next segment, before it is needed; where there is no room for it, those that there are must do."""
        with contextlib.suppress(OSError):
            segment = _Segment(self._store_path, len(self._segments))
            self._segments.append(segment)
            self._free.append(segment)
            self._room.set()
        self._making = None
