"""The bodies' partitions: one a day, by the ids of its events, so that a day's bodies go without a row being deleted.

Partition `bodies_7` has the ids from 7 times `SPAN` on. Where a day begins, the next one is made and ids go on with its
first; no row names a day, and no statement a partition. `bodies_kept` has what is before all others: what there was
before there were partitions, and what stays of the days that went, which is few.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from gateway.events import SECOND, Micros
from gateway.records import RetentionSpans
from gateway.store.postgresql.connection import Connection
from gateway.store.rules.inbox import digest_of
from gateway.store.rules.retention import WINDOW, portion

SPAN: Final = 1_000_000_000
"""Ids of one partition: no day has as many events."""

MOST_KEPT: Final = 5000
"""Of which more stay, a partition does not go yet: its bodies go one by one, like those that are kept."""

LOCK_SECONDS: Final = 0.3
"""So long arrivals wait behind one who waits for a long reader to end: then it is left for the next time."""

_DAY: Final = 86_400 * SECOND
_KEPT: Final = "bodies_kept"
_GOING: Final = "bodies_going"


class Partitions:
    """What retention does with them, in small steps, over a connection of its own; every method blocks."""

    def __init__(self, connection: Connection, number: int | None, is_over: Callable[[], bool] = lambda: False) -> None:
        self._connection = connection
        self._number = number
        self._is_over = is_over

    def keep_up(self, retention: RetentionSpans, now: Micros) -> int:
        """Begin a new day's, and let the days go that are over for long enough; how many bodies went with them."""
        gone = 0
        # A reader that holds a partition is waited for the next time.
        with suppress(psycopg.errors.LockNotAvailable):
            self.begin(now)
            while not self._is_over() and (went := self._end_oldest(retention, now)) is not None:
                gone += went
        return gone

    def begin(self, now: Micros) -> None:
        """Begin a partition where the newest one's first event is of an earlier day."""
        numbers = self._numbers()
        last = self._value("partitions.last_id") or 0
        if numbers and last < numbers[-1] * SPAN:
            self._connection.execute("partitions.begin_ids", (numbers[-1] * SPAN,))
            return
        first = self._value("partitions.first_event", numbers[-1] * SPAN if numbers else 0)
        if first is None or first // _DAY >= now // _DAY:
            return
        # What is stored until then has ids far below.
        number = numbers[-1] + 1 if numbers else (last + SPAN // 2) // SPAN + 1
        if not numbers:
            self._bound_kept(number)
        with self._alone():
            if not numbers:
                self._attach_kept(number)
            self._run(f"CREATE TABLE bodies_{number} PARTITION OF bodies {_within(number)}")
        self._connection.execute("partitions.begin_ids", (number * SPAN,))

    def _end_oldest(self, retention: RetentionSpans, now: Micros) -> int | None:
        """Let the oldest go; None: it is not to go, or the newest one."""
        numbers = self._numbers()
        limits = now - retention.bodies, now - retention.dead_letters
        if len(numbers) < 2:  # noqa: PLR2004 - the newest, and another
            return None
        last = self._value("partitions.last_event", (numbers[0] + 1) * SPAN)
        if last is not None and last >= limits[0]:
            return None
        staying = self._staying(numbers[0], limits)
        if staying is None:
            return None
        gone = self._mark(numbers[0], limits)
        if not self._is_over():
            self._let_go(numbers[0], staying)
        return gone

    def _windows(self, number: int) -> Iterator[tuple[int, int]]:
        """Spans of ids in a partition, of so many rows each."""
        after, end = number * SPAN - 1, (number + 1) * SPAN
        while not self._is_over() and (upto := self._value("partitions.window", after, end, WINDOW)) is not None:
            yield after + 1, upto
            after = upto

    def _staying(self, number: int, limits: tuple[Micros, Micros]) -> list[int] | None:
        """Whose bodies stay; None: too many's."""
        staying: list[int] = []
        for window in self._windows(number):
            staying += [id_ for (id_,) in self._connection.execute("partitions.staying", (*window, *limits)).fetchall()]
            if len(staying) > MOST_KEPT:
                return None
        return staying

    def _mark(self, number: int, limits: tuple[Micros, Micros]) -> int:
        """Keep the digests of those that go, so that a repeat is still known as one; how many they were."""
        marked = 0
        for window in self._windows(number):
            found = self._connection.execute("retention.old_bodies", (*window, *limits)).fetchall()
            while found and not self._is_over():
                step = portion([size for _, size in found])
                marked += self._mark_some([id_ for id_, _ in found[:step]], limits, window)
                found = found[step:]
        return marked

    def _mark_some(self, ids: Sequence[int], limits: tuple[Micros, Micros], window: tuple[int, int]) -> int:
        with self._connection.transaction(self._number):
            due = self._connection.execute("partitions.due", (ids, *limits, *window)).fetchall()
            self._connection.many("erasure.keep_digests", [(id_, digest_of(body)) for id_, body in due])
            for statement in ("erasure.delete_answers", "erasure.delete_other_bodies"):
                self._connection.execute(statement, ([id_ for id_, _ in due],))
        return len(due)

    def _let_go(self, number: int, staying: Sequence[int]) -> None:
        """Drop a partition whose bodies are all marked, but for those that stay: they go to those that are kept."""
        self._bound_kept(number + 1)
        span = number * SPAN, (number + 1) * SPAN
        with self._alone():
            self._connection.execute("partitions.unmark", span)
            self._run(f"ALTER TABLE bodies DETACH PARTITION bodies_{number}")
            self._run(f"ALTER TABLE bodies_{number} RENAME TO {_GOING}")
            self._run(f"ALTER TABLE bodies DETACH PARTITION {_KEPT}")
            self._connection.execute("partitions.keep", (staying, *span))
            self._attach_kept(number + 1, is_detached=True)
            self._run(f"DROP TABLE {_GOING}")

    def _bound_kept(self, number: int) -> None:
        """Prove that what is kept lies before a partition, while it is read and written, so that nobody need look."""
        with self._alone():
            self._run(f"ALTER TABLE {_KEPT} DROP CONSTRAINT IF EXISTS within")
            self._run(f"ALTER TABLE {_KEPT} ADD CONSTRAINT within CHECK (id < {number * SPAN}) NOT VALID")
        self._run(f"ALTER TABLE {_KEPT} VALIDATE CONSTRAINT within")

    def _attach_kept(self, number: int, *, is_detached: bool = False) -> None:
        """Let what is kept end where a partition begins."""
        if not is_detached:
            self._run(f"ALTER TABLE bodies DETACH PARTITION {_KEPT}")
        self._run(f"ALTER TABLE bodies ATTACH PARTITION {_KEPT} FOR VALUES FROM (MINVALUE) TO ({number * SPAN})")
        self._run(f"ALTER TABLE {_KEPT} DROP CONSTRAINT within")

    def gather(self) -> None:
        """Let all go to where what is kept is, in the present transaction: for a database that is filled anew."""
        for number in self._numbers():
            self._run(f"DROP TABLE bodies_{number}")
        self._run(f"ALTER TABLE bodies DETACH PARTITION {_KEPT}")
        self._run(f"ALTER TABLE {_KEPT} DROP CONSTRAINT IF EXISTS within")
        self._run(f"ALTER TABLE bodies ATTACH PARTITION {_KEPT} FOR VALUES FROM (MINVALUE) TO (MAXVALUE)")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A transaction of the rules', in which nobody reads or writes a body."""
        with self._connection.transaction(self._number):
            self._run(f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}")
            self._run("LOCK TABLE bodies IN ACCESS EXCLUSIVE MODE")
            yield

    def _numbers(self) -> list[int]:
        names = [name for (name,) in self._connection.execute("partitions.all").fetchall()]
        return sorted(int(name.removeprefix("bodies_")) for name in names if name != _KEPT)

    def _value(self, statement: str, *given: int) -> int | None:
        row = self._connection.execute(statement, given).fetchone()
        return None if row is None else row[0]

    def _run(self, text: str) -> None:
        self._connection.execute_text(text)


def _within(number: int) -> str:
    return f"FOR VALUES FROM ({number * SPAN}) TO ({(number + 1) * SPAN})"
