"""A database that is cut off, silent or slow: refusals in time, nothing piled up, and back as soon as it is."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.postgres import OWNER, shared
from tests.processes import PROOF, Gateway, Intakes, eventually, tenant, told
from tests.proxying import Proxy

SENDERS = 4
LOST_SECONDS = 3.0
SOON = 3.0
"""Two seconds, and one for a machine on which others work."""
GROWN_KILOBYTES = 30_000


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A gateway whose database is behind a proxy."""
    server = shared()
    name = server.database().partition("@/")[2].partition("?")[0]
    with Proxy(server.socket) as proxy, Intakes() as intakes:
        store = f"postgresql://{OWNER}@127.0.0.1:{proxy.port}/{name}"
        tenants = {"demo": tenant(intakes.open().url)}
        with Gateway(tmp_path_factory.mktemp("lost"), tenants, store=store, allow_unsafe=True) as gateway:
            yield gateway, proxy


class Load:
    """What several senders were answered, and how long the slowest answer took."""

    def __init__(self, gateway: Gateway, of: str) -> None:
        self._url = f"{gateway.url}/hooks/demo"
        self._of = of
        self._is_over = threading.Event()
        self.codes: Counter[int] = Counter()
        self.acknowledged: list[str] = []
        self.longest = 0.0
        self.unsaid = 0

    def run(self, place: int) -> None:
        with httpx.Client(headers=PROOF, trust_env=False, timeout=15) as http:
            number = 0
            while not self._is_over.is_set():
                number += 1
                name = f"{self._of}-{place}-{number}"
                began = time.monotonic()
                answer = http.post(self._url, json=told(name, name, 1))
                self.longest = max(self.longest, time.monotonic() - began)
                self.codes[answer.status_code] += 1
                if answer.status_code == 200:
                    self.acknowledged.append(name)
                else:
                    self.unsaid += "retry-after" not in answer.headers
                    time.sleep(0.02)

    @contextmanager
    def going(self) -> "Iterator[Load]":
        threads = [threading.Thread(target=self.run, args=(place,)) for place in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()


def kilobytes(gateway: Gateway) -> int:
    """What the gateway and its processes have in memory."""
    children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()
    texts = [Path(f"/proc/{each}/status").read_text() for each in [gateway.pid, *children]]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("VmRSS"))


@pytest.mark.parametrize("how", ["cut", "swallow"])
def test_a_database_that_is_lost_under_load(served, how, record_property):
    """503 with `Retry-After` within two seconds, 200 again within two of its return, and no more memory meanwhile."""
    gateway, proxy = served
    load = Load(gateway, how)
    with load.going():
        eventually(lambda: len(load.acknowledged) > 20)
        before = kilobytes(gateway)
        getattr(proxy, how)()
        time.sleep(LOST_SECONDS)
        is_red = not gateway.is_ready()
        refused, stored = load.codes[503], load.codes[200]
        after = kilobytes(gateway)
        proxy.mend()
        began = time.monotonic()
        eventually(lambda: load.codes[200] > stored)
        seconds = time.monotonic() - began
        eventually(gateway.is_ready)
        # Whoever looks has a connection of their own, which is opened anew as often.
        eventually(lambda: gateway.command("stats").returncode == 0, within=SOON)
    record_property("the slowest answer", f"{load.longest:.2f} s")
    record_property("back after", f"{seconds:.2f} s")
    record_property("grown by", f"{after - before} kB")

    assert is_red
    assert refused > SENDERS
    assert set(load.codes) == {200, 503}
    assert load.unsaid == 0
    assert load.longest < SOON
    assert seconds < SOON
    assert after - before < GROWN_KILOBYTES
    assert set(load.acknowledged) <= {event["eventId"] for event in gateway.all("events")}
    assert set(gateway.drained()) == {"delivered"}


def test_a_database_that_is_slow_is_not_lost(served):
    """An answer that takes its time is an answer."""
    gateway, proxy = served
    proxy.seconds = 0.1
    try:
        codes = [gateway.post(told(f"slow-{number}", "slow", number)).status_code for number in range(3)]
    finally:
        proxy.seconds = 0.0

    assert codes == [200, 200, 200]
