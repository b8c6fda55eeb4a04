"""The exposition of the metrics, while others are served."""

import asyncio
import threading

import pytest
from prometheus_client.registry import Collector

from gateway.config.live import Live
from gateway.config.model import Config, Settings
from gateway.ground.metrics import Metrics
from gateway.service.upkeep import Conditions, Gauges
from tests.stores import open_store


class Waiting(Collector):
    """One whose collecting takes until somebody else has been served."""

    def __init__(self) -> None:
        self.began, self.served = asyncio.Event(), threading.Event()
        self.loop = asyncio.get_running_loop()
        self.was_served: list[bool] = []

    def collect(self):
        self.loop.call_soon_threadsafe(self.began.set)
        self.was_served.append(self.served.wait(10))
        return []


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def test_others_are_served_while_the_metrics_are_written(store, tmp_path):
    """With hundreds of sources the page takes a tenth of a second: no hook waits for it."""
    config = Config(Settings({}, {}), {}, str(tmp_path / "gateway.db"), str(tmp_path))
    metrics, waiting = Metrics([], []), Waiting()
    metrics.registry.register(waiting)
    gauges = Gauges(
        Live(config), Conditions(config, store), metrics, states=dict, ticks=dict, flush=lambda: None, drift=dict,
        silences=lambda: asyncio.sleep(0, {}), clock=lambda: 1,
    )  # fmt: skip
    pages = [asyncio.create_task(gauges.exposition()) for _ in range(2)]
    await waiting.began.wait()
    waiting.served.set()
    written = await asyncio.gather(*pages)

    assert waiting.was_served == [True, True]
    assert all(b"trackely_gateway_store_writable 1.0" in page for page in written)
