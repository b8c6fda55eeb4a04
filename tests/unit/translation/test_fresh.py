"""What was just stored is translated from memory; whatever is not there is asked for."""

import asyncio
from collections.abc import Collection

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import MOST_READ_BYTES, Arrival, EventStatus, TranslatedEvent, UntranslatedEvent
from gateway.translation import fresh
from gateway.translation.fresh import Fresh
from gateway.translation.loop import MAX_EVENTS, TranslationLoop


def arrival(id_, source="acme", body=b"{}"):
    return Arrival(source, f"e{id_}", "orders", id_, body, b"context")


class Queue:
    """A store that holds events until they are committed, and tells how often it was asked."""

    def __init__(self) -> None:
        self.waiting: dict[int, UntranslatedEvent] = {}
        self.asked = 0
        self.told: list[int] = []
        self.committed: list[int] = []
        self.is_down = False

    def store(self, *ids: int, source: str = "acme", body: bytes = b"{}") -> list[tuple[int, Arrival]]:
        for id_ in ids:
            self.waiting[id_] = UntranslatedEvent(id_, source, f"e{id_}", "orders", id_, body, b"context")
        return [(id_, arrival(id_, source, body)) for id_ in ids]

    async def untranslated(
        self, sources: Collection[str], limit: int, but: Collection[int] = (), shards: Collection[int] | None = None
    ) -> list[UntranslatedEvent]:
        self.asked += 1
        found, size = [], 0
        for event in self.waiting.values():
            if event.source in sources and event.id not in but and (shards is None or event.id % 32 in shards):
                found.append(event)
                size += len(event.body)
            if len(found) == limit or size >= MOST_READ_BYTES:
                break
        self.told += [event.id for event in found]
        return found

    async def commit(self, translated, now):  # noqa: ARG002 - the port's
        if self.is_down:
            raise StoreUnavailable("the disk is full")
        for event in translated:
            del self.waiting[event.id]
            self.committed.append(event.id)
        return []


