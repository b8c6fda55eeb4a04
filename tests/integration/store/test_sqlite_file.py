import asyncio
import os
import re
import resource
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import apsw
import pytest

from gateway.errors import ConfigError, StoreUnavailable
from gateway.events import Arrival, Reason
from gateway.orders import Claim, Lease, LeasedOrder, Notes, Settlement, Settling, TenantState, TenantStatus
from gateway.records import Act, Amendment, EventFilter, RetentionSpans
from gateway.store.rules.retention import STEP_BYTES, portion
from gateway.store.sqlite import SqliteStore, database, retention
from gateway.store.sqlite.backup import back_up
from gateway.store.sqlite.connection import connect
from gateway.store.sqlite.looking import fault_of_store
from gateway.store.sqlite.place import SqlitePlace
from tests.contract.engines import DAY, ENGINES, START, TENANT, Floor, canonical, dense, says, state

# The number of the migration that brings the tallies.
TALLIES = 5


async def pragma(store, name):
    ((value,),) = await store.writer.submit(lambda connection: connection.execute(f"PRAGMA {name}").fetchall())
    return value


async def test_every_commit_is_synced(floor):
    """Read back from the connection that writes: WAL, and FULL (2), which syncs once a commit."""
    assert await pragma(floor.store, "synchronous") == 2
    assert await pragma(floor.store, "journal_mode") == "wal"


async def test_the_file_can_give_space_back(floor):
    """`auto_vacuum` and `page_size` took effect, having been set before the first table."""
    assert await pragma(floor.store, "auto_vacuum") == 2
    assert await pragma(floor.store, "page_size") == database.PAGE_SIZE


class Deaf(apsw.Connection):
    """An engine that does not do as it is told."""

    def pragma(self, name, *value):
        return super().pragma(name, *(value and (1 if name == "synchronous" else value[0],)))


def test_a_file_that_would_not_sync_is_refused(tmp_path):
    """Where FULL cannot be had, nothing is acknowledged at all."""
    connection = Deaf(str(tmp_path / "gateway.db"))

    with pytest.raises(apsw.Error, match="synchronous=1"):
        database.configure(connection)
    connection.close()


def test_a_file_without_a_log_is_refused():
    """In memory there is no WAL."""
    connection = apsw.Connection(":memory:")

    with pytest.raises(apsw.Error, match="journal_mode=memory"):
        database.configure(connection)
    connection.close()


async def test_a_newer_schema_is_refused(tmp_path):
    """An older program does not touch what a newer one wrote; the fault names the file."""
    store = await SqliteStore.open(tmp_path / "gateway.db")
    await store.close()
    with closing(connect(tmp_path / "gateway.db")) as connection:
        connection.pragma("user_version", 9999)

    with pytest.raises(ConfigError, match=r"gateway\.db.*9999.*newer"):
        await SqliteStore.open(tmp_path / "gateway.db")


async def test_an_earlier_versions_journal_is_not_left_behind(tmp_path):
    """What was acknowledged may be there alone: no start, no copy and no backup goes on without it; nor does a look."""
    path, journal = tmp_path / "gateway.db", tmp_path / "gateway.db.journal-01"
    store = await SqliteStore.open(path)
    await store.close()
    before = path.read_bytes()
    journal.touch()
    sentence = (
        r"gateway\.db\.journal-01 is an earlier version's journal.* may not be in the store yet: start that version"
    )
    with pytest.raises(ConfigError, match=sentence):
        await SqliteStore.open(path)
    with pytest.raises(ConfigError, match=sentence):
        SqlitePlace(path)
    with pytest.raises(StoreUnavailable, match=sentence):
        back_up(path, tmp_path / "made.backup", now=datetime.now(UTC))

    assert re.search(sentence, fault_of_store(path) or "")
    assert path.read_bytes() == before
    journal.unlink()
    assert fault_of_store(path) is None
    await (await SqliteStore.open(path)).close()


