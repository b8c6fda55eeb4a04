"""Threads, each with a connection of its own, and one that cuts those off which are silent for too long.

Synchronous work for a synchronous driver: the rules are one set of functions, whichever engine runs them.
"""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import psycopg

from gateway.errors import StoreUnavailable
from gateway.store.ports.inbox import settle
from gateway.store.postgresql.connection import READ_ONLY, Connection, told, unavailable
from gateway.store.postgresql.fronts import Fronts

Result = TypeVar("Result")

LOOK_SECONDS: Final = 0.1
"""So often is looked for silent connections."""

AGAIN_SECONDS: Final = 0.3
"""So often is a database tried that was lost."""

TRIES: Final = 3
"""Of a transaction that another one stood in the way of."""

_IN_THE_WAY: Final = ("40001", "40P01")


class Database:
    """What the lanes share: the address, the replica's number, why nothing can be written, which are old."""

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.name = name
        self.number: int | None = None
        self.failure: str | None = None
        self.generation = 0
        self._fronts = Fronts()

    def connect(self) -> Connection:
        """A connection to the host that can write. Raises psycopg.OperationalError."""
        return Connection(self.address, self.name, self._fronts)

    def failed(self, error: psycopg.Error) -> StoreUnavailable | None:
        """Judge an error; None: it is the statement's or the value's."""
        judged = unavailable(error)
        if judged is not None:
            self.failure = told(error)
            if error.sqlstate == READ_ONLY:
                # Whoever could write here was demoted, under every connection.
                self.generation += 1
        return judged


class Lane:
    """A thread that runs one piece of work after another over its connection."""

    def __init__(self, database: Database, loop: asyncio.AbstractEventLoop, name: str, seconds: float) -> None:
        self.database = database
        self._loop = loop
        self._seconds = seconds
        self._work: deque[Callable[[], None]] = deque()
        self._wake = threading.Event()
        self._is_stopping = False
        self._connection: Connection | None = None
        self._generation = -1
        self._failed: psycopg.Error | None = None
        self._failed_at = 0.0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[Connection], Result]) -> "asyncio.Future[Result]":
        """Run something over the connection; a database's error becomes `StoreUnavailable`."""
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._is_stopping:
            future.set_exception(StoreUnavailable("the store is closed"))
            return future
        self._work.append(partial(self._answer, future, run))
        self._wake.set()
        return future

    def cut_if_silent(self, now: float) -> None:
        """Cut the connection off, from another thread, where it has been silent beyond its span."""
        connection = self._connection
        if connection is not None and connection.silent_seconds(now) > self._seconds:
            connection.cut()

    def close(self) -> None:
        """Finish what waits, then end."""
        self._is_stopping = True
        self._wake.set()
        self._thread.join()

    def call(self, run: Callable[[Connection], Result]) -> Result:
        """Run something over the connection, in the lane's thread.

        Raises:
            StoreUnavailable: the database cannot be reached, did not answer in time, or does not let it be written.
        """
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                connection = self._connected()
                try:
                    return run(connection)
                finally:
                    if connection.is_lost:
                        self._drop()
            except psycopg.Error as error:
                if error.sqlstate in _IN_THE_WAY and not last:
                    continue
                judged = self.database.failed(error)
                if judged is None:
                    raise
                raise judged from error
        raise AssertionError

    def _connected(self) -> Connection:
        # One that was lost while it rested fails nobody.
        if self._connection is None or self._generation != self.database.generation or self._connection.is_stale:
            self._drop()
            self._generation = self.database.generation
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> Connection:
        """Connect, or fail as a moment ago: what waited for that attempt does not wait for as many."""
        if self._failed is not None and time.monotonic() - self._failed_at < AGAIN_SECONDS:
            raise self._failed
        try:
            connection = self.database.connect()
        except psycopg.Error as error:
            self._failed, self._failed_at = error, time.monotonic()
            raise
        self._failed = None
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _run(self) -> None:
        while True:
            # Read first: whatever was given before the stop is in the queue by now.
            is_stopping = self._is_stopping
            if not self._has_work():
                if is_stopping:
                    break
                self._wake.wait(self._patience())
                self._wake.clear()
            self._next()
        self._drop()

    def _has_work(self) -> bool:
        return bool(self._work)

    def _patience(self) -> float | None:
        return None

    def _next(self) -> None:
        if self._work:
            self._work.popleft()()

    def _answer(self, future: "asyncio.Future[Any]", run: Callable[[Connection], Any]) -> None:
        outcome: Any
        try:
            outcome = self.call(run)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            outcome = error
        self.tell(settle, future, outcome)

    def tell(self, tell: Callable[..., None], *given: Any) -> None:
        """Call something in the loop."""
        # The loop may be closed already when a stop was forced: then nobody waits for the answer.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell, *given)


class Watch:
    """The thread that looks for silent connections."""

    def __init__(self, *lanes: Lane) -> None:
        self._lanes = lanes
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            now = time.monotonic()
            for lane in self._lanes:
                lane.cut_if_silent(now)

    def close(self) -> None:
        """End."""
        self._end.set()
        self._thread.join()
