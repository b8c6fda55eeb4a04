"""The store's process, started by `ProcessStore` and by nobody else."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import apsw
import msgspec
import uvloop

from gateway.config.store_url import DRIVER_MISSING
from gateway.errors import ConfigError, Fault, StoreUnavailable
from gateway.events import Arrival, Receipt
from gateway.ground import collector
from gateway.ground.channel import Channel, attach
from gateway.ground.frames import ThreadsEnd
from gateway.records import Change
from gateway.store.arriving import Stored
from gateway.store.process import protocol
from gateway.store.sqlite import SqliteStore, database

if TYPE_CHECKING:
    from gateway.store.postgresql import PostgresStore

UNREADABLE_SECONDS: Final = 30.0
"""For so long after a read that failed, and was not asked for again, the store is not well."""

AT_ONCE_SECONDS: Final = 1.0
"""So long does an answer wait for the loop to say first why it is a refusal."""

LAST_SECONDS: Final = 5.0
"""So long may it take the gateway to hear that the file is damaged."""


class Host:
    """Serves one gateway the store's ports until it says that it is enough, or is gone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._database: asyncio.Future[tuple[str, bool]] = self._loop.create_future()
        self._is_enough = asyncio.Event()
        self._calls: set[asyncio.Task[Any]] = set()
        self._failure: str | None = None
        self._look: asyncio.Task[None] | None = None
        # Calls whose last outcome was an error of the file's: when, and which.
        self._unreadable: dict[str, tuple[float, str]] = {}

    async def run(self, end: socket.socket, arrivals: socket.socket) -> None:
        """Open the store, and serve."""
        self._channel = await attach(end, self._take, _abandoned)
        try:
            self._store = await self._open()
        except (ConfigError, StoreUnavailable) as error:
            self._channel.send(protocol.OPENED, protocol.pickled(error))
        else:
            self._store.observe(on_commit=self._committed, on_stored=self._something_waits, on_changes=self._changed)
            self._answers = await self._meet(arrivals)
            self._channel.send(protocol.OPENED, protocol.pickled(None))
            collector.rest()
            await self._is_enough.wait()
            if self._calls:
                await asyncio.wait(self._calls)
            await self._store.close()
        await self._channel.close()

    async def _open(self) -> "SqliteStore | PostgresStore":
        if self._path is not None:
            return await SqliteStore.open(self._path)
        address, is_unsafe = await self._database
        try:
            # An extra: whose store is a file has no driver.
            from gateway.store.postgresql import PostgresStore  # noqa: PLC0415 - as above
        except ImportError as error:
            raise ConfigError([Fault("", "store", DRIVER_MISSING)]) from error
        return await PostgresStore.open(address, is_unsafe=is_unsafe)

    async def _meet(self, arrivals: socket.socket) -> Channel | ThreadsEnd:
        """Where arrivals come and are answered: a file's writer does it itself, so that no thread waits for another."""
        if not isinstance(self._store, SqliteStore):
            self._add = self._store.writer.put_batch
            return await attach(arrivals, self._put, lambda: None)
        writer = self._store.writer
        self._add = writer.arriving.add
        end = ThreadsEnd(arrivals, self._put)
        writer.serve(end)
        return end

    def _take(self, kind: int, payload: memoryview) -> None:
        if kind == protocol.CALL:
            number, call, given = protocol.decode_call(payload)
            self._begin(self._call(number, call, given))
        elif kind == protocol.OPEN:
            self._database.set_result(protocol.unpickled(payload))
        elif kind == protocol.PING:
            self._channel.send(protocol.PING, b"")
        else:
            self._is_enough.set()

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def _put(self, _kind: int, frame: memoryview) -> None:
        number, payload = protocol.numbered(frame)
        try:
            arrivals = protocol.decode_arrivals(payload)
        except msgspec.ValidationError:
            self._put_what_can_be_read(number, [_read(each) for each in protocol.decode_singly(payload)])
        else:
            self._add(arrivals, partial(self._stored, number))

    def _put_what_can_be_read(self, number: int, read: Sequence[Arrival | StoreUnavailable]) -> None:
        def stored(outcomes: Stored) -> None:
            left = iter(outcomes)
            self._stored(number, [each if isinstance(each, StoreUnavailable) else next(left) for each in read])

        arrivals = [each for each in read if isinstance(each, Arrival)]
        if arrivals:
            self._add(arrivals, stored)
        else:
            stored([])

    def _stored(self, number: int, stored: Stored) -> None:
        if self._store.failure != self._failure:
            self._at_once(self._tell_failure)
        for each in stored:
            if not isinstance(each, Receipt) and database.is_malformed(each):
                self._at_once(self._begin_doubt)
        told = [each if isinstance(each, Receipt) else str(each) for each in stored]
        self._answers.put_off(protocol.PUT, protocol.head_of(number) + protocol.encode(told))

    def _committed(self, rows: int, seconds: float) -> None:
        self._answers.put_off(protocol.COMMITTED, protocol.pickled((rows, seconds)))

    def _something_waits(self) -> None:
        self._loop.call_soon_threadsafe(self._channel.put_off, protocol.STORED, b"")

    def _at_once(self, do: Callable[[], None]) -> None:
        """Do something in the loop, from whichever thread: before what it explains is said."""
        if threading.get_ident() == self._thread:
            do()
            return
        done = threading.Event()
        self._loop.call_soon_threadsafe(do)
        self._loop.call_soon_threadsafe(done.set)
        done.wait(AT_ONCE_SECONDS)

    def _changed(self, changes: Sequence[Change], missed: int) -> None:
        self._channel.send(protocol.CHANGED, *protocol.encode_changes(changes, missed))

    async def _call(self, number: int, call: str, given: memoryview) -> None:
        port, _, method = call.rpartition(".")
        owner, codec = getattr(self._store, port) if port else self._store, protocol.codec_of(call)
        try:
            # What cannot be read, such as a value of a class that only an adapter knows, is the caller's fault alone.
            arguments, named = codec.decode_arguments(given)
            outcome = await getattr(owner, method)(*arguments, **named)
            self._unreadable.pop(call, None)
            payload = codec.encode_outcome(outcome)
        except Exception as error:  # noqa: BLE001 - the caller gets it
            if isinstance(error, apsw.Error):
                self._unreadable[call] = time.monotonic(), str(error)
            if database.is_malformed(error):
                await self._doubt()
            head, payload = protocol.head_of_answer(number, is_error=True), protocol.encode_error(error)
        else:
            head = protocol.head_of_answer(number, is_error=False)
        self._tell_failure()
        self._channel.send(protocol.CALL, head, payload)

    def _begin_doubt(self) -> None:
        self._begin(self._doubt())

    async def _doubt(self) -> None:
        """Look at the whole file, not too often, after an error that may mean that it is damaged."""
        if self._path is None:
            return
        if self._look is None:
            self._look = asyncio.create_task(self._look_for_damage(self._path))
        await self._look

    async def _look_for_damage(self, path: Path) -> None:
        """A damaged file is the end: nothing read from it could be relied on."""
        found = await asyncio.to_thread(database.damage, path)
        if found is None:
            asyncio.get_running_loop().call_later(UNREADABLE_SECONDS, setattr, self, "_look", None)
            return
        sentence = f"the store {path} is damaged: {found}: restore it from a backup"
        self._channel.send(protocol.DAMAGED, protocol.pickled(sentence))
        # Whoever hears it ends this process. One that went before might not be heard.
        await asyncio.sleep(LAST_SECONDS)
        os._exit(1)

    def _reading_failure(self) -> str | None:
        """Why reads fail, until the same call succeeds, or nobody has failed at it for a while."""
        limit = time.monotonic() - UNREADABLE_SECONDS
        self._unreadable = {call: found for call, found in self._unreadable.items() if found[0] > limit}
        return next((f"reading the store fails: {why}" for _, why in self._unreadable.values()), None)

    def _tell_failure(self) -> None:
        failure = self._store.failure or self._reading_failure()
        if failure != self._failure:
            self._failure = failure
            self._channel.send(protocol.FAILURE, protocol.pickled(self._failure))


def _read(packed: msgspec.Raw) -> Arrival | StoreUnavailable:
    try:
        return protocol.decode_arrival(packed)
    except msgspec.ValidationError as error:
        return StoreUnavailable(f"the store cannot hold this event: {error}")


def _abandoned() -> None:
    # The gateway was killed: nobody waits for an answer, and the next one waits for the file. Or the next one is there.
    os._exit(1)


async def _serve(end: socket.socket, arrivals: socket.socket, path: Path | None) -> None:
    await Host(path).run(end, arrivals)


def main(end: socket.socket, arrivals: socket.socket, file: str | None = None) -> None:
    """Serve a file, or the database whose address comes first, over the channels."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(end, arrivals, None if file is None else Path(file)))
