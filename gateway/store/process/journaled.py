"""The inbox before the ledger: new keys are acknowledged by the journal, everything rare by the ledger, as without one.

A key is in the journal's memory until the ledger has it, and asked for there first: what is gone from it is committed.
"""

import asyncio
from collections import Counter, deque
from typing import Any, Final, Protocol, TypeAlias

import msgspec

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Receipt
from gateway.journal import Journal, Offered, Origin, Written
from gateway.journal.records import encode
from gateway.store.ports import CommitObserver, Inbox
from gateway.store.process import protocol
from gateway.store.sqlite.journaled import KnownKeys

LARGEST: Final = 1 << 20
"""Bytes of a body that the journal takes: a larger one is written once, by the ledger."""

MOST_REPEATS: Final = 4096

_STORED, _REPEATED = Receipt(0, "stored"), Receipt(0, "duplicate")
"""Its number is the ledger's to give."""

Key: TypeAlias = tuple[str, str]


class Ledger(Inbox, Protocol):
    """What stands behind the journal."""

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        ...

    def send(self, kind: int, payload: bytes) -> None:
        """Tell the ledger something."""
        ...


class JournaledInbox:
    """The rim's port. Call everything in the loop."""

    def __init__(self, ledger: Ledger, store: Any, origin: Origin, on_group: CommitObserver) -> None:
        self._ledger = ledger
        self._on_group = on_group
        self._loop = asyncio.get_running_loop()
        self._keys: dict[Key, Arrival] = {}
        # Of these, those that are not on disk yet.
        self._unwritten: set[Key] = set()
        self._direct: Counter[Key] = Counter()
        # What came again while the journal held its key: answered, to be counted once the ledger has that.
        self._repeats: list[Arrival] = []
        self._counting: set[asyncio.Future[Receipt]] = set()
        # Entries that the ledger does not have yet, group by group, by the number of the last one.
        self._groups: deque[tuple[int, list[Key]]] = deque()
        self._offered = self._told = 0
        self._last = self._taken = origin.number
        self._untold: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._untaken: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._known = KnownKeys(store)
        self._journal = Journal(store, origin, self._known, self._tell)

    def put(self, arrival: Arrival) -> "asyncio.Future[Receipt]":
        """Store an event with the next group."""
        key = (arrival.source, arrival.event_id)
        held = self._keys.get(key)
        if held is not None:
            return self._again(held, arrival, key)
        if key in self._direct or self._ledger.failure is not None:
            return self._pass(arrival)
        if not _is_ordinary(arrival):
            # What came before it is to have the lower number: where the vendor's times are equal, that decides.
            return self._later(arrival) if self._keys else self._pass(arrival)
        future: asyncio.Future[Receipt] = self._loop.create_future()
        try:
            packed = msgspec.Raw(encode(arrival))
        except Exception:  # noqa: BLE001 - whatever it holds, the ledger says why not
            return self._pass(arrival)
        self._keys[key] = arrival
        self._unwritten.add(key)
        self._offered += 1
        self._journal.offer(Offered(arrival, packed, future))  # type: ignore[arg-type]
        return future

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing; works while nothing can be written."""
        await self._all_told()
        held = self._keys.get((arrival.source, arrival.event_id))
        if held is not None:
            return _is_repeat(held, arrival)
        return await self._ledger.is_duplicate(arrival)

    async def taken_in(self) -> None:
        """Wait until the ledger has what was acknowledged before; not while it cannot write."""
        await self._all_told()
        if self._taken < self._last and self._ledger.failure is None:
            self._ledger.send(protocol.TAKE_IN, b"")
            future: asyncio.Future[None] = self._loop.create_future()
            self._untaken.append((self._last, future))
            await future
        if self._counting:
            await asyncio.wait(set(self._counting))

    def taken(self, number: int) -> None:
        """The ledger has all entries up to this number, on disk."""
        self._taken = number
        while self._groups and self._groups[0][0] <= number:
            for key in self._groups.popleft()[1]:
                del self._keys[key]
        self._journal.release(number)
        if self._repeats:
            self._count()
        _resolve(self._untaken, number)

    async def scrub(self) -> None:
        """Overwrite what the ledger had taken in before: it may have been erased there.

        Raises:
            StoreUnavailable: the disk does not let it.
        """
        await self._journal.seal()
        await self.taken_in()
        self._journal.release(self._taken)
        try:
            await self._journal.scrub()
        except OSError as error:
            raise StoreUnavailable(f"the journal cannot be overwritten: {error}") from error

    def let_go(self) -> None:
        """The ledger cannot write, or is gone: nobody waits for it to take anything in."""
        for _, future in self._untaken:
            if not future.done():
                future.set_result(None)
        self._untaken.clear()

    async def close(self) -> None:
        """Write what was offered, and pass on what is the ledger's."""
        await self._journal.close()
        self._known.close()
        self.let_go()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._count()

    async def _all_told(self) -> None:
        if self._told < self._offered:
            future: asyncio.Future[None] = self._loop.create_future()
            self._untold.append((self._offered, future))
            await future

    def _tell(self, written: Written) -> None:
        stored = written.stored
        self._told += len(stored) + len(written.others)
        if stored:
            self._last = written.last
            keys = [(each.arrival.source, each.arrival.event_id) for each in stored]
            self._groups.append((written.last, keys))
            piece = protocol.PIECE.pack(written.segment, written.start, written.end, written.last)
            self._ledger.send(protocol.JOURNALED, piece)
            for each in stored:
                if not each.future.done():
                    each.future.set_result(_STORED)
            self._on_group(len(stored), written.seconds)
            self._unwritten.difference_update(keys)
        for each in written.others:
            key = (each.arrival.source, each.arrival.event_id)
            del self._keys[key]
            self._unwritten.discard(key)
            # What was acknowledged before it, and is not taken in yet, is to have the lower number.
            is_ahead = written.is_failed and self._groups
            _follow(self._later(each.arrival) if is_ahead else self._pass(each.arrival), each.future)
        _resolve(self._untold, self._told)

    def _pass(self, arrival: Arrival) -> "asyncio.Future[Receipt]":
        """Let the ledger judge and store it; what comes under its keys meanwhile comes after it."""
        keys = [(each.source, each.event_id) for each in (arrival, *arrival.others)]
        future = self._ledger.put(arrival)
        self._direct.update(keys)

        def forget(_done: "asyncio.Future[Receipt]") -> None:
            self._direct.subtract(keys)
            for key in keys:
                if self._direct[key] <= 0:
                    del self._direct[key]

        future.add_done_callback(forget)
        return future

    def _again(self, held: Arrival, arrival: Arrival, key: Key) -> "asyncio.Future[Receipt]":
        """The journal holds its key."""
        is_plain = not arrival.others and arrival.dead is None and key not in self._unwritten
        if not (is_plain and _is_repeat(held, arrival) and len(self._repeats) < MOST_REPEATS):
            return self._later(arrival)
        self._repeats.append(arrival)
        future: asyncio.Future[Receipt] = self._loop.create_future()
        future.set_result(_REPEATED)
        return future

    def _count(self) -> None:
        """Let the ledger count what came again, where it has its key by now."""
        repeats, self._repeats = self._repeats, []
        for arrival in repeats:
            if (arrival.source, arrival.event_id) in self._keys:
                self._repeats.append(arrival)
            else:
                future = self._pass(arrival)
                self._counting.add(future)
                future.add_done_callback(self._counted)

    def _counted(self, future: "asyncio.Future[Receipt]") -> None:
        self._counting.discard(future)
        # A count that is lost with a disk is no event.
        if not future.cancelled():
            future.exception()

    def _later(self, arrival: Arrival) -> "asyncio.Future[Receipt]":
        """The ledger judges it, once it has what the journal holds."""
        future: asyncio.Future[Receipt] = self._loop.create_future()

        async def judged() -> None:
            await self.taken_in()
            _follow(self._pass(arrival), future)

        task = self._loop.create_task(judged())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return future


