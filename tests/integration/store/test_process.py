"""The store's process: its end is told, and what could not be opened is said as ever."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import apsw
import pytest
from msgspec.structs import replace

from gateway.errors import ConfigError, StoreUnavailable
from gateway.events import Arrival, Reason
from gateway.records import EventFilter
from gateway.store.process import client, inbox
from gateway.store.process.client import ProcessStore
from gateway.store.process.inbox import FRAME_BYTES
from tests.processes import environment, eventually, halt


@pytest.fixture
async def store(tmp_path):
    store = await ProcessStore.open(tmp_path / "gateway.db")
    yield store
    await store.close()


def arrival(number, body=b"{}"):
    return Arrival("acme", f"e{number}", None, 1_750_000_000_000_000 + number, body)


async def test_nothing_is_written_here(store, tmp_path):
    """The file is open in the store's process, and in no other."""
    await store.inbox.put(arrival(1))

    def files(pid):
        return [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.exists()]

    assert str(tmp_path / "gateway.db") in files(store.pid)
    assert str(tmp_path / "gateway.db") not in files(os.getpid())


async def test_a_process_that_is_killed_takes_the_store_with_it(tmp_path):
    """Who waits for an answer, and whoever asks after that, is told that nothing can be stored."""
    store = await ProcessStore.open(tmp_path / "gateway.db")
    lost = asyncio.Event()
    store.on_lost = lambda _why: lost.set()
    halt(store.pid)
    puts = [store.inbox.put(arrival(number)) for number in range(3)]
    call = asyncio.ensure_future(store.records.counts())
    await asyncio.sleep(0.05)
    os.kill(store.pid, signal.SIGKILL)

    # Before this loop has heard of it.
    time.sleep(0.1)  # noqa: ASYNC251 - just so
    late = asyncio.ensure_future(store.records.counts())

    told = await asyncio.wait_for(asyncio.gather(*puts, call, late, return_exceptions=True), 10)
    await asyncio.wait_for(lost.wait(), 10)

    assert [type(each) for each in told] == [StoreUnavailable] * 5
    assert store.failure == "its process has ended"
    with pytest.raises(StoreUnavailable):
        await store.inbox.put(arrival(9))
    with pytest.raises(StoreUnavailable):
        await store.probe()
    await store.close()


class Local(str):
    """A text that is nobody else's."""

    __slots__ = ()


async def test_an_arrival_that_cannot_be_passed_on_harms_no_other(store):
    """It is refused; what came with it is stored."""
    odd = Arrival("acme", Local("e2"), None, 1_750_000_000_000_000, b"{}")
    wrong = Arrival("acme", "e3", 17, 1_750_000_000_000_000, b"{}")
    first = store.inbox.put(arrival(1))
    refused = store.inbox.put(odd)
    told = await asyncio.gather(first, refused, return_exceptions=True)
    with_wrong = await asyncio.gather(store.inbox.put(wrong), store.inbox.put(arrival(4)), return_exceptions=True)
    alone = await asyncio.gather(store.inbox.put(wrong), return_exceptions=True)
    last = await store.inbox.put(arrival(5))

    assert (told[0].kind, type(told[1])) == ("stored", StoreUnavailable)
    assert (type(with_wrong[0]), with_wrong[1].kind) == (StoreUnavailable, "stored")
    assert [type(each) for each in alone] == [StoreUnavailable]
    assert last.kind == "stored"


async def test_a_refusal_out_of_turn_is_its_own(store, tmp_path):
    """What waits for its commit is answered afterwards. By place, the refused one would be told that it is stored."""
    wrong = Arrival("acme", "wrong", 17, 1_750_000_000_000_000, b"{}")
    with contextlib.closing(sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # So that it finds both frames at once.
        halt(store.pid)
        *waiting, refused = [store.inbox.put(each) for each in (*map(arrival, range(inbox.FRAME_ARRIVALS)), wrong)]
        await asyncio.sleep(0.05)
        os.kill(store.pid, signal.SIGCONT)
        await asyncio.wait([refused], timeout=4)

        assert isinstance(refused.exception(), StoreUnavailable)
        assert not any(each.done() for each in waiting)
        other.execute("ROLLBACK")
    assert [each.kind for each in await asyncio.gather(*waiting)] == ["stored"] * inbox.FRAME_ARRIVALS
    assert (await store.inbox.put(arrival(99))).kind == "stored"


async def test_why_a_hook_is_refused_is_known_by_then(store, tmp_path):
    """The refusal and its reason come through two channels; who was refused may ask `/readyz` at once."""
    for number in range(16):
        (tmp_path / "gateway.db").rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreUnavailable):
            await store.inbox.put(arrival(2 * number))
        assert "gateway.db" in str(store.failure)

        (tmp_path / "elsewhere.db").rename(tmp_path / "gateway.db")
        await store.inbox.put(arrival(2 * number + 1))
        assert store.failure is None


