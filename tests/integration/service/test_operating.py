"""The loop of operations: a preview, which takes as long as it takes, keeps nobody waiting."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from gateway.events import Arrival, EventStatus, Reason, TranslatedEvent
from gateway.records import Act, Effects, NewOperation
from gateway.rehearsal.operating import OperationsLoop
from tests.stores import open_store

SOON = 10


class Long:
    """A preview that lasts until it is let go; `begun` and `ended` count."""

    def __init__(self):
        self.go = asyncio.Event()
        self.begun = self.ended = 0

    async def of_replay(self, events, **_):
        self.begun += 1
        try:
            await self.go.wait()
        finally:
            self.ended += 1
        return Effects(counts={"dead": len(events)}, sends=0)

    async def counts(self, **wanted):
        async def do():
            return all(getattr(self, name) == count for name, count in wanted.items())

        await until(do)


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def set_aside(store):
    receipt = await store.inbox.put(Arrival("acme", "e-1", None, 1, b"{}"))
    dead = TranslatedEvent(
        id=receipt.id, source="acme", event_id="e-1", status=EventStatus.DEAD, adapter_version="1", states=(),
        reason=Reason("malformed_payload", "no id"),
    )  # fmt: skip
    await store.translation.commit([dead], 1)
    return str(receipt.id)


async def make(store, kind, event):
    act = Act(at=1, by="night", act=kind, what="one")
    return (await store.bulk.make(NewOperation(kind=kind, of="events", items=(event,)), act)).id


@asynccontextmanager
async def carried_on(store, previews):
    loop = OperationsLoop(store.bulk, previews, on_replayed=lambda: None, clock=lambda: 2)
    task = asyncio.create_task(loop.run(lambda: None))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(look):
    async with asyncio.timeout(SOON):
        while not await look():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)


async def becomes(store, number, status):
    async def has():
        return (await store.bulk.operation(number)).status == status

    await until(has)


async def test_a_replay_does_not_stand_behind_a_preview(store):
    """It is done while the preview goes on; the preview ends when it may."""
    event, previews = await set_aside(store), Long()
    preview = await make(store, "preview", event)
    async with carried_on(store, previews):
        replay = await make(store, "replay", event)
        await becomes(store, replay, "done")
        meanwhile = (await store.bulk.operation(preview)).status
        previews.go.set()
        await becomes(store, preview, "done")

    assert meanwhile == "running"
    assert (await store.bulk.operation(preview)).effects == {"dead": 1, "sends": 0}


async def test_a_paused_preview_begins_anew_and_none_outlives_the_loop(store):
    """Its process is never left behind."""
    event, previews = await set_aside(store), Long()
    preview = await make(store, "preview", event)
    async with carried_on(store, previews):
        await previews.counts(begun=1)
        await store.bulk.turn(preview, "paused", Act(at=3, by="night", act="pause", what="one"))
        await previews.counts(ended=1)
        await store.bulk.turn(preview, "running", Act(at=4, by="night", act="resume", what="one"))
        await previews.counts(begun=2)

    assert (previews.begun, previews.ended) == (2, 2)
