"""Backup and restore, as a drill: a gateway under load, its store copied, lost, and made again."""

import asyncio
import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from gateway.store.sqlite.backup import back_up
from gateway.store.sqlite.database import PAGE_SIZE
from gateway.store.sqlite.restoring import restore
from tests.intakes import accepted
from tests.processes import PROOF, Gateway, Intakes, eventually, free_port, tenant, told

pytestmark = pytest.mark.file

CANARY = "Canary Lane"


class Load(threading.Thread):
    """Posts hooks one after another until it is told to stop; `acknowledged` holds the event IDs that got their 200."""

    def __init__(self, gateway: Gateway, number: int) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self._gateway = gateway
        self._number = number
        self._enough = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._gateway.url, headers=PROOF, trust_env=False, timeout=15) as http:
            count = 0
            while not self._enough.is_set():
                name = f"{self._number}-{count}"
                if http.post("/hooks/demo", json=told(name, f"order-{name}", 1)).status_code == 200:
                    self.acknowledged.append(name)
                count += 1
                time.sleep(0.005)

    def stop(self) -> None:
        self._enough.set()
        self.join()


def now() -> datetime:
    return datetime.now(UTC)


def micros() -> int:
    return time.time_ns() // 1000


def events_in(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as opened:
        return {name for (name,) in opened.execute("SELECT event_id FROM events")}


@pytest.mark.parametrize("backups", [3, pytest.param(20, marks=pytest.mark.soak)])
def test_what_a_200_said_before_a_backup_began_is_in_it(tmp_path, backups):
    """Backups under load, each restored: no acknowledged event is missing, and none is damaged."""
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}) as gateway:
        loads = [Load(gateway, number) for number in range(3)]
        for load in loads:
            load.start()
        before = []
        for number in range(backups):
            eventually(lambda number=number: sum(len(load.acknowledged) for load in loads) > 10 * (number + 1))
            before.append({name for load in loads for name in load.acknowledged})
            back_up(tmp_path / "gateway.db", tmp_path / f"{number}.backup", now=now())
        for load in loads:
            load.stop()

        missing = []
        for number, acknowledged in enumerate(before):
            store = tmp_path / str(number) / "gateway.db"
            asyncio.run(restore(tmp_path / f"{number}.backup", store, tenants=["demo"], now=micros()))
            missing.append(acknowledged - events_in(store))

        assert min(map(len, before)) > 10
        assert missing == [set()] * backups


def lose(gateway: Gateway) -> None:
    """Stop, and lose the store's files."""
    gateway.stop()
    for file in gateway.folder.glob("gateway.db*"):
        if not file.name.endswith(".erasures"):
            file.unlink()


def test_a_restored_gateway_sends_nothing_until_a_person_says_so(tmp_path):
    """Its tenants are halted, `restored`, and not probed; hooks are taken; once resumed, all is delivered."""
    with Intakes() as intakes:
        intake = intakes.open(lambda call: call.say(503))
        gateway = Gateway(tmp_path, {"demo": tenant(intake.url)})
        with gateway:
            gateway.post(told("e1", "A", 1))
            eventually(lambda: intake.calls)
            made = gateway.command("backup", "a.backup")
            lose(gateway)
            done = gateway.command("restore", "a.backup")
            calls = len(intake.calls)
            intake.behave = lambda _call: accepted
            gateway.start()
            gateway.post(told("e2", "B", 1))
            eventually(lambda: gateway.tenant()["pending"] == 2)
            time.sleep(1)

            assert (made.returncode, done.returncode) == (0, 0), (made.stderr, done.stderr)
            assert "not encrypted" in made.stderr
            assert "gateway reconcile" in done.stderr
            assert (gateway.tenant()["status"], gateway.tenant()["reason"]["code"]) == ("halted", "restored")
            assert len(intake.calls) == calls
            assert gateway.command("tenants", "resume", "demo").returncode == 0
            gateway.becomes("A", "delivered")
            gateway.becomes("B", "delivered")


def test_a_restored_tenant_that_is_pulled_from_serves_nothing_until_a_person_says_so(tmp_path):
    """503 until it is resumed, which is in the audit; then the orders."""
    pulled = {"delivery": "pull", "pull_secret": "a-secret-to-pull-with"}
    proof = {"Authorization": "Bearer a-secret-to-pull-with"}
    with Gateway(tmp_path, {"demo": pulled}) as gateway:
        gateway.post(told("e1", "A", 1))
        gateway.becomes("A", "pending")
        gateway.command("backup", "a.backup")
        lose(gateway)
        gateway.command("restore", "a.backup")
        gateway.start()
        before = gateway.http.get("/pull/demo", headers=proof)
        gateway.stop()
        gateway.start()
        still = gateway.http.get("/pull/demo", headers=proof)
        resumed = gateway.command("tenants", "resume", "demo")
        after = gateway.http.get("/pull/demo", headers=proof)

        assert (before.status_code, before.headers["retry-after"], still.status_code) == (503, "60", 503)
        assert resumed.returncode == 0, resumed.stderr
        assert [order["externalOrderId"] for order in after.json()] == ["A"]
        assert gateway.api("audit")["audit"][0]["act"] == "resume"


def test_an_order_pending_in_a_backup_may_have_been_sent_since(tmp_path):
    """Its cancellation after the restore is no silent withdrawal."""
    with Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{free_port()}/in")}) as gateway:
        gateway.post(told("e1", "A", 1))
        gateway.becomes("A", "pending")
        gateway.command("backup", "a.backup")
        lose(gateway)
        gateway.command("restore", "a.backup")
        gateway.start()
        gateway.post(told("e2", "A", 2, status="CAN"))

        assert gateway.becomes("A", "dead")["reason"]["code"] == "cancelled_maybe_delivered"


