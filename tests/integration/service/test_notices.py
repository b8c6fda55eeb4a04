"""Telling people while the store cannot remember that they were told."""

import asyncio

import pytest

from adapters import Secret
from gateway.config.live import Live
from gateway.config.model import Config, Notify, Settings
from gateway.service import notices
from gateway.service.notices import NoticeLoop, Surroundings
from gateway.store.sqlite import SqliteStore
from tests.acceptance.test_notices import Listener


@pytest.mark.file
async def test_whom_the_store_cannot_remember_is_told_once(tmp_path, monkeypatch):
    """A full disk is what people are told of, and no reason to tell them every two seconds; it is remembered later."""
    monkeypatch.setattr(notices, "LOOK_SECONDS", 0.01)
    store = await SqliteStore.open(tmp_path / "gateway.db")
    looks = asyncio.Semaphore(0)

    def problems():
        looks.release()
        return ["the disk is full"]

    async def looked(times):
        async with asyncio.timeout(20):
            for _ in range(times):
                await looks.acquire()

    with Listener() as chat:
        settings = Settings({}, {}, notify=[Notify(url=Secret(chat.url))])
        live = Live(Config(settings, {}, str(tmp_path / "gateway.db"), str(tmp_path)))
        surroundings = Surroundings(live, store.records, lambda: asyncio.sleep(0, {}), dict, problems, tuple)
        await writing(store, is_possible=False)
        loop = asyncio.create_task(NoticeLoop(live, store, surroundings, lambda: 1).run(lambda: None))
        await looked(20)
        before = await store.told.told()
        await writing(store, is_possible=True)
        await looked(3)
        after = await store.told.told()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    await store.close()

    assert chat.of("store") == [("began", "")]
    assert (before, [each.event for each in after]) == ([], ["store"])


async def writing(store, *, is_possible):
    said = f"PRAGMA query_only = {int(not is_possible)}"
    await store.writer.submit(lambda connection: connection.execute(said).fetchall(), is_transaction=False)