async def test_migrations_run_once_and_in_order(tmp_path):
    """A file of any earlier schema is brought up to date, its rows kept."""
    numbers = [number for number, _ in database.migrations()]
    connection = connect(tmp_path / "gateway.db")
    database.configure(connection)
    connection.execute(database.migrations()[0][1] + "PRAGMA user_version = 1;")
    connection.execute("INSERT INTO counters VALUES ('kept', 7)")
    connection.close()
    store = await SqliteStore.open(tmp_path / "gateway.db")
    version = await pragma(store, "user_version")
    kept = await store.writer.submit(lambda c: c.execute("SELECT value FROM counters WHERE name = 'kept'").fetchone())
    await store.close()

    assert numbers == list(range(1, len(numbers) + 1))
    assert version == numbers[-1]
    assert kept == (7,)


async def test_what_had_ended_before_the_tallies_is_counted(tmp_path):
    """The migration that brings them counts what is there."""
    connection = connect(tmp_path / "gateway.db")
    database.configure(connection)
    connection.execute("".join(text for number, text in database.migrations() if number < TALLIES))
    connection.execute(f"PRAGMA user_version = {TALLIES - 1}")
    events = [("a", "ignored"), ("a", "delivered"), ("b", "delivered"), ("b", "delivered"), ("b", "dead")]
    connection.executemany(
        "INSERT INTO events (source, event_id, received_at, status) VALUES (?1, hex(randomblob(8)), 1, ?2)", events
    )
    connection.executemany(
        "INSERT INTO orders (tenant, external_order_id, owner, status, state, is_cancelled, clock, tie, arrival, "
        "changed_at) VALUES ('north', hex(randomblob(8)), '', ?, 1, 0, 1, 0, 1, 1)",
        [("delivered",), ("withdrawn",), ("pending",)],
    )
    connection.close()
    store = await SqliteStore.open(tmp_path / "gateway.db")
    counts = await store.records.counts()
    await store.close()

    assert counts.sources == {"a": {"ignored": 1, "delivered": 1}, "b": {"delivered": 2, "dead": 1}}
    assert counts.tenants == {"north": {"delivered": 1, "withdrawn": 1, "pending": 1}}


@pytest.mark.parametrize("table", ["events", "orders", "states"])
async def test_a_damaged_page_is_said_at_the_start(tmp_path, table):
    """Whichever of those that a start reads: in a sentence, by a gateway and by a copy alike."""
    path = tmp_path / "gateway.db"
    await (await SqliteStore.open(path)).close()
    with closing(connect(path)) as opened:
        (page,) = opened.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * database.PAGE_SIZE)
        file.write(b"\xff" * database.PAGE_SIZE)

    with pytest.raises(ConfigError, match=r"is damaged: .+: restore it from a backup"):
        await SqliteStore.open(path)
    with pytest.raises(ConfigError, match=r"is damaged: .+: restore it from a backup"):
        SqlitePlace(path)


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    """With the path and what is wrong, not a traceback; so is a folder that cannot be made."""
    (tmp_path / "gateway.db").write_bytes(b"no database" * 1000)
    with pytest.raises(ConfigError, match=r"gateway\.db.*not a database"):
        await SqliteStore.open(tmp_path / "gateway.db")
    with pytest.raises(ConfigError, match="cannot be used as the store"):
        await SqliteStore.open(tmp_path / "gateway.db" / "below" / "gateway.db")


async def test_a_file_that_is_cut_off_is_refused(floor, tmp_path):
    """With what is missing, instead of loops that die of it one after the other."""
    for number in range(50):
        await floor.tell(f"e{number}", state("A", clock=number), padding=dense(10_000))
    await floor.store.close()
    path = tmp_path / "gateway.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"gateway\.db.*is damaged.*restore it from a backup"):
        await SqliteStore.open(path)

    path.write_bytes(whole)
    await floor.open()


async def test_a_full_disk_is_no_fault_of_the_configuration(tmp_path, monkeypatch):
    """Who starts the gateway again and again must not take it for final."""
    configure = database.configure

    def cramped(connection):
        configure(connection)
        connection.execute("PRAGMA max_page_count = 2").fetchall()

    monkeypatch.setattr(database, "configure", cramped)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await SqliteStore.open(tmp_path / "gateway.db")


async def test_a_file_has_one_owner(floor, tmp_path):
    """A second gateway on the same file is refused, and the first goes on; once it ends, the next may start."""
    with pytest.raises(StoreUnavailable, match="another gateway"):
        await SqliteStore.open(tmp_path / "gateway.db")
    assert (await floor.receive("e1")).kind == "stored"

    await floor.reopen()
    assert (await floor.receive("e1")).kind == "duplicate"


