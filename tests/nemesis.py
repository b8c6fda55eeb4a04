"""Three replicas, a primary and a standby whose copy each commit waits for, and everything that may happen to them.

`python -m tests.nemesis --seconds 3600`, or a few blows in a test: replicas are killed, stopped and cut off, the
primary is killed and its standby promoted, waits for the standby are cancelled, connections are cut and swallowed, and
replicas' clocks differ by minutes. A vendor tells of orders all the while, through a balancer; an intake witnesses, and
who holds which duty is looked at as long as it lasts.
"""

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from tests import faults
from tests.pair import Pair
from tests.processes import API_TOKEN, Gateway, Intakes, eventually, tenant
from tests.proxying import Proxy
from tests.replicas import BACK_SECONDS, Beside, Replicas, Vendor, Witness
from tests.vigil import DoorWatch, DutyWatch

SKEWED: Final = Path(faults.__path__[0]) / "skewed.py"
SKEWS: Final = (0, 240, -240)
"""By how many seconds the replicas' clocks are wrong."""

HEARTBEAT: Final = 1.0
AWAY_BEATS: Final = (1, 3, 6)
"""For how many heartbeats a replica is stopped or cut off: after three the others take over."""

RESTART_SECONDS: Final = 60.0
CALM_SECONDS: Final = 2.0
SETTLED_SECONDS: Final = 60.0
TOLD_SECONDS: Final = 60.0
Blow: TypeAlias = Callable[[], None]

GOOD_ENDS: Final = {"delivered", "superseded"}


