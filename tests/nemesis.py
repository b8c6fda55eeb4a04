"""Three replicas, a primary and a standby whose copy each commit waits for, and everything that may happen to them.

`python -m tests.nemesis --seconds 3600`, or a few blows in a test: replicas are killed and stopped, the primary is
killed and its standby promoted, waits for the standby are cancelled, connections are cut and swallowed, and replicas'
clocks differ by minutes. A vendor tells of orders all the while, through a balancer; an intake witnesses.
"""

import argparse
import itertools
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

from tests import faults
from tests.postgres import OWNER, Server
from tests.processes import API_TOKEN, Gateway, Intakes, eventually, tenant
from tests.proxying import Proxy
from tests.replicas import BACK_SECONDS, Replicas, Vendor, Witness

SKEWED: Final = Path(faults.__path__[0]) / "skewed.py"
SKEWS: Final = (0, 240, -240)
"""By how many seconds the replicas' clocks are wrong."""

SETTINGS: Final = {"autovacuum": "off", "fsync": "off"}

CANCELLING_SECONDS: Final = 1.0
CALM_SECONDS: Final = 2.0
SETTLED_SECONDS: Final = 60.0


class Pair:
    """A primary and its standby, each behind a proxy; their address is of both proxies."""

    def __init__(self) -> None:
        self.promotions = 0
        self._opened = ExitStack()
        self.primary = _started(Server(**SETTINGS))
        self._name = self.primary.database().partition("@/")[2].partition("?")[0]
        self.standby = self._follow()
        self.proxies = [self._opened.enter_context(Proxy(each.socket)) for each in (self.primary, self.standby)]
        self.primary.wait_for_standby()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()
        self._link.__exit__()
        for server in (self.primary, self.standby):
            server.close()

    @property
    def address(self) -> str:
        """Of both: the one that can write is found."""
        hosts = ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)
        return f"postgresql://{OWNER}@{hosts}/{self._name}"

    def promote(self) -> None:
        """Kill the primary, let the standby take its place, and give it a new one."""
        self.primary.stop(signal.SIGQUIT)
        self._link.cut()
        gone, self.primary = self.primary, self.standby
        self.primary.promote()
        # Nobody waits for a standby that is not there yet; what is written meanwhile is in what it begins with.
        self.primary.run("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        self._link.__exit__()
        self.standby = self._follow()
        for proxy in self.proxies:
            if proxy.to == gone.socket:
                proxy.to = self.standby.socket
        self.primary.wait_for_standby()
        gone.close()
        self.promotions += 1

    def cancel_waits(self) -> int:
        """Let nothing come to the standby, cancel what waits for it, and lose the primary; how many waits that were."""
        self._link.swallow()
        cancelled, end = 0, time.monotonic() + CANCELLING_SECONDS
        while time.monotonic() < end:
            asked = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            cancelled += self.primary.ask(asked)
            time.sleep(0.05)
        self.promote()
        return cancelled

    def _follow(self) -> Server:
        self._link = Proxy(self.primary.socket).__enter__()
        return _started(Server(self.primary, self._link.port, **SETTINGS))


def _started(server: Server) -> Server:
    server.start()
    return server


class Nemesis:
    """What may happen, one blow at a time. Each returns when all could be well again."""

    def __init__(self, pair: Pair, replicas: Replicas, chance: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self._pair = pair
        self._replicas = replicas
        self._chance = chance
        self.blows: list[Callable[[], None]] = [self.kill, self.promote, self.stop, self.cancel, self.cut, self.swallow]

    def strike(self, blow: Callable[[], None]) -> None:
        """One blow, counted."""
        blow()
        self.counts[blow.__name__] += 1

    def _any(self) -> Gateway:
        return self._chance.choice(self._replicas.all)

    def kill(self) -> None:
        """A replica dies at once, and is started again."""
        gateway = self._any()
        gateway.kill()
        time.sleep(0.5)
        self._replicas.start(gateway)

    def stop(self) -> None:
        """A replica is suspended for a while."""
        gateway = self._any()
        self._replicas.freeze(gateway)
        time.sleep(self._chance.choice((1, 3)))
        self._replicas.thaw(gateway)

    def promote(self) -> None:
        """The primary is lost."""
        self._pair.promote()

    def cancel(self) -> None:
        """Waits for the standby are cancelled, and the primary is lost with what was written then."""
        self.counts["cancelled waits"] += self._pair.cancel_waits()

    def cut(self) -> None:
        """Every connection breaks, and no new one stands, for a second."""
        self._each(Proxy.cut, 1.0)

    def swallow(self) -> None:
        """Nothing passes for three seconds, and nothing breaks."""
        self._each(Proxy.swallow, 3.0)

    def _each(self, what: Callable[[Proxy], None], seconds: float) -> None:
        for proxy in self._pair.proxies:
            what(proxy)
        time.sleep(seconds)
        for proxy in self._pair.proxies:
            proxy.mend()


class Outcome:
    """What must all be empty, and what was done to it."""

    def __init__(self, nemesis: Nemesis, pair: Pair, by: Gateway, vendor: Vendor, witness: Witness) -> None:
        self.undelivered = vendor.delivered(witness, SETTLED_SECONDS)
        self.lost = vendor.acknowledged - {event["eventId"] for event in by.all("events")}
        self.older = witness.older_last()
        self.faults = witness.faults
        self.errors = [answer.status_code for answer in vendor.refused if answer is not None]
        self.done = {**nemesis.counts, "promotions": pair.promotions, "accepted": len(vendor.acknowledged)}

    @property
    def wrong(self) -> dict[str, Any]:
        """Whatever should not have been."""
        found = {
            "lost": self.lost,
            "undelivered": self.undelivered,
            "older last": self.older,
            "overlaps": self.faults,
            "errors": self.errors,
        }
        return {name: value for name, value in found.items() if value}


def run(folder: Path, *, seconds: float | None, seed: int = 1) -> Outcome:
    """Strike once with each blow, or for so long with any; then let all come to rest, and look."""
    witness, chance = Witness(), random.Random(seed)
    with Pair() as pair, Intakes() as intakes:
        tenants = {"demo": tenant(intakes.open(witness).url)}
        replicas = Replicas(folder, pair.address, tenants)
        for gateway, skew in zip(replicas.all, SKEWS, strict=True):
            gateway.program = (str(SKEWED), str(skew), "serve")
        with replicas:
            nemesis = Nemesis(pair, replicas, chance)
            end = None if seconds is None else time.monotonic() + seconds
            with Vendor(replicas) as vendor:
                for blow in nemesis.blows if end is None else _any_until(end, nemesis.blows, chance):
                    time.sleep(chance.uniform(0.2, 1.0))
                    nemesis.strike(blow)
                assert eventually(lambda: all(map(_answers, replicas.all)), within=BACK_SECONDS)
                replicas.settled()
                time.sleep(CALM_SECONDS)
            return Outcome(nemesis, pair, replicas.all[0], vendor, witness)


def _answers(gateway: Gateway) -> bool:
    """Whether what asks the database is answered."""
    return gateway.http.get("/api/v1/replicas", headers={"Authorization": f"Bearer {API_TOKEN}"}).is_success


def _any_until(end: float, blows: list[Any], chance: random.Random) -> Any:
    return itertools.takewhile(lambda _: time.monotonic() < end, iter(lambda: chance.choice(blows), None))


def main() -> int:
    """Strike for so many seconds, and tell what became of it; 0: nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nemesis-") as folder:
        outcome = run(Path(folder), seconds=given.seconds, seed=given.seed)
    sys.stdout.write(json.dumps({"seed": given.seed, "done": outcome.done, "wrong": outcome.wrong}, default=str) + "\n")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
