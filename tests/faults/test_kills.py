"""kill -9 under load, again and again: nothing acknowledged is lost, nothing is judged by a crash."""

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests import intakes
from tests.faults.forks import GATEWAY
from tests.processes import ENDED, PROOF, ROOT, Gateway, Intakes, environment, eventually, tenant, told, version_of

STORE, TRANSLATION = "gateway.store.process.host", "gateway.translation.host"
# Where a crash hurts: [process, file, function, entered or left]. Each is met the first, the second, ... time, by
# chance.
POINTS = {
    "not yet passed to the store": (GATEWAY, "store/process/inbox.py", "pass_on", "call"),
    "passed, not yet stored": (STORE, "store/sqlite/groups.py", "__call__", "call"),
    "stored, not yet committed": (STORE, "store/sqlite/groups.py", "__call__", "return"),
    "committed, not yet told": (STORE, "store/sqlite/writer.py", "_tell", "call"),
    "told, not yet answered": (GATEWAY, "store/process/inbox.py", "take", "call"),
    "about to answer": (GATEWAY, "ingress/rim.py", "_acknowledge", "return"),
    "in the middle of translating": (TRANSLATION, "translation/translator.py", "judge", "return"),
    "translated, not yet stored": (STORE, "store/rules/placing.py", "_write_orders", "call"),
    "translation stored, not yet committed": (STORE, "store/rules/placing.py", "run", "return"),
    "leased, not yet committed": (STORE, "store/rules/outbox.py", "_lease", "return"),
    "leased": (GATEWAY, "delivery/lane.py", "_deliver", "call"),
    "about to be sent": (GATEWAY, "delivery/client.py", "post", "call"),
    "answered with 200, not yet settled": (GATEWAY, "delivery/verdict.py", "judge", "call"),
    "judged, not yet settled": (GATEWAY, "delivery/lane.py", "_settle", "call"),
    "settled, not yet committed": (STORE, "store/rules/settling.py", "_settle", "return"),
    "settled": (GATEWAY, "delivery/lane.py", "_report", "call"),
    "a batch was refused": (GATEWAY, "delivery/split.py", "refused", "call"),
    "half of a refused batch was accepted": (GATEWAY, "delivery/split.py", "accepted", "call"),
    "in the middle of splitting": (STORE, "store/rules/outbox.py", "extend", "call"),
    "rescuing what an earlier life left": (STORE, "store/rules/outbox.py", "rescue", "call"),
    "rescued, not yet committed": (STORE, "store/rules/lifecycle.py", "settle", "return"),
}
ONCE = {"rescuing what an earlier life left"}
"""Come by once in a life: as the tenant's deliveries are taken over."""

POISON = ("P0", "P1", "P2", "P3")
THREADS = 4


class Forks:
    """The program that forks gateways."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pid = 0

    def start(self, crash: list[object] | None = None) -> None:
        asked = {"config": str(self._gateway.file), "log": str(self._gateway.log), "crash": crash}
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        print(json.dumps(asked), file=self._program.stdin, flush=True)
        told = self._program.stdout.readline()
        # Nothing may ever be sent to the process 0, which is all of us.
        assert told.strip().isdigit(), "the program that forks has ended"
        self.pid = int(told)

    def is_alive(self) -> bool:
        if not self.pid:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def end(self, number: int) -> None:
        """Send the signal, and wait until the gateway is gone."""
        if self.is_alive():
            os.kill(self.pid, number)
        assert eventually(lambda: not self.is_alive())

    def close(self) -> None:
        self._program.stdin.close()
        self._program.stdout.close()
        self._program.wait(10)


class Load:
    """A vendor that retries until it gets its 200, and at times repeats itself nevertheless; several at once."""

    def __init__(self, gateway: Gateway, chance: random.Random) -> None:
        self._gateway = gateway
        self._chance = chance
        self._lock = threading.Lock()
        self._versions: Counter[str] = Counter()
        self._waiting: list[dict[str, object]] = []
        self.acknowledged: dict[str, dict[str, object]] = {}
        self.is_fresh = True
        self.is_over = False
        self.odd: list[object] = []
        self._threads = [threading.Thread(target=self._run) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def newest(self) -> dict[str, int]:
        return dict(self._versions)

    def finish(self) -> None:
        """No new events: what has not been acknowledged is sent until it is."""
        self.is_fresh = False
        assert eventually(lambda: not self._waiting and len(self.acknowledged) == sum(self._versions.values()))
        self.is_over = True
        for thread in self._threads:
            thread.join()

    def _next(self) -> dict[str, object] | None:
        with self._lock:
            if self._waiting and (len(self._waiting) > 50 or not self.is_fresh or self._chance.random() < 0.5):
                return self._waiting.pop(self._chance.randrange(len(self._waiting)))
            if self.acknowledged and self._chance.random() < 0.1:
                return self._chance.choice(list(self.acknowledged.values()))
            if not self.is_fresh:
                return None
            name = self._chance.choice([*POISON, *(f"O{n}" for n in range(24))])
            self._versions[name] += 1
            return told(f"{name}-{self._versions[name]}", name, self._versions[name])

    def _run(self) -> None:
        with httpx.Client(base_url=self._gateway.url, headers=PROOF, trust_env=False, timeout=10) as http:
            while not self.is_over:
                event = self._next()
                if event is None:
                    time.sleep(0.01)
                else:
                    self._send(http, event)

    def _send(self, http: httpx.Client, event: dict[str, object]) -> None:
        try:
            answer = http.post("/hooks/demo", content=json.dumps(event).encode())
        except httpx.TransportError:
            answer = None
            time.sleep(0.02)
        name = str(event["id"])
        with self._lock:
            if answer is not None and answer.status_code == 200:
                self.acknowledged[name] = event
            elif name not in self.acknowledged:
                self._waiting.append(event)
            if answer is not None and answer.status_code not in (200, 503):
                self.odd.append((answer.status_code, answer.text))


class Watching:
    """An intake that is slow at times, refuses the poisoned, loses a connection now and then, and looks on."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._in_flight: Counter[str] = Counter()
        self.overlaps: list[str] = []

    async def __call__(self, call: intakes.Call) -> None:
        self.overlaps += [name for name in call.ids if self._in_flight[name]]
        self._in_flight.update(call.ids)
        try:
            await asyncio.sleep(self._chance.choice([0.0, 0.005, 0.01, 0.02, 0.15]))
            is_lost, is_poisoned = self._chance.random() < 0.03, set(POISON) & set(call.ids)
            if is_poisoned:
                await (intakes.reset(call) if is_lost else call.send_json(400, {"error": "customer not found"}))
            else:
                await (intakes.applied_then_lost(call) if is_lost else intakes.accepted(call))
        finally:
            self._in_flight.subtract(call.ids)


