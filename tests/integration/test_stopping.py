"""A stop comes to its end, whatever hangs."""

import json
import time
from pathlib import Path

from gateway.cli.settings import configuration
from gateway.config.live import Live
from gateway.ground.clock import now
from gateway.service import house
from tests.processes import API_TOKEN, halt, source, tenant


def store_of_ours():
    children = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    return next(
        int(pid) for pid in children if b"gateway.store.process.host" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


async def test_a_store_that_hangs_does_not_keep_the_gateway_from_stopping(tmp_path, monkeypatch):
    """It is ended, after a time."""
    monkeypatch.setattr(house, "LONGEST_STOP_SECONDS", 0.3)
    settings = {
        "store": "sqlite:///gateway.db",
        "api": {"token": API_TOKEN},
        "limits": {"min_free_disk": 0},
        "tenants": {"a": tenant("http://127.0.0.1:9/")},
        "sources": {"a": source("a")},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(settings))
    live = Live(configuration(tmp_path / "config.yaml"))
    async with house.open_house(live, now, lambda: None):
        halt(store_of_ours())
        began = time.monotonic()

    assert time.monotonic() - began < 5
