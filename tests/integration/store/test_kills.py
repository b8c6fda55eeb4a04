import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.engines import ENGINES, Floor
from tests.integration.store.storing import body_of

ROOT = Path(__file__).parents[3]
CHILD = [sys.executable, "-m", "tests.integration.store.storing"]


def acknowledged_before_the_kill(folder, first, seconds):
    """Numbers that a storing process printed before it was killed without warning."""
    child = subprocess.Popen([*CHILD, str(folder), str(first)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert child.stdout.readline() == b"ready\n"
        time.sleep(seconds)
    finally:
        child.send_signal(signal.SIGKILL)
        printed = child.stdout.read()
        child.stdout.close()
        child.wait()
    # A line that was cut is of an event that nobody was told of.
    return [int(line) for line in printed.split(b"\n")[:-1]]


@pytest.mark.parametrize("kills", [6, pytest.param(300, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
async def test_what_was_acknowledged_survives_a_kill(tmp_path, kills):
    """At any moment: every acknowledged event is there, byte for byte, once; no order is lost; the file is sound."""
    chance = random.Random(os.getpid())
    told = []
    for _ in range(kills):
        first = max(told, default=0) + 1000
        told += acknowledged_before_the_kill(tmp_path, first, chance.uniform(0.01, 0.4))
    floor = Floor(ENGINES["sqlite"], tmp_path)
    await floor.open()
    try:
        await floor.store.outbox.rescue(now=floor.now, rests_until=0)
        while await floor.translate():
            pass
        await floor.deliver()
        states = {await floor.order_status(f"order {number % 50}") for number in told}
    finally:
        await floor.store.close()
    connection = sqlite3.connect(tmp_path / "gateway.db")
    keys = connection.execute("SELECT e.event_id, b.body FROM events e JOIN bodies b ON b.id = e.id").fetchall()
    unended = connection.execute("SELECT count(*) FROM events WHERE ended_at IS NULL").fetchone()
    soundness = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()

    stored = dict(keys)
    assert len(told) > kills
    assert len(stored) == len(keys)
    assert {stored.get(f"e{number}") == body_of(number) for number in told} == {True}
    assert states == {"delivered"}
    assert unended == (0,)
    assert soundness == [("ok",)]
