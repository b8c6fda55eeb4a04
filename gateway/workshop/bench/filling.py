"""Fills a store through its own ports: what a busy year or a long outage leaves behind, in a minute."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from gateway.events import SECOND, Arrival, EventStatus, Micros, OrderState, Reason, TranslatedEvent, source_owner
from gateway.store.ports import Inbox, TranslationQueue
from gateway.store.sqlite import SqliteStore
from gateway.workshop.bench import rig
from gateway.workshop.bench.samples import numbered, template

BODY: Final = 1000
CHUNK: Final = 1000

KEYS_AGO: Final = 40 * 86_400 * SECOND
"""So old are events of which a key is left: bodies have gone, keys not yet."""

_KEYS: Final = """
WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1)
INSERT INTO events (id, source, event_id, received_at, status, run, ended_at, body_digest)
SELECT number, ?2, lower(hex(randomblob(12))), ?3, 'delivered', 1, ?3, randomblob(16) FROM numbers
"""

_ORDER: Final = b'{"externalOrderId":"%b","deliveryAddress":"77 Pier Road, Long Beach, CA 90802, US"}'


async def fill(
    path: Path, *, events: int, pending: int, dead: int = 0, on_events: Callable[[int], None] = lambda _count: None
) -> None:
    """Store `events` more events.

    The last `pending` of them have an order that waits, the first `dead` are dead letters; the others are ignored.
    """
    store = await SqliteStore.open(path)
    try:
        await fill_open(store.inbox, store.translation, events=events, pending=pending, dead=dead, on_events=on_events)
    finally:
        await store.close()


async def fill_keys(path: Path, count: int) -> None:
    """Make a store with so many event IDs, in no order, of events whose bodies have gone."""
    store = await SqliteStore.open(path)

    def run(connection: apsw.Connection) -> None:
        # All in memory until they are there: else each page is written again and again.
        connection.execute(f"PRAGMA cache_size = -{1 << 22}")
        connection.execute(_KEYS, (count, rig.SOURCE, time.time_ns() // 1000 - KEYS_AGO))

    try:
        await store.writer.submit(run)
    finally:
        await store.close()


async def fill_open(
    inbox: Inbox,
    translation: TranslationQueue,
    *,
    events: int,
    pending: int,
    dead: int = 0,
    on_events: Callable[[int], None] = lambda _count: None,
) -> None:
    """The same for a store that is open."""
    made, run = template(BODY), time.time_ns() >> 20
    for first in range(0, events, CHUNK):
        now, count = time.time_ns() // 1000, min(CHUNK, events - first)
        numbers = range(first, first + count)
        receipts = [inbox.put(arrival(numbered(made, run, number), run, number, now)) for number in numbers]
        ids = [(await receipt).id for receipt in receipts]
        translated = [
            _translated(id_, run, number, now, _status(number, events, pending, dead))
            for id_, number in zip(ids, numbers, strict=True)
        ]
        await translation.commit(translated, now)
        on_events(count)


def arrival(body: bytes, run: int, number: int, now: Micros) -> Arrival:
    """A hook as the rim hands it over."""
    made = numbered(body, run, number)
    return Arrival(rig.SOURCE, _name(run, number), "WAREHOUSE_ORDER", now, made)


def _name(run: int, number: int) -> str:
    return f"{run & 0xFFFFFFFF:08x}{number:016d}"


def _status(number: int, events: int, pending: int, dead: int) -> EventStatus:
    if number < dead:
        return EventStatus.DEAD
    return EventStatus.TRANSLATED if number >= events - pending else EventStatus.IGNORED


def _translated(id_: int, run: int, number: int, now: Micros, status: EventStatus) -> TranslatedEvent:
    name = _name(run, number)
    state = OrderState(
        tenant=rig.TENANT,
        external_order_id=name,
        owner=source_owner(rig.SOURCE),
        clock=now,
        tie=0,
        body=_ORDER % name.encode(),
    )
    return TranslatedEvent(
        id=id_,
        source=rig.SOURCE,
        event_id=name,
        status=status,
        adapter_version="1",
        references=(name,),
        states=(state,) if status == EventStatus.TRANSLATED else (),
        reason=Reason("malformed_payload", "expected str at $.data") if status == EventStatus.DEAD else None,
    )