async def test_a_call_that_cannot_be_read_is_its_callers_fault(store, monkeypatch):
    """A value of a class that the store's process cannot find."""
    nowhere = ModuleType("nowhere_else")
    nowhere.Own = type("Own", (str,), {"__module__": "nowhere_else"})
    monkeypatch.setitem(sys.modules, "nowhere_else", nowhere)
    with pytest.raises(ModuleNotFoundError, match="nowhere_else"):
        await asyncio.wait_for(store.records.order(nowhere.Own("north"), "A"), 10)

    assert (await store.inbox.put(arrival(1))).kind == "stored"


async def test_a_store_that_hangs_is_told_and_costs_no_more(store, monkeypatch):
    """So much is kept for it; what comes beyond is refused, and who asks is told."""
    monkeypatch.setattr(inbox, "MOST_BYTES", 3_000_000)
    monkeypatch.setattr(client, "SILENT_SECONDS", 0.2)
    halt(store.pid)
    puts = [store.inbox.put(arrival(number, b"x" * 1_000_000)) for number in range(5)]
    await asyncio.sleep(0.3)
    failure = store.failure
    os.kill(store.pid, signal.SIGCONT)
    told = await asyncio.gather(*puts, return_exceptions=True)

    assert failure.startswith("it has not answered for")
    assert [getattr(each, "kind", str(each)) for each in told] == [*["stored"] * 3, *["the store does not keep up"] * 2]
    assert store.failure is None
    assert (await store.inbox.put(arrival(9))).kind == "stored"


async def test_a_closed_store_is_not_lost(tmp_path):
    """An end that was asked for is no loss, and what was put before it is stored."""
    store = await ProcessStore.open(tmp_path / "gateway.db")
    lost = []
    store.on_lost = lost.append
    puts = [store.inbox.put(arrival(number)) for number in range(100)]
    await store.close()

    assert [receipt.kind for receipt in await asyncio.gather(*puts)] == ["stored"] * 100
    assert lost == []
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.inbox.put(arrival(100))


async def test_it_ends_with_its_parent(tmp_path):
    """A gateway that is killed leaves no process behind that would keep the file."""
    program = (
        "import asyncio, sys, pathlib\n"
        "from gateway.store.process.client import ProcessStore\n"
        "async def main():\n"
        "    store = await ProcessStore.open(pathlib.Path(sys.argv[1]))\n"
        "    print(store.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        str(tmp_path / "gateway.db"),
        stdout=asyncio.subprocess.PIPE,
        env=environment(),
    )
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    assert eventually(lambda: not _is_alive(pid))
    store = await ProcessStore.open(tmp_path / "gateway.db")
    await store.close()


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_large_arrivals_pass_whole(store):
    """Bodies beyond a frame's, and beyond what a socket takes at once."""
    bodies = [b'"%b"' % (bytes([97 + number]) * (FRAME_BYTES + number)) for number in range(5)]

    receipts = await asyncio.gather(*(store.inbox.put(arrival(number, body)) for number, body in enumerate(bodies)))

    for receipt, body in zip(receipts, bodies, strict=True):
        assert (await store.records.event(receipt.id)).body == body


