"""Arrivals: group commit, at once where all are new."""

import apsw

from gateway.events import Arrival, Micros, Receipt
from gateway.store.ports import Inbox, Tell
from gateway.store.rules import inbox
from gateway.store.sqlite.engine import SqliteEngine
from gateway.store.sqlite.transactions import MOST, SqliteTransaction
from gateway.store.sqlite.writer import Writer


class GroupStore:
    """Stores groups of arrivals in the writer's thread."""

    def __init__(self, transaction: SqliteTransaction) -> None:
        self._transaction = transaction
        self._accepted: dict[str, Micros] = {}

    def __call__(self, connection: apsw.Connection, arrivals: list[Arrival]) -> list[Receipt]:
        """Store the group inside the writer's transaction: at once where all are new, else one by one."""
        for source, received_at in {arrival.source: arrival.received_at for arrival in arrivals}.items():
            # A group comes every few milliseconds when much comes; a person's answer need not.
            if abs(received_at - self._accepted.get(source, 0)) >= inbox.FRESH:
                self._transaction.execute("groups.accepted", (source, received_at))
                self._accepted[source] = received_at
        if any(arrival.dead is not None or arrival.others for arrival in arrivals):
            return [inbox.store_whole(self._transaction, arrival) for arrival in arrivals]
        receipts: list[Receipt] = []
        for start in range(0, len(arrivals), MOST):
            receipts += self._store_chunk(connection, arrivals[start : start + MOST])
        return receipts

    def _store_chunk(self, connection: apsw.Connection, chunk: list[Arrival]) -> list[Receipt]:
        count = len(chunk)
        ids = self._transaction.new_ids("events", count)
        numbered = list(zip(ids, chunk, strict=True))
        self._transaction.many(
            "groups.insert_events", [(id_, a.source, a.event_id, a.topic, a.received_at) for id_, a in numbered]
        )
        if connection.changes() == count:
            self._transaction.many("groups.insert_bodies", [(id_, a.body, a.context) for id_, a in numbered])
            return [Receipt(id_, "stored") for id_, _ in numbered]
        inserted = {id_ for (id_,) in self._transaction.execute("groups.inserted_since", (ids[0],)).fetchall()}
        for id_, arrival in numbered:
            if id_ in inserted:
                self._transaction.execute("inbox.insert_body", (id_, arrival.body, arrival.context))
        return [
            Receipt(id_, "stored") if id_ in inserted else inbox.store_one(self._transaction, arrival)
            for id_, arrival in numbered
        ]


class SqliteInbox(Inbox):
    """The rim's port."""

    def __init__(self, writer: Writer, engine: SqliteEngine) -> None:
        self._writer = writer
        self._engine = engine

    def give(self, arrival: Arrival, tell: Tell) -> None:
        """Store an event with the next group."""
        self._writer.put_batch([arrival], lambda stored: tell(stored[0]))

    async def is_duplicate(self, arrival: Arrival) -> bool:
        """Whether storing this would change nothing; works while nothing can be written."""
        self._writer.see_in_place()
        return await self._engine.read(lambda reading: inbox.is_duplicate(reading, arrival))
