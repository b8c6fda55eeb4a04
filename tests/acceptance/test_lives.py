"""Lives and deaths of the process: what was answered is stored and delivered, however it ended."""

import http.client
import itertools
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tests import faults
from tests.intakes import accepted, always, hanging, status
from tests.processes import PROOF, Gateway, Intakes, beside, environment, eventually, source, tenant, told, version_of
from tests.stores import rows

TRACING = str(Path(faults.__path__[0]) / "tracing.py")
# What runs the store's process: as ever, but for the one line that keeps the promise.
UNSYNCED = """
import sys
from gateway.ground import child
from gateway.cli import tree
unsynced = '\\n'.join((
    'import sys',
    'from gateway.ground.hosting import host',
    'from gateway.store.sqlite import database',
    'database.SYNCHRONOUS = 1',
    'host(*sys.argv[1:])',
))
child.COMMAND[:] = [sys.executable, '-P', '-c', unsynced]
sys.exit(tree.run(sys.argv[1:]))
"""
FEW_FILES = """
import resource, sys
from gateway.cli import tree
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
sys.exit(tree.run(sys.argv[1:]))
"""


def test_acknowledged_killed_restarted_delivered(tmp_path):
    """What was acknowledged before kill -9 is delivered after the restart."""
    with Intakes() as opened:
        intake = opened.open(always(hanging))
        with Gateway(tmp_path, {"demo": tenant(intake.url, timeout=30)}) as gateway:
            for number in range(20):
                assert gateway.post(told(f"{number}", f"A{number}", 1)).status_code == 200
            eventually(lambda: intake.calls)
            gateway.kill()
            intake.behave = always(accepted)
            gateway.start()
            orders = [gateway.becomes(f"A{number}", "delivered") for number in range(20)]
            ended = gateway.drained()

    assert ended == {"delivered": 20}
    assert {order["reason"] for order in orders} == {None}
    assert sorted(intake.orders) == sorted(f"A{number}" for number in range(20))


def test_rests_after_a_crash(tmp_path):
    """What was in flight when the process was killed rests for `settle_delay` after the restart, whatever comes."""
    with Intakes() as opened:
        intake = opened.open(always(hanging))
        with Gateway(tmp_path, {"demo": tenant(intake.url, timeout=30, settle_delay=3)}) as gateway:
            gateway.post(told("a-1", "A", 1))
            eventually(lambda: intake.calls)
            gateway.kill()
            intake.behave = always(accepted)
            began = time.monotonic()
            gateway.start()
            gateway.post(told("a-2", "A", 2))
            gateway.post(told("b-1", "B", 1))
            gateway.becomes("B", "delivered")
            before = intake.sent
            gateway.becomes("A", "delivered")
            waited = time.monotonic() - began

    assert before == [["A"], ["B"]]
    assert waited >= 3
    assert version_of(intake.orders["A"]) == 2


def synced(folder: Path, *program: str) -> list[int]:
    """The number of fdatasyncs before the first of two hundred requests, and after the answer of each."""
    counts = folder / "counts"
    with Intakes() as opened:
        traced = (TRACING, str(counts), sys.executable, *program)
        with Gateway(folder, {"demo": tenant(opened.open().url)}, program=traced) as gateway:
            seen = [counts.stat().st_size]
            for number in range(200):
                assert gateway.post(told(f"{number}", f"A{number}", 1)).status_code == 200
                seen.append(counts.stat().st_size)
            assert gateway.stop() in (0, 143)
    return seen


@pytest.mark.file
def test_a_sync_before_every_answer(tmp_path):
    """Two hundred acknowledged requests one after another show an fdatasync each, at least."""
    seen = synced(tmp_path, "-m", "gateway", "serve")

    assert seen[-1] - seen[0] >= 200
    assert all(before < after for before, after in pairwise(seen))


@pytest.mark.file
def test_the_sync_is_seen_to_be_missing(tmp_path):
    """The same check fails for a store with `synchronous=NORMAL`: it can fail."""
    seen = synced(tmp_path, "-c", UNSYNCED, "serve")

    assert seen[-1] - seen[0] < 50


def test_the_stores_process_is_killed(tmp_path):
    """Without its store the gateway ends, and says so; what it acknowledged is there in the next life."""
    with Intakes() as opened, Gateway(tmp_path, {"demo": tenant(opened.open().url)}) as gateway:
        with hammered(gateway) as answered:
            assert eventually(lambda: len(answered) > 200)
            os.kill(beside(gateway.pid, "gateway.store.process.host"), signal.SIGKILL)
            code = gateway.wait()
        gateway.start()
        gateway.drained()
        stored = {row["eventId"] for row in gateway.all("events")}

    assert code == 1
    assert "the store's process has ended" in gateway.log.read_text()
    assert set(answered) <= stored