def _is_ordinary(arrival: Arrival) -> bool:
    """Whether the ledger will take it as it is: of plain values, not large, and no dead letter."""
    topic = arrival.topic
    return (
        arrival.dead is None
        and not arrival.others
        and len(arrival.body) <= LARGEST
        and type(arrival.source) is str
        and type(arrival.event_id) is str
        and (topic is None or type(topic) is str)
    )


def _is_repeat(held: Arrival, arrival: Arrival) -> bool:
    """Whether what came under a key that the journal holds says the same, as the ledger would judge."""
    return held.body == arrival.body and not 0 < arrival.hash_window < arrival.received_at - held.received_at


def _resolve(waiting: "deque[tuple[int, asyncio.Future[None]]]", reached: int) -> None:
    while waiting and waiting[0][0] <= reached:
        future = waiting.popleft()[1]
        if not future.done():
            future.set_result(None)


def _follow(leading: "asyncio.Future[Receipt]", following: "asyncio.Future[Any]") -> None:
    """Let one future end as another does."""

    def end(done: "asyncio.Future[Receipt]") -> None:
        if following.done():
            return
        if done.cancelled():
            following.cancel()
        elif (error := done.exception()) is not None:
            following.set_exception(error)
        else:
            following.set_result(done.result())

    leading.add_done_callback(end)
