"""Each alert fires when its condition is made true: a real Prometheus scrapes real gateways, by the rules that ship.

Debian's package `prometheus`, or the program at $PROMETHEUS.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import yaml

from gateway.events import Arrival, EventStatus, OrderState, TranslatedEvent
from gateway.store.sqlite import SqliteStore
from gateway.workshop.standin import User, Warehouse, listening
from tests.intakes import always, hanging, refusing, status
from tests.processes import (
    PROOF,
    Gateway,
    Intakes,
    beside,
    end_with_us,
    environment,
    eventually,
    free_port,
    halt,
    source,
    tenant,
    told,
)
from tests.translating import PASSWORD, an_order, api_options

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "docs/alerts.yaml"
ALERTS = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
LATE_SECONDS = 1000
LATE = b'{"externalOrderId": "LATE", "deliveryAddress": "1 Road"}'


def program(name: str) -> Path:
    """Prometheus' own, or what comes with it."""
    found = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
    assert found, "Prometheus is missing: on Debian `apt install prometheus`, or say where it is: PROMETHEUS=…"
    return Path(found).with_name(name)


def rules_at_once() -> str:
    """The shipped rules, that nothing has to hold `for` long: the same expressions."""
    rules = yaml.safe_load(RULES.read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("for", None)
    return yaml.safe_dump(rules)


class Prometheus:
    """Scrapes and judges every second."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        (folder / "rules.yaml").write_text(rules_at_once())
        jobs = [{"job_name": "gateway", "static_configs": [{"targets": [f"127.0.0.1:{port}" for port in ports]}]}]
        settings = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        told = {"global": settings, "rule_files": ["rules.yaml"], "scrape_configs": jobs}
        (folder / "prometheus.yml").write_text(yaml.safe_dump(told))
        self._log = (folder / "prometheus.log").open("wb")
        self._process = subprocess.Popen(
            [
                program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'metrics'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            stdout=self._log, stderr=self._log, preexec_fn=end_with_us,  # noqa: PLW1509 - nothing but a system call
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()

    def has_seen(self, port: int) -> bool:
        """Whether a gateway was scraped before anything happened to it."""
        found = self._ask("query", query=f'up{{instance="127.0.0.1:{port}"}} == 1')
        return bool(found and found["result"])

    def firing(self) -> set[str]:
        found = self._ask("alerts") or {"alerts": []}
        return {each["labels"]["alertname"] for each in found["alerts"] if each["state"] == "firing"}

    def _ask(self, what: str, **parameters: str) -> Any:
        try:
            return httpx.get(f"{self.url}/api/v1/{what}", params=parameters, trust_env=False).json()["data"]
        except (httpx.TransportError, json.JSONDecodeError):
            return None


async def take_long_ago(path: Path) -> None:
    """An order that has been pending for a while, as an outage leaves it behind."""
    store = await SqliteStore.open(path)
    try:
        at = time.time_ns() // 1000 - LATE_SECONDS * 1_000_000
        body = json.dumps(told("late", "LATE", 1)).encode()
        receipt = await store.inbox.put(Arrival("late", "late", "ORDER", at, body))
        state = OrderState(tenant="late", external_order_id="LATE", owner="late", clock=at, tie=0, body=LATE)
        translated = TranslatedEvent(
            id=receipt.id, source="late", event_id="late", status=EventStatus.TRANSLATED, adapter_version="1",
            states=(state,),
        )  # fmt: skip
        await store.translation.commit([translated], at)
    finally:
        await store.close()


@contextmanager
def slow_commits(store: Path) -> Iterator[None]:
    """Hold the writer's lock again and again, as a disk that takes its time does to a commit."""

    def hold() -> None:
        with closing(sqlite3.connect(store, isolation_level=None, timeout=20)) as opened:
            for _ in range(6):
                opened.execute("BEGIN IMMEDIATE")
                time.sleep(1)
                opened.execute("ROLLBACK")
                time.sleep(0.1)

    with ThreadPoolExecutor(1) as holder:
        held = holder.submit(hold)
        yield
        held.result()


def make_them_true(good: Gateway, slow: Gateway, hung: Gateway) -> None:
    """What each alert is about, at once."""
    good.api("tenants/halted/halt", {"reason": "stock-taking"})
    good.post(told("twice", "TWICE", 1))
    good.post(told("twice", "TWICE", 2))
    good.post(told("poison", "POISON", 1))
    good.post({"id": "broken", "entityType": "Order", "data": 7})
    good.post(told("lost", "LOST", 1), "lost")
    for _ in range(25):
        good.http.post("/hooks/demo", content=b"{}", headers={"Authorization": "Bearer a-wrong-one"})
    with slow_commits(slow.folder / "gateway.db"):
        for number in range(5):
            slow.http.post("/hooks/demo", json=told(f"s{number}", f"S{number}", 1), headers=PROOF)
    halt(beside(hung.pid, "gateway.store.process.host"))


@pytest.fixture(scope="module")
def fired(tmp_path_factory) -> set[str]:
    """Which alerts fire once each condition was made true."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("good", "slow", "hung", "prometheus")}
    with Intakes() as intakes:
        # A browser's loop may be running in this thread.
        past = take_long_ago(folders["good"] / "gateway.db")
        asyncio.run_coroutine_threadsafe(past, intakes.loop).result(60)
        demo = intakes.open(always(refusing("POISON")))
        lost, late = intakes.open(always(hanging)), intakes.open(always(status(503)))
        tenants = {
            "demo": tenant(demo.url),
            "halted": tenant(demo.url + "/halted"),
            "lost": tenant(lost.url, timeout=0.1),
            "late": tenant(late.url),
        }
        warehouse = Warehouse({"trackely": User(PASSWORD)})
        standing = listening(warehouse)
        api = asyncio.run_coroutine_threadsafe(standing.__aenter__(), intakes.loop).result(20)
        options = api_options(api, reconcile={"goods_owners": [74], "every": "1d"})
        asked = {"wms": source("demo", adapter="ongoing", options=options)}
        sources = {name: source(name) for name in tenants} | asked | {"silent": source("demo", expect_every="1s")}
        good = Gateway(folders["good"], tenants, sources)
        slow = Gateway(folders["slow"], {"demo": tenant(demo.url + "/slow")})
        hung = Gateway(folders["hung"], {"demo": tenant(demo.url + "/hung", max_backlog=1000)})
        with good, slow, hung, Prometheus(folders["prometheus"], [good.port, slow.port, hung.port]) as prometheus:
            for gateway in (good, slow, hung):
                assert eventually(lambda gateway=gateway: prometheus.has_seen(gateway.port)) is True
            eventually(good.log.read_text, lambda seen: '"message":"reconciled"' in seen)
            warehouse.put(an_order(1))
            good.api("sources/wms/reconcile", {})
            make_them_true(good, slow, hung)
            seen_firing = eventually(prometheus.firing, lambda seen: seen >= {*ALERTS}, 150)
        asyncio.run_coroutine_threadsafe(standing.__aexit__(None, None, None), intakes.loop).result(20)
        return seen_firing


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_fires(fired, alert):
    """When its condition is true."""
    assert alert in fired


def test_the_rules_are_good():
    """By Prometheus' own word."""
    done = subprocess.run(
        [program("promtool"), "check", "rules", RULES], env=environment(), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
