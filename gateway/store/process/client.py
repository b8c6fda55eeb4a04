"""All ports over a store that runs in a process of its own."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from gateway.errors import StoreUnavailable
from gateway.ground.child import Child
from gateway.ground.clock import Micros
from gateway.store import ports
from gateway.store.process import protocol, stubs
from gateway.store.process.inbox import BEHIND, OnNew, ProcessInbox

HOST: Final = "gateway.store.process.host"
ENDS: Final = 2
"""Of the channels: calls pass through one, arrivals and their answers through the other."""

GONE: Final = "its process has ended"
ENDED: Final = "the store's process has ended, and the gateway with it: start it again"

SILENT_SECONDS: Final = 5.0
"""A store that has arrivals to answer, and answers none for so long, or no ping, is down."""

LOOKS: Final = 5
"""So often is it pinged within that span, and so many pings without a word in return are silence."""

_ASKED_IN_PERSON: Final = (
    "records.",
    "archive.",
    "days.",
    "acts.",
    "trail.",
    "bulk.",
    "inbox.",
    "probe",
    "sessions.",
    "shadows.",
    "watch.",
)
"""Whoever asks these is told when the store is down. The loops' own questions are answered when it goes on."""


class Database(NamedTuple):
    """A store that is no file. `address` may hold a password; `is_unsafe`: one that may lose what it has committed."""

    address: str
    is_unsafe: bool


