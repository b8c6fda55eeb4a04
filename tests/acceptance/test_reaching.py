"""`gateway check --reach`: who answers, and who does not; nothing is sent to anybody."""

import json
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest

from tests.processes import Gateway, free_port, source, tenant
from tests.warehouses import VendorApi


class Quiet:
    """Accepts connections, and keeps what they say."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.heard = b""
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self._listener.close()

    def _listen(self) -> None:
        while not self._enough.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                self.connections += 1
                connection.settimeout(20)
                while more := connection.recv(4096):
                    self.heard += more
                    if self.heard[:1] == b"\x16":
                        # A TLS hello, to somebody who speaks none.
                        break


def test_each_intake_is_reached_or_not(tmp_path: Path):
    """One listens, one does not, one has no such name, one speaks no TLS; the exit code says that not all do."""
    with Quiet() as open_, Quiet() as plain:
        tenants = {
            "good": tenant(f"http://127.0.0.1:{open_.port}/in"),
            "shut": tenant(f"http://127.0.0.1:{free_port()}/in"),
            "unknown": tenant("https://no-such-name.invalid/in"),
            "plain": tenant(f"https://127.0.0.1:{plain.port}/in"),
        }
        done = Gateway(tmp_path, tenants).command("check", "--reach", "--json")
        found = {each["what"]: each["fault"] for each in json.loads(done.stdout)["reach"]}

    assert done.returncode == 1
    assert found["tenants.good.intake_url"] is None
    assert found["tenants.shut.intake_url"].startswith("no connection")
    assert found["tenants.unknown.intake_url"].startswith("its name is not found")
    assert found["tenants.plain.intake_url"].startswith(("no TLS", "no connection"))
    assert (open_.connections, open_.heard) == (1, b"")
    assert b"a-tenants-secret" not in plain.heard


def test_all_reached_is_a_good_end(tmp_path: Path):
    """Exit code 0, a line a place; without the option nobody is connected to."""
    with Quiet() as intake:
        gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{intake.port}/in")})
        offline = gateway.command("check")
        before = intake.connections
        done = gateway.command("check", "--reach")

    assert (offline.returncode, before, done.returncode) == (0, 0, 0)
    assert "tenants.demo.intake_url: reached" in done.stdout
    assert "store: reached" in done.stdout


ASKS = """
from adapters import Adapter, Api, Identity, Lookup, OptionsModel

class Options(OptionsModel, frozen=True):
    base_url: str

ADAPTER = Adapter(
    name="asks", version="1", contract=2, options=Options, identify=lambda hook: Identity(event_id="1"),
    translate=lambda hook, options, answers: [], api=lambda options: Api(base_url=options.base_url),
    reach=lambda options: Lookup(path="store"),
)
"""


@pytest.mark.parametrize(("status", "fault"), [(200, None), (401, "it answered 401 to store")])
def test_a_vendors_api_is_asked_what_its_adapter_calls_safe(tmp_path: Path, status, fault):
    """One question, and what became of it."""
    (tmp_path / "asks.py").write_text(ASKS)
    with Quiet() as intake, VendorApi(lambda asked: asked.say(status, b"{}")) as vendor:
        sources = {"asks": source("demo", adapter="./asks.py", options={"base_url": vendor.url})}
        gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{intake.port}/in")}, sources)
        done = gateway.command("check", "--reach", "--json")
        found = {each["what"]: each["fault"] for each in json.loads(done.stdout)["reach"]}

    assert found["the vendor's API of sources.asks"] == fault
    assert [asked.path for asked in vendor.asked] == ["/api/v1/store"]


@pytest.mark.file
def test_a_store_that_would_not_do_is_told(tmp_path: Path):
    """One that is no database, one that a newer program made, one whose journal was left; looking makes none."""
    with Quiet() as intake:
        gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{intake.port}/in")})
        gateway.command("check", "--reach")
        made = (tmp_path / "gateway.db").exists()
        (tmp_path / "gateway.db").write_text("no database, however long it may be" * 100)
        foreign = gateway.command("check", "--reach")
        (tmp_path / "gateway.db").unlink()
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as newer:
            newer.execute("PRAGMA user_version = 999")
        other = gateway.command("check", "--reach")
        (tmp_path / "gateway.db").unlink()
        (tmp_path / "gateway.db.journal-00").touch()
        left = gateway.command("check", "--reach")
        started = gateway.command("serve")

    assert (made, foreign.returncode, other.returncode, left.returncode) == (False, 1, 1, 1)
    assert "store: it cannot be read: file is not a database" in foreign.stdout
    assert "store: its schema (999) is newer than this program's" in other.stdout
    (fault,) = [line.removeprefix("store: ") for line in left.stdout.splitlines() if line.startswith("store: ")]
    assert fault.startswith("gateway.db.journal-00 is an earlier version's journal")
    assert started.returncode == 78
    assert started.stderr.splitlines()[-1].endswith(f"store: {fault}")


def test_a_database_that_is_not_there_is_told(tmp_path: Path):
    """Without its password."""
    with Quiet() as intake:
        gateway = Gateway(tmp_path, {"demo": tenant(f"http://127.0.0.1:{intake.port}/in")})
        gateway.configure(store=f"postgresql://gateway:a-databases-password@127.0.0.1:{free_port()}/gateway")
        done = gateway.command("check", "--reach")

    assert done.returncode == 1
    assert "store: no connection: " in done.stdout
    assert "a-databases-password" not in done.stdout + done.stderr