class Floor:
    """A loop over such a store, and what was given to its adapters."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.sources = ["acme", "other"]
        self.given: list[UntranslatedEvent] = []
        self.loop = TranslationLoop(
            self.queue, self._translate, self.sources, clock=lambda: 1, observer=self, on_orders=lambda _: None
        )

    async def _translate(self, events):
        self.given += events
        yield [
            TranslatedEvent(
                id=each.id, source=each.source, event_id=each.event_id, status=EventStatus.IGNORED, adapter_version="1"
            )
            for each in events
        ]

    def translated(self, transitions) -> None:
        """An observer of the loop."""


@pytest.fixture
async def floor():
    """A loop that has asked once what waits, and found nothing."""
    floor = Floor()
    await floor.loop.step()
    assert floor.queue.asked == 1
    yield floor
    floor.loop.close()


async def test_what_was_just_stored_is_not_asked_for(floor):
    floor.loop.stored(floor.queue.store(1, 2, 3))

    assert await floor.loop.step() == 3
    assert floor.queue.committed == [1, 2, 3]
    assert floor.queue.asked == 1


async def test_an_event_from_memory_is_what_the_store_would_have_told(floor):
    new = floor.queue.store(7, body=b'{"id": 7}')
    told = list(floor.queue.waiting.values())
    floor.loop.stored(new)
    await floor.loop.step()

    assert floor.given == told


async def test_what_else_waits_is_asked_for(floor):
    """Such as what is replayed."""
    floor.queue.store(1)
    floor.loop.wake()

    assert await floor.loop.step() == 1
    assert floor.queue.asked == 2


async def test_what_is_kept_is_not_told_by_the_store_too(floor):
    """However much is kept: what fell behind by a bundle would be read from the store ever after."""
    floor.loop.stored(floor.queue.store(*range(1, 3 * MAX_EVENTS)))
    floor.queue.store(5000)
    floor.loop.wake()
    await floor.loop.step()
    await floor.loop.step()

    assert floor.queue.told == [5000]
    assert not floor.queue.waiting


async def test_what_is_kept_does_not_wait_for_the_next_to_come_after_an_answer_of_nothing(floor, monkeypatch):
    """It was told of before the store was asked, and is not in the answer: nobody would wake the loop for it."""
    monkeypatch.setattr("gateway.translation.loop.ASK_SECONDS", 0.0)
    for id_ in range(1, 5):
        floor.loop.stored(floor.queue.store(id_))

        assert await floor.loop.step() == 1
    assert floor.queue.asked > 1


async def test_a_backlog_and_what_has_just_come_do_not_wait_for_all_of_each_other(floor):
    floor.queue.store(*range(1, 6 * MAX_EVENTS))
    floor.loop.wake()
    floor.loop.stored(floor.queue.store(*range(9000, 9000 + 5 * MAX_EVENTS), source="other"))
    await floor.loop.step()

    sources = [event.source for event in floor.given]
    for name in floor.sources:
        assert sources[: 4 * MAX_EVENTS].count(name) == 2 * MAX_EVENTS
    assert not floor.queue.waiting


async def test_nothing_is_translated_twice_of_what_both_tell(floor):
    floor.loop.stored(floor.queue.store(1, 2))
    floor.queue.store(3)
    floor.loop.wake()
    await floor.loop.step()
    await floor.loop.step()

    assert floor.queue.committed == [1, 2, 3]


async def test_what_is_too_much_to_keep_is_asked_for(floor):
    many = range(1, fresh.MOST_EVENTS + 2)
    floor.loop.stored(floor.queue.store(*many))
    await floor.loop.step()

    assert floor.queue.committed == list(many)
    assert floor.queue.asked > 1


async def test_it_is_asked_until_nothing_more_waits(floor):
    """A full answer, or one of large bodies, may not be all."""
    floor.queue.store(*range(MAX_EVENTS))
    floor.queue.store(1000, 1001, 1002, body=bytes(MOST_READ_BYTES // 2))
    floor.loop.wake()
    while floor.queue.waiting:
        assert await floor.loop.step(), floor.queue.waiting.keys()


async def test_what_could_not_be_stored_is_asked_for_again(floor):
    floor.queue.is_down = True
    floor.loop.stored(floor.queue.store(1, 2))
    with pytest.raises(StoreUnavailable):
        await floor.loop.step()
    floor.queue.is_down = False
    await floor.loop.step()

    assert floor.queue.committed == [1, 2]


async def test_what_was_on_its_way_when_the_loop_ended_is_asked_for_again(floor):
    begun, never = asyncio.Event(), asyncio.Event()

    async def hanging(translated, now):
        begun.set()
        await never.wait()

    floor.queue.commit, commit = hanging, floor.queue.commit
    floor.loop.stored(floor.queue.store(1))
    step = asyncio.ensure_future(floor.loop.step())
    await begun.wait()
    step.cancel()
    never.set()
    await asyncio.gather(step, return_exceptions=True)
    floor.queue.commit = commit
    await floor.loop.step()

    assert floor.queue.committed == [1]


async def test_another_loops_events_are_not_kept(floor):
    """The live sources' and those in shadow are two loops', and each is told of all."""
    others = floor.queue.store(*range(1, fresh.MOST_EVENTS + 2), source="in shadow")
    floor.loop.stored([*others, *floor.queue.store(9000)])

    assert await floor.loop.step() == 1
    assert floor.queue.asked == 1


async def test_a_source_that_comes_later_is_asked_for(floor, monkeypatch):
    """Whoever put an event there, or however a source came back, need not have said so."""
    monkeypatch.setattr("gateway.translation.loop.ASK_SECONDS", 0.0)
    floor.loop.stored(floor.queue.store(1, source="gone"))
    assert await floor.loop.step() == 0
    floor.loop.stored(floor.queue.store(2))
    floor.sources.remove("acme")
    assert await floor.loop.step() == 0
    floor.sources += ["gone", "acme"]

    assert await floor.loop.step() == 2


def test_those_of_others_do_not_stand_in_the_way():
    kept = Fresh()
    kept.keep([(n, arrival(n, "other" if n < 40 else "acme")) for n in range(100)])

    assert [event.id for event in kept.take(["acme"], 3, [8, 9])] == [40, 41, 72]
    assert [event.id for event in kept.take(["acme"], 3)] == [73, 74, 75]


def test_what_is_kept_is_bounded_by_its_bytes():
    kept = Fresh()
    half = bytes(fresh.MOST_BYTES // 2)

    assert kept.keep([(1, arrival(1, body=half)), (2, arrival(2, body=half))])
    assert kept.take(["acme"], 1)
    assert kept.keep([(3, arrival(3, body=half))])
    assert not kept.keep([(4, arrival(4))])
    assert kept.take(["acme"], 9) == []
