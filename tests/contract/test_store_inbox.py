import asyncio
from collections import Counter

import pytest

from gateway.errors import StoreUnavailable
from gateway.events import SECOND, Arrival, Reason
from gateway.records import DeadLetterFilter, EventFilter, RetentionSpans
from tests.contract.engines import DAY, SOURCE, START, says, state

HOUR = 3600 * SECOND


async def test_an_event_is_stored_byte_for_byte(floor):
    """What was put is what translation reads: body, context, time of receipt."""
    body = b'\xef\xbb\xbf {"id": 1,\r\n "a": "\xc3\xa5"}'

    receipt = await floor.receive("e1", body, context=b'{"headers":{}}')

    (event,) = await floor.store.translation.untranslated([SOURCE], 10)
    assert receipt.kind == "stored"
    assert (event.id, event.event_id, event.body, event.context) == (receipt.id, "e1", body, b'{"headers":{}}')
    assert event.received_at == START


async def test_a_repeat_is_a_duplicate_and_counted(floor):
    """The same key and the same body change nothing but a count."""
    first = await floor.receive("e1", b"1")
    again = await floor.receive("e1", b"1")
    third = await floor.receive("e1", b"1")

    record = (await floor.store.records.event(first.id)).record
    assert [again, third] == [type(first)(first.id, "duplicate")] * 2
    assert (record.duplicates, record.conflicts) == (2, 0)


async def test_a_key_belongs_to_its_source(floor):
    """Two sources may use one event ID."""
    first = await floor.receive("e1", b"1", source="acme")
    second = await floor.receive("e1", b"1", source="other")

    assert (first.kind, second.kind) == ("stored", "stored")
    assert first.id != second.id


async def test_a_thousand_copies_at_once_are_one_event(floor):
    """One group or many: one copy is stored, all others are its duplicates, and each gets its answer."""
    copies = [floor.receive("e1", b"1") for _ in range(1000)]

    receipts = await asyncio.gather(*copies)

    kinds = Counter(receipt.kind for receipt in receipts)
    assert kinds == {"stored": 1, "duplicate": 999}
    assert len({receipt.id for receipt in receipts}) == 1
    assert (await floor.store.records.event(receipts[0].id)).record.duplicates == 999


async def test_a_group_of_new_and_old_keys_is_told_apart(floor):
    """In one group, known keys are duplicates, new ones are stored, whichever way they are mixed."""
    await asyncio.gather(*(floor.receive(f"e{n}", b"%d" % n) for n in range(0, 200, 2)))

    receipts = await asyncio.gather(*(floor.receive(f"e{n}", b"%d" % n) for n in range(200)))

    assert [receipt.kind for receipt in receipts] == ["duplicate", "stored"] * 100
    for number, receipt in enumerate(receipts):
        assert (await floor.store.records.event(receipt.id)).body == b"%d" % number


async def test_the_events_of_one_request_are_stored_together(floor):
    """Each under its own key, a known one as a duplicate; what cannot be stored takes the whole request with it."""
    await floor.receive("e2", b"2")
    bundle = [Arrival(SOURCE, f"e{n}", None, floor.now, b"%d" % n) for n in (2, 3, 3)]
    first = await floor.receive("e1", b"1", others=tuple(bundle))
    odd = [Arrival(SOURCE, "e8", None, floor.now, b"8"), Arrival(SOURCE, "e9", None, 2**70, b"9")]
    with pytest.raises(StoreUnavailable):
        await floor.receive("e7", b"7", others=tuple(odd))

    found = await floor.store.translation.untranslated([SOURCE], 10)
    assert [first.kind, *(other.kind for other in first.others)] == ["stored", "duplicate", "stored", "duplicate"]
    assert {(event.event_id, event.body) for event in found} == {("e1", b"1"), ("e2", b"2"), ("e3", b"3")}
    assert first.others[1].id == first.others[2].id


async def test_another_body_under_a_known_key_is_kept_beside_it(floor):
    """A conflict is counted and changes nothing; five different bodies are kept, each once."""
    first = await floor.receive("e1", b"first")
    others = [await floor.receive("e1", b"other %d" % (n % 7)) for n in range(14)]

    detail = await floor.store.records.event(first.id)
    assert {other.kind for other in others} == {"conflict"}
    assert {other.id for other in others} == {first.id}
    assert detail.body == b"first"
    assert detail.record.conflicts == 14
    assert [(other.kind, other.body) for other in detail.other_bodies] == [
        ("conflict", b"other %d" % n) for n in range(5)
    ]


