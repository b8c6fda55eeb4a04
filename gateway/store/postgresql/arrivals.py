"""The lane of arrivals: those that wait together share one COMMIT, and one statement where all are new.

The unique key decides, whichever replica. What is not new has its answer after a COMMIT of its own that wrote its
counter: only then is the first one's surely durable.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from gateway.errors import StoreUnavailable
from gateway.events import Arrival, Micros, Receipt
from gateway.store.arriving import Arriving, Stored, TellAll
from gateway.store.postgresql import values
from gateway.store.postgresql.connection import Connection
from gateway.store.postgresql.lanes import AGAIN_SECONDS, Database, Lane
from gateway.store.rules import inbox

Result = TypeVar("Result")

ANSWER_SECONDS: Final = 2.0
"""After so long without an answer of the database the vendor keeps the event."""

MOST_STUCK: Final = 8
"""Of our connections that were cut while they waited for a standby: the database keeps each until one comes."""

_STUCK: Final = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'SyncRep'"


class Arrivals(Lane):
    """Stores arrivals."""

    def __init__(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        self.arriving = Arriving(self._store)
        self._accepted: dict[str, Micros] = {}
        self._lost: StoreUnavailable | None = None
        super().__init__(database, loop, "store-arrivals", ANSWER_SECONDS)

    def put_batch(self, arrivals: Sequence[Arrival], tell: TellAll) -> None:
        """Store events with the next group; `tell` is called in the loop: soon, where the database is lost."""
        refusal = StoreUnavailable("the store is closed") if self._is_stopping else self._lost
        if refusal is not None:
            refused: Stored = [refusal] * len(arrivals)
            self._loop.call_soon(tell, refused)
            return
        self.arriving.add(arrivals, tell)
        self._wake.set()

    def ask(self, run: Callable[[Connection], Result]) -> "asyncio.Future[Result]":
        """Run a question of the rim's in a transaction; refused at once where the database is lost."""
        future: asyncio.Future[Result] = self._loop.create_future()
        if self._is_stopping or self._lost is not None:
            future.set_exception(self._lost or StoreUnavailable("the store is closed"))
            return future

        def transact(connection: Connection) -> Result:
            with connection.transaction(self.database.number):
                return run(connection)

        self._work.append(partial(self._answer, future, transact))
        self._wake.set()
        return future

    def _has_work(self) -> bool:
        return bool(self.arriving or self._work)

    def _patience(self) -> float | None:
        return None if self._lost is None else AGAIN_SECONDS

    def _next(self) -> None:
        if self._lost is not None:
            # First, since looking takes its time: whoever waits has waited for the last answer already.
            self._refuse_all(self._lost)
            self._look_again()
            return
        if self.arriving:
            self.tell(self.arriving.commit())
        super()._next()

    def _refuse_all(self, why: StoreUnavailable) -> None:
        self.tell(self.arriving.refuse(why))
        while self._work:
            self._work.popleft()()

    def call(self, run: Callable[[Connection], Result]) -> Result:
        """Run something over the connection; where it was lost before, only `_look_again` connects."""
        if self._lost is not None and run != self._prove:
            raise self._lost
        try:
            return super().call(run)
        except StoreUnavailable as error:
            self._lost = error
            raise

    def _look_again(self) -> None:
        try:
            self.call(self._prove)
        except StoreUnavailable:
            pass
        else:
            self._lost = self.database.failure = None

    def _prove(self, connection: Connection) -> None:
        """Write something, unless too many of ours wait for a standby already."""
        ((stuck,),) = connection.execute_text(_STUCK, (self.database.name,)).fetchall()
        if stuck >= MOST_STUCK:
            raise StoreUnavailable(f"the store cannot write: {stuck} commits wait for a standby")
        with connection.transaction(self.database.number):
            connection.execute("ledger.draw", ("probe", 0))

    def _store(self, arrivals: list[Arrival]) -> list[Receipt]:
        first: dict[tuple[str, str], int] = {}
        for place, arrival in enumerate(arrivals):
            if arrival.dead is None and not arrival.others:
                first.setdefault((arrival.source, arrival.event_id), place)
        receipts: dict[int, Receipt] = {}
        if first:
            places = list(first.values())
            receipts = self.call(lambda connection: self._insert(connection, arrivals, places))
        rest = [place for place in range(len(arrivals)) if place not in receipts]
        if rest:
            receipts |= self.call(lambda connection: self._one_by_one(connection, arrivals, rest))
        self.database.failure = None
        return [receipts[place] for place in range(len(arrivals))]

    def _insert(self, connection: Connection, arrivals: Sequence[Arrival], places: list[int]) -> dict[int, Receipt]:
        """Store those whose keys are new, in one statement; whatever it leaves out is known already."""
        chosen = [arrivals[place] for place in places]
        rows = [(a.source, a.event_id, a.topic, a.received_at, a.body, a.context) for a in chosen]
        newest = sorted({a.source: a.received_at for a in chosen}.items())
        fresh = {source: at for source, at in newest if abs(at - self._accepted.get(source, 0)) >= inbox.FRESH}
        given = [*values.columns(rows), list(fresh), list(fresh.values())]
        found = connection.commit_one("arrivals.insert", given)
        self._accepted |= fresh
        return {places[index - 1]: Receipt(id_, "stored") for index, id_ in found}

    def _one_by_one(self, connection: Connection, arrivals: Sequence[Arrival], places: list[int]) -> dict[int, Receipt]:
        with connection.transaction(self.database.number):
            accepted: dict[str, Any] = {arrivals[place].source: arrivals[place].received_at for place in places}
            for source, received_at in sorted(accepted.items()):
                connection.execute("arrivals.accepted", (source, received_at))
            return {place: inbox.store_whole(connection, arrivals[place]) for place in places}
