"""A busy year's store, to a database and back, killed in the middle each time: a soak."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path

import psycopg
import pytest

from gateway.records import DeadLetterFilter, EventFilter, OrderFilter
from gateway.store.postgresql import PostgresStore
from gateway.store.process.client import ProcessStore
from gateway.workshop.bench.filling import fill
from tests.integration.store.test_copying import copied, copying
from tests.postgres import serving

EVENTS = 1_000_000
PAGE = 1000


async def pages(records, what, which) -> AsyncIterator[object]:
    cursor = None
    while True:
        page = await getattr(records, what)(which, limit=PAGE, cursor=cursor)
        yield page.rows
        if (cursor := page.next) is None:
            return


async def told(store) -> dict[str, object]:
    """All that the records' API lists, in numbers and as a digest of each list; and of some events all."""
    lists = {"events": EventFilter(), "orders": OrderFilter(), "dead_letters": DeadLetterFilter()}
    found: dict[str, object] = {"counts": await store.records.counts()}
    for what, which in lists.items():
        digest, count = blake2b(), 0
        async for rows in pages(store.records, what, which):
            digest.update(repr(rows).encode())
            count += len(rows)
        found[what] = (count, digest.hexdigest())
    found["whole"] = [repr(await store.records.event(number)) for number in range(1, EVENTS, EVENTS // 100)]
    await store.close()
    return found


def reached(target: str) -> int:
    """How many bodies a target that is copied into has."""
    asked = "SELECT value FROM moves WHERE name = 'copying'"
    try:
        opened = psycopg.connect(target) if target.startswith("postgresql:") else sqlite3.connect(target)
        with closing(opened) as connection:
            found = connection.execute(asked).fetchone()
    except (sqlite3.Error, psycopg.Error):
        return 0
    return 0 if found is None else json.loads(found[0])["reached"].get("bodies", 0)


def killed(to: str, from_: str, folder: Path, *, at: int, into: str) -> int:
    """Begin a copy, and kill it when the target has so many bodies; how many it had then."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(copying(to, from_, folder), stdout=log, stderr=log)
    while reached(into) < at:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return reached(into)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_a_million_events_go_to_a_database_and_back(tmp_path, record_property):
    """Equal by the records' API, in numbers; no copy begins anew where it was killed."""
    files = [tmp_path / name / "gateway.db" for name in ("first", "second")]
    for file in files:
        file.parent.mkdir()
    began = time.monotonic()

    def passed(what: str) -> None:
        nonlocal began
        record_property(what, f"{time.monotonic() - began:.0f} s")
        began = time.monotonic()

    await fill(files[0], events=EVENTS, pending=1000, dead=EVENTS // 10)
    passed("filling")
    with serving(shared_buffers="256MB", max_wal_size="4GB") as server:
        database = server.database(is_newer=False)
        before = await told(await ProcessStore.open(files[0]))
        passed("telling, a file")
        half = killed(database, f"sqlite:///{files[0]}", tmp_path, at=EVENTS // 2, into=database)
        passed("half of the way there")
        there = copied(database, f"sqlite:///{files[0]}", tmp_path)
        passed("the rest of the way there, and comparing")
        record_property("database", server.ask("SELECT pg_size_pretty(pg_database_size(current_database()))",
                                               database.partition("@/")[2].partition("?")[0]))  # fmt: skip
        in_between = await told(await PostgresStore.open(database))
        passed("telling, a database")
        half_back = killed(f"sqlite:///{files[1]}", database, tmp_path, at=EVENTS // 2, into=str(files[1]))
        passed("half of the way back")
        back = copied(f"sqlite:///{files[1]}", database, tmp_path)
        passed("the rest of the way back, and comparing")
    after = await told(await ProcessStore.open(files[1]))

    assert all(EVENTS // 2 <= each < EVENTS for each in (half, half_back))
    assert [before[what][0] for what in ("events", "orders", "dead_letters")] == [EVENTS, 1000, EVENTS // 10]
    assert in_between == before
    assert after == before
    assert there["rows"]["bodies"] == back["rows"]["bodies"] == EVENTS