async def test_another_body_replaces_a_dead_events(floor):
    """The new body takes a dead event's place and is translated; the old one is kept; the number stays."""
    receipt = await floor.receive("e1", says(dead="malformed_payload"))
    await floor.translate()
    floor.pass_by(seconds=5)

    replaced = await floor.receive("e1", says(state("A")))

    detail = await floor.store.records.event(receipt.id)
    assert replaced == type(receipt)(receipt.id, "replaced")
    assert (detail.record.status, detail.record.reason, detail.body) == ("received", None, says(state("A")))
    assert [(other.kind, other.received_at, other.body) for other in detail.other_bodies] == [
        ("replaced", START, says(dead="malformed_payload"))
    ]
    await floor.translate()
    assert await floor.order_status("A") == "pending"


async def test_bodies_that_take_turns_under_a_dead_key_are_kept_once_each(floor):
    """A vendor that alternates between two unreadable bodies does not fill the disk."""
    for n in range(6):
        await floor.receive("e1", says(dead="malformed_payload", n=n % 2))
        await floor.translate()

    (event,) = (await floor.store.records.events(EventFilter(), limit=10, cursor=None)).rows
    assert len((await floor.store.records.event(event.id)).other_bodies) == 2


async def test_an_event_may_be_dead_on_arrival(floor):
    """A body without an event ID is a dead letter at once; its repeat is a duplicate; it is not translated."""
    reason = Reason("malformed_payload", "no id", "$.id")
    dead = await floor.receive("sha256:1", b"{}", dead=reason)
    again = await floor.receive("sha256:1", b"{}", dead=reason)

    record = (await floor.store.records.event(dead.id)).record
    letters = (await floor.store.records.dead_letters(DeadLetterFilter(), limit=10, cursor=None)).rows
    assert again == type(dead)(dead.id, "duplicate")
    assert (record.status, record.reason) == ("dead", reason)
    assert [(letter.id, letter.event_id, letter.reason) for letter in letters] == [
        (f"event-{dead.id}", "sha256:1", reason)
    ]
    assert [*await floor.store.translation.untranslated([SOURCE], 10)] == []


async def test_a_dead_arrival_does_not_hold_up_its_group(floor):
    """Dead, new and repeated ones of one group each get their own answer."""
    reason = Reason("malformed_payload", "no id")
    receipts = await asyncio.gather(
        floor.receive("e1", b"1"),
        floor.receive("sha256:1", b"{}", dead=reason),
        floor.receive("e1", b"1"),
        floor.receive("e2", b"2"),
    )

    assert [receipt.kind for receipt in receipts] == ["stored", "stored", "duplicate", "stored"]


async def test_a_hash_dedupes_for_its_window_only(floor):
    """Within the window the body is a duplicate; after it, it is a new event under the same event ID."""
    first = await floor.receive("sha256:1", b"1", hash_window=24 * HOUR)
    floor.pass_by(days=1)
    at_the_end = await floor.receive("sha256:1", b"1", hash_window=24 * HOUR)
    floor.pass_by(seconds=1)
    after = await floor.receive("sha256:1", b"1", hash_window=24 * HOUR)
    again = await floor.receive("sha256:1", b"1", hash_window=24 * HOUR)

    assert [first.kind, at_the_end.kind, after.kind, again.kind] == ["stored", "duplicate", "stored", "duplicate"]
    assert (at_the_end.id, again.id) == (first.id, after.id)
    assert after.id != first.id
    assert (await floor.store.records.event(after.id)).record.event_id == "sha256:1"


async def test_a_vendors_id_dedupes_without_end(floor):
    """Only an ID that is a hash of the body has a window."""
    first = await floor.receive("e1", b"1")
    floor.pass_by(days=80)
    again = await floor.receive("e1", b"1")

    assert again == type(first)(first.id, "duplicate")


