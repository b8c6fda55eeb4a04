"""What is PostgreSQL's alone: outages, standbys that do not answer, and several gateways."""

import asyncio
import threading
import time

import pytest

from gateway.duties.clock import StoreClock
from gateway.duties.keeper import Digests, Keeper
from gateway.errors import ConfigError, StoreUnavailable
from gateway.events import Arrival
from gateway.ground.clock import now
from gateway.orders import Claim, Wait
from gateway.records import Joining, Turning
from gateway.store.postgresql import PostgresStore, values
from gateway.store.postgresql.connection import Connection
from gateway.store.postgresql.looking import NO_STANDBY, findings_of_store
from tests.postgres import serving


@pytest.fixture(scope="module")
def server():
    with serving(autovacuum="off") as server:
        yield server


@pytest.fixture
async def address(server):
    return server.database()


@pytest.fixture
async def store(address):
    store = await PostgresStore.open(address)
    yield store
    await store.close()


def arrival(event_id: str, body: bytes = b"{}") -> Arrival:
    return Arrival(source="acme", event_id=event_id, topic=None, received_at=1, body=body)


def joining(name: str) -> Joining:
    return Joining(name=name, version="1", process=f"elsewhere {name}")


async def outcome(store, event_id):
    """What became of an arrival, and in how many seconds."""
    began = time.monotonic()
    try:
        told = (await store.inbox.put(arrival(event_id))).kind
    except StoreUnavailable as error:
        told = str(error)
    return told, time.monotonic() - began


async def stored_again(store, event_id, within=10.0):
    """The first receipt that is none of a database that is lost."""
    for _ in range(int(within / 0.05)):
        told, _ = await outcome(store, event_id)
        if told in ("stored", "duplicate"):
            break
        await asyncio.sleep(0.05)
    return told


async def test_a_database_that_is_gone_refuses_at_once_and_is_found_again(server, store):
    """503 for what comes meanwhile, nothing piled up; what was refused is stored when it comes again."""
    first, _ = await outcome(store, "before")
    server.stop()
    refused = [await outcome(store, f"during-{number}") for number in range(3)]
    failure = store.failure
    server.start()

    assert first == "stored"
    assert all(told.startswith("the store cannot write") for told, _ in refused)
    assert max(seconds for _, seconds in refused) < 4
    assert failure
    assert await stored_again(store, "during-0") == "stored"
    assert store.failure is None
    assert (await store.inbox.put(arrival("before"))).kind == "duplicate"


async def test_a_commit_that_waits_for_a_standby_is_not_acknowledged(server, store):
    """Neither one that waits nor one whose wait is cancelled, nor a repeat of it; all are known afterwards."""
    server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    await asyncio.sleep(0.3)
    try:
        waiting, _ = await outcome(store, "waits")
        cancelled = store.inbox.put(arrival("cancelled"))
        repeated = store.inbox.put(arrival("cancelled"))
        while not cancelled.done():
            await asyncio.to_thread(
                server.run, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            )
            await asyncio.sleep(0.1)
        answers = await asyncio.gather(cancelled, repeated, return_exceptions=True)
    finally:
        server.run("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")

    assert waiting.startswith("the store cannot write")
    assert [type(each) for each in answers] == [StoreUnavailable] * 2
    assert await stored_again(store, "waits") == "duplicate"
    assert await stored_again(store, "cancelled") in ("stored", "duplicate")


