"""A store that is ill says so at the doors, and does not pretend."""

import contextlib
import os
import re
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import faults
from tests.contract.engines import dense
from tests.intakes import always, status
from tests.processes import API_TOKEN, Gateway, Intakes, beside, eventually, halt, tenant, told

pytestmark = pytest.mark.file


def test_a_delivery_that_dies_again_and_again(tmp_path):
    """An order that no worker can read kills its tenant's loop each time: `/healthz` is red, and green once mended."""
    with Intakes() as opened:
        tenants = {"demo": tenant(opened.open(always(status(503))).url)}
        with Gateway(tmp_path, tenants) as gateway, sqlite3.connect(tmp_path / "gateway.db") as store:
            gateway.post(told("a-1", "A", 1))
            eventually(lambda: gateway.order("A").get("attempts"))
            # At rest, so that no settlement writes over it.
            gateway.api("tenants/demo/halt", {"reason": "a test"})
            gateway.becomes("A", "pending")
            store.execute("UPDATE orders SET trial = 'of a kind that is none'")
            store.commit()
            gateway.api("tenants/demo/resume", {})
            ill = eventually(lambda: gateway.http.get("/healthz"), lambda answer: answer.status_code == 503)
            store.execute("UPDATE orders SET trial = 'none'")
            store.commit()
            well = eventually(lambda: gateway.http.get("/healthz"), lambda answer: answer.status_code == 200)

    assert ill.status_code == 503
    assert ill.json()["problems"][0].startswith("the loop delivery:demo has died ")
    assert well.status_code == 200


UNREADABLE = str(Path(faults.__path__[0]) / "unreadable.py")
SOON = 6.0


def test_reads_that_fail(tmp_path):
    """Every read of SQLite's fails with EIO: `/readyz` is red within seconds, and green once they succeed again."""
    flag = tmp_path / "unreadable"
    with Intakes() as opened:
        tenants = {"demo": tenant(opened.open().url)}
        with Gateway(tmp_path, tenants, program=(UNREADABLE, str(flag), "serve")) as gateway:
            gateway.post(told("a-1", "A", 1))
            gateway.becomes("A", "delivered")
            flag.touch()
            gateway.post(told("b-1", "B", 1))
            ill = eventually(lambda: gateway.http.get("/readyz"), lambda answer: answer.status_code == 503, SOON)
            flag.unlink()
            well = eventually(gateway.is_ready, within=SOON)
            gateway.post(told("c-1", "C", 1))
            gateway.becomes("C", "delivered")

    assert ill.status_code == 503
    assert ill.json()["problems"][0].startswith("reading the store fails: ")
    assert well is True


def test_a_store_that_stands_still(tmp_path):
    """While its process is stopped hooks and the API get their 503 within six seconds, and the metrics say so."""
    with Intakes() as opened, Gateway(tmp_path, {"demo": tenant(opened.open().url)}) as gateway:
        store = beside(gateway.pid, "gateway.store.process.host")
        halt(store)
        with ThreadPoolExecutor() as callers:
            began = time.monotonic()
            asked = {"Authorization": f"Bearer {API_TOKEN}"}
            hook = callers.submit(gateway.post, told("a-1", "A", 1))
            listed = callers.submit(gateway.http.get, "/api/v1/events", headers=asked)
            answers = [each.result() for each in (hook, listed)]
            # Nobody waits for what is known to be silent.
            answers.append(gateway.post(told("b-1", "B", 1)))
            seconds = time.monotonic() - began
        ready, metrics = gateway.http.get("/readyz"), gateway.http.get("/metrics")
        os.kill(store, signal.SIGCONT)
        again = eventually(lambda: gateway.post(told("a-1", "A", 1)), lambda answer: answer.status_code == 200)
        gateway.becomes("A", "delivered")

    assert [each.status_code for each in (*answers, ready)] == [503] * 4
    assert seconds < SOON
    assert metrics.status_code == 200
    assert "trackely_gateway_store_writable 0.0" in metrics.text
    assert again.status_code == 200


def garbled(folder):
    """Overwrite the half of the store's file that holds what came last, as a bad disk or another program does."""
    path = folder / "gateway.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size - size // 2))


@pytest.mark.parametrize("is_running", [True, False])
def test_a_damaged_file_is_said_and_the_end(tmp_path, is_running):
    """Whether its pages go bad while it runs or had before: one sentence, exit 1, no loops that die for ever."""
    with Intakes() as opened, Gateway(tmp_path, {"demo": tenant(opened.open().url)}) as gateway:
        for number in range(60):
            gateway.post(told(f"{number}", f"A{number}", 1, notes=dense(20_000)))
        gateway.drained()
        assert gateway.stop() in (0, 143)
        if not is_running:
            garbled(tmp_path)
        gateway.launch()
        # Which pages a start reads is the store's own affair: the damage is found there, or later.
        eventually(lambda: gateway.has_ended or gateway.is_ready())
        if is_running:
            garbled(tmp_path)
        with contextlib.suppress(httpx.TransportError):
            for number in range(60):
                gateway.post(told(f"b{number}", f"A{number}", 2))
                gateway.http.get(f"/api/v1/orders/demo/A{number}", headers={"Authorization": f"Bearer {API_TOKEN}"})
        code = gateway.wait()
        said = gateway.log.read_text().splitlines()[-1]

    assert code == 1 or (code == 78 and not is_running)
    assert re.fullmatch(r"gateway: .*gateway\.db(: store:)? is damaged: .+: restore it from a backup", said)
