"""The one writer: a thread that owns the connection, drains its queue itself and commits for whole groups.

Callers get an asyncio future that is done after the commit; cancelling the caller does not unstore. Arrivals that
wait together share one commit; every other job is a transaction of its own, at most one between two groups, so that
a flood and the loops behind it do not starve each other.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Receipt

Result = TypeVar("Result")

MAX_GROUP = 512

# The statement's or the value's fault, not the disk's: the next transaction may well succeed.
_NOT_THE_STORES: Final = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)


class CommitObserver(Protocol):
    """Told, in the loop, of each committed group of arrivals."""

    def __call__(self, rows: int, seconds: float) -> None:
        """A group of `rows` arrivals took `seconds`."""
        ...


class _Job(Generic[Result]):
    __slots__ = ("future", "is_transaction", "run")

    def __init__(
        self, run: Callable[[sqlite3.Connection], Result], future: "asyncio.Future[Result]", *, is_transaction: bool
    ) -> None:
        self.run = run
        self.future = future
        self.is_transaction = is_transaction


Outcome: TypeAlias = "tuple[asyncio.Future[Any], Any, Exception | None]"
StoreGroup = Callable[[sqlite3.Connection, list[Arrival]], list[Receipt]]


class Writer:
    """The writing thread. `failure` says why nothing can be written, None while all is well.

    `on_commit` is told of each group, `on_stored` that there is something to translate; both in the loop.
    """

    def __init__(
        self, connection: sqlite3.Connection, store_group: StoreGroup, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.failure: str | None = None
        self.on_commit: CommitObserver | None = None
        self.on_stored: Callable[[], None] | None = None
        self._connection = connection
        self._store_group = store_group
        self._loop = loop
        self._arrivals: deque[tuple[Arrival, asyncio.Future[Receipt]]] = deque()
        self._jobs: deque[_Job[Any]] = deque()
        self._wake = threading.Event()
        self._is_waking = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def put(self, arrival: Arrival) -> "asyncio.Future[Receipt]":
        """Store an event with the next group."""
        future: asyncio.Future[Receipt] = self._loop.create_future()
        if self._stopping:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        self._arrivals.append((arrival, future))
        if not self._is_waking:
            # Once for all that one turn of the loop has read, which makes them one group.
            self._is_waking = True
            self._loop.call_soon(self._wake_up)
        return future

    def _wake_up(self) -> None:
        self._is_waking = False
        self._wake.set()

    def submit(
        self, run: Callable[[sqlite3.Connection], Result], *, is_transaction: bool = True
    ) -> "asyncio.Future[Result]":
        """Run a job in a transaction of its own; its exception rolls back and is the future's.

        A database error becomes `StoreUnavailable`. What cannot stand in a transaction runs beside any.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._stopping:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        self._jobs.append(_Job(run, future, is_transaction=is_transaction))
        self._wake.set()
        return future

    async def close(self) -> None:
        """Finish what waits, then end the thread and close the connection."""
        self._stopping = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _run(self) -> None:
        while True:
            # Read first: whatever was put before the stop is in the queues by now.
            is_stopping = self._stopping
            if not self._arrivals and not self._jobs:
                if is_stopping:
                    return
                self._wake.wait()
                self._wake.clear()
            if self._arrivals:
                self._commit_group([self._arrivals.popleft() for _ in range(min(len(self._arrivals), MAX_GROUP))])
            if self._jobs:
                self._commit_job(self._jobs.popleft())

    def _commit_group(self, group: list[tuple[Arrival, "asyncio.Future[Receipt]"]]) -> None:
        started = time.perf_counter()
        try:
            receipts = self._transact(lambda connection: self._store_group(connection, [each for each, _ in group]))
        except StoreUnavailable as error:
            self._hand_over([(future, None, error) for _, future in group])
        except Exception as error:  # noqa: BLE001 - whatever it was, every waiting request must get its answer
            if len(group) > 1:
                # One event that cannot be stored must not take its neighbours with it.
                for each in group:
                    self._commit_group([each])
            else:
                unfit = StoreUnavailable(f"the store cannot hold this event: {type(error).__name__}")
                self._hand_over([(group[0][1], None, unfit)])
        else:
            outcomes = [(future, receipt, None) for (_, future), receipt in zip(group, receipts, strict=True)]
            self._hand_over(outcomes, time.perf_counter() - started)

    def _commit_job(self, job: _Job[Any]) -> None:
        try:
            outcome = self._transact(job.run) if job.is_transaction else job.run(self._connection)
        except Exception as error:  # noqa: BLE001 - the job's owner gets it
            self._hand_over([(job.future, None, error)])
        else:
            self._hand_over([(job.future, outcome, None)])

    def _transact(self, run: Callable[[sqlite3.Connection], Result]) -> Result:
        connection = self._connection
        changes = connection.total_changes
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcome = run(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and not isinstance(error, _NOT_THE_STORES):
                self.failure = str(error)
                raise StoreUnavailable(f"the store cannot write: {error}") from error
            raise
        # A transaction that wrote nothing proves nothing.
        if connection.total_changes != changes:
            self.failure = None
        return outcome

    def _hand_over(self, outcomes: Sequence[Outcome], stored_in: float | None = None) -> None:
        # The loop may be closed already when a stop was forced: then nobody waits for the answer.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._resolve, outcomes, stored_in)
        if not self._jobs:
            # Yields the interpreter, so that the loop answers and fills the next group before it is taken.
            time.sleep(0.00005)

    def _resolve(self, outcomes: Sequence[Outcome], stored_in: float | None) -> None:
        for future, outcome, error in outcomes:
            if future.cancelled():
                continue
            if error is None:
                future.set_result(outcome)
            else:
                future.set_exception(error)
        if stored_in is not None:
            if self.on_stored is not None:
                self.on_stored()
            if self.on_commit is not None:
                self.on_commit(len(outcomes), stored_in)