async def test_a_database_that_became_read_only_makes_every_connection_old(server, address, store):
    """As a demoted primary does: they are opened anew once it can be written to."""
    name = address.partition("@/")[2].partition("?")[0]
    await outcome(store, "before")
    server.run(
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    refused = [(await outcome(store, f"during-{number}"))[0] for number in range(2)]
    server.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")

    assert all(told.startswith("the store cannot write") for told in refused)
    assert await stored_again(store, "during-0") == "stored"


async def test_a_replica_that_was_given_up_writes_nothing_under_its_number(address, store):
    """Whatever it wants to write: a claim, and its next sign of life. Another life of it may."""
    other = await PostgresStore.open(address)
    lives = [(await each.duties.join(joining(name), 1)).number for each, name in ((store, "one"), (other, "other"))]
    (one, _) = (await other.duties.look(None, 0)).replicas
    await other.duties.turn(Turning(number=lives[1], now=1, lost=((lives[0], one.beats),)))
    claim = Claim(now=1, until=2, linger=0, max_orders=1, max_bytes=100)

    for refused in (store.outbox.claim("north", claim), store.duties.turn(Turning(number=lives[0], now=1))):
        with pytest.raises(StoreUnavailable, match="have given this one up"):
            await refused
    assert isinstance(await other.outbox.claim("north", claim), Wait)
    await store.duties.join(joining("one"), 1)
    assert isinstance(await store.outbox.claim("north", claim), Wait)
    await other.close()


async def test_one_that_cannot_beat_stops_before_another_begins(address, store):
    """By its own clock, whatever it can see; then it begins anew, and has its share again."""
    other = await PostgresStore.open(address)
    first, second = (
        Keeper(each.duties, joining(name), StoreClock(now), heartbeat=1.0)
        for each, name in ((store, "one"), (other, "other"))
    )
    names = [f"delivery:{number}" for number in range(8)]
    for keeper in (first, second):
        await keeper.join()
        keeper.want({"delivery": names}, Digests())
    await until(first, second, lambda: len(first.held("delivery")) == len(second.held("delivery")) == 4)
    silent_from, held = time.monotonic(), []

    def has_taken_over():
        held.append((time.monotonic(), len(first.held("delivery"))))
        return len(second.held("delivery")) == 8

    await until(second, second, has_taken_over)
    taken_at = time.monotonic()
    stopped_at = next(at for at, count in held if count == 0)
    await until(first, second, lambda: len(first.held("delivery")) == len(second.held("delivery")) == 4)
    await other.close()

    assert 1 < stopped_at - silent_from < taken_at - silent_from < 10


async def until(one, another, holds, within=20.0):
    """Let them look until it holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end
        await one.step()
        await another.step()
        await asyncio.sleep(0.1)


async def test_each_of_two_replicas_is_told_of_what_either_changes(address, store):
    """One that listens no more leaves the other what it hears."""
    other = await PostgresStore.open(address)
    heard = {"one": [], "other": []}
    for each, name in ((store, "one"), (other, "other")):
        each.observe(on_changes=lambda some, _missed, name=name: heard[name].extend(change.name for change in some))
        await each.duties.join(joining(name), 1)
        await each.watch.listen()
    await outcome(store, "a")
    await outcome(other, "b")
    await asyncio.sleep(0.3)
    await other.close()
    await outcome(store, "c")
    await asyncio.sleep(0.3)

    assert heard == {"one": ["a", "b", "c"], "other": ["a", "b"]}


async def test_a_database_that_may_lose_what_it_committed_is_refused(server, address):
    """Unless the configuration says that it will do."""
    name = address.partition("@/")[2].partition("?")[0]
    server.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(ConfigError, match="synchronous_commit is off"):
        await PostgresStore.open(address)
    store = await PostgresStore.open(address, is_unsafe=True)
    await store.close()


async def test_a_check_names_what_a_database_may_lose(server, address):
    """What is refused, and what a failover loses; of a database without a schema, or that is not there, too."""
    name = address.partition("@/")[2].partition("?")[0]
    server.run("DROP DATABASE IF EXISTS fresh", "CREATE DATABASE fresh")
    plain = findings_of_store(address, is_unsafe=False)
    fresh, gone = (findings_of_store(server.url(each), is_unsafe=False)[0] for each in ("fresh", "gone"))
    server.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    unsafe, accepted = (findings_of_store(address, is_unsafe=each)[0] for each in (False, True))

    assert plain == (None, [NO_STANDBY])
    assert fresh is None
    assert 'database "gone" does not exist' in gone
    assert unsafe.startswith("its synchronous_commit is off: it may lose what was acknowledged")
    assert accepted is None


def insert(url: str, ids: list[str], both: threading.Barrier) -> int:
    """One statement with all of these, at the same time as another; how many were new."""
    connection = Connection(url, "test")
    rows = [("acme", id_, None, 1, b"{}", b"") for id_ in ids]
    try:
        both.wait(10)
        return len(connection.commit_one("arrivals.insert", [*values.columns(rows), [], []]))
    finally:
        connection.close()


async def test_groups_that_overlap_never_stand_in_each_others_way(address, store):
    """Whatever their order: keys are inserted in one order. Else each would wait for what the other has."""
    for turn in range(3):
        ids, both = [f"{turn} {number}" for number in range(1000)], threading.Barrier(2)
        async with asyncio.timeout(30):
            new = await asyncio.gather(
                *(asyncio.to_thread(insert, address, each, both) for each in (ids, [*reversed(ids)]))
            )

        assert sum(new) == 1000


async def test_texts_pass_whatever_they_hold(store):
    """A NUL and what stands for it too."""
    event_id = "a\0b\ufdd0c\ufdd00"
    await store.inbox.put(arrival(event_id, b"\0\xff"))
    [event] = await store.translation.untranslated(["acme"], 10)

    assert (event.event_id, event.body) == (event_id, b"\0\xff")
