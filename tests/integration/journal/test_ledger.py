"""The journal before the ledger: what was acknowledged is taken in once, whatever ends in between."""

import asyncio
import errno
import os
import resource
import signal
import sqlite3
from datetime import UTC, datetime

import msgspec
import pytest

from gateway.errors import StoreUnavailable
from gateway.events import Arrival
from gateway.journal import segments_of
from gateway.journal.segments import SEGMENT_BYTES
from gateway.records import EventFilter
from gateway.store.process import ProcessStore
from gateway.store.process.journaled import LARGEST
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite.backup import back_up
from tests.contract.engines import START


@pytest.fixture
async def store(tmp_path):
    store = await ProcessStore.open(tmp_path / "gateway.db", journal=True)
    yield store
    await store.close()


def arrival(name, body=b"{}", at=0):
    return Arrival("acme", name, None, START + at, body)


async def stored(path):
    """What a store holds once it is opened: bodies by event ID; each must be there once."""
    opened = await SqliteStore.open(path)
    await opened.close()
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT e.event_id, b.body FROM events e JOIN bodies b ON b.id = e.id ORDER BY e.id"
        ).fetchall()
    connection.close()

    assert len(dict(rows)) == len(rows)
    return dict(rows)


async def test_a_repeat_is_one_whenever_it_comes(store):
    """In the same turn, while the journal holds its key, and once the ledger has it; another body is a conflict."""
    both = await asyncio.gather(*(store.inbox.put(arrival("a")) for _ in range(3)))
    held = await store.inbox.put(arrival("a"))
    other = await store.inbox.put(arrival("a", b"[]"))
    await store.records.counts()
    known = await store.inbox.put(arrival("a"))
    neighbours = await asyncio.gather(*(store.inbox.put(arrival(name)) for name in ("b", "a", "c")))
    (event,) = (await store.records.events(EventFilter(event_id="a"), limit=9, cursor=None)).rows

    assert [each.kind for each in both] == ["stored", "duplicate", "duplicate"]
    assert (held.kind, other.kind, known.kind) == ("duplicate", "conflict", "duplicate")
    assert [each.kind for each in neighbours] == ["stored", "duplicate", "stored"]
    assert (event.duplicates, event.conflicts) == (5, 1)


async def test_a_thousand_copies_at_once_are_one_event(store):
    """However they fall into groups."""
    receipts = await asyncio.gather(*(store.inbox.put(arrival("a")) for _ in range(1000)))

    assert sorted(each.kind for each in receipts).count("stored") == 1
    assert {each.kind for each in receipts} == {"stored", "duplicate"}
    assert (await store.records.counts()).events == {"received": 1}


async def test_what_goes_past_the_journal_keeps_its_turn(store):
    """A large body, and several events of one request: their numbers decide where the vendor's times are equal."""
    several = msgspec.structs.replace(arrival("c"), others=(arrival("d"),))
    for coming in (arrival("a"), arrival("b", b" " * LARGEST + b"{}"), several, arrival("e")):
        await store.inbox.put(coming)
    events = (await store.records.events(EventFilter(), limit=9, cursor=None)).rows

    assert [each.event_id for each in sorted(events, key=lambda each: each.id)] == ["a", "b", "c", "d", "e"]


async def test_what_cannot_be_written_keeps_its_turn(store, monkeypatch):
    """The disk refuses a record: what was acknowledged before it has the lower number, taken in or not."""
    os.kill(store.pid, signal.SIGSTOP)
    await store.inbox.put(arrival("a"))

    def fails(*_):
        raise OSError(errno.EIO, "a test")

    monkeypatch.setattr(store.inbox._journal, "_write", fails)
    late = store.inbox.put(arrival("b"))
    await store.inbox._all_told()
    os.kill(store.pid, signal.SIGCONT)
    receipt = await late
    events = (await store.records.events(EventFilter(), limit=9, cursor=None)).rows

    assert receipt.kind == "stored"
    assert [each.event_id for each in sorted(events, key=lambda each: each.id)] == ["a", "b"]


async def test_whoever_asks_sees_what_was_acknowledged(store):
    """At once, in the order in which it came."""
    for number in range(20):
        await store.inbox.put(arrival(f"{number}"))
        rows = (await store.records.events(EventFilter(), limit=100, cursor=None)).rows

        assert [row.event_id for row in rows] == [f"{each}" for each in range(number, -1, -1)]


