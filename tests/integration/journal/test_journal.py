"""The journal on a real disk: what was told to be stored is read back, whatever was torn, flipped or failed."""

import asyncio
import errno
import os
import resource

import msgspec
import pytest

from gateway.errors import ConfigError
from gateway.events import Arrival
from gateway.journal import Journal, Offered, Origin, left_of, uses_of
from gateway.journal.records import decode, encode
from gateway.journal.segments import SEGMENT_BYTES, segment_path, segments_of
from gateway.journal.writer import MOST_SEGMENTS

ORIGIN = Origin(writer=7, number=0)
LARGE = SEGMENT_BYTES // 5


class Writing:
    """A journal, what it told, and the system's calls that it made, in their order."""

    def __init__(self, store, *, origin=ORIGIN, known=(), write=os.pwrite, sync=os.fdatasync):
        self._store = store
        self.calls = []
        self.stored = []
        self.others = []
        self._told = asyncio.Event()

        def written(descriptor, data, offset):
            self.calls.append("write")
            return write(descriptor, data, offset)

        def synced(descriptor):
            self.calls.append("sync")
            sync(descriptor)

        def look(arrivals):
            return {place for place, arrival in enumerate(arrivals) if arrival.event_id in known}

        self.journal = Journal(store, origin, look, self._tell, write=written, sync=synced)

    def _tell(self, written):
        self.calls.append("tell")
        self.stored += [each.arrival.event_id for each in written.stored]
        self.others += [each.arrival.event_id for each in written.others]
        self.last = written.last or getattr(self, "last", 0)
        self._told.set()

    async def put(self, *event_ids, size=10):
        """One group; wait until it is told."""
        self._told.clear()
        for event_id in event_ids:
            arrival = Arrival("acme", event_id, None, 1, b"x" * size)
            self.journal.offer(Offered(arrival, msgspec.Raw(encode(arrival)), asyncio.Future()))
        await asyncio.wait_for(self._told.wait(), 10)

    async def has(self, segments):
        """Wait until so many segments are prepared."""
        path = segment_path(self._store, segments - 1)
        async with asyncio.timeout(30):
            while not path.exists() or path.stat().st_size < SEGMENT_BYTES:  # noqa: ASYNC110 - files tell nobody
                await asyncio.sleep(0.005)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "gateway.db"


@pytest.fixture
async def opened():
    """Opens journals, and closes them at the end."""
    writings = []

    def open_journal(*given, **named):
        writings.append(Writing(*given, **named))
        return writings[-1]

    yield open_journal
    for each in writings:
        await each.journal.close()


def left(store, taken=0, **named):
    """The event IDs that a ledger which has all up to a number would take in, and where the journal goes on."""
    found = left_of(uses_of(store), store, Origin(7, taken), **named)
    return [each.event_id for record in found.records for each in decode(record.payload)], found.origin


async def test_each_group_is_written_and_synced_before_it_is_told(store, opened):
    """One sync a group, between its write and its telling."""
    writing = opened(store)
    for number in range(3):
        await writing.put(f"a{number}", f"b{number}")

    assert writing.calls == ["write", "sync", "tell"] * 3
    assert left(store) == (["a0", "b0", "a1", "b1", "a2", "b2"], Origin(7, 6, 1, 1))
    assert left(store, taken=4)[0] == ["a2", "b2"]


async def test_a_known_key_is_the_ledgers(store, opened):
    """It is not written; its neighbours are."""
    writing = opened(store, known={"b"})
    await writing.put("a", "b", "c")

    assert (writing.stored, writing.others) == (["a", "c"], ["b"])
    assert left(store)[0] == ["a", "c"]


async def test_a_look_that_fails_leaves_all_to_the_ledger(store, opened):
    """What cannot be asked is not acknowledged from here."""
    writing = opened(store, known=17)
    await writing.put("a", "b")

    assert (writing.stored, writing.others) == ([], ["a", "b"])
    assert left(store)[0] == []


async def test_only_its_owner_reads_it(store, opened):
    """Files 0600."""
    await opened(store).put("a")

    assert {file.stat().st_mode & 0o777 for file in segments_of(store)} == {0o600}


async def test_a_torn_tail_is_cut(store, opened):
    """Wherever the last record ends before its end: it never was, and what came before it stands."""
    path, whole, (before, end) = await two_records(store, opened)
    for cut in range(before, end):
        path.write_bytes(whole[:cut] + bytes(100))

        assert left(store)[0] == ["a"]


async def test_what_an_earlier_use_left_behind_the_tail_is_none_of_it(store, opened):
    """It is whole, and its numbers are others: a record that was torn at a whole one's place ends the segment."""
    writing = opened(store)
    for name in ("a", "b", "c"):
        await writing.put(name)
    await writing.journal.seal()
    writing.journal.release(writing.last)
    await writing.has(2)
    again = opened(store, origin=left(store)[1])
    await again.put("d")

    assert left(store, taken=3)[0] == ["d"]