async def test_an_answer_that_goes_wrong_costs_no_other(store):
    """What a hearer raises is told to the loop; all others of its frame hear of theirs, and the translation of all."""
    complaints, heard, new = [], [], []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: complaints.append(told["exception"]))
    store.observe(on_new=new.extend)
    for number in range(3):
        store.inbox.give(arrival(number), lambda receipt: heard.append((len(new), 1 // (receipt.id % 2))))
    await store.inbox.put(arrival(3))

    assert heard == [(0, 1), (0, 1)]
    assert [type(each) for each in complaints] == [ZeroDivisionError]
    assert [event.event_id for _, event in new] == ["e0", "e1", "e2", "e3"]


async def test_new_events_of_their_own_are_told_of_by_their_arrivals(store):
    """So that they need not be read back; of whatever else then waits for translation it is said that it does."""
    new, others = [], []
    store.observe(on_new=new.extend, on_stored=lambda: others.append(1))
    first, second = arrival(1), arrival(2)
    nobody_waits = store.inbox.put(second)
    nobody_waits.cancel()
    receipt = await store.inbox.put(first)
    await store.inbox.put(first)
    assert new == [(receipt.id - 1, second), (receipt.id, first)]

    dead = replace(arrival(3), dead=Reason("no_event_id", "none"))
    await store.inbox.put(dead)
    assert others == []
    await store.inbox.put(arrival(3, b'{"is": "readable now"}'))
    await store.probe()
    assert others == [1]
    await store.inbox.put(replace(arrival(4), others=(arrival(5),)))
    await store.probe()
    assert (others, len(new)) == ([1, 1], 2)


async def test_a_store_that_is_used_already(tmp_path, store):
    """Why the file cannot be opened is said as if it had been tried here."""
    with pytest.raises(StoreUnavailable, match="another gateway uses it"):
        await ProcessStore.open(tmp_path / "gateway.db")


async def test_a_newer_schema(tmp_path):
    path = tmp_path / "gateway.db"
    await (await ProcessStore.open(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()

    with pytest.raises(ConfigError) as told:
        await ProcessStore.open(path)

    assert [(fault.file, fault.path) for fault in told.value.faults] == [(str(path), "store")]


async def test_an_error_that_nobody_expects_says_where_it_was_raised(store):
    with pytest.raises(TypeError) as told:
        await store.records.events(EventFilter(), limit="many", cursor=None)

    assert "in the store's process" in "".join(told.value.__notes__)


async def test_nobody_waits_for_a_store_that_is_silent(store):
    """Stopped, it lets a hook and an operator wait for five seconds; who comes then is told at once; it goes on."""
    halt(store.pid)
    began, heard = time.monotonic(), []
    store.inbox.give(arrival(3), heard.append)
    asked = [asyncio.ensure_future(each) for each in (store.inbox.put(arrival(1)), store.records.counts())]
    loops = asyncio.ensure_future(store.translation.untranslated(["acme"], 10))
    told = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 9)
    waited = time.monotonic() - began
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.records.counts(), 1)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.inbox.put(arrival(2)), 1)
    assert "has not answered" in str(store.failure)
    os.kill(store.pid, signal.SIGCONT)

    assert [type(each) for each in told] == [StoreUnavailable] * 2
    assert 4 < waited < 8
    assert {each.event_id for each in await asyncio.wait_for(loops, 5)} <= {"e1", "e3"}
    async with asyncio.timeout(10):
        while store.failure is not None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)
    assert (await store.inbox.put(arrival(1))).kind == "duplicate"
    # Not of the receipt that came after all.
    assert [type(each) for each in heard] == [StoreUnavailable]


WITHOUT_A_WRITER = """
import asyncio, sys
from pathlib import Path
from gateway.events import Arrival, Reason
from gateway.store.sqlite import SqliteStore

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    store.writer._jobs.append(None)
    store.writer._wake.set()
    await asyncio.sleep(30)

asyncio.run(main())
"""


def test_a_writer_that_breaks_ends_the_process(tmp_path):
    """Nobody waits for ever for a writer that is no more."""
    command = [sys.executable, "-c", WITHOUT_A_WRITER, str(tmp_path / "gateway.db")]
    ended = subprocess.run(command, capture_output=True, timeout=20, check=False, text=True)

    assert ended.returncode == 1
    assert "AttributeError" in ended.stderr


async def test_reads_that_fail_are_said(store, tmp_path):
    """A table that is gone from under the readers turns the store red; the call fails as it did."""
    await store.inbox.put(arrival(1))
    await store.records.counts()
    with sqlite3.connect(tmp_path / "gateway.db") as other:
        other.execute("DROP TABLE drift")
    other.close()
    with pytest.raises(apsw.SQLError):
        await store.drift.drift()

    assert str(store.failure).startswith("reading the store fails: no such table")


async def test_the_highest_trusted_time_is_kept(store):
    """A lower one changes nothing."""
    assert [await store.trust(at) for at in (0, 7, 3)] == [0, 7, 7]