def test_the_translations_process_is_killed(tmp_path):
    """Another takes its place, and no event is judged by it."""
    with Intakes() as opened, Gateway(tmp_path, {"demo": tenant(opened.open().url)}) as gateway:
        gateway.post(told("a-1", "A", 1))
        gateway.becomes("A", "delivered")
        with hammered(gateway) as answered:
            for number in range(3):
                assert eventually(lambda number=number: len(answered) > 200 * number)
                os.kill(beside(gateway.pid, "gateway.translation.host"), signal.SIGKILL)
                gateway.post(told(f"z-{number}", f"Z{number}", 1))
                gateway.becomes(f"Z{number}", "delivered")
            gateway.kill()
        gateway.start()
        ended = gateway.drained()

    assert set(ended) <= {"delivered", "superseded"}


def test_sigterm_under_load(tmp_path):
    """SIGTERM under load: whatever was answered is stored, and the exit code says that all is well."""
    with Intakes() as opened, Gateway(tmp_path, {"demo": tenant(opened.open().url)}) as gateway:
        with hammered(gateway) as answered:
            eventually(lambda: len(answered) > 200)
            code = gateway.stop()
        stored = rows(tmp_path, "SELECT event_id FROM events")
        gateway.start()
        ended = gateway.drained()

    assert code in (0, 143)
    assert set(answered) <= {event_id for (event_id,) in stored}
    # An order's earlier event that was still on its way has given way to a later one.
    assert set(ended) <= {"delivered", "superseded"}
    assert sum(ended.values()) == len(stored)
    assert "Traceback" not in gateway.log.read_text()


@contextmanager
def hammered(gateway: Gateway) -> Iterator[list[str]]:
    """Several vendors at once, until nobody answers, which must come to pass within; the event IDs that got 200."""
    answered: list[str] = []
    threads = [threading.Thread(target=_hammer, args=(gateway.port, name, answered)) for name in "abcd"]
    for thread in threads:
        thread.start()
    yield answered
    for thread in threads:
        thread.join()