async def test_a_flipped_bit_is_seen(store, opened):
    """In whichever byte of a record: neither it nor what follows it in the segment is taken for an entry."""
    path, whole, (before, end) = await two_records(store, opened)
    for place in range(before, end):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])

        assert left(store)[0] == ["a"]


async def two_records(store, opened):
    """A segment's file with two entries, its bytes, and where each record ends."""
    writing = opened(store)
    await writing.put("a")
    await writing.put("b")
    first, second = (record.end for record in uses_of(store)[0])
    return segment_path(store, 0), (segment_path(store, 0)).read_bytes()[: second + 100], (first, second)


async def test_acknowledged_entries_that_cannot_be_read_are_said(store, opened):
    """A gap before a later segment's entries is no torn tail: a start stops, and a backup takes what is before it."""
    writing = opened(store)
    for number in range(8):
        await writing.has(1 + number // 4)
        await writing.put(f"{number}", size=LARGE)
    path = segment_path(store, 0)
    whole = path.read_bytes()
    path.write_bytes(whole[: LARGE + LARGE // 2] + b"?" + whole[LARGE + LARGE // 2 + 1 :])

    with pytest.raises(ConfigError, match="entries 2 to 4 cannot be read"):
        left(store)
    assert left(store, is_live=True)[0] == ["0"]
    assert left(store, taken=4)[0] == ["4", "5", "6", "7"]


async def test_another_stores_journal_is_not_taken_for_ours(store, opened):
    """It names its writer."""
    await opened(store, origin=Origin(8, 0)).put("a")

    with pytest.raises(ConfigError, match="another store's journal"):
        left(store)


async def test_a_segment_is_used_again_once_the_ledger_has_it(store, opened):
    """No sooner: until then every entry is there, and what finds no room is the ledger's. No file is added for ever."""
    writing = opened(store)
    names = [str(number) for number in range(4 * MOST_SEGMENTS)]
    for number, name in enumerate(names):
        await writing.put(name, size=LARGE)
        await writing.has(min(MOST_SEGMENTS, number // 4 + 2))
    stored = [*writing.stored]
    await writing.put("too much", size=LARGE)

    assert writing.others == ["too much"]
    assert left(store)[0] == stored == names

    writing.journal.release(8)
    more = [f"more {number}" for number in range(9)]
    for name in more:
        await writing.put(name, size=LARGE)

    assert writing.others == ["too much", "more 8"]
    assert left(store, taken=8)[0] == [*names[8:], *more[:8]]
    assert len([*segments_of(store)]) == MOST_SEGMENTS


@pytest.mark.parametrize("is_for_good", [False, True])
@pytest.mark.parametrize("what", ["write", "sync"])
async def test_whichever_write_or_sync_fails(tmp_path, opened, what, is_for_good):
    """The k-th, for every k: its group is the ledger's to store, what was stored is there, in order and once."""
    for k in range(6):
        store, count = tmp_path / f"{k}.db", iter(range(1000))

        def fails(*given, count=count, k=k, call={"write": os.pwrite, "sync": os.fdatasync}[what]):
            number = next(count)
            if number == k or (is_for_good and number > k):
                if what == "write":
                    call(given[0], given[1][: len(given[1]) // 2], given[2])
                raise OSError(errno.EIO, "a test")
            return call(*given)

        writing = opened(store, **{what: fails})
        for number in range(6):
            await writing.put(f"{number}", f"{number}b")
            await writing.has(2)
        failed = range(k, 6) if is_for_good else [k]

        assert writing.others == [name for number in failed for name in (f"{number}", f"{number}b")]
        assert sorted(writing.stored + writing.others) == sorted(
            name for number in range(6) for name in (f"{number}", f"{number}b")
        )
        found = left(store)[0]
        assert [name for name in found if name in writing.stored] == writing.stored
        # Written, never synced: it may be there, and is known by its key to whoever stored it instead.
        assert set(found) - {*writing.stored} <= {*writing.others}


async def test_a_disk_that_fills_is_met_before_anything_is_owed(store, opened):
    """There is no room for another segment: those that there are do, and nobody is told what is not so."""
    writing = opened(store)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SEGMENT_BYTES // 2, before[1]))
    try:
        names = [str(number) for number in range(6)]
        for name in names:
            await writing.put(name, size=LARGE // 2 - 200)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert writing.stored
    assert writing.stored + writing.others == names
    assert left(store)[0][: len(writing.stored)] == writing.stored


async def test_what_the_ledger_has_can_be_overwritten(store, opened):
    """A sealed segment that is free holds nothing of anybody any more; an earlier life's neither."""
    await opened(store).put("somebody")
    writing = opened(store, origin=left(store)[1])
    await writing.put("somebody else")
    await writing.journal.seal()
    writing.journal.release(writing.last)
    await writing.journal.scrub()

    assert [file for file in segments_of(store) if b"somebody" in file.read_bytes()] == []
    await writing.put("c")
    assert left(store, taken=writing.last - 1)[0] == ["c"]
