"""Several gateways on one PostgreSQL, a balancer before them, and an intake that sees what must never be.

Processes as their users have them, each with a file and a port of its own. `balance` is a round-robin that goes on to
the next one where one does not answer, or says that it cannot.
"""

import asyncio
import itertools
import json
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx

from tests.intakes import Call, accepted
from tests.processes import Gateway, eventually, told, version_of

PROCESSING_SECONDS = 0.03
SHARED = 32 + 32 + 5
"""Duties that there are whatever the tenants: shards of translation, slots of questions to vendors, and the ones."""

BACK_SECONDS = 20.0
"""Within so long every duty is somebody's again."""


class Witness:
    """An intake's `behave`: takes its time over each request, and remembers what it should not have seen."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.requests = 0
        self.last: dict[str, int] = {}
        self._newest: dict[str, int] = defaultdict(int)
        self._in_flight: set[str] = set()

    def __call__(self, _call: Call) -> Any:
        return self._take

    async def _take(self, call: Call) -> None:
        self.requests += 1
        twice = self._in_flight.intersection(call.ids)
        if twice:
            self.faults.append(f"in two requests at once: {sorted(twice)}")
        if self._in_flight:
            self.faults.append("two requests at once")
        self._in_flight.update(call.ids)
        try:
            await asyncio.sleep(PROCESSING_SECONDS)
            for order in call.orders:
                name, version = order["externalOrderId"], version_of(order)
                self.last[name], self._newest[name] = version, max(version, self._newest[name])
            await accepted(call)
        finally:
            self._in_flight.difference_update(call.ids)

    def older_last(self) -> dict[str, tuple[int, int]]:
        """The orders whose last state was not their newest: which it was, and which was the newest."""
        return {name: (last, self._newest[name]) for name, last in self.last.items() if last != self._newest[name]}


class Replicas:
    """Use as `with Replicas(folder, database, tenants, ...) as replicas`: started, and each has its share."""

    def __init__(
        self, folder: Path, database: str, tenants: dict[str, Any], *, count: int = 3, heartbeat: float = 1.0,
        **settings: Any,
    ) -> None:  # fmt: skip
        self.all: list[Gateway] = []
        self.count = len(tenants) + SHARED
        for number in range(count):
            own = folder / f"replica-{number}"
            own.mkdir()
            replica = {"name": f"replica-{number}", "heartbeat": heartbeat}
            self.all.append(Gateway(own, tenants, store=database, allow_unsafe=True, replica=replica, **settings))
        self._turns = itertools.cycle(self.all)
        # A client of its own: the balancer is not the tests' thread.
        self._client = httpx.Client(timeout=3, trust_env=False, verify=False)

    def __enter__(self) -> Self:
        self.start(*self.all)
        self.settled()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        for gateway in self.all:
            gateway.__exit__()

    def start(self, *gateways: Gateway) -> None:
        """Start those that have ended, beside each other."""
        ended = [gateway for gateway in gateways or self.all if gateway.has_ended]
        for gateway in ended:
            gateway.launch()
        for gateway in ended:
            assert eventually(gateway.is_ready, within=60) is True, gateway.log.read_text()

    def freeze(self, gateway: Gateway) -> None:
        """Stop its processes, as a machine does that is suspended."""
        for pid in self._processes(gateway):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self, gateway: Gateway) -> None:
        """Let them go on."""
        for pid in self._processes(gateway):
            os.kill(pid, signal.SIGCONT)

    def living(self) -> Iterator[Gateway]:
        """Those that answer."""
        for gateway in self.all:
            try:
                if not gateway.has_ended and gateway.http.get("/healthz", timeout=2).status_code == 200:
                    yield gateway
            except httpx.TransportError:
                continue

    def told(self, by: Gateway | None = None) -> dict[str, dict[str, Any]]:
        """What `GET replicas` says, by their names."""
        teller = by or next(self.living())
        return {each["name"]: each for each in teller.api("replicas")["replicas"]}

    def duties(self, by: Gateway | None = None) -> dict[str, list[str]]:
        """Who has which duties, of those that live."""
        return {name: each["duties"] for name, each in self.told(by).items() if each["state"] == "alive"}

    def settled(self, count: int | None = None, by: Gateway | None = None, within: float = BACK_SECONDS) -> float:
        """Wait until so many replicas have all duties, each about its share; in how many seconds that was."""
        wanted, began = len(self.all) if count is None else count, time.monotonic()

        def is_shared(duties: dict[str, list[str]]) -> bool:
            kinds = {duty.partition(":")[0] for each in duties.values() for duty in each}
            counts = {kind: [sum(duty.startswith(kind) for duty in each) for each in duties.values()] for kind in kinds}
            is_whole = sum(map(sum, counts.values())) == self.count
            return len(duties) == wanted and is_whole and all(max(n) <= -(-sum(n) // wanted) for n in counts.values())

        duties = eventually(lambda: self.duties(by), is_shared, within)
        assert is_shared(duties), duties
        return time.monotonic() - began

    def balance(self, body: Any, to: str = "demo", within: float = 10.0) -> httpx.Response | None:
        """POST a hook to whichever replica's turn it is, and to the next where that does not take it."""
        content, end = json.dumps(body).encode(), time.monotonic() + within
        headers = {"Content-Type": "application/json", "Authorization": "Bearer a-vendors-token"}
        while time.monotonic() < end:
            gateway = next(self._turns)
            if gateway.has_ended:
                continue
            try:
                answer = self._client.post(f"{gateway.url}/hooks/{to}", content=content, headers=headers)
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                return answer
        return None

    @staticmethod
    def _processes(gateway: Gateway) -> list[int]:
        """Its own, and those that it started."""
        children = Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()
        return [gateway.pid, *map(int, children)]