class Nemesis:
    """What may happen, one blow at a time. Each returns when all could be well again."""

    def __init__(self, pair: Pair, replicas: Replicas, chance: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self.away: set[Gateway] = set()
        self._pair = pair
        self._replicas = replicas
        self._chance = chance
        self.one: list[Blow] = [self.kill, self.stop, self.part]
        self.all: list[Blow] = [self.promote, self.cancel, self.cut, self.swallow]

    def strike(self, blow: Blow) -> None:
        """One blow, counted."""
        blow()
        self.counts[blow.__name__] += 1

    def strike_any(self, blows: Sequence[Blow]) -> None:
        """Any of these; what strikes the database may find a replica struck at the same time."""
        blow = self._chance.choice(blows)
        beside = self._chance.choice([None, *self.one]) if blow in self.all else None
        with ThreadPoolExecutor(1) as pool:
            # What a replica is started from must outlive it: the pool's thread does not.
            struck = None if beside is None else pool.submit(self.strike, blow)
            self.strike(beside or blow)
            if struck is not None:
                struck.result()

    def able(self) -> set[int]:
        """The processes of the replicas that run and reach the database, as far as no blow is on all."""
        return {gateway.pid for gateway in self._replicas.all if gateway not in self.away}

    def _any(self) -> Gateway:
        gateway = self._chance.choice(self._replicas.all)
        self.away.add(gateway)
        return gateway

    def _beats(self) -> float:
        return HEARTBEAT * self._chance.choice(AWAY_BEATS)

    def kill(self) -> None:
        """A replica dies at once, and is started again, under another clock."""
        gateway = self._any()
        gateway.kill()
        time.sleep(0.5)
        gateway.program = _skewed(self._chance.choice(SKEWS))
        gateway.launch()
        self.away.discard(gateway)
        assert eventually(lambda: self._is_ready(gateway), within=RESTART_SECONDS), gateway.log.read_text()

    def _is_ready(self, gateway: Gateway) -> bool:
        if gateway.has_ended:
            # It found no database; whoever manages services starts it again.
            self.counts["started again"] += 1
            gateway.launch()
        return gateway.is_ready()

    def stop(self) -> None:
        """A replica is suspended for a while."""
        gateway = self._any()
        self._replicas.freeze(gateway)
        time.sleep(self._beats())
        self._replicas.thaw(gateway)
        self.away.discard(gateway)

    def part(self) -> None:
        """What one replica and the database say to each other is swallowed for a while."""
        gateway = self._any()
        self._each(self._pair.ways[self._replicas.all.index(gateway)], Proxy.swallow, self._beats())
        self.away.discard(gateway)

    def promote(self) -> None:
        """The primary is lost."""
        self._pair.promote()

    def cancel(self) -> None:
        """Waits for the standby are cancelled, and the primary is lost with what was written then."""
        self.counts["cancelled waits"] += self._pair.cancel_waits()

    def cut(self) -> None:
        """Every connection breaks, and no new one stands, for a second."""
        self._each(itertools.chain(*self._pair.ways), Proxy.cut, 1.0)

    def swallow(self) -> None:
        """Nothing passes for three seconds, and nothing breaks."""
        self._each(itertools.chain(*self._pair.ways), Proxy.swallow, 3.0)

    @staticmethod
    def _each(proxies: Iterable[Proxy], what: Callable[[Proxy], None], seconds: float) -> None:
        struck = list(proxies)
        for proxy in struck:
            what(proxy)
        time.sleep(seconds)
        for proxy in struck:
            proxy.mend()


class Scene:
    """Three replicas, their database, a vendor, an intake, and those who look on. Use as `with Scene(...) as scene`."""

    def __init__(self, folder: Path, seed: int, tell: Callable[[str], object]) -> None:
        self.witness = Witness()
        self._folder = folder
        self._chance = random.Random(seed)
        self._tell = tell
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._open(opened.enter_context)
            self._opened = opened.pop_all()
        return self

    def _open(self, enter: Callable[[Any], Any]) -> None:
        self.pair = enter(Pair(len(SKEWS), fsync="off"))
        tenants = {"demo": tenant(enter(Intakes()).open(self.witness).url)}
        self.replicas = Replicas(self._folder, self.pair.address(0), tenants, heartbeat=HEARTBEAT)
        for number, (gateway, skew) in enumerate(zip(self.replicas.all, SKEWS, strict=True)):
            gateway.configure(store=self.pair.address(number))
            gateway.program = _skewed(skew)
        enter(self.replicas)
        self.nemesis = Nemesis(self.pair, self.replicas, self._chance)
        self.vendor = Vendor(self.replicas, 5, 0.25, senders=4, versions=40, twice=True)
        self.duties = enter(DutyWatch(self.pair.ask, self.nemesis.able))
        self.doors = enter(DoorWatch(self.replicas.all))

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def strike(self, seconds: float | None, promotions: int | None) -> None:
        """Any blow for so long, or the database until it was promoted so often; each once, if neither is said."""
        told = Beside(lambda: self._tell(json.dumps(self.told(TOLD_SECONDS), default=str)), TOLD_SECONDS)
        with self.vendor, told:
            for blow in self._blows(seconds, promotions):
                time.sleep(self._chance.uniform(0.2, 2.0))
                blow()
            assert eventually(lambda: all(map(_answers, self.replicas.all)), within=BACK_SECONDS)
            self.replicas.settled()
            time.sleep(CALM_SECONDS)

    def _blows(self, seconds: float | None, promotions: int | None) -> Iterator[Blow]:
        nemesis, end = self.nemesis, time.monotonic() + (seconds or 0)
        while seconds is not None and time.monotonic() < end:
            yield partial(nemesis.strike_any, [*nemesis.one, *nemesis.all])
        while promotions is not None and self.pair.promotions < promotions:
            yield partial(nemesis.strike_any, [nemesis.promote, nemesis.cancel])
        if seconds is promotions is None:
            for blow in (*nemesis.one, *nemesis.all):
                yield partial(nemesis.strike, blow)

    def told(self, since: float = 0.0) -> dict[str, Any]:
        """What was done so far, and what was found wrong: of the vendor's orders, those untold of for so long."""
        done = {
            "seconds": round(time.monotonic() - self._began),
            **dict(sorted(self.nemesis.counts.items())),
            "promotions": self.pair.promotions,
            "acknowledged": len(self.vendor.acknowledged),
            "told twice at once": self.vendor.repeated,
            "not taken within 10 s": self.vendor.refused.count(None),
            "requests": self.witness.requests,
            "orders": len(self.vendor.accepted),
            "doors' answers": self.doors.answers,
            "duties": self.duties.seen,
            "looks at duties": self.duties.looks,
            "longest unheld": round(self.duties.longest, 1),
        }
        found = {
            "undelivered": self.vendor.missing(self.witness, since),
            "overlaps": self.witness.faults,
            "answers": self.vendor.faults,
            "duties": self.duties.faults,
            "doors": self.doors.faults,
        }
        return {"done": done, "wrong": {name: value for name, value in found.items() if value}}

    def outcome(self) -> dict[str, Any]:
        """The same, once all has come to rest, and what became of every event."""
        self.vendor.delivered(self.witness, SETTLED_SECONDS)
        by = self.replicas.all[0]
        ends = by.drained(SETTLED_SECONDS)
        lost = self.vendor.acknowledged - {event["eventId"] for event in by.all("events")}
        older = self.witness.older_last()
        bad = {status: count for status, count in ends.items() if status not in GOOD_ENDS}
        found = {"lost": lost, "older last": older, "bad ends": bad}
        told = self.told()
        told["done"]["events"] = ends
        told["wrong"] |= {name: value for name, value in found.items() if value}
        return told


def run(
    folder: Path,
    *,
    seconds: float | None = None,
    promotions: int | None = None,
    seed: int = 1,
    tell: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Strike as `Scene.strike` says; then let all come to rest, and look.

    What was `done`, and whatever was `wrong`; each minute it is told.
    """
    with Scene(folder, seed, tell) as scene:
        scene.strike(seconds, promotions)
        return scene.outcome()


def _skewed(seconds: int) -> tuple[str, ...]:
    return str(SKEWED), str(seconds), "serve"


def _answers(gateway: Gateway) -> bool:
    """Whether what asks the database is answered."""
    return gateway.http.get("/api/v1/replicas", headers={"Authorization": f"Bearer {API_TOKEN}"}).is_success


def main() -> int:
    """Strike for so many seconds, and tell what became of it; 0: nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, help="keep the replicas' files and logs there")
    given = parser.parse_args()

    def tell(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="nemesis-") as folder:
        kept = given.folder or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        outcome = run(kept, seconds=given.seconds, seed=given.seed, tell=tell)
    tell(json.dumps({"seed": given.seed, **outcome}, default=str))
    return 1 if outcome["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