async def test_readers_cannot_write(tmp_path):
    """Only one connection writes and checkpoints."""
    store = await SqliteStore.open(tmp_path / "gateway.db")
    reader = database.open_reader(tmp_path / "gateway.db")
    with pytest.raises(apsw.ReadOnlyError, match="readonly"):
        reader.execute("DELETE FROM events")
    reader.close()
    await store.close()


async def test_a_closed_store_stores_nothing(tmp_path):
    """Whoever comes too late is told, rather than waiting for ever."""
    floor = Floor(ENGINES["sqlite"], tmp_path)
    await floor.open()
    last = floor.receive("e1")
    waiting = asyncio.ensure_future(last)
    await asyncio.sleep(0)
    await floor.store.close()

    assert (await waiting).kind == "stored"
    with pytest.raises(StoreUnavailable):
        await floor.receive("e2")
    with pytest.raises(StoreUnavailable):
        await floor.claim()


async def test_pruning_gives_space_back(floor, tmp_path):
    """The file shrinks to what is left in it."""
    for number in range(40):
        await floor.tell(f"e{number}", state("A", clock=number, text="x" * 300), padding=dense(100_000))
    await floor.deliver()
    await floor.reopen()
    before = (tmp_path / "gateway.db").stat().st_size
    floor.pass_by(days=31)
    spans = RetentionSpans(bodies=30 * DAY, dead_letters=180 * DAY, keys=90 * DAY, orders=400 * DAY, attempts=30 * DAY)
    await floor.store.acts.prune(spans, floor.now)
    await floor.reopen()

    assert before > 4_000_000
    assert (tmp_path / "gateway.db").stat().st_size < before / 5


async def test_space_is_given_back_many_pages_at_once(floor):
    """A transaction for each page would take a sync for each, and an hour for a year's bodies."""
    for number in range(20):
        await floor.tell(f"e{number}", ignored="not needed", padding=dense(100_000))
    await floor.store.writer.submit(lambda connection: connection.execute("DELETE FROM bodies").fetchall())
    free = await pragma(floor.store, "freelist_count")
    given = await floor.store.engine.write(retention.give_back)

    assert free > given == 64
    assert await pragma(floor.store, "freelist_count") == free - given


def test_large_bodies_are_removed_alone():
    """One step holds small ones up to a limit, or a single large one: the writer is never held for several of those."""
    small, large = STEP_BYTES // 4, STEP_BYTES * 8

    assert [portion(sizes) for sizes in ([small] * 9, [large, large], [small, large], [0] * 9)] == [
        4,
        1,
        1,
        9,
    ]


async def test_what_is_stored_is_told_to_the_loops(floor):
    """`on_commit` once a group, `on_stored` where something waits of which no receipt tells; in the loop."""
    woken, groups = [], []
    floor.store.observe(
        on_stored=lambda: woken.append(1), on_commit=lambda size, seconds: groups.append((size, seconds))
    )
    await asyncio.gather(*(floor.receive(f"e{n}") for n in range(100)))
    await asyncio.sleep(0)

    assert sum(size for size, _ in groups) == 100
    assert all(seconds > 0 for _, seconds in groups)
    assert woken == []

    await floor.receive("several", others=(Arrival("acme", "another", None, floor.now, b"{}"),))
    await asyncio.sleep(0)
    assert woken == [1]


async def test_a_look_at_what_changed_that_fails_is_said(floor):
    """Whoever listens hears nothing then: it must not go unsaid, too."""
    loop, said = asyncio.get_running_loop(), asyncio.Queue()
    await floor.store.watch.listen()
    await floor.store.writer.submit(
        lambda connection: connection.execute("DROP TABLE temp.noted"), is_transaction=False
    )
    loop.set_exception_handler(lambda _loop, context: said.put_nowait(context["exception"]))
    await floor.receive("e1")
    async with asyncio.timeout(20):
        fault = await said.get()

    assert "noted" in str(fault)


# ---- a disk that takes no more