async def test_the_window_is_kept_when_older_generations_are_pruned(floor):
    """What the first generation's end frees is not mistaken for a new event while a later one is in its window."""
    await floor.receive("sha256:1", says(state("A")), hash_window=24 * HOUR)
    await floor.translate()
    await floor.deliver()
    floor.pass_by(days=99)
    second = await floor.receive("sha256:1", says(state("A")), hash_window=24 * HOUR)
    await floor.translate()
    floor.pass_by(seconds=60)
    await _prune_all_but_the_last_day(floor)

    again = await floor.receive("sha256:1", says(state("A")), hash_window=24 * HOUR)

    assert again == type(second)(second.id, "duplicate")


async def test_a_duplicate_is_told_from_what_must_be_stored(floor):
    """Only what would change nothing is a duplicate: not another body, not a hash whose window is past."""
    await floor.receive("e1", b"1")
    await floor.receive("sha256:1", b"1", hash_window=HOUR)

    assert await floor.store.inbox.is_duplicate(_arrival(floor, "e1", b"1"))
    assert await floor.store.inbox.is_duplicate(_arrival(floor, "sha256:1", b"1", hash_window=HOUR))
    assert not await floor.store.inbox.is_duplicate(_arrival(floor, "e1", b"2"))
    assert not await floor.store.inbox.is_duplicate(_arrival(floor, "e2", b"1"))
    floor.pass_by(seconds=3601)
    assert not await floor.store.inbox.is_duplicate(_arrival(floor, "sha256:1", b"1", hash_window=HOUR))
    assert await floor.store.inbox.is_duplicate(_arrival(floor, "e1", b"1"))


async def test_a_caller_that_goes_away_does_not_unstore(floor):
    """Cancelling the wait for a receipt does not take the event back."""
    waiting = floor.store.inbox.put(_arrival(floor, "e1", b"1"))
    waiting.cancel()

    assert (await floor.receive("e1", b"1")).kind == "duplicate"


async def test_what_became_of_an_arrival_is_told_later(floor):
    """Whoever gives one is not told while still giving it: neither of its receipt nor of a refusal."""
    told = []
    floor.store.inbox.give(_arrival(floor, "e1", b"1"), told.append)
    floor.store.inbox.give(_arrival(floor, "\ud800", b"2"), told.append)
    assert told == []

    assert (await floor.receive("e3", b"3")).kind == "stored"
    assert {type(each).__name__ for each in told} == {"Receipt", "StoreUnavailable"}


async def test_one_event_that_cannot_be_stored_does_not_harm_its_group(floor):
    """A text that no disk takes is refused alone; its neighbours are stored."""
    outcomes = await asyncio.gather(
        floor.receive("e1", b"1"),
        floor.receive("\ud800", b"2"),
        floor.receive("e3", b"3"),
        return_exceptions=True,
    )

    assert [type(outcome).__name__ for outcome in outcomes] == ["Receipt", "StoreUnavailable", "Receipt"]
    assert floor.store.failure is None


async def test_numbers_of_arrival_rise_over_a_restart(floor):
    """An event's number is never used twice, so that versions compare."""
    before = [(await floor.receive(f"e{n}")).id for n in range(3)]
    await floor.reopen()
    after = [(await floor.receive(f"e{n}")).id for n in range(3, 6)]

    assert before + after == sorted(set(before + after))


async def test_a_former_names_events_become_the_sources_own(floor):
    """An alias' events are known under the new name; its orders keep their owner, renamed with it."""
    former = await floor.tell("e1", state("A", clock=1), source="other")
    await floor.store.adopt({"other": SOURCE, "nobody": SOURCE})

    again = await floor.receive("e1", says(state("A", clock=1)))
    await floor.tell("e2", state("A", clock=2, text="newer"))

    assert again == type(again)(former, "duplicate")
    assert await floor.event_status(former) == "superseded"
    assert await floor.deliver() == ["newer"]


def _arrival(floor, event_id, body, **rest):
    return Arrival(source=SOURCE, event_id=event_id, topic=None, received_at=floor.now, body=body, **rest)


async def _prune_all_but_the_last_day(floor):
    spans = RetentionSpans(bodies=DAY, dead_letters=DAY, keys=DAY, orders=DAY, attempts=DAY)
    await floor.store.acts.prune(spans, floor.now)
    await floor.store.acts.prune(spans, floor.now)
