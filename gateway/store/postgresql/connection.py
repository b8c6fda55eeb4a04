"""One connection: opened at whichever host can write, its notices judged, cut off without a word when it is silent."""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from gateway.errors import StoreUnavailable
from gateway.store.postgresql import fronts, values
from gateway.store.postgresql.statements import named, selecting
from gateway.store.rules.transactions import Condition, Question

Result = TypeVar("Result")

CONNECT_SECONDS: Final = 2
"""For each host."""

IDLE_SECONDS: Final = 5
"""A transaction of a process that was stopped in its middle holds the others' lock no longer."""

ONE_AT_A_TIME: Final = 7_244_521_093
"""The lock under which the rules' transactions run, one after another, whichever replica's."""

READ_ONLY: Final = "25006"

_NOT_THE_STORES: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.ProgrammingError,
    psycopg.NotSupportedError,
)
"""The statement's or the value's fault, not the database's: the next transaction may well succeed."""

_PLANNED: Final = "SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 1.1; SET LOCAL jit = off; "
"""A rule reads few rows, by an index: what the planner guesses of a table that has just filled or emptied is wrong."""

_BEGIN: Final = (
    f"BEGIN; {_PLANNED}SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; "
    f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME}); "
)
_ANYBODY: Final = f"{_BEGIN}SELECT 1"
_FENCED: Final = (
    f"{_BEGIN}SET LOCAL gateway.replica = '{{0}}'; "  # noqa: S608 - a number
    "SELECT 1 FROM replicas WHERE is_lost = 0 AND number = {0}"
)


class FencedError(psycopg.OperationalError):
    """The other replicas have given this one up: it may write no more under its number."""


class NotReplicatedError(psycopg.OperationalError):
    """A COMMIT came back with a warning: it may be on one machine alone, and is not acknowledged."""