class ProcessStore:
    """All ports. Use `await ProcessStore.open(place)`, then `await store.close()`.

    A process that ends before its time takes the store with it: whatever was asked of it, and is, is
    `StoreUnavailable`, and `on_lost` is told why. What waited for its answer may have been stored or not.
    """

    def __init__(self, place: "Path | Database") -> None:
        self.place = place
        self.on_lost: Callable[[str], None] = lambda _why: None
        self._inbox = ProcessInbox(self._send, self.call, self._refusal)
        self.inbox: ports.Inbox = self._inbox
        self.translation: ports.TranslationQueue = stubs.TranslationQueue(self.call)
        self.lookups: ports.LookupQueue = stubs.LookupQueue(self.call)
        self.reconciliation: ports.ReconciliationLedger = stubs.ReconciliationLedger(self.call)
        self.outbox: ports.Outbox = stubs.Outbox(self.call)
        self.pulls: ports.PullLedger = stubs.PullLedger(self.call)
        self.records: ports.Records = stubs.Records(self.call)
        self.archive: ports.Archive = stubs.Archive(self.call)
        self.days: ports.DayLedger = stubs.DayLedger(self.call)
        self.drift: ports.DriftLedger = stubs.DriftLedger(self.call)
        self.learned: ports.LearnedLedger = stubs.LearnedLedger(self.call)
        self.acts: ports.Acts = stubs.Acts(self.call)
        self.bulk: ports.Bulk = stubs.Bulk(self.call)
        self.trail: ports.AuditTrail = stubs.AuditTrail(self.call)
        self.told: ports.ToldLedger = stubs.ToldLedger(self.call)
        self.sessions: ports.SessionLedger = stubs.SessionLedger(self.call)
        self.duties: ports.Duties = stubs.Duties(self.call)
        self.shadows: ports.Shadows = stubs.Shadows(self.call)
        self.watch: ports.Watch = stubs.Watch(self.call)
        self._on_commit: ports.CommitObserver | None = None
        self._on_stored: Callable[[], None] | None = None
        self._on_changes: ports.ChangeObserver | None = None
        self._loop = asyncio.get_running_loop()
        self._failure: str | None = None
        self._damage: str | None = None
        self._pings = self._number = 0
        self._watching: asyncio.TimerHandle | None = None
        self._calls: dict[int, tuple[asyncio.Future[Any], str, protocol.Decode]] = {}
        self._is_closing = self._is_gone = False
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._child: Child

    @classmethod
    async def open(cls, place: "Path | Database") -> Self:
        """Start the process, which opens the file (an absolute path), made where missing, or a database.

        It brings the schema up to date.

        Raises:
            ConfigError: the file, or the database, cannot be used.
            StoreUnavailable: another gateway uses the file, its disk is full, or the process ended.
        """
        store = cls(place)
        file = [str(place)] if isinstance(place, Path) else []
        store._child = child = await Child.start(HOST, store._take, store._lost, *file, ends=ENDS)
        if not file:
            child.channel.send(protocol.OPEN, protocol.pickled(place))
        try:
            await store._opened
            store._watch()
        except BaseException:
            store._is_closing = True
            child.kill()
            await child.stop()
            raise
        return store

    @property
    def failure(self) -> str | None:
        """Why nothing can be written; None while all is well."""
        silent = self._inbox.silent_seconds
        if self._failure is None and silent > SILENT_SECONDS:
            return f"it has not answered for {silent:.0f} s"
        if self._failure is None and self._pings > LOOKS:
            return f"it has not answered for {self._pings * SILENT_SECONDS / LOOKS:.0f} s"
        return self._failure

    def _watch(self) -> None:
        """Ping, and let nobody wait for a store that is silent."""
        self._watching = self._loop.call_later(SILENT_SECONDS / LOOKS, self._watch)
        self._pings += 1
        self._child.channel.send(protocol.PING, b"")
        why = self.failure
        if self._inbox.silent_seconds > SILENT_SECONDS:
            self._inbox.give_up(f"the store is down: {why}")
        if self._pings > LOOKS:
            self._give_up(_ASKED_IN_PERSON, f"the store is down: {why}")

    def _give_up(self, calls: str | tuple[str, ...], why: str) -> None:
        """Tell whoever waits for an answer to calls that begin so that there will be none."""
        for future, name, _ in self._calls.values():
            if name.startswith(calls) and not future.done():
                future.set_exception(StoreUnavailable(why))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.process.pid

    def observe(
        self,
        *,
        on_commit: ports.CommitObserver | None = None,
        on_stored: Callable[[], None] | None = None,
        on_changes: ports.ChangeObserver | None = None,
        on_new: OnNew | None = None,
    ) -> None:
        """Tell, in the loop, of each committed group of arrivals, of what else waits for translation, of changes.

        `on_new` is told of arrivals that are new events of their own, with their ids.
        """
        self._inbox.on_new = on_new or self._inbox.on_new
        self._on_changes = on_changes or self._on_changes
        self._on_commit = on_commit or self._on_commit
        self._on_stored = on_stored or self._on_stored

    def _send(self, kind: int, *parts: bytes) -> None:
        self._child.channels[1].send(kind, *parts)

    def _refusal(self) -> str | None:
        """Why no arrivals are taken."""
        if self._is_closing or self._is_gone:
            return self._end()
        return BEHIND if self._pings > LOOKS or self._inbox.silent_seconds > SILENT_SECONDS else None

    async def call(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Call a port's method (`port.method`); what it returns or raises."""
        if self._is_closing or self._is_gone:
            raise StoreUnavailable(self._end())
        if self._pings > LOOKS and name.startswith(_ASKED_IN_PERSON):
            raise StoreUnavailable(f"the store is down: {self.failure}")
        codec = protocol.codec_of(name)
        payload = codec.encode_arguments((arguments, named))
        self._number = number = (self._number + 1) & 0xFFFFFFFF
        future: asyncio.Future[Any] = self._loop.create_future()
        self._calls[number] = future, name, codec.decode_outcome
        self._child.channel.send(protocol.CALL, protocol.head_of_call(number, name), payload)
        return await future

    async def adopt(self, aliases: Mapping[str, str]) -> None:
        """Give events and owners of former names to the source that now bears them."""
        await self.call("adopt", aliases)

    async def trust(self, at: Micros) -> Micros:
        """Remember that this time was trusted; the highest that ever was."""
        return int(await self.call("trust", at))

    async def probe(self) -> None:
        """Write something, so that `failure` tells the present state."""
        await self.call("probe")

    async def close(self) -> None:
        """Finish what waits and end the process."""
        self._inbox.pass_on()
        self._is_closing = True
        self._rest()
        self._child.channel.send(protocol.CLOSE, b"")
        await self._child.stop()

    def abandon(self) -> None:
        """End the process without waiting for what it does: it may hang."""
        self._child.kill()

    def _take(self, kind: int, payload: memoryview) -> None:
        self._pings = 0
        if kind == protocol.PUT:
            number, stored = protocol.numbered(payload)
            self._inbox.take(number, protocol.decode_stored(stored))
        elif kind == protocol.CALL:
            self._take_answer(*protocol.decode_answer(payload))
        elif kind == protocol.STORED:
            if self._on_stored is not None:
                self._on_stored()
        elif kind == protocol.CHANGED:
            if self._on_changes is not None:
                self._on_changes(*protocol.decode_changes(payload))
        elif kind != protocol.PING:
            self._take_news(kind, protocol.unpickled(payload))

    def _take_news(self, kind: int, news: Any) -> None:
        if kind == protocol.COMMITTED:
            if self._on_commit is not None:
                self._on_commit(*news)
        elif kind == protocol.FAILURE:
            self._failure = news
        elif kind == protocol.DAMAGED:
            self._damage = news
            self._child.kill()
        elif isinstance(news, Exception):
            self._opened.set_exception(news)
        else:
            self._opened.set_result(None)

    def _take_answer(self, number: int, is_error: bool, payload: memoryview) -> None:  # noqa: FBT001 - a frame's field
        future, _, decode = self._calls.pop(number)
        if future.done():
            return
        try:
            outcome = protocol.unpickled(payload) if is_error else decode(payload)
        except Exception as error:  # noqa: BLE001 - what cannot be read is the caller's affair, and nobody else's
            outcome, is_error = error, True
        if is_error:
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def _rest(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    def _lost(self) -> None:
        self._is_gone = True
        self._rest()
        self._failure = self._damage or GONE
        if not self._opened.done():
            self._opened.set_exception(StoreUnavailable(self._end()))
        self._inbox.give_up(self._end())
        self._give_up("", self._end())
        self._calls.clear()
        if not self._is_closing:
            self.on_lost(self._damage or ENDED)

    def _end(self) -> str:
        return "the store is closed" if self._is_closing else self._damage or f"the store cannot write: {GONE}"