class Beside:
    """A thread that does one thing again and again until it is left; what goes wrong in it is among the `faults`."""

    def __init__(self, step: Callable[[], None], pause: float) -> None:
        self.faults: list[str] = []
        self._step = step
        self._pause = pause
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._enough.wait(self._pause):
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - whoever looks at the faults is told
                self.faults.append(repr(error))


class Vendor:
    """Tells of orders, each again and again in rising versions, through the balancer, until it is left.

    After so many `versions` it lets its orders rest and tells of others; every fifth hook it tells `twice` at once, if
    it is to.
    """

    def __init__(
        self, replicas: Replicas, orders: int = 20, pause: float = 0.02, *, senders: int = 1,
        versions: int | None = None, twice: bool = False,
    ) -> None:  # fmt: skip
        self.accepted: dict[str, int] = {}
        self.acknowledged: set[str] = set()
        self.refused: list[Any] = []
        self.repeated = 0
        self._last_told: dict[str, float] = {}
        self._replicas = replicas
        self._twice = twice
        self._pool = ThreadPoolExecutor(senders)
        plans = [self._plan(f"{time.monotonic_ns()}-{sender}", orders, versions) for sender in range(senders)]
        self._senders = [Beside(partial(self._tell, plan), pause) for plan in plans]

    def __enter__(self) -> Self:
        for sender in self._senders:
            sender.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for sender in self._senders:
            sender.__exit__()
        self._pool.shutdown()

    @property
    def faults(self) -> list[str]:
        """Answers that are neither 200 nor 503, and what broke a sender."""
        told = [f"{answer.status_code} {answer.text[:500]}" for answer in self.refused if answer is not None]
        return told + [fault for sender in self._senders for fault in sender.faults]

    @staticmethod
    def _plan(prefix: str, orders: int, versions: int | None) -> Iterator[tuple[str, int]]:
        for generation in itertools.count():
            for version in itertools.count(1) if versions is None else range(1, versions + 1):
                yield from ((f"{prefix}-{generation}-{number}", version) for number in range(orders))

    def _tell(self, plan: Iterator[tuple[str, int]]) -> None:
        name, version = next(plan)
        hook = told(f"{name}-{version}", name, version)
        again = self._pool.submit(self._replicas.balance, hook) if self._twice and version % 5 == 0 else None
        answers = [self._replicas.balance(hook)]
        if again is not None:
            self.repeated += 1
            answers.append(again.result())
        self._last_told[name] = time.monotonic()
        if any(answer is not None and answer.status_code == 200 for answer in answers):
            self.accepted[name] = version
            self.acknowledged.add(f"{name}-{version}")
        self.refused += [answer for answer in answers if answer is None or answer.status_code != 200]

    def missing(self, witness: Witness, since: float = 0.0) -> dict[str, tuple[int, int | None]]:
        """The orders whose newest accepted state the intake has not ended on, untold of for so many seconds.

        A newer one is none that is missing: it was stored, though its answer was lost.
        """
        before = time.monotonic() - since
        return {name: (version, witness.last.get(name)) for name, version in list(self.accepted.items())
                if self._last_told[name] <= before and witness.last.get(name, 0) < version}  # fmt: skip

    def delivered(self, witness: Witness, within: float = 30.0) -> dict[str, tuple[int, int | None]]:
        """What is missing, once nothing is or the time is up."""
        return eventually(lambda: self.missing(witness), lambda found: not found, within)