@pytest.mark.parametrize("by", ["the place", "an option"])
def test_whoever_was_erased_since_stays_erased(tmp_path, by):
    """The register beside the store outlives it; another place's is named."""
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}) as gateway:
        gateway.post(told("e1", "A", 1, shipToAddress={"address": {"addressLine1": CANARY, "city": "Leeds"}}))
        gateway.post(told("e2", "B", 1))
        gateway.becomes("A", "delivered")
        gateway.becomes("B", "delivered")
        gateway.command("backup", "a.backup")
        erased = gateway.api("orders/demo/A/erase", {})["erased"]
        lose(gateway)
        register = tmp_path / "gateway.db.erasures"
        options: list[str] = []
        if by == "an option":
            register.rename(tmp_path / "kept")
            options = ["--erasures", "kept"]
        done = gateway.command("restore", "a.backup", *options)
        gateway.start()

        assert (erased, done.returncode) == (1, 0), done.stderr
        assert "1 order erased again" in done.stdout
        assert [file.name for file in tmp_path.glob("gateway.db*") if CANARY.encode() in file.read_bytes()] == []
        assert CANARY not in str(gateway.order("A"))
        assert "2 Road" not in str(gateway.order("B"))
        assert "1 Road" in str(gateway.order("B"))
        assert register.read_bytes().count(b"erased_at") == 1


def test_an_erasure_that_the_backup_has_seen_is_not_applied_again(tmp_path):
    """What was told of the same order after it is kept."""
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}) as gateway:
        gateway.post(told("e1", "A", 1))
        gateway.becomes("A", "delivered")
        gateway.api("orders/demo/A/erase", {})
        gateway.post(told("e2", "A", 2))
        eventually(lambda: "2 Road" in str(gateway.order("A")))
        gateway.command("backup", "a.backup")
        lose(gateway)
        done = gateway.command("restore", "a.backup")
        gateway.start()

        assert "0 orders erased again" in done.stdout
        assert "2 Road" in str(gateway.order("A"))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A backup with something in it, made of a store that is not used, under a careless umask."""
    folder = tmp_path_factory.mktemp("made")
    with Gateway(folder, {"demo": tenant(f"http://127.0.0.1:{free_port()}/in")}) as gateway:
        gateway.post(told("e1", "A", 1))
        gateway.becomes("A", "pending")
        gateway.stop()
        before = os.umask(0)
        try:
            done = gateway.command("backup", "a.backup", "--json")
        finally:
            os.umask(before)
        assert done.returncode == 0, done.stderr
        return folder / "a.backup"


def test_a_backup_is_one_file_that_nobody_else_may_read(made):
    """Mode 0600, whatever the umask; no log beside it, nothing half made."""
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [file.name for file in made.parent.iterdir() if file.name.startswith("a.backup")] == ["a.backup"]


def spoilt(how: str, made: Path, file: Path) -> None:
    whole = made.read_bytes()
    match how:
        case "half of it":
            file.write_bytes(whole[: len(whole) // 2])
        case "all but its last page":
            file.write_bytes(whole[:-PAGE_SIZE])
        case "a header alone":
            file.write_bytes(whole[:100])
        case "empty":
            file.touch()
        case "a text":
            file.write_text("no database, and no backup of one, however long it is" * 10)
        case "another program's database":
            with closing(sqlite3.connect(file)) as opened:
                opened.execute("CREATE TABLE t (x)")
        case "a newer program's":
            file.write_bytes(whole)
            with closing(sqlite3.connect(file)) as opened:
                opened.execute("PRAGMA user_version = 999")
        case "damaged":
            file.write_bytes(whole[:PAGE_SIZE] + b"\xff" * PAGE_SIZE + whole[2 * PAGE_SIZE :])


@pytest.mark.parametrize(
    ("how", "saying"),
    [
        ("half of it", "is damaged or cut off"),
        ("all but its last page", "is damaged or cut off"),
        ("a header alone", "is damaged or cut off"),
        ("empty", "is no backup of a gateway"),
        ("a text", "is no backup of a gateway"),
        ("another program's database", "is no backup of a gateway"),
        ("a newer program's", "is newer than this program's"),
        ("damaged", "is damaged or cut off"),
        ("missing", "is no backup of a gateway"),
    ],
)
def test_what_cannot_be_restored_is_refused_in_a_sentence(tmp_path, made, how, saying):
    """Exit code 1, one line, and nothing is left in the place."""
    gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{free_port()}/in")})
    spoilt(how, made, tmp_path / "bad.backup")

    done = gateway.command("restore", "bad.backup")

    assert done.returncode == 1
    assert saying in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.glob("gateway.db*")) == []


def test_a_place_that_is_taken_is_left_as_it_is(tmp_path, made):
    """Restore refuses it, and so does a backup that would replace what is none."""
    gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{free_port()}/in")})
    store = tmp_path / "gateway.db"
    assert gateway.command("restore", str(made)).returncode == 0
    before = store.read_bytes()

    again = gateway.command("restore", str(made))
    over = gateway.command("backup", "gateway.db")

    assert (again.returncode, over.returncode) == (1, 1)
    assert "restore into an empty place" in again.stderr
    assert "is no backup" in over.stderr
    assert store.read_bytes() == before


def test_two_backups_to_one_file_do_not_mix(tmp_path, made):
    """The second says that another is being made, and leaves it alone."""
    gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{free_port()}/in")})
    gateway.command("restore", str(made))
    (tmp_path / "b.backup.part").write_text("half")

    done = gateway.command("backup", "b.backup")

    assert done.returncode == 1
    assert "another is being made" in done.stderr
    assert (tmp_path / "b.backup.part").read_text() == "half"