class Full:
    """The database may not grow: as SQLite sees a full disk."""

    def __init__(self, floor):
        self._store = floor.store

    async def fill(self):
        pages = await pragma(self._store, "page_count")
        await pragma(self._store, f"max_page_count = {pages}")

    async def free(self):
        await pragma(self._store, "max_page_count = 1000000")


class Broken:
    """No file of this process may grow beyond what the log has: every write of it fails."""

    def __init__(self, floor):
        self._wal = floor.folder / "gateway.db-wal"

    async def fill(self):
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._wal.stat().st_size + 20_000, self._before[1]))

    async def free(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@pytest.mark.parametrize("disk", [Full, Broken])
async def test_a_disk_that_takes_no_more_is_survived(floor, disk):
    """Everyone who waits is told; nothing is half stored; reading goes on; when there is room again, so does all."""
    await floor.tell("e1", state("A"))
    lease = await floor.lease()
    trouble = disk(floor)
    await trouble.fill()
    try:
        refused = await asyncio.gather(
            *(floor.receive(f"big {n}", os.urandom(40_000)) for n in range(20)), return_exceptions=True
        )
        failure = floor.store.failure
        told = Arrival("acme", "e1", None, floor.now, says(state("A")))
        known = await floor.store.inbox.is_duplicate(told)
        story = await floor.store.records.order("north", "A")
        nothing = await floor.claim("nobody")
        failure_after_reading = floor.store.failure
    finally:
        await trouble.free()
    events = (await floor.store.records.events(EventFilter(), limit=100, cursor=None)).rows
    again = [await floor.receive(f"big {n}", says()) for n in range(20)]

    assert {type(each) for each in refused} == {StoreUnavailable}
    assert failure is not None
    assert failure_after_reading == failure
    assert (known, story.status, nothing.until) == (True, "leased", None)
    assert [event.event_id for event in events] == ["e1"]
    assert {receipt.kind for receipt in again} == {"stored"}
    assert floor.store.failure is None
    assert [each.status for each in await floor.settle(lease, "delivered")] == ["delivered"]


async def test_a_probe_tells_the_present_state(floor):
    """Readiness is red while nothing can be written and green as soon as it can, without an event's help."""
    trouble = Broken(floor)
    await floor.receive("e1")
    await trouble.fill()
    try:
        with pytest.raises(StoreUnavailable):
            await floor.receive("big", os.urandom(400_000))
        red = floor.store.failure
    finally:
        await trouble.free()
    await floor.store.probe()

    assert red is not None
    assert floor.store.failure is None


@contextmanager
def written_by(file, version):
    """The file as an earlier version left it, by the number of its last migration; open, to have its rows."""
    with closing(connect(file)) as earlier:
        for number, text in database.migrations():
            if number <= version:
                earlier.execute(text)
        earlier.execute(f"PRAGMA user_version = {version}")
        yield earlier


async def test_a_halt_of_an_earlier_version_holds(tmp_path):
    """What a person had said stands in columns of its own from then on, and is resumed like any other."""
    file = tmp_path / "gateway.db"
    state = (
        b'{"status":"halted","reason":{"code":"halted_by_hand","detail":"x"},"is_halted_by_hand":true,"halted_at":7}'
    )
    with written_by(file, 12) as earlier:
        earlier.execute("INSERT INTO tenants VALUES ('acme', ?)", (state,))
    store = await SqliteStore.open(file)
    halted = await store.outbox.tenant_state("acme")
    resumed = await store.outbox.resume("acme", 9)
    await store.close()

    assert (halted.reason, halted.is_halted_by_hand, halted.halted_at, halted.hand) == (
        Reason("halted_by_hand", "x"), True, 7, 1,
    )  # fmt: skip
    assert (resumed.status, resumed.is_halted_by_hand, resumed.hand) == (TenantStatus.ACTIVE, False, 2)


async def test_a_lease_of_an_earlier_version_holds(tmp_path):
    """It is a row from then on, by the same number: its orders are leased, and its holder settles them."""
    file, digest = tmp_path / "gateway.db", bytes(range(16))
    with written_by(file, 16) as earlier:
        earlier.executemany(
            "INSERT INTO orders (tenant, external_order_id, owner, status, state, is_cancelled, clock, tie, arrival, "
            "digest, changed_at, pending_since, lease, leased_until, leased_state, leased_digest) "
            "VALUES ('north', ?1, '', ?2, ?3, 0, 1, 0, 1, ?4, 1, 1, ?5, 9, ?6, ?7)",
            [
                ("A", "leased", 1, digest, 7, 1, digest),
                ("B", "leased", 3, digest[::-1], 7, 2, digest),
                ("C", "pending", 4, digest, None, None, None),
            ],
        )
    store = await SqliteStore.open(file)
    before = (await store.records.counts()).tenants
    orders = [LeasedOrder(row, name, b"", Notes(), 1) for row, name in [(1, "A"), (2, "B")]]
    done = [Settlement(order=order.id, result="delivered", order_id="T", is_created=True) for order in orders]
    settling = Settling(settlements=done, attempt=None, state=TenantState(), now=5)
    settled, _ = await store.outbox.settle(Lease(7, "north", tuple(orders)), settling)
    late, _ = await store.outbox.settle(Lease(7, "north", tuple(orders)), settling)
    await store.close()

    assert before == {"north": {"leased": 2, "pending": 1}}
    assert [each.status for each in settled] == ["delivered", "pending"]
    assert late == []


INSERT_ORDER = (
    "INSERT INTO orders (tenant, external_order_id, owner, status, state, is_cancelled, clock, tie, arrival, digest, "
    "changed_at, pending_since) VALUES ('north', ?1, '', ?2, ?3, 0, ?3, 0, ?3, zeroblob(16), 1, 1)"
)


async def test_a_state_of_an_earlier_version_is_delivered(tmp_path):
    """Its bytes stand where they did: it is leased with them, and erased."""
    file, body = tmp_path / "gateway.db", canonical("A", "v")
    with written_by(file, 26) as earlier:
        earlier.execute(
            "INSERT INTO events (id, source, event_id, received_at, status) VALUES (1, 'a', 'e', 1, 'translated')"
        )
        earlier.execute(
            "INSERT INTO states VALUES (1, 1, 0, 'north', 'A', '', 1, 0, 1, ?, 'pending', NULL, NULL, NULL, NULL)",
            (body,),
        )
        earlier.execute(INSERT_ORDER, ("A", "pending", 1))
    floor = Floor(ENGINES["sqlite"], tmp_path)
    await floor.open()
    lease = await floor.lease()
    await floor.settle(lease, "delivered")
    await floor.store.acts.erase(TENANT, "A", now=floor.now)
    erased = await floor.store.records.order(TENANT, "A")
    await floor.store.close()

    assert [order.body for order in lease.orders] == [body]
    assert erased.body is None


INSERT_STATE = (
    "INSERT INTO states (id, event, run, tenant, external_order_id, owner, clock, tie, arrival, body, status) "
    "VALUES (?1, ?1, 0, 'north', ?2, '', ?1, 0, ?1, x'', 'superseded')"
)


async def test_the_states_of_an_earlier_version_are_found_by_their_orders(tmp_path):
    """The index that there was holds them, and is whole; those that came since stand beside them."""
    file = tmp_path / "gateway.db"
    with written_by(file, 27) as earlier:
        for id_ in range(1, 10):
            earlier.execute(
                "INSERT INTO events (id, source, event_id, received_at, status) VALUES (?1, 'a', ?1, 1, 'superseded')",
                (id_,),
            )
            earlier.execute(INSERT_STATE, (id_, f"A{id_ % 3}"))
        earlier.execute(INSERT_ORDER, ("A0", "delivered", 9))
    floor = Floor(ENGINES["sqlite"], tmp_path)
    await floor.open()
    newer = [await floor.tell(f"e{order}", state(order, owner="")) for order in ("A0", "A1", "A7")]
    damage = await floor.store.writer.submit(database.damage_of)
    orders = [await floor.store.records.order(TENANT, order) for order in ("A0", "A1", "A7")]
    found = await floor.store.records.events(EventFilter(external_order_id="A1"), limit=9, cursor=None)
    erased = await floor.store.acts.erase(TENANT, "A2", now=floor.now)
    await floor.store.close()

    assert damage is None
    told = [[3, 6, 9, newer[0]], [1, 4, 7, newer[1]], [newer[2]]]
    assert [sorted(event.id for event in order.events) for order in orders] == told
    assert sorted(event.id for event in found.rows) == told[1]
    assert erased == 3


async def test_an_order_of_one_state_is_written_into_no_index_of_states_by_name(floor):
    """Its row names it; what comes after, and what no order came of, is found by the name."""

    async def named():
        # An index of some rows is only read where the statement says of which.
        text = "SELECT external_order_id FROM states INDEXED BY states_order WHERE begins_order IS NULL ORDER BY id"
        return [name for (name,) in await floor.store.writer.submit(lambda c: c.execute(text).fetchall())]

    await floor.tell("e1", state("A"), state("B"), state("X", invalid="invalid_order"))
    at_first = await named()
    await floor.tell("e2", state("A", clock=2))

    assert at_first == ["X"]
    assert await named() == ["X", "A"]


async def test_what_becomes_of_a_state_does_not_write_its_bytes_again(floor):
    """Of what a settlement changes, they would be the most by far; they go when they are erased, and with the state."""
    padding, log = dense(3000), floor.folder / "gateway.db-wal"
    for order in range(20):
        await floor.tell(f"e{order}", state(f"A{order}", text=padding))
    lease = await floor.lease()
    before = log.stat().st_size
    await floor.settle(lease, "delivered")
    written = log.stat().st_size - before
    await floor.store.acts.erase(TENANT, "A1", now=floor.now)

    async def kept():
        return await floor.store.writer.submit(lambda c: c.execute("SELECT count(*) FROM state_bodies").fetchone()[0])

    after_erasing = await kept()
    floor.pass_by(days=500)
    spans = RetentionSpans(bodies=30 * DAY, dead_letters=180 * DAY, keys=90 * DAY, orders=400 * DAY, attempts=30 * DAY)
    await floor.store.acts.prune(spans, floor.now)

    assert len(lease.orders) == 20
    assert 0 < written < 20 * len(padding)
    assert after_erasing == 19
    assert await kept() == 0


async def test_what_must_not_be_undone_is_synced(floor):
    """What leaves the store, or a person asked for, is on disk; what would be found and done again need not be."""
    outbox, now, act = floor.store.outbox, floor.now, Act(at=START, by="night", act="act", what="it")
    event = await floor.receive("e1", says(state("A")))
    synced = {}

    async def look(name, done):
        # Each after one that is not synced.
        await floor.store.drift.save_drift([])
        outcome = await done
        ((mode,),) = await floor.store.writer.submit(
            lambda connection: connection.execute("PRAGMA synchronous").fetchall(), is_transaction=False
        )
        synced[name] = mode == database.SYNCHRONOUS
        return outcome

    await look("arrival", floor.receive("e0"))
    await look("translation", floor.translate())
    lease = await look("lease", floor.lease())
    await look("extension", outbox.extend(lease, [order.id for order in lease.orders], now))
    await look("settlement", floor.settle(lease, "unchanged", due_at=now))
    lease = await look("probe", outbox.claim_probe(TENANT, now=now, until=now))
    on = Settling(settlements=[], attempt=None, state=TenantState(), now=now, claim=Claim(
        now=now, until=now, linger=0, max_orders=1, max_bytes=1))  # fmt: skip
    await look("settlement and lease", outbox.settle(lease, on))
    await floor.settle(lease, "unchanged", due_at=now)
    lease = await look("pull", floor.store.pulls.claim_unserved(TENANT, now=now, until=now, limit=1))
    await floor.settle(lease, "dead", code="refused")
    await look("drift", floor.store.drift.save_drift([]))
    await look("halt", outbox.halt(TENANT, Reason("halted_by_hand", "x"), now))
    await look("resume", outbox.resume(TENANT, now))
    amendment = Amendment(tenant=TENANT, external_order_id="A", was=canonical("A", "v"), order=b"{}", said=b"{}")
    await look("amendment", floor.store.acts.amend(amendment, now=now, act=act))
    await look("replay", floor.store.acts.replay([event.id], force=False, act=act))
    await floor.translate()
    await look("discard", floor.store.acts.discard_order(TENANT, "A", reason=None, now=now))
    await look("clock", floor.store.reconciliation.begin_page(now))
    await look("erasure", floor.store.acts.erase(TENANT, "A", now=now))

    assert [name for name, is_synced in synced.items() if not is_synced] == ["translation", "settlement", "drift"]
