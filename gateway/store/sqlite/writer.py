"""The one writer: a thread that owns the connection, drains its queue itself and commits for whole groups.

Callers get an asyncio future that is done after the commit; cancelling the caller does not unstore. Arrivals that
wait together share one commit; every other job is a transaction of its own, at most one between two groups, so that
a flood and the loops behind it do not starve each other.
"""

import asyncio
import contextlib
import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import apsw

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Receipt
from gateway.ground.bell import Bell
from gateway.ground.files import InPlace
from gateway.ground.frames import ThreadsEnd
from gateway.store.arriving import Arriving, Stored, TellAll
from gateway.store.ports.inbox import settle
from gateway.store.sqlite import database

Result = TypeVar("Result")

# The statement's or the value's fault, not the disk's: the next transaction may well succeed.
_NOT_THE_STORES: Final = (
    apsw.BindingsError,
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.MisuseError,
    apsw.RangeError,
    apsw.SQLError,
    apsw.TooBigError,
)

StoreGroup = Callable[[apsw.Connection, list[Arrival]], list[Receipt]]


class _Job(NamedTuple):
    run: Callable[[apsw.Connection], Any]
    tell: Callable[[Any], None]
    is_transaction: bool
    is_synced: bool


class Writer:
    """The writing thread. `failure` says why nothing can be written, None while all is well.

    `on_change` is told in the thread that a transaction has changed something.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        store_group: StoreGroup,
        loop: asyncio.AbstractEventLoop,
        in_place: InPlace,
    ) -> None:
        self.failure: str | None = None
        self.arriving = Arriving(self._store)
        self.on_change: Callable[[], None] | None = None
        self._connection = connection
        self._store_group = store_group
        self._loop = loop
        self._in_place = in_place
        self._jobs: deque[_Job] = deque()
        self._wake = Bell()
        self._end: ThreadsEnd | None = None
        self._is_waking = False
        self._stopping = False
        self._synchronous = database.SYNCHRONOUS
        self._thread = threading.Thread(target=self._run_or_end, name="store-writer", daemon=True)
        self._thread.start()

    def serve(self, end: ThreadsEnd) -> None:
        """Take arrivals from an end of the thread's own, and tell of all arrivals in this thread from now on."""
        self._end = end
        self._wake.watch(end.fileno())

    def put_batch(self, arrivals: Sequence[Arrival], tell: TellAll) -> None:
        """Store events with the next group; `tell` is called in the loop, once this has returned."""
        if self._stopping:
            refused: Stored = [StoreUnavailable("the store is closed")] * len(arrivals)
            self._loop.call_soon(tell, refused)
            return
        self.arriving.add(arrivals, tell)
        if not self._is_waking:
            # Once for all that one turn of the loop has read, which makes them one group.
            self._is_waking = True
            self._loop.call_soon(self._wake_up)

    def _wake_up(self) -> None:
        self._is_waking = False
        self._wake.set()

    def submit(
        self, run: Callable[[apsw.Connection], Result], *, is_transaction: bool = True, is_synced: bool = True
    ) -> "asyncio.Future[Result]":
        """Run a job in a transaction of its own; its exception rolls back and is the future's.

        A database error becomes `StoreUnavailable`. What cannot stand in a transaction runs beside any. What is not
        `is_synced` is on disk with the next that is, or when the log is written into the file.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._stopping:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        self._jobs.append(_Job(run, partial(settle, future), is_transaction, is_synced))
        self._wake.set()
        return future

    async def close(self) -> None:
        """Finish what waits, then end the thread and close the connection."""
        self._stopping = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)
        self._wake.close()
        self._connection.close()

    def see_in_place(self) -> None:
        """Raises StoreUnavailable where the file was removed or replaced: what is in it is found by nobody again."""
        fault = self._in_place.fault()
        if fault is not None:
            self.failure = fault
            raise StoreUnavailable(f"the store cannot write: {fault}")

    def _run_or_end(self) -> None:
        try:
            self._run()
        except BaseException:  # noqa: BLE001 - whatever it was, nobody would ever be answered again
            # A store without its writer is none. Its process ends, the gateway with it, and both are started again.
            traceback.print_exc()
            os._exit(1)

    def _run(self) -> None:
        while True:
            # Read first: whatever was put before the stop is in the queues by now.
            is_stopping = self._stopping
            if self._end is not None:
                self._take(self._end)
            if self.arriving:
                self._tell(self.arriving.commit())
            if self._jobs:
                self._commit_job(self._jobs.popleft())
            elif not self.arriving:
                if is_stopping:
                    return
                self._wake.wait()

    def _store(self, arrivals: list[Arrival]) -> list[Receipt]:
        return self._transact(lambda connection: self._store_group(connection, arrivals))

    def _commit_job(self, job: _Job) -> None:
        try:
            if job.is_transaction:
                outcome = self._transact(job.run, is_synced=job.is_synced)
            else:
                outcome = job.run(self._connection)
        except Exception as error:  # noqa: BLE001 - the job's owner gets it
            outcome = error
        self._hand_over(partial(job.tell, outcome))

    def _sync(self, *, is_synced: bool) -> None:
        wanted = database.SYNCHRONOUS if is_synced else database.UNSYNCED
        if wanted != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {wanted}")
            self._synchronous = wanted

    def _transact(self, run: Callable[[apsw.Connection], Result], *, is_synced: bool = True) -> Result:
        connection = self._connection
        changes = connection.total_changes()
        try:
            self._sync(is_synced=is_synced)
            connection.execute("BEGIN IMMEDIATE")
            outcome = run(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(apsw.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if isinstance(error, apsw.Error) and not isinstance(error, _NOT_THE_STORES):
                self.failure = str(error)
                raise StoreUnavailable(f"the store cannot write: {error}") from error
            raise
        # A transaction that wrote nothing proves nothing.
        if connection.total_changes() != changes:
            if self.on_change is not None:
                self.on_change()
            # After the commit, since a file may go at any moment.
            self.failure = None
            self.see_in_place()
        return outcome

    def _take(self, end: ThreadsEnd) -> None:
        if not end.take():
            self._wake.watch(None)
            self._end = None
        # What could not even be read was refused at once.
        end.let_go()

    def _tell(self, tell: Callable[[], None]) -> None:
        """Answer arrivals."""
        if self._end is None:
            self._hand_over(tell)
            return
        tell()
        self._end.let_go()
        self._take(self._end)
        if self.arriving:
            # More is on its way: one group of it all.
            self._yield()

    def _hand_over(self, tell: Callable[[], None]) -> None:
        # The loop may be closed already when a stop was forced: then nobody waits for the answer.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)
        self._yield()

    def _yield(self) -> None:
        if not self._jobs:
            # Yields the interpreter, so that the loop goes on and the next group is filled before it is taken.
            time.sleep(0.00005)