class Connection:
    """A psycopg connection in autocommit, for one thread at a time; `cut` is for another one."""

    def __init__(self, address: str, name: str, known: fronts.Fronts | None = None) -> None:
        """Connect. Raises psycopg.OperationalError."""
        self._warning: str | None = None
        self._named = named()
        self._fronts = known or fronts.Fronts()
        self._put_back: list[tuple[str, int]] = []
        self._asked_at: float | None = None
        self._inner = psycopg.connect(
            address,
            autocommit=True,
            # Nothing is kept at the server between two transactions: a pooler may give each another server.
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
            target_session_attrs="read-write",
            connect_timeout=CONNECT_SECONDS,
            application_name=name,
            client_encoding="utf8",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )
        values.adapt(self._inner)
        self._inner.add_notice_handler(self._noticed)

    @property
    def is_lost(self) -> bool:
        """Whether nothing more can be asked over it."""
        return self._inner.closed or self._inner.broken

    @property
    def is_stale(self) -> bool:
        """Whether the server said something while it was asked nothing: as a rule good-bye, or it is gone."""
        looked = select.poll()
        looked.register(self._inner.fileno(), select.POLLIN)
        return bool(looked.poll(0))

    def execute(self, name: str, given: Sequence[Any] = ()) -> "psycopg.RawCursor[Any]":
        """Run a named statement."""
        if name in fronts.LOOKS:
            return self._look(name, given)
        self._lower(name, [given])
        return self._ask(self._named[name], self._values(name, given))

    def changed(self, name: str, given: Sequence[Any] = ()) -> int:
        """Run a named statement; how many rows it changed."""
        return self.execute(name, given).rowcount

    def text(self, name: str) -> str:
        """A named statement's text."""
        return self._named[name]

    def _look(self, name: str, given: Sequence[Any]) -> "psycopg.RawCursor[Any]":
        """Look at a queue, from its front where that is known."""
        look, began = self._fronts.look(name, given), time.monotonic()
        looked = self.execute_text(self._named[name], [*given, look.front])
        seconds = time.monotonic() - began
        if looked.rowcount and self._fronts.is_worth_moving(look, seconds):
            first = looked.fetchmany(1)[0][0]
            looked.scroll(0, mode="absolute")
            if look.queue == "events":
                # What was left out as under way may be put back.
                place = min([first, *given[1]])
            else:
                [(place,)] = self.execute("outbox.place", (first,)).fetchall()
            self._fronts.move(look, place, seconds)
        return looked

    def _lower(self, name: str, rows: Iterable[Sequence[Any]]) -> None:
        """Where a statement puts something back, no front stands after that: at once, and once others can see it."""
        put_back = fronts.put_back(name, rows)
        if put_back is not None:
            self._put_back.append(put_back)
            self._fronts.lower(*put_back)

    def execute_text(self, text: str, given: Sequence[Any] = ()) -> "psycopg.RawCursor[Any]":
        """Run a statement with `$1` for its values."""
        return self._ask(text, _given(given))

    def together(self, asked: Sequence[Question]) -> list[list[Any]]:
        """The rows of each of these statements, asked and answered in one journey where the driver's library can."""
        if not psycopg.capabilities.has_pipeline():
            return [self.execute(name, row).fetchall() for name, row in asked]
        with self._asking(), self._inner.pipeline():
            found = [self._inner.execute(self._named[name].encode(), self._values(name, row)) for name, row in asked]
        # Within, each would be waited for, and then the end.
        return [cursor.fetchall() for cursor in found]

    def _values(self, name: str, given: Sequence[Any]) -> list[Any]:
        """A statement's own, and, where it counts a queue, where that begins."""
        return [*_given(given), *self._fronts.of_tenants()] if name in fronts.COUNTS else _given(given)

    def many(self, name: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Run a statement whose `(VALUES :rows …)` stands for these rows; what it returns."""
        if not rows:
            return []
        self._lower(name, rows)
        cursor = self._ask(self._named[name], values.columns(rows))
        return cursor.fetchall() if cursor.description else []

    def select(self, name: str, conditions: Iterable[Condition], given: Sequence[Any] = ()) -> list[Any]:
        """Rows of a statement whose `:where` stands for all of these conditions."""
        asked = list(conditions)
        text = selecting(name, tuple(fragment for fragment, _ in asked))
        return self.execute_text(text, [*chain.from_iterable(values for _, values in asked), *given]).fetchall()

    def each(self, name: str, rows: Collection[Sequence[Any]]) -> int:
        """Run a statement for each of these rows; how many rows that changed."""
        if not rows:
            return 0
        self._lower(name, rows)
        with self._asking(), self._inner.cursor() as cursor:
            cursor.executemany(self._named[name].encode(), [_given(row) for row in rows])
            return cursor.rowcount

    def new_ids(self, of: str, count: int) -> Sequence[int]:
        """Ids for new rows of a table, rising."""
        return [id_ for (id_,) in self.execute("ids.new", (of, count)).fetchall()]

    def commit_one(self, name: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run a statement that is a transaction of its own, and answer when it is durable."""
        self._warning = None
        found = self._ask(self._named[name], given).fetchall()
        self._judge()
        return found

    def _ask(self, text: str, given: Sequence[Any] | None = None) -> "psycopg.RawCursor[Any]":
        with self._asking():
            return self._inner.execute(text.encode(), given or None)  # type: ignore[return-value]

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        self._asked_at = time.monotonic()
        try:
            yield
        finally:
            self._asked_at = None

    @contextlib.contextmanager
    def transaction(self, number: int | None) -> Iterator[None]:
        """A transaction of the rules: alone, by the replica of this number, and durable when it is left.

        None: whose it is does not matter.
        """
        try:
            self._begin(number)
            yield
            self.commit()
            for queue, place in self._put_back:
                self._fronts.lower(queue, place)
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                if self._inner.info.transaction_status != TransactionStatus.IDLE:
                    self._ask("ROLLBACK")
            raise
        finally:
            self._put_back.clear()

    def commit(self) -> None:
        """End the transaction; durable when this returns. Raises NotReplicatedError."""
        self._warning = None
        self._ask("COMMIT")
        self._judge()

    def _begin(self, number: int | None) -> None:
        begun = self._ask(_ANYBODY if number is None else _FENCED.format(number))
        while begun.nextset():
            pass
        if begun.fetchone() is None:
            raise FencedError("the other replicas have given this one up")

    def _noticed(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            self._warning = diagnostic.message_primary

    def _judge(self) -> None:
        if self._warning is not None:
            raise NotReplicatedError(self._warning)

    def silent_seconds(self, now: float) -> float:
        """For how long the server has not answered what it was asked; 0: it was asked nothing."""
        asked_at = self._asked_at
        return 0.0 if asked_at is None else now - asked_at

    def cut(self) -> None:
        """End the connection at once, whatever runs over it, without asking the server to cancel that."""
        # Whoever waits at the socket wakes up; the descriptor itself is closed by its owner.
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self._inner.fileno())) as end,
        ):
            end.shutdown(socket.SHUT_RDWR)

    def prepare(self, run: "Callable[[psycopg.Connection[Any]], Result]") -> Result:
        """Run something over the driver's own connection."""
        return run(self._inner)

    def close(self) -> None:
        """Say good-bye."""
        self._inner.close()


def _given(row: Sequence[Any]) -> list[Any]:
    return [values.given(value) for value in row]


def unavailable(error: psycopg.Error) -> StoreUnavailable | None:
    """What an error of the database means to whoever asked; None: it is the statement's or the value's."""
    if isinstance(error, _NOT_THE_STORES) and error.sqlstate != READ_ONLY:
        return None
    return StoreUnavailable(f"the store cannot write: {told(error)}")


def told(error: psycopg.Error) -> str:
    """The first line of what the database, or libpq, says; libpq names hosts and users, and never a password."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
