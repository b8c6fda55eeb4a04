"""Bodies by the day: days begin and go while all else goes on, and what must stay stays."""

import asyncio
from itertools import pairwise

import psycopg
import pytest

from gateway.records import EventFilter, RetentionSpans
from gateway.store.postgresql import PostgresStore, migrating, partitions
from gateway.store.postgresql.partitions import SPAN
from gateway.store.postgresql.place import PostgresPlace
from tests.contract.engines import DAY, Floor, says, state
from tests.postgres import shared
from tests.stores import database

SPANS = RetentionSpans(bodies=30 * DAY, dead_letters=180 * DAY, keys=90 * DAY, orders=400 * DAY, attempts=30 * DAY)


@pytest.fixture
def address(tmp_path):
    return database(tmp_path)


@pytest.fixture
async def floor(tmp_path, address):
    floor = Floor(lambda _: PostgresStore.open(address, is_unsafe=True), tmp_path)
    await floor.open()
    yield floor
    await floor.store.close()


def asked(address, statement, *values):
    with psycopg.connect(address, autocommit=True) as connection:
        return connection.execute(statement, values).fetchall()


def parts(address):
    """The partitions, and how many bodies each has."""
    names = [name for (name,) in asked(address, "SELECT inhrelid::regclass::text FROM pg_inherits "
                                       "WHERE inhparent = 'bodies'::regclass ORDER BY 1")]  # fmt: skip
    return {name: asked(address, f"SELECT count(*) FROM {name}")[0][0] for name in names}


async def prune(floor, days=0):
    floor.pass_by(days=days)
    return await floor.store.acts.prune(SPANS, floor.now)


async def bodies(floor, *events):
    return [(await floor.store.records.event(event)).body for event in events]


