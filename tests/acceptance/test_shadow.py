"""Shadow against running processes: compared to a truth computed apart, through a crash loop, promoted under load."""

import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import API_TOKEN, PROOF, Gateway, Intakes, eventually, source, tenant, told
from tests.shadows import CHANGED, CRASHING, HANGING, Telling, holds, truth


def send(gateway: Gateway, to: str, numbers: range, *, prefix: str, version: int = 1, peers: int = 25) -> None:
    """Several at a time, each on a connection of its own."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(("127.0.0.1", gateway.port))) for _ in range(peers)]
        connections = [(peer, stack.enter_context(peer.makefile("rb"))) for peer in sockets]
        for start in range(numbers.start, numbers.stop, peers):
            part = range(start, min(start + peers, numbers.stop))
            busy = list(zip(part, connections, strict=False))
            for number, (peer, _) in busy:
                body = json.dumps(told(f"{to}-{prefix}-{number}-{version}", f"{prefix}-{number}", version)).encode()
                head = f"Authorization: {PROOF['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
                peer.sendall(f"POST /hooks/{to} HTTP/1.1\r\nHost: x\r\n{head}".encode() + body)
            for _, (_, answers) in busy:
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                reply = b"".join(iter(answers.readline, b"\r\n")).lower()
                answers.read(int(reply.partition(b"content-length: ")[2].split()[0]))


def shadow(gateway: Gateway, name: str) -> dict[str, Any]:
    return gateway.api(f"sources/{name}/shadow")


def settled(gateway: Gateway, name: str, both: int, within: float = 60) -> dict[str, Any]:
    """How it compares, once so many orders have two sides."""
    return eventually(lambda: shadow(gateway, name), lambda seen: seen["equal"] + seen["differ"] == both, within)


class House:
    def __init__(self, folder: Path, intakes: Intakes) -> None:
        (folder / "changed.py").write_text(CHANGED)
        (folder / "crashing.py").write_text(CRASHING)
        (folder / "hanging.py").write_text(HANGING)
        for file in folder.glob("*.py"):
            file.chmod(0o600)
        self.intake = intakes.open()
        self.gateway = Gateway(
            folder,
            {"demo": tenant(self.intake.url)},
            {
                "old": source("demo"),
                "new": source("demo", adapter="./changed.py", mode="shadow", replaces="old"),
                "twin": source("demo", shadow_adapter="./changed.py"),
                "steady": source("demo", shadow_adapter="./crashing.py"),
                "stuck": source("demo", shadow_adapter="./hanging.py"),
                "plain": source("demo"),
                "many": source("demo", shadow_adapter="./changed.py"),
                "replaced": source("demo"),
                "fresh": source("demo", adapter="./changed.py", mode="shadow", replaces="replaced"),
            },
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    with Intakes() as intakes:
        house = House(tmp_path_factory.mktemp("shadow"), intakes)
        with house.gateway:
            yield house


def test_a_changed_adapter_differs_where_it_was_changed(house):
    """In shadow as a source of its own, and as a second adapter; nothing of either is sent."""
    gateway, numbers = house.gateway, range(1, 251)
    send(gateway, "old", numbers, prefix="A")
    send(gateway, "new", numbers, prefix="A")
    send(gateway, "twin", numbers, prefix="B")
    gateway.drained()
    both = len(numbers) - len(numbers) // 11
    for name in ("new", "twin"):
        holds(settled(gateway, name, both), numbers)
    told_by_command = gateway.command("sources", "shadow", "new")

    assert shadow(gateway, "new")["reasons"] == {"ignored": 250 // 11}
    assert {each["status"] for each in gateway.all("events", source="new")} == {"shadowed"}
    assert sorted(house.intake.orders) == sorted(f"{prefix}-{number}" for prefix in "AB" for number in numbers)
    assert not any("palletCount" in order for order in house.intake.history)
    assert told_by_command.returncode == 0, told_by_command.stderr
    assert "palletCount" in told_by_command.stdout


def test_the_sources_page_shows_it_and_asks_before_it_promotes(house):
    """Counts, members and examples; what a promotion would do is said first."""
    with httpx.Client(base_url=house.gateway.url, trust_env=False, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        client.post("/console/login", data={"token": API_TOKEN})
        page, second, plain = (client.get(f"/console/sources/{name}").text for name in ("new", "twin", "old"))
        asked = client.get("/console/acts/promote", params={"name": "new"}).text

    assert "Members that differ" in page
    assert "palletCount" in page
    assert "/console/acts/promote?name=new" in page
    assert "./changed.py 9" in second
    assert "Promote" not in second
    assert "<h2>Shadow</h2>" not in plain
    assert "Source old is in shadow from then on" in asked


def test_a_second_adapter_that_crashes_or_hangs_costs_no_delivery(house):
    """It rests, and what it was not given is counted."""
    gateway, kinds = house.gateway, ("stuck", "steady")
    for kind in kinds:
        send(gateway, kind, range(1, 201), prefix=kind)
    for kind in kinds:
        gateway.becomes(f"{kind}-200", "delivered")
    told_of = {
        kind: eventually(lambda kind=kind: shadow(gateway, kind), lambda seen: sum(seen["reasons"].values()) == 200, 60)
        for kind in kinds
    }

    for kind, each in told_of.items():
        assert sum(each["reasons"].values()) == 200
        assert each["reasons"]["not_compared"] >= 190
        assert {event["status"] for event in gateway.all("events", source=kind)} == {"delivered"}
    # What looks on at others goes on after its rest; nothing live has noticed.
    assert gateway.http.get("/healthz").status_code == 200


def test_a_promotion_under_load_loses_doubles_and_collides_nothing(house):
    """Both sources send meanwhile, and one has just sent; it outlives a restart, and the file's other word is said."""
    gateway, history = house.gateway, house.intake.history
    before = len(history)
    with Telling([gateway], ("old", "new"), prefix="L") as telling:
        send(gateway, "old", range(1, 61), prefix="M")
        ended = telling.promote(gateway, "new")
        time.sleep(0.3)
    gateway.drained(60)
    gateway.stop()
    gateway.start()
    checked = gateway.command("check", "--reach")

    assert (ended["failed"], telling.refused) == (0, [])
    assert telling.lost("new", house.intake.orders) == {}
    assert [number for number in range(1, 61) if f"M-{number}" not in house.intake.orders] == []
    assert telling.sent_late("new", history) == set()
    assert telling.doubled(history[before:]) == []
    assert [each for each in gateway.all("dead-letters") if each["reason"]["code"] == "order_collision"] == []
    assert {each["name"]: each["mode"] for each in gateway.api("sources")["sources"]}["new"] == "live"
    assert shadow(gateway, "old")["replaces"] == "new"
    assert "sources.new.mode: shadow, but a promotion decided live" in checked.stderr
    assert "mode_decided_otherwise" in gateway.log.read_text()


