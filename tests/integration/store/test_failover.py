"""A primary that is lost: its standby takes over, and nothing that was acknowledged is missing."""

import asyncio
import signal
import time

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import Arrival
from gateway.records import Standbys
from gateway.store.postgresql import PostgresStore
from tests.postgres import OWNER, Server, serving


@pytest.fixture
def pair():
    """A primary whose commits wait for its standby, and that."""
    with serving(autovacuum="off") as primary, serving(of=primary, autovacuum="off") as standby:
        yield primary, standby


def either(primary: Server, standby: Server) -> str:
    """Their address: of both the one that can write."""
    address = primary.database()
    name = address.partition("@/")[2].partition("?")[0]
    primary.wait_for_standby()
    return f"postgresql://{OWNER}@/{name}?host={primary.folder},{standby.folder}"


def arrival(event_id: str) -> Arrival:
    return Arrival(source="acme", event_id=event_id, topic=None, received_at=1, body=b"{}")


class Sender:
    """Sends one event after another, and remembers which were acknowledged."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.acknowledged: list[str] = []
        self.longest = 0.0

    async def run(self, of: str) -> None:
        number = 0
        while True:
            number += 1
            await self.send(f"{of}-{number}")

    async def send(self, event_id: str) -> bool:
        """Whether it was acknowledged."""
        began = time.monotonic()
        try:
            await self._store.inbox.put(arrival(event_id))
        except StoreUnavailable:
            await asyncio.sleep(0.01)
        else:
            self.acknowledged.append(event_id)
            return True
        finally:
            self.longest = max(self.longest, time.monotonic() - began)
        return False


async def stored(store: PostgresStore) -> set[str]:
    events = await store.translation.untranslated(["acme"], 1_000_000)
    return {event.event_id for event in events}


async def test_what_was_acknowledged_outlives_the_primary(pair):
    """Whoever sent meanwhile was refused in time, and is served within two seconds of one that can write."""
    primary, standby = pair
    store = await PostgresStore.open(await asyncio.to_thread(either, *pair))
    sender = Sender(store)
    sending = [asyncio.create_task(sender.run(str(place))) for place in range(8)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(primary.stop, signal.SIGQUIT)
    before = len(sender.acknowledged)
    await asyncio.to_thread(standby.promote)
    began = time.monotonic()
    while not await sender.send("afterwards"):
        pass
    seconds = time.monotonic() - began
    await asyncio.sleep(0.3)
    for each in sending:
        each.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    found = await stored(store)
    await store.close()

    assert before > 10
    assert set(sender.acknowledged) <= found
    assert seconds < 2
    assert sender.longest < 4


async def test_how_far_the_standby_is_behind_is_told(pair):
    """Nothing, while commits wait for it; with a standby that has stopped, what a failover to it would lose."""
    primary, standby = pair
    store = await PostgresStore.open(primary.database())

    async def told() -> dict[str, Standbys]:
        return {each.state: each for each in await store.records.standbys() if each.count}

    async def caught_up(state: str) -> list[str]:
        while True:
            of = await told()
            if state in of and of[state].behind == 0:
                return list(of)
            await asyncio.sleep(0.02)

    before = await caught_up("async")
    standby.signal(signal.SIGSTOP)
    try:
        assert await Sender(store).send("on the primary alone")
        stopped = await told()
    finally:
        standby.signal(signal.SIGCONT)
    await asyncio.to_thread(primary.wait_for_standby)
    after = await caught_up("sync")
    alone = [each.count for each in await store.records.standbys()]
    await store.close()

    assert stopped["async"].behind > 100
    assert (before, after) == (["async"], ["sync"])
    assert sorted(alone) == [0, 0, 0, 1]


async def test_a_cancelled_wait_for_the_standby_is_never_acknowledged(pair):
    """Nor is a repeat of it, nor is it told to be known: it may be on the primary alone.

    Who sends it again, to whichever, has it stored once.
    """
    primary, standby = pair
    address = await asyncio.to_thread(either, *pair)
    database = address.partition("@/")[2].partition("?")[0]
    store, *others = [await PostgresStore.open(address) for _ in range(3)]
    sender = Sender(store)
    assert await sender.send("before")
    standby.signal(signal.SIGSTOP)
    try:
        sends = asyncio.gather(sender.send("cancelled"), sender.send("cancelled"))
        while not sends.done():
            await asyncio.to_thread(
                primary.run, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            )
            await asyncio.sleep(0.05)
        repeated = await sender.send("cancelled")
        elsewhere = await asyncio.gather(
            others[0].inbox.put(arrival("cancelled")),
            others[1].inbox.is_duplicate(arrival("cancelled")),
            return_exceptions=True,
        )
        on_primary = await asyncio.to_thread(primary.ask, "SELECT count(*) FROM events", database)
    finally:
        # Nothing of what was sent meanwhile may reach it.
        primary.stop(signal.SIGQUIT)
        standby.signal(signal.SIGCONT)
    await asyncio.to_thread(standby.promote)
    while not await sender.send("cancelled"):
        pass
    found = await stored(store)
    for each in (store, *others):
        await each.close()

    assert await sends == [False, False]
    assert not repeated
    assert [type(told) for told in elsewhere] == [StoreUnavailable] * 2
    assert on_primary == 2
    assert found == {"before", "cancelled"}
    assert sender.acknowledged == ["before", "cancelled"]
