"""What the intake keeps: over a restart, through a cancelled request, without a secret in the clear."""

import asyncio
import sqlite3
import stat

import msgspec
import pytest

from gateway.core_intake import IntakeLimits, bearer_among, create_intake
from gateway.core_intake.database import Database
from gateway.core_intake.payload import read_payload
from gateway.core_intake.pulling import PullRequest
from gateway.errors import ConfigError, StoreUnavailable

ORDER = b'{"externalOrderId":"A","deliveryAddress":"1 Elm Street","specialHandling":["fragile"]}'


def intake_in(directory, **options):
    return create_intake(directory, admin_of=bearer_among({"admin": "token-of-the-administrator"}), **options)


async def test_everything_outlives_a_restart(tmp_path):
    """Integrations, orders, customers and pull endpoints are there again; an order keeps its `orderId`."""
    async with intake_in(tmp_path) as intake:
        await intake.ensure_connected("demo", "a-configured-secret")
        first = await intake.orders.accept("demo", read_payload(ORDER))
        endpoint = await intake.pulling.create("demo", PullRequest(url="https://wms.example/"))
        before = await intake.orders.show_order("demo", "A"), await intake.integrations.list()
    async with intake_in(tmp_path) as intake:
        changed = await intake.ensure_connected("demo", "a-configured-secret")
        after = await intake.orders.show_order("demo", "A"), await intake.integrations.list()
        endpoints = await intake.pulling.list("demo")
        second = await intake.orders.accept("demo", read_payload(ORDER))

    assert (changed, after, endpoints) == (False, before, [endpoint.endpoint])
    assert [second.orders[0].order_id, second.orders[0].created] == [first.orders[0].order_id, False]


async def test_no_secret_is_on_the_disk(running, tmp_path):
    """Webhook and pull secrets are in no file of the intake, nor in anything shown after their creation."""
    connected = (await running.settings("POST", "/new/connect")).json()
    regenerated = (await running.settings("POST", "/new/regenerate")).json()
    wish = {"url": "https://wms.example/", "everySeconds": 3600}
    pulled = (await running.settings("POST", "/new/pull-endpoints", wish)).json()
    secrets = [running.secret, running.admin, connected["secret"], regenerated["secret"], pulled["secret"]]
    shown = [await running.settings("GET", path) for path in ("", "/new", "/new/pull-endpoints")]
    written = b"".join(path.read_bytes() for path in (tmp_path / "intake").iterdir())

    assert b"wms.example" in written
    assert [secret for secret in secrets if secret.encode() in written] == []
    assert [secret for secret in secrets for reply in shown if secret in reply.text] == []
    assert stat.S_IMODE((tmp_path / "intake" / "intake-pull.key").stat().st_mode) == 0o600


async def test_every_commit_is_synced(tmp_path):
    """The writer's file is in WAL mode with `synchronous=FULL`; the reader cannot write."""
    database = Database(tmp_path / "intake.db")
    await database.open()
    try:
        [(mode,)] = await database._writer.execute_fetchall("PRAGMA journal_mode")
        [(synchronous,)] = await database._writer.execute_fetchall("PRAGMA synchronous")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await database._reader.execute_fetchall("DELETE FROM orders")
    finally:
        await database.close()

    assert (mode, synchronous) == ("wal", 2)


async def test_a_newer_file_is_refused(tmp_path):
    """A schema that this release does not know stops the start, naming the file and both versions."""
    async with intake_in(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "intake.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    intake = intake_in(tmp_path)

    with pytest.raises(ConfigError, match=r"intake\.db: its schema is version 99, this release knows \d"):
        await intake.startup()


def test_a_folder_that_cannot_be_is_a_configuration_fault(tmp_path):
    """A file where the folder should be stops the start with a sentence."""
    (tmp_path / "taken").write_text("")

    with pytest.raises(ConfigError, match="taken: cannot keep the intake here"):
        intake_in(tmp_path / "taken")


async def test_a_cancelled_caller_leaves_no_transaction_behind(tmp_path):
    """Cancelled at any point, a payload is in whole or not at all, and the next one goes in."""
    payload = read_payload(b"[" + b",".join(ORDER.replace(b'"A"', b'"%d"' % i) for i in range(50)) + b"]")
    async with intake_in(tmp_path) as intake:
        for turn in range(60):
            task = asyncio.create_task(intake.orders.accept(f"t{turn}", payload))
            for _ in range(turn):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await intake.orders.accept("last", payload)
        pages = [await intake.orders.list_orders(f"t{i}", planned_date=None, after=0, limit=1000) for i in range(60)]
        last = await intake.orders.list_orders("last", planned_date=None, after=0, limit=1000)

    assert {len(page.orders) for page in pages} <= {0, 50}
    assert len(last.orders) == 50


async def test_a_full_disk_is_a_503_and_passes(run):
    """What cannot be stored gets 503 with `Retry-After` and is not half there; with room again it goes in."""
    running = await run()
    writer = running.intake._database._writer
    [(pages,)] = await writer.execute_fetchall("PRAGMA page_count")
    await writer.execute_fetchall(f"PRAGMA max_page_count = {pages}")
    batch = [{"externalOrderId": f"{i}", "deliveryAddress": f"{i} Elm Street " + "x" * 500} for i in range(200)]
    full = await running.push(batch)
    listed = (await running.settings("GET", "/demo/orders")).json()["orders"]
    await writer.execute_fetchall("PRAGMA max_page_count = 1000000")
    later = await running.push(batch)

    assert (full.status_code, full.json()) == (503, {"error": "cannot store at present"})
    assert full.headers["retry-after"] == "5"
    assert (listed, later.status_code) == ([], 200)


async def test_reading_from_a_broken_file_is_said_so(tmp_path):
    """A statement that fails becomes StoreUnavailable."""
    async with intake_in(tmp_path) as intake:
        await intake._database._writer.execute_fetchall("DROP TABLE pull_endpoints")
        with pytest.raises(StoreUnavailable, match="no such table"):
            await intake.pulling.list("demo")


async def test_a_geocoder_places_new_addresses(tmp_path):
    """With a geocoder each address is looked up once, after the orders; one that fails or is unknown has no place."""
    asked, done = [], asyncio.Event()

    async def geocode(address):
        asked.append(address)
        if address == "trouble":
            raise RuntimeError("no network")
        if address == "last":
            done.set()
        return None if address == "nowhere" else (51.5, -0.14)

    addresses = ["10 High Street", "trouble", "nowhere", "10 High Street"]
    orders = [{"externalOrderId": f"{i}", "deliveryAddress": address} for i, address in enumerate(addresses)]
    async with intake_in(tmp_path, geocode=geocode, limits=IntakeLimits(tick_seconds=0.01)) as intake:
        for batch in (orders, orders, [{"externalOrderId": "last", "deliveryAddress": "last"}]):
            await intake.orders.accept("demo", read_payload(msgspec.json.encode(batch)))
        async with asyncio.timeout(5):
            await done.wait()
        placed = [(await intake.orders.show_order("demo", f"{i}")).customer for i in range(4)]

    assert asked == ["10 High Street", "trouble", "nowhere", "last"]
    assert [(customer.latitude, customer.longitude) for customer in placed] == [
        (51.5, -0.14),
        (None, None),
        (None, None),
        (51.5, -0.14),
    ]
