"""A store that moves to another place: everything, both ways, killed in the middle and resumed."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigError
from gateway.events import Arrival, Reason
from gateway.records import Act, DeadLetterFilter, EventFilter, Joining, OrderFilter, Turning
from gateway.store.ports import Store
from gateway.store.postgresql import PostgresStore, migrating
from gateway.store.postgresql.place import PostgresPlace, shown
from gateway.store.process.client import ProcessStore
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite import database as files
from gateway.store.sqlite.place import SqlitePlace
from tests.contract.engines import TENANT, Floor, state
from tests.postgres import shared

EVENTS = 5000
CONFIG = """
store: {url}
allow_unsafe: true
api: {{token: a-token-of-some-length}}
tenants: {{demo: {{delivery: pull, pull_secret: pull-secret-of-some-length}}}}
sources: {{ongoing: {{adapter: ongoing, tenant: demo, auth: none}}}}
"""


@pytest.fixture
def database():
    return shared().database(is_newer=False)


def copying(to: object, from_: object, folder: Path) -> list[str]:
    config = str(folder / "config.yaml")
    command = [sys.executable, "-m", "gateway", "store", "copy", "--json", "--config", config]
    return [*command, "--from", str(from_), "--to", str(to)]


def ended_of(to: object, from_: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(copying(to, from_, folder), capture_output=True, text=True, check=False)


def checked(url: str, folder: Path) -> str:
    """What a check says of a store."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(url=url))
    command = [sys.executable, "-m", "gateway", "check", "--reach", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def killed(to: object, from_: object, folder: Path, *, at: str) -> None:
    """Begin a copy, and kill it when it says a line that begins so."""
    process = subprocess.Popen(copying(to, from_, folder), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process.stderr as lines:
        for line in lines:
            if line.startswith(at):
                break
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def copied(to: object, from_: object, folder: Path) -> dict[str, Any]:
    ended = ended_of(to, from_, folder)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def on_postgresql(database: str, folder: Path) -> Floor:
    return Floor(lambda _: PostgresStore.open(database, is_unsafe=True), folder)


def on_sqlite(file: Path) -> Floor:
    return Floor(lambda _: SqliteStore.open(file), file.parent)


async def fill(floor: Floor) -> None:
    """Something of everything: delivered, dead, cancelled unseen, waiting, erased, repeated, amended in the audit."""
    await floor.open()
    await floor.tell("1", state("A", text="a\0b"), references=("Ref", "ref", "r\0"))
    await floor.tell("2", state("B"))
    await floor.deliver()
    await floor.tell("3", state("C"))
    await floor.kill("C")
    await floor.tell("4", state("D", text=None))
    await floor.tell("5", dead="unknown_type")
    await floor.tell("6", state("A", clock=2, text="newer"), state("E", clock=2))
    await floor.lease()
    await floor.receive("7", b"\xff\0 no json")
    await floor.receive("1", b"another body")
    await floor.store.outbox.halt(TENANT, Reason("halted_by_hand", "stocktaking"), floor.now)
    act = Act(at=floor.now, by="somebody", act="erase", what="B", reason="asked to")
    await floor.store.acts.erase(TENANT, "B", now=floor.now, act=act)
    await floor.store.close()


async def joining(store: Store) -> None:
    await store.duties.join(Joining(name="one", version="1", process="none"), 1)


async def told(floor: Floor) -> list[object]:
    """All that the records' ports tell."""
    await floor.open()
    records = floor.store.records
    events = await records.events(EventFilter(), limit=100, cursor=None)
    orders = await records.orders(OrderFilter(), limit=100, cursor=None)
    letters = await records.dead_letters(DeadLetterFilter(), limit=100, cursor=None)
    found: list[object] = [events, orders, letters, await records.counts(), await records.last_accepted()]
    found += [await records.event(each.id) for each in events.rows]
    found += [await records.order(each.tenant, each.external_order_id) for each in orders.rows]
    await floor.store.close()
    return found


async def test_everything_goes_to_a_database_and_back(tmp_path, database):
    """The records' ports tell the same in all three places, and ids go on where they were."""
    first, third = on_sqlite(tmp_path / "a" / "gateway.db"), on_sqlite(tmp_path / "b" / "gateway.db")
    second = on_postgresql(database, tmp_path)
    await fill(first)
    before = await told(first)
    there = copied(database, f"sqlite:///{tmp_path}/a/gateway.db", tmp_path)
    in_between = await told(second)
    back = copied("sqlite:///b/gateway.db", database, tmp_path)

    assert in_between == before
    assert await told(third) == before
    assert there["rows"]["events"] == 7
    assert back["rows"]["audit"] == there["rows"]["audit"] + 1
    assert back["source"] == shown(database)
    assert "B" in (tmp_path / "b" / "gateway.db.erasures").read_text()
    await third.open()
    assert (await third.receive("8")).id == 8
    await third.store.close()


async def test_a_copy_that_was_killed_goes_on_where_it_was(tmp_path, database):
    """What it has is not copied again; nobody can start on either half."""
    file = tmp_path / "gateway.db"
    store = await SqliteStore.open(file)
    put = [
        store.inbox.put(Arrival(source="acme", event_id=str(n), topic=None, received_at=n, body=b"{}" * n))
        for n in range(EVENTS)
    ]
    for each in put:
        await each
    await store.close()
    killed(database, f"sqlite:///{file}", tmp_path, at="copied counters")
    half = await PostgresStore.open(database, is_unsafe=True)
    with pytest.raises(ConfigError, match="holds a part of a copy of sqlite:"):
        await joining(half)
    await half.close()
    ended = ended_of(database, f"sqlite:///{file}", tmp_path)

    assert "copied bodies" not in ended.stderr
    assert f"copied events: {EVENTS} of {EVENTS} rows" in ended.stderr
    assert json.loads(ended.stdout)["rows"]["bodies"] == EVENTS


async def test_a_moved_store_is_not_started_and_says_where_it_is(tmp_path, database):
    """Nor copied again elsewhere; a place that holds something is not copied into."""
    first = on_sqlite(tmp_path / "a" / "gateway.db")
    await fill(first)
    copied(database, f"sqlite:///{first.folder}/gateway.db", tmp_path)
    moved = await ProcessStore.open(first.folder / "gateway.db")
    with pytest.raises(ConfigError, match=f"was moved to {shown(database)[:20]}.* on 20.*: set store to that"):
        await joining(moved)
    await moved.close()
    for url in (f"sqlite:///{tmp_path}/a/gateway.db", database):
        assert ("store: was moved to" in checked(url, tmp_path)) == (url != database)
    empty = shared().database(is_newer=False)
    again = ended_of("sqlite:///c/x.db", "sqlite:///a/gateway.db", tmp_path)
    into = await SqliteStore.open(tmp_path / "d" / "gateway.db")
    await into.inbox.put(Arrival(source="acme", event_id="1", topic=None, received_at=1, body=b"{}"))
    await into.close()
    full = ended_of("sqlite:///d/gateway.db", database, tmp_path)
    same = ended_of(empty, empty, tmp_path)

    assert "was moved to postgresql://" in again.stderr
    assert "holds events already" in full.stderr
    assert "are one place" in same.stderr
    assert [ended.returncode for ended in (again, full, same)] == [1, 1, 1]


async def test_a_source_that_was_served_meanwhile_is_copied_anew(tmp_path, database):
    """A gateway that starts on it lets the copy be forgotten; one that lives lets none begin."""
    file = tmp_path / "gateway.db"
    floor = on_sqlite(file)
    await fill(floor)
    with SqlitePlace(file) as source, PostgresPlace(database) as target:
        source.set_marks({"token": "of an earlier life"})
        target.set_marks(
            {"copying": json.dumps({"source": "x", "token": "of an earlier life", "reached": {"events": 7}})}
        )
    await floor.open()
    await joining(floor.store)
    await floor.receive("later")
    living = ended_of(database, f"sqlite:///{file}", tmp_path)
    await floor.store.close()
    told = copied(database, f"sqlite:///{file}", tmp_path)

    assert (living.returncode, "another gateway uses its folder" in living.stderr) == (1, True)
    assert told["rows"]["events"] == 8


async def test_no_living_replica_s_database_is_copied(tmp_path, database):
    """Its signs of life are waited for."""
    store = await PostgresStore.open(database, is_unsafe=True)
    joined = await store.duties.join(Joining(name="one", version="1", process="another machine's"), 1)
    beating = asyncio.create_task(beat(store, joined.number))
    ended = await asyncio.to_thread(ended_of, "sqlite:///gateway.db", database, tmp_path)
    beating.cancel()
    await store.close()

    assert (ended.returncode, "gateways use its database" in ended.stderr) == (1, True)


async def beat(store: Store, number: int) -> None:
    while True:
        await store.duties.turn(Turning(number=number, now=1))
        await asyncio.sleep(0.1)


def test_both_engines_hold_the_same(tmp_path, database):
    """Each table but those of the place and of who serves it, column by column."""
    with SqlitePlace(tmp_path / "gateway.db") as file, PostgresPlace(database) as there:
        assert file.tables() == there.tables()
        assert len(file.tables()) >= 20


def test_no_secret_is_shown():
    """Neither the address' password, nor one among its parameters."""
    address = "postgresql://me:secret@db1,db2:5433/gateway?sslmode=require&password=hidden"

    assert shown(address) == "postgresql://me@db1,db2:5433/gateway?sslmode=require"


def test_migrating_tells_the_schema(cli, tmp_path, database):
    """A database's while it is used, too."""
    (tmp_path / "config.yaml").write_text(f"store: {database}")
    there = cli("store", "migrate", "--config", tmp_path / "config.yaml")
    (tmp_path / "file.yaml").write_text("tenants: {}")
    here = cli("store", "migrate", "--json", "--config", tmp_path / "file.yaml")

    assert there.out == f"{shown(database)}: schema {migrating.migrations()[-1][0]}\n"
    assert here.value == {"store": f"sqlite:///{tmp_path}/data/gateway.db", "schema": files.migrations()[-1][0]}