def wait(seconds: float, is_over: Callable[[], bool]) -> None:
    """So long, or until it is over."""
    end = time.monotonic() + seconds
    while not is_over() and time.monotonic() < end:
        time.sleep(0.02)


def live_and_die(gateway: Gateway, forks: Forks, load: Load, chance: random.Random, point: str | None) -> bool:
    """One life that ends by kill -9; whether it ended at the named point by itself."""
    before = len(load.acknowledged)
    forks.start(point and [*POINTS[point], 1 if point in ONCE else chance.randint(1, 2)])
    wait(10, lambda: len(load.acknowledged) > before or not forks.is_alive())
    wait(chance.uniform(0, 0.25) if point is None else 15, lambda: not forks.is_alive())
    is_dead = not forks.is_alive()
    forks.end(9)
    return is_dead


def goes_through(kills: int, folder: Path) -> None:
    """The whole of it, for so many kills: at each of the points, and at any moment."""
    chance = random.Random(kills)
    with Intakes() as opened:
        watching = Watching(chance)
        intake = opened.open(intakes.always(watching))
        gateway = Gateway(folder, {"demo": tenant(intake.url, settle_delay=0.3)})
        forks, load = Forks(gateway), Load(gateway, chance)
        points = [name for _ in range(max(1, kills // 2 // len(POINTS))) for name in POINTS]
        lives: list[str | None] = [*points, *[None] * (kills - len(points))]
        chance.shuffle(lives)
        try:
            met = Counter(point for point in lives if live_and_die(gateway, forks, load, chance, point) and point)
            forks.start()
            load.finish()
            ended = gateway.drained(60)
            events = gateway.all("events")
            bodies = {row["eventId"]: gateway.api(f"events/{row['id']}")["body"] for row in events}
            dead = gateway.all("dead-letters")
            forks.end(15)
        finally:
            load.is_over = True
            forks.end(9)
            forks.close()
            gateway.http.close()
        broken = sqlite3.connect(folder / "gateway.db").execute("PRAGMA integrity_check").fetchall()

        assert load.odd == []
        assert set(ended) <= set(ENDED), ended
        assert len(events) == len(bodies) == len(load.acknowledged)
        assert bodies == {name: json.dumps(event) for name, event in load.acknowledged.items()}
        assert {letter["externalOrderId"] for letter in dead} <= set(POISON)
        assert {letter["reason"]["code"] for letter in dead} == {"refused"}
        newest = {name: version for name, version in load.newest().items() if name not in POISON}
        assert {name: version_of(order) for name, order in intake.orders.items()} == newest
        for name in newest:
            versions = [version_of(order) for order in intake.history if order["externalOrderId"] == name]
            assert versions == sorted(versions), name
        assert watching.overlaps == []
        assert set(met) == set(POINTS), set(POINTS) - set(met)
        assert broken == [("ok",)]


@pytest.mark.timeout(600)
def test_thirty_kills(tmp_path):
    """Of all acknowledged events none is lost or doubled, none dies of a crash, and the newest state wins."""
    goes_through(30, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_kills(tmp_path):
    """The same, for as long as it takes."""
    goes_through(1000, tmp_path)