async def test_an_end_of_both_processes_loses_nothing(tmp_path):
    """Neither what the ledger had not taken in, nor its order; and nothing is taken in twice."""
    path = tmp_path / "gateway.db"
    names = [f"{life}-{number}" for life in range(3) for number in range(50)]
    for life in range(3):
        store = await ProcessStore.open(path, journal=True)
        # At rest: it takes in nothing.
        os.kill(store.pid, signal.SIGSTOP)
        mine = names[50 * life : 50 * (life + 1)]
        receipts = await asyncio.gather(*(store.inbox.put(arrival(name, name.encode())) for name in mine))
        os.kill(store.pid, signal.SIGKILL)
        await store.close()

        assert {each.kind for each in receipts} == {"stored"}
    found = await stored(path)

    assert [*found] == names
    assert all(body == name.encode() for name, body in found.items())


async def test_a_start_without_a_journal_takes_in_what_one_has_left(tmp_path):
    """So it can be switched off at any time."""
    path = tmp_path / "gateway.db"
    store = await ProcessStore.open(path, journal=True)
    os.kill(store.pid, signal.SIGSTOP)
    await store.inbox.put(arrival("a"))
    os.kill(store.pid, signal.SIGKILL)
    await store.close()
    without = await ProcessStore.open(path)
    repeated = await without.inbox.put(arrival("a"))
    await without.close()

    assert repeated.kind == "duplicate"


async def test_no_segment_is_used_again_before_the_commit(tmp_path):
    """A ledger that takes nothing in keeps all of them: what finds no room waits for it, and is acknowledged by it."""
    path = tmp_path / "gateway.db"
    store = await ProcessStore.open(path, journal=True)
    os.kill(store.pid, signal.SIGSTOP)
    body = b"x" * (SEGMENT_BYTES // 5)
    told = []
    puts = [store.inbox.put(arrival(f"{number}", body)) for number in range(60)]
    for put in puts:
        put.add_done_callback(lambda done: told.append(done.exception() is None))
    async with asyncio.timeout(30):
        while len(segments_of(path)) < 3 or not told:  # noqa: ASYNC110 - files tell nobody
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    acknowledged = [f"{number}" for number, put in enumerate(puts) if put.done() and put.exception() is None]
    os.kill(store.pid, signal.SIGKILL)
    await store.close()
    await asyncio.gather(*puts, return_exceptions=True)
    found = await stored(path)

    assert len(acknowledged) > 4
    assert set(acknowledged) <= set(found)


async def test_a_ledger_that_cannot_write_keeps_what_was_acknowledged(tmp_path):
    """Whichever of its writes is the first to fail: it is taken in once there is room, once and in order."""
    path = tmp_path / "gateway.db"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for k in range(0, 60, 12):
        store = await ProcessStore.open(path, journal=True)
        wal = path.with_name("gateway.db-wal")
        size = max(wal.stat().st_size if wal.exists() else 0, path.stat().st_size) + k * 1000
        resource.prlimit(store.pid, resource.RLIMIT_FSIZE, (size, before[1]))
        body = os.urandom(20_000)
        told = await asyncio.gather(
            *(store.inbox.put(arrival(f"{k}-{number}", body)) for number in range(40)), return_exceptions=True
        )
        resource.prlimit(store.pid, resource.RLIMIT_FSIZE, before)
        async with asyncio.timeout(20):
            while store.failure is not None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
        again = await asyncio.gather(*(store.inbox.put(arrival(f"{k}-{number}", body)) for number in range(40)))
        await store.close()

        assert {each.kind for each in again} <= {"duplicate", "stored"}
        refused = [isinstance(each, StoreUnavailable) for each in told]
        assert [each.kind == "duplicate" for each in again] == [not each for each in refused]
    assert len(await stored(path)) == 200


async def test_a_backup_holds_what_the_ledger_does_not_have_yet(tmp_path):
    """While the gateway runs, and after it was killed."""
    path = tmp_path / "gateway.db"
    store = await ProcessStore.open(path, journal=True)
    await store.inbox.put(arrival("a"))
    await store.records.counts()
    os.kill(store.pid, signal.SIGSTOP)
    await store.inbox.put(arrival("b"))
    running = await asyncio.to_thread(back_up, path, tmp_path / "running.backup", now=datetime.now(UTC))
    os.kill(store.pid, signal.SIGKILL)
    await store.close()
    killed = await asyncio.to_thread(back_up, path, tmp_path / "killed.backup", now=datetime.now(UTC))

    assert (running.events, killed.events) == (2, 2)
    assert len(await stored(path)) == 2
