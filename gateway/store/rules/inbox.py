"""The inbox: the event key unique, conflicts kept beside. What comes in groups and is new, an engine stores at once."""

import hashlib
from collections.abc import Mapping
from typing import Final

from gateway.events import SECOND, Arrival, EventStatus, Micros, Receipt, source_owner
from gateway.store.rules.transactions import Transaction

FRESH: Final = SECOND // 10
"""How far back the time may lie at which a source is said to have last given us an event."""


def digest_of(body: bytes) -> bytes:
    """What is kept of a body when it is pruned, so that a repeat is known as one."""
    return hashlib.blake2b(body, digest_size=16).digest()


def store_whole(transaction: Transaction, arrival: Arrival) -> Receipt:
    """Store an arrival and the further events of its request."""
    first = store_one(transaction, arrival)
    others = tuple([store_one(transaction, other) for other in arrival.others])
    return Receipt(first.id, first.kind, others)


def store_one(transaction: Transaction, arrival: Arrival) -> Receipt:
    """Store one arrival, whatever is there of its key."""
    found = transaction.execute("inbox.newest_by_key", (arrival.source, arrival.event_id)).fetchone()
    if found is None:
        return _insert(transaction, arrival, generation=0)
    id_, generation, received_at, status, digest, body = found
    if _is_past(arrival, received_at):
        return _insert(transaction, arrival, generation=generation + 1)
    if _is_same(arrival.body, body, digest):
        transaction.execute("inbox.count_duplicate", (id_,))
        return Receipt(id_, "duplicate")
    if status == EventStatus.DEAD:
        _replace(transaction, id_, arrival)
        return Receipt(id_, "replaced")
    transaction.execute("inbox.count_conflict", (id_,))
    transaction.execute("inbox.keep_other_body", (id_, arrival.received_at, arrival.body, arrival.context))
    return Receipt(id_, "conflict")


def is_duplicate(transaction: Transaction, arrival: Arrival) -> bool:
    """Whether storing this would change nothing."""
    found = transaction.execute("inbox.newest_by_key", (arrival.source, arrival.event_id)).fetchone()
    if found is None:
        return False
    _, _, received_at, _, digest, body = found
    return not _is_past(arrival, received_at) and _is_same(arrival.body, body, digest)


def adopt(transaction: Transaction, aliases: Mapping[str, str]) -> None:
    """Give events and owners of former names to the source that now bears them."""
    for former, name in aliases.items():
        if transaction.execute("inbox.bears", (former,)).fetchone() is None:
            continue
        for of in ("source", "waiting", "order_records", "listed", "askings", "accepted"):
            transaction.execute(f"inbox.rename_{of}", (former, name))
        for of in ("order_owner", "state_owner"):
            transaction.execute(f"inbox.rename_{of}", (source_owner(former), source_owner(name)))


def _insert(transaction: Transaction, arrival: Arrival, generation: int) -> Receipt:
    (id_,) = transaction.new_ids("events", 1)
    key = (id_, arrival.source, arrival.event_id, generation, arrival.topic, arrival.received_at)
    transaction.execute("inbox.insert_generation", (*key, *_beginning(arrival)))
    transaction.execute("inbox.insert_body", (id_, arrival.body, arrival.context))
    return Receipt(id_, "stored")


def _replace(transaction: Transaction, id_: int, arrival: Arrival) -> None:
    transaction.execute("inbox.keep_replaced_body", (id_,))
    transaction.execute("inbox.replace_body", (id_, arrival.body, arrival.context))
    transaction.execute("inbox.reopen", (arrival.topic, arrival.received_at, *_beginning(arrival), id_))
    transaction.execute("lookups.forget_answers", (id_,))


def _is_past(arrival: Arrival, received_at: Micros) -> bool:
    """Whether an ID that is only a hash of the body no longer dedupes."""
    return arrival.hash_window > 0 and received_at + arrival.hash_window < arrival.received_at


def _is_same(arrived: bytes, stored: bytes | None, digest: bytes | None) -> bool:
    if stored is not None:
        return arrived == stored
    return digest is None or digest == digest_of(arrived)


def _beginning(arrival: Arrival) -> tuple[str, str | None, str | None, str | None, int, int | None]:
    """Status, reason, is_dead_letter and ended_at of a new event."""
    dead = arrival.dead
    if dead is None:
        return EventStatus.RECEIVED, None, None, None, 0, None
    return EventStatus.DEAD, dead.code, dead.detail, dead.path, 1, arrival.received_at