def _hammer(port: int, name: str, answered: list[str]) -> None:
    """POST until nobody answers; the event IDs that got 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    number = 0
    try:
        while True:
            number += 1
            event = told(f"{name}{number}", f"{name}{number % 50}", number)
            connection.request("POST", "/hooks/demo", json.dumps(event), PROOF)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                answered.append(f"{name}{number}")
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()


def test_a_kill_loses_no_hook_that_was_taken_whole(tmp_path):
    """Head and body in one piece, which the rim takes without a task: each 200 is on disk when the process dies."""
    answered: list[str] = []
    with Intakes() as opened, Gateway(tmp_path, {"demo": tenant(opened.open().url)}) as gateway:
        for life in "abc":
            seen = len(answered)
            threads = [
                threading.Thread(target=_hammer_whole, args=(gateway.port, f"{life}{name}", answered))
                for name in range(4)
            ]
            for thread in threads:
                thread.start()
            eventually(lambda seen=seen: len(answered) > seen + 200)
            gateway.kill()
            for thread in threads:
                thread.join()
            gateway.start()
        ended = gateway.drained()
        stored = rows(tmp_path, "SELECT event_id FROM events")

    assert len(answered) > 600
    assert len(set(answered)) == len(answered)
    assert set(answered) <= {event_id for (event_id,) in stored}
    assert ended == {"delivered": len(stored)}


def _hammer_whole(port: int, name: str, answered: list[str]) -> None:
    """Send hooks, each in one piece, until nobody answers; the event IDs that got 200."""
    proof = "".join(f"{key}: {value}\r\n" for key, value in PROOF.items())
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            for number in itertools.count():
                event = f"{name}-{number}"
                body = json.dumps(told(event, event, 1)).encode()
                head = f"POST /hooks/demo HTTP/1.1\r\nHost: x\r\n{proof}Content-Length: {len(body)}\r\n\r\n"
                connection.sendall(head.encode() + body)
                if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
                    return
                answered.append(event)
    except OSError:
        return


def test_restart_in_the_middle_of_everything(tmp_path):
    """Stopped while a tenant backs off, one is halted by hand, and a lease is out: all go on where they were."""
    with Intakes() as opened:
        waiting, halted, leased = (opened.open(always(status(503, retry_after="3"))), opened.open(), opened.open())
        leased.behave = always(hanging)
        tenants = {
            "waiting": tenant(waiting.url),
            "halted": tenant(halted.url),
            "leased": tenant(leased.url, timeout=4),
        }
        with Gateway(tmp_path, tenants) as gateway:
            gateway.api("tenants/halted/halt", {"reason": "wrong prices"})
            for name in tenants:
                gateway.post(told(f"{name}-1", "A", 1), to=name)
            began = time.monotonic()
            eventually(lambda: waiting.calls and leased.calls)
            eventually(lambda: gateway.tenant("waiting")["status"] == "backing_off")
            code = gateway.stop()
            leased.behave = always(accepted)
            gateway.start()
            after = {name: gateway.tenant(name) for name in tenants}
            # Not before it was looked at: a start may take longer than the wait.
            waiting.behave = always(accepted)
            gateway.becomes("A", "delivered", "leased")
            gateway.becomes("A", "delivered", "waiting")
            waited = time.monotonic() - began
            still_halted = gateway.order("A", "halted")["status"]
            gateway.api("tenants/halted/resume", {})
            gateway.becomes("A", "delivered", "halted")

    assert code in (0, 143)
    assert after["waiting"]["status"] == "backing_off"
    assert (after["halted"]["status"], after["halted"]["reason"]["detail"]) == ("halted", "wrong prices")
    assert waited >= 3
    assert still_halted == "pending"
    assert {version_of(intake.orders["A"]) for intake in (waiting, halted, leased)} == {1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_when_idle(tmp_path, number):
    """A stop without work is quick, says nothing wrong, and ends with 0 or 143."""
    with Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/x")}) as gateway:
        began = time.monotonic()
        gateway._process.send_signal(number)
        code = gateway._process.wait(20)

    assert code in (0, 143)
    assert time.monotonic() - began < 5
    assert "Traceback" not in gateway.log.read_text()


def test_connections_do_not_use_the_files_up(tmp_path):
    """Started with the right to fewer files than `max_connections` needs, it takes what it may have."""
    limits = {"min_free_disk": 0, "max_connections": 300}
    tenants = {"demo": tenant("http://127.0.0.1:9/x")}
    with Gateway(tmp_path, tenants, limits=limits, program=("-c", FEW_FILES, "serve")) as gateway:
        held = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(299)]
        held[-1].settimeout(5)
        held[-1].sendall(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = held[-1].recv(100)
        for connection in held:
            connection.close()

    assert answer.startswith(b"HTTP/1.1 200 OK")


def refused_start(gateway: Gateway) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(gateway.file)]
    return subprocess.run(
        command, cwd=gateway.folder, env=environment(), capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.file
def test_newer_schema(tmp_path):
    """A store that a newer program has migrated is refused in so many words, untouched."""
    gateway = Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/x")})
    with gateway:
        gateway.post(told("1", "A", 1))
        gateway.stop()
        store = sqlite3.connect(tmp_path / "gateway.db")
        store.execute("PRAGMA user_version = 9000")
        store.close()
        refused = refused_start(gateway)

    assert refused.returncode == 78
    assert "newer" in refused.stderr
    assert "9000" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sqlite3.connect(tmp_path / "gateway.db").execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_port_taken(tmp_path):
    """A port that is taken is a sentence and exit 78."""
    with Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/x")}) as gateway:
        refused = refused_start(gateway)

    assert refused.returncode == 78
    assert refused.stderr.splitlines()[-1].startswith("gateway: server: cannot listen")
    assert "Traceback" not in refused.stderr


def test_orphans_and_aliases(tmp_path):
    """What left the configuration is kept and says so; a source goes on under its new name; the tenant's return."""
    with Intakes() as opened:
        kept, left = opened.open(), opened.open(always(status(503)))
        tenants = {"kept": tenant(kept.url), "left": tenant(left.url)}
        sources = {"kept": source("kept"), "left": source("left"), "old": source("kept")}
        with Gateway(tmp_path, tenants, sources) as gateway:
            gateway.post(told("l-1", "L", 1), to="left")
            gateway.post(told("o-1", "O", 1), to="old")
            gateway.becomes("O", "delivered", "kept")
            eventually(lambda: gateway.order("L", "left").get("attempts"))
            gateway.stop()
            gateway.configure(
                tenants={"kept": tenants["kept"]},
                sources={"new": source("kept", aliases=["old"]), "kept": source("kept")},
            )
            gateway.start()
            orphan = gateway.order("L", "left")
            by_alias = gateway.post(told("o-1", "O", 1), to="old").json()
            by_name = gateway.post(told("o-1", "O", 1), to="new").json()
            gateway.post(told("o-2", "O", 2), to="new")
            eventually(lambda: gateway.all("events", eventId="o-2")[0]["status"] == "delivered")
            own = {event["eventId"]: event for event in gateway.all("events")}
            gateway.stop()
            gateway.configure(tenants=tenants, sources=sources | {"old": source("kept")})
            left.behave = always(accepted)
            gateway.start()
            back = gateway.becomes("L", "delivered", "left")

    assert (orphan["orphaned"], orphan["status"]) == (True, "pending")
    assert own["l-1"]["orphaned"] is True
    assert by_alias["duplicate"] is by_name["duplicate"] is True
    assert {own[name]["source"] for name in ("o-1", "o-2")} == {"new"}
    assert own["o-2"]["status"] == "delivered"
    assert "orphaned" not in back