async def test_a_day_begins_with_a_partition_and_goes_with_it(floor, address):
    """No row of it is deleted; what is open, dead or ended late stays, and a repeat is known as one."""
    old = await floor.tell("old", ignored="not needed")
    await prune(floor)
    same_day = parts(address)
    await prune(floor, days=1)
    delivered = await floor.tell("delivered", state("A"))
    await floor.deliver()
    dead, pending = await floor.tell("dead", dead="malformed_payload"), await floor.tell("pending", state("P"))
    late = await floor.tell("late", state("L"))
    await prune(floor, days=1)
    next_day = await floor.tell("next", ignored="not needed")
    began = parts(address)
    floor.pass_by(days=20)
    await floor.settle(await floor.lease(), "delivered", only=["L"])
    before = await bodies(floor, old, delivered, dead, pending, late, next_day)
    await prune(floor, days=9.5)

    assert same_day == {"bodies_kept": 1}
    assert began == {"bodies_kept": 1, "bodies_1": 4, "bodies_2": 1}
    assert [id_ // SPAN for id_ in (old, delivered, pending, next_day)] == [0, 1, 1, 2]
    assert all(earlier < later for earlier, later in pairwise((old, delivered, dead, pending, late, next_day)))
    assert None not in before
    assert parts(address) == {"bodies_kept": 3, "bodies_2": 1, "bodies_3": 0}
    after = await bodies(floor, old, delivered, dead, pending, late, next_day)
    assert after == [None, None, before[2], before[3], before[4], before[5]]
    assert (await floor.receive("delivered", says(state("A")))).kind == "duplicate"
    assert (await floor.receive("delivered", b"other")).kind == "conflict"
    assert await floor.replay_matching(EventFilter(event_id="delivered")) == 0
    assert await floor.replay_matching(EventFilter(event_id="dead")) == 1
    assert await floor.translate() == {dead: "dead"}
    await prune(floor, days=21)
    assert await bodies(floor, late, pending) == [None, before[3]]


async def test_what_is_stored_beside_the_turn_of_a_day_is_stored_once(floor, address):
    """By each of several who store."""
    await floor.tell("first", ignored="not needed")
    floor.pass_by(days=1)
    is_over = False

    async def store(sender):
        receipts = []
        while not is_over:
            receipts.append((await floor.receive(f"{sender}-{len(receipts)}")).id)
        return receipts

    senders = [asyncio.create_task(store(number)) for number in range(8)]
    await asyncio.sleep(0.1)
    await prune(floor)
    await asyncio.sleep(0.1)
    is_over = True
    ids = [id_ for each in await asyncio.gather(*senders) for id_ in each]

    assert len(set(ids)) == len(ids)
    assert {id_ // SPAN for id_ in ids} == {0, 1}
    assert sum(parts(address).values()) == len(ids) + 1
    assert set(parts(address)) == {"bodies_kept", "bodies_1"}


async def test_a_long_reader_keeps_a_day_for_longer_and_nobody_waiting(floor, address):
    """What is stored meanwhile waits for no more than the attempt."""
    await floor.tell("first", ignored="not needed")
    with psycopg.connect(address) as reader:
        reader.execute("SELECT count(*) FROM bodies")
        began = asyncio.get_running_loop().time()
        turning = asyncio.create_task(prune(floor, days=1))
        await asyncio.sleep(0.05)
        await floor.receive("meanwhile")
        waited = asyncio.get_running_loop().time() - began
        await turning
        held = parts(address)
        reader.rollback()
    await prune(floor)

    assert waited < 1.5
    assert held == {"bodies_kept": 2}
    assert parts(address) == {"bodies_kept": 2, "bodies_1": 0}


async def test_a_turn_that_was_cut_off_is_ended_by_the_next(floor, address):
    """The partition was made, and its ids had not begun."""
    await floor.tell("first", ignored="not needed")
    await prune(floor, days=1)
    asked(address, "SELECT setval('events_id_seq', 2)")
    await prune(floor)

    assert (await floor.receive("second")).id == SPAN


async def test_a_day_of_which_much_stays_goes_by_rows(floor, address, monkeypatch):
    """Until little stays."""
    monkeypatch.setattr(partitions, "MOST_KEPT", 1)
    await floor.tell("first", ignored="not needed")
    await prune(floor, days=1)
    gone = await floor.tell("gone", ignored="not needed")
    await floor.tell("a", state("A"))
    await floor.tell("b", state("B"))
    await prune(floor, days=1)
    await floor.tell("next", ignored="not needed")
    await prune(floor, days=31)
    much = parts(address)
    await floor.deliver()
    await prune(floor, days=29)
    await prune(floor, days=2)

    assert await bodies(floor, gone) == [None]
    assert (much["bodies_1"], "bodies_1" in parts(address)) == (2, False)


async def test_what_a_program_without_partitions_opened_again_stays(floor, address):
    """It replays what was marked meanwhile."""
    await floor.tell("first", ignored="not needed")
    await prune(floor, days=1)
    event = await floor.tell("again", ignored="not needed")
    await prune(floor, days=1)
    await floor.tell("next", ignored="not needed")
    reopened = "UPDATE events SET status = 'received', ended_at = NULL, body_digest = 'x' WHERE id = %s RETURNING 1"
    asked(address, reopened, event)
    await prune(floor, days=31)

    assert "bodies_1" not in parts(address)
    found = dict[int, str]()
    async with asyncio.timeout(60):
        # What another program put back is before where looks begin: one over all of it finds it, in its time.
        while not found:
            found = await floor.translate()
    assert found == {event: "ignored"}
    await prune(floor, days=31)
    assert await bodies(floor, event) == [None]


async def test_bodies_of_before_the_partitions_are_found(tmp_path):
    """They stay where they are, and go as they went."""
    address = shared().empty()
    with psycopg.connect(address, autocommit=True) as connection:
        for number, text in migrating.migrations()[:10]:
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)")
            connection.execute(text.encode())
            connection.execute(f"INSERT INTO schema_version VALUES ({number})".encode())
        connection.execute(
            "INSERT INTO events (source, event_id, received_at, status) VALUES ('acme', 'e', 1, 'received')"
        )
        connection.execute("""INSERT INTO bodies VALUES (1, '{"ignored": "not needed"}', '')""")
    floor = Floor(lambda _: PostgresStore.open(address, is_unsafe=True), tmp_path)
    await floor.open()
    before = await bodies(floor, 1)
    await floor.translate()
    await prune(floor)
    second = await floor.tell("second", ignored="not needed")
    await prune(floor, days=31)
    after = await bodies(floor, 1)
    await floor.store.close()

    assert before == [b'{"ignored": "not needed"}']
    assert after == [None]
    assert second == SPAN


async def test_a_copy_holds_all_days(floor, address, tmp_path):
    """Into one partition, which ends when the next day begins; ids go on."""
    await floor.tell("first", ignored="not needed")
    await prune(floor, days=1)
    await floor.tell("second", ignored="not needed")
    await prune(floor, days=1)
    third = await floor.tell("third", ignored="not needed")
    with PostgresPlace(address) as source:
        rows, last = list(source.rows("bodies")), source.last_ids()
    with PostgresPlace(address) as target:
        target.begin()
        target.empty("bodies")
        target.add("bodies", rows)
        target.commit()
        target.raise_ids(last)
    gathered = parts(address)
    await prune(floor, days=1)

    assert gathered == {"bodies_kept": 3}
    assert parts(address) == {"bodies_kept": 3, f"bodies_{third // SPAN + 1}": 0}
    assert (await floor.receive("fourth")).id == (third // SPAN + 1) * SPAN
