"""What followers are told: the ring and its places, gaps, the pace."""

import asyncio
import time

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import SECOND
from gateway.ground.parcel import Parcel
from gateway.records import Change
from gateway.service.streaming import REMEMBERED, RING, SourcesLoop, Stream
from tests.stores import open_store


class Time:
    now = 1_750_000_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def stream(store):
    stream = Stream(store.watch, Time(), quiet_seconds=0.1)
    await stream.begin()
    yield stream
    await stream.close()


def changes(*numbers: int, of: str = "acme") -> list[Change]:
    return [Change("event", number, of, f"e{number}", "received", None) for number in numbers]


async def read(stream: Stream, last: str | None, count: int, **named):
    """The next so many that are told, quiet not counted."""
    found = []
    following = stream.follow(last, **named)
    async for some in following:
        found += some
        if len(found) >= count:
            break
    await following.aclose()
    return found


async def beginning(stream: Stream) -> str:
    """A place from which all that comes is new."""
    stream.heard(changes(0))
    return (await read(stream, f"{stream._run}-0", 1))[0].id


async def test_a_reader_goes_on_where_it_was(stream):
    """Each is told once, in turn, by whoever names the place."""
    place = await beginning(stream)
    stream.heard(changes(1, 2))
    first = await read(stream, place, 2)
    stream.heard(changes(3))

    assert [each.change.id for each in first] == [1, 2]
    assert [each.change.id for each in await read(stream, first[0].id, 2)] == [2, 3]


async def test_a_place_that_is_older_than_the_ring_is_one_gap(stream):
    """And from then on what is new."""
    place = await beginning(stream)
    stream.heard(changes(*range(RING + 1)))
    reading = asyncio.create_task(read(stream, place, 2))
    await asyncio.sleep(0.05)
    stream.heard(changes(7))
    told = await reading

    assert [each.gap for each in told] == ["older", None]
    assert told[1].change.id == 7


@pytest.mark.parametrize("last", ["", "7", "another-7", "-", "x-y", "{run}-99", "{run}--1", "{run}-" + "9" * 40])
async def test_a_place_that_nobody_told_is_one_gap(stream, last):
    """Of another run, of the future, or none at all."""
    stream.heard(changes(1))

    assert [each.gap for each in await read(stream, last.format(run=stream._run), 1)] == ["unknown"]


async def test_the_ring_remembers_ten_thousand(stream):
    """Its oldest place still counts."""
    place = await beginning(stream)
    stream.heard(changes(*range(RING)))

    assert (await read(stream, place, 1))[0].change.id == 0


async def test_what_the_store_could_not_tell_is_a_gap(stream):
    """It was more than it gathers."""
    place = await beginning(stream)
    stream.heard(changes(9), missed=3)

    assert (await read(stream, place, 1))[0].gap == "older"


async def test_nothing_is_remembered_for_longer_than_a_day(stream):
    """Whatever came since."""
    place = await beginning(stream)
    stream.heard(changes(1))
    stream._clock.now += REMEMBERED + 1
    stream.heard(changes(2))

    assert (await read(stream, place, 1))[0].gap == "older"
    assert sum(each is not None for each in stream._ring) == 1


async def test_a_page_would_rather_know_the_present(stream):
    """What is far behind is left out for it, not for others."""
    place = await beginning(stream)
    stream.heard(changes(*range(1000)))

    assert (await read(stream, place, 1, is_live=True))[0].gap == "behind"
    assert (await read(stream, place, 1))[0].change.id == 0


async def test_what_nobody_is_told_of_is_not_read(stream):
    """Neither for who is far behind and wants the present, nor of what was heard beyond his turn."""

    def read_nothing(_raw):
        raise AssertionError("somebody looked into it")

    place = await beginning(stream)
    stream.heard(changes(*range(1, 21)))
    stream.heard(Parcel(b"", read_nothing, 1000))

    assert (await read(stream, place, 1, is_live=True))[0].gap == "behind"
    assert [each.change.id for each in await read(stream, place, 1)] == [*range(1, 21)]


async def test_a_look_of_more_than_is_remembered_is_cut(stream):
    """Its newest ten thousand count, and no older place."""
    place = await beginning(stream)
    stream.heard(changes(*range(1, RING + 101)))
    first = place.replace("-1", "-101")

    assert (await read(stream, place, 1))[0].gap == "older"
    assert (await read(stream, first, 1))[0].change.id == 101


async def test_a_reader_is_told_twenty_a_second(stream):
    """However much there is."""
    place, began = await beginning(stream), time.monotonic()
    stream.heard(changes(*range(100)))
    told = await read(stream, place, 21)

    assert len(told) <= 40
    assert time.monotonic() - began >= 0.99


async def test_only_what_is_wanted_is_told(stream):
    """The others cost no turn."""
    place = await beginning(stream)
    stream.heard([*changes(*range(500)), *changes(1, of="other")])
    told = await read(stream, place, 1, wanted=lambda change: change.of == "other")

    assert told[0].change.of == "other"


async def test_quiet_is_told(stream):
    """So that both ends know that the other is there."""
    following = stream.follow(None)

    assert await anext(following) == []
    await following.aclose()


async def test_the_end_lets_all_go(stream):
    """At once."""
    following = stream.follow(None)
    reading = asyncio.ensure_future(anext(following, "over"))
    await asyncio.sleep(0)
    stream.end()

    assert await reading == "over"


async def listens(store) -> bool:
    """Whether the writer's connection tells of anything."""
    triggers = store.writer.submit(lambda it: it.execute("SELECT count(*) FROM temp.sqlite_schema").fetchone())
    return (await triggers)[0] > 0


@pytest.mark.file
async def test_the_store_listens_while_anybody_follows_and_a_while_longer(store):
    """A place of before its rest is none any more."""
    stream = Stream(store.watch, Time(), quiet_seconds=0.01, linger_seconds=0.1)
    before = await listens(store)
    await stream.begin()
    place = await beginning(stream)
    following = stream.follow(None)
    await anext(following)
    await asyncio.sleep(0.15)
    during = await listens(store)
    await following.aclose()
    await asyncio.sleep(0.2)
    after = await listens(store)
    await stream.begin()
    gap = (await read(stream, place, 1))[0].gap
    await stream.close()

    assert (before, during, after, gap) == (False, True, False, "unknown")


async def test_a_store_that_is_gone_is_said(tmp_path):
    """Before anything is answered."""
    store = await open_store(tmp_path)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await Stream(store.watch, Time()).begin()


async def test_a_source_that_is_halted_is_heard_of(stream):
    """No commit says so."""
    standings = {"acme": ("active", None), "other": ("active", None)}

    async def stand():
        return dict(standings)

    place = await beginning(stream)
    loop = asyncio.create_task(SourcesLoop(stream, stand, lambda _seconds: asyncio.sleep(0.01)).run(lambda: None))
    await asyncio.sleep(0.05)
    standings["acme"] = ("halted", "lookup_unauthorized")
    told = await read(stream, place, 1)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)

    assert [(each.change.of, each.change.status, each.change.code) for each in told] == [
        ("acme", "halted", "lookup_unauthorized")
    ]