@pytest.mark.soak
def test_promotions_to_and_fro_under_load(house, capsys):
    """Ten, one after another, each of the one that looks on."""
    gateway, history, live = house.gateway, house.intake.history, ""
    before = len(history)
    with Telling([gateway], ("old", "new"), prefix="S", orders=40, pause=0) as telling:
        for _ in range(10):
            time.sleep(1)
            modes = {each["name"]: each["mode"] for each in gateway.api("sources")["sources"]}
            live = next(name for name in telling.sources if modes[name] == "shadow")
            assert telling.promote(gateway, live)["failed"] == 0
        time.sleep(1)
    gateway.drained(120)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(telling.told)} hooks, 10 promotions, {len(history) - before} orders sent\n")

    assert telling.refused == []
    assert telling.lost(live, house.intake.orders) == {}
    assert telling.sent_late(live, history) == set()
    assert telling.doubled(history[before:]) == []
    assert [each for each in gateway.all("dead-letters") if each["reason"]["code"] == "order_collision"] == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["steady", "stuck"])
def test_a_crash_loop_costs_the_live_path_a_twentieth_at_most(house, kind, capsys):
    """And a hanging one: of the processor's time a hook, all processes counted, in pairs that begin in turn."""
    gateway = house.gateway
    spent: dict[str, list[float]] = {"plain": [], kind: []}
    send(gateway, kind, range(1, 201), prefix="first")
    eventually(lambda: shadow(gateway, kind)["reasons"].get("not_compared", 0) > 150, within=60)
    for turn in range(10):
        for name in ("plain", kind)[:: 1 if turn % 2 else -1]:
            before = cpu(gateway.pid)
            send(gateway, name, range(1, 6_001), prefix=f"{kind}{name}{turn}")
            gateway.becomes(f"{kind}{name}{turn}-6000", "delivered", within=60)
            gateway.drained(60)
            spent[name].append((cpu(gateway.pid) - before) / 6_000)
    ratio = statistics.median(with_one / without for with_one, without in zip(spent[kind], spent["plain"], strict=True))
    with capsys.disabled():
        told_of = ", ".join(f"{name} {statistics.median(costs) * 1e6:.0f} us" for name, costs in spent.items())
        sys.stdout.write(f"\nCPU a hook: {told_of}; {kind} / plain, median of pairs: {ratio:.3f}\n")

    assert ratio <= 1.05, spent


@pytest.mark.soak
def test_ten_thousand_events_are_judged_as_they_are(house):
    """Counts, members and examples are the truth's, of a second adapter and of a source in shadow."""
    gateway, numbers = house.gateway, range(1, 10_001)
    verdicts, _ = truth(numbers)
    for live, looking in (("many", "many"), ("replaced", "fresh")):
        send(gateway, live, numbers, prefix=f"T{live}")
        if looking != live:
            send(gateway, looking, numbers, prefix=f"T{live}")
        holds(settled(gateway, looking, verdicts["equal"] + verdicts["differ"], within=240), numbers)


def cpu(pid: int) -> float:
    """Seconds of a process, of its children, and of those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(cpu(int(child)) for child in children)
