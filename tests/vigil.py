"""Looks on while replicas are struck: is each duty somebody's who lives, and does no door answer with a defect."""

import time
from collections.abc import Callable, Collection
from typing import Any, Final

import httpx
import psycopg

from tests.processes import API_TOKEN, Gateway
from tests.replicas import BACK_SECONDS, Beside

LOOK_SECONDS: Final = 0.5
PATHS: Final = (
    "/readyz",
    "/healthz",
    "/metrics",
    "/api/v1/replicas",
    "/api/v1/stats",
    "/api/v1/events?limit=5",
    "/api/v1/orders?limit=5",
    "/api/v1/tenants",
)

HOLDERS: Final = "SELECT duties.name, replicas.process FROM duties LEFT JOIN replicas ON replicas.number = replica"


class DutyWatch(Beside):
    """For how long a duty was nobody's who could do it. Asks the database that serves, not the replicas.

    A row alone holds nothing: a duty is held while the process whose row it names runs.
    """

    def __init__(
        self, ask: Callable[[str], list[Any]], able: Callable[[], Collection[int]], most: float = BACK_SECONDS
    ) -> None:
        super().__init__(self.look, LOOK_SECONDS)
        self.longest = 0.0
        self.looks = 0
        self._ask = ask
        self._able = able
        self._most = most
        self._held_at: dict[str, float] = {}
        self._unheld: set[str] = set()

    def look(self) -> None:
        """Ask who has what, once."""
        able = self._able()
        try:
            rows = self._ask(HOLDERS)
        except psycopg.Error:
            # Between two primaries nobody can be asked; what was nobody's before still counts from then on.
            return
        now = time.monotonic()
        self.looks += 1
        held = {name for name, process in rows if process and int(process.split()[2]) in able}
        # One that was held at the last look and is now was held between them, whoever could be asked.
        for name in self._held_at.keys() - (held - self._unheld):
            seconds = now - self._held_at[name]
            self.longest = max(self.longest, seconds)
            if seconds > self._most:
                self.faults.append(f"{name} was nobody's for {seconds:.1f} s")
        self._held_at |= dict.fromkeys(held, now)
        self._unheld = self._held_at.keys() - held

    @property
    def seen(self) -> int:
        """How many duties there are."""
        return len(self._held_at)


class DoorWatch(Beside):
    """Asks the doors of one replica after the other: whatever happens, 503 is the only answer of its kind."""

    def __init__(self, gateways: list[Gateway]) -> None:
        super().__init__(self._look, LOOK_SECONDS)
        self.answers = 0
        self._gateways = gateways
        self._turn = 0
        proof = {"Authorization": f"Bearer {API_TOKEN}"}
        self._client = httpx.Client(trust_env=False, verify=False, timeout=5, headers=proof)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._client.close()

    def _look(self) -> None:
        self._turn += 1
        gateway = self._gateways[self._turn % len(self._gateways)]
        path = PATHS[self._turn // len(self._gateways) % len(PATHS)]
        try:
            answer = self._client.get(f"{gateway.url}{path}")
        except httpx.TransportError:
            return
        self.answers += 1
        if answer.status_code not in (200, 503):
            self.faults.append(f"{path} of {gateway.folder.name}: {answer.status_code} {answer.text[:500]}")
