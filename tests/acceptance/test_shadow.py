"""Shadow against running processes: compared to a truth computed apart, through a crash loop, promoted under load."""

import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import API_TOKEN, PROOF, Gateway, Intakes, eventually, source, tenant, told

CHANGED = """
import msgspec
from adapters import Ignored, State
from adapters.logistics_plus import ADAPTER as WAS

def translate(hook, options, answers):
    made = []
    for state in WAS.translate(hook, options, answers):
        number = int(state.external_order_id.rpartition("-")[2])
        if number % 5 == 0:
            state = msgspec.structs.replace(state, order=msgspec.structs.replace(state.order, pallet_count=number))
        if number % 7 == 0:
            gone = msgspec.structs.replace(state.order, customer_contact="changed", delivery_address="elsewhere")
            state = msgspec.structs.replace(state, order=gone)
        made.append(state)
        if number % 11 == 0:
            return Ignored("not any more")
    return made

ADAPTER = msgspec.structs.replace(WAS, name="changed", version="9", translate=translate)
"""

CRASHING = """
import os
import msgspec
from adapters.logistics_plus import ADAPTER as WAS

def translate(hook, options, answers):
    os._exit(3)

ADAPTER = msgspec.structs.replace(WAS, name="crashing", version="9", translate=translate)
"""


def truth(numbers: range) -> tuple[Counter[str], Counter[str]]:
    """Verdicts, and members that differ, by the rule that `CHANGED` was written by."""
    verdicts: Counter[str] = Counter()
    members: Counter[str] = Counter()
    for number in numbers:
        differing = {
            *(["palletCount"] if number % 5 == 0 else []),
            *(["customerContact", "deliveryAddress"] if number % 7 == 0 else []),
        }
        verdict = "missing" if number % 11 == 0 else "differ" if differing else "equal"
        verdicts[verdict] += 1
        if verdict == "differ":
            members.update(differing)
    return verdicts, members


def send(gateway: Gateway, to: str, numbers: range, *, prefix: str, version: int = 1, chunk: int = 25) -> None:
    """Several at a time on one connection."""
    with socket.create_connection(("127.0.0.1", gateway.port)) as peer, peer.makefile("rb") as answers:
        for start in range(numbers.start, numbers.stop, chunk):
            part = range(start, min(start + chunk, numbers.stop))
            for number in part:
                body = json.dumps(told(f"{to}-{prefix}-{number}-{version}", f"{prefix}-{number}", version)).encode()
                head = f"Authorization: {PROOF['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
                peer.sendall(f"POST /hooks/{to} HTTP/1.1\r\nHost: x\r\n{head}".encode() + body)
            for _ in part:
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                reply = b"".join(iter(answers.readline, b"\r\n")).lower()
                answers.read(int(reply.partition(b"content-length: ")[2].split()[0]))


def shadow(gateway: Gateway, name: str) -> dict[str, Any]:
    return gateway.api(f"sources/{name}/shadow")


def settled(gateway: Gateway, name: str, both: int) -> dict[str, Any]:
    """How it compares, once so many orders have two sides."""
    return eventually(lambda: shadow(gateway, name), lambda seen: seen["equal"] + seen["differ"] == both, within=60)


def holds(told_of: dict[str, Any], numbers: range) -> None:
    verdicts, members = truth(numbers)
    assert (told_of["equal"], told_of["differ"]) == (verdicts["equal"], verdicts["differ"])
    assert told_of["settling"] == verdicts["missing"]
    assert told_of["members"] == members
    assert len(told_of["examples"]) == 20
    for example in told_of["examples"]:
        number = int(example["externalOrderId"].rpartition("-")[2])
        _, differing = truth(range(number, number + 1))
        assert {each["member"] for each in example["difference"]} == set(differing)
        for each in example["difference"]:
            assert (
                each["to"]
                == {"palletCount": number, "customerContact": "changed", "deliveryAddress": "elsewhere"}[each["member"]]
            )


class House:
    def __init__(self, folder: Path, intakes: Intakes) -> None:
        (folder / "changed.py").write_text(CHANGED)
        (folder / "crashing.py").write_text(CRASHING)
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
                "plain": source("demo"),
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


def test_a_second_adapter_that_crashes_costs_no_delivery(house):
    """It rests, and what it was not given is counted."""
    gateway = house.gateway
    send(gateway, "steady", range(1, 201), prefix="C")
    gateway.becomes("C-200", "delivered")
    told_of = eventually(lambda: shadow(gateway, "steady"), lambda seen: sum(seen["reasons"].values()) == 200, 60)

    assert sum(told_of["reasons"].values()) == 200
    assert told_of["reasons"]["not_compared"] >= 190
    assert {each["status"] for each in gateway.all("events", source="steady")} == {"delivered"}
    # What looks on at others goes on after its rest; nothing live has noticed.
    assert gateway.http.get("/healthz").status_code == 200


def test_a_promotion_under_load_loses_doubles_and_collides_nothing(house):
    """Both sources send meanwhile; it outlives a restart, and the file's other word is said."""
    gateway = house.gateway
    before = len(house.intake.history)
    senders = [
        threading.Thread(
            target=send, args=(gateway, name, range(12, 132)), kwargs={"prefix": "L", "version": version, "chunk": 4}
        )
        for name, version in (("old", 5), ("new", 7))
    ]
    for sender in senders:
        sender.start()
    time.sleep(0.1)
    promoted = gateway.api("sources/new/promote", method="POST")["operation"]
    for sender in senders:
        sender.join()
    ended = eventually(
        lambda: gateway.api(f"operations/{promoted['id']}")["operation"], lambda seen: seen["status"] == "done", 60
    )
    gateway.drained(60)
    numbers = [number for number in range(12, 132) if number % 11]
    sent = [order for order in house.intake.history[before:] if order["externalOrderId"].startswith("L-")]
    first = {name: house.intake.orders.get(f"L-{name}") for name in numbers}
    gateway.stop()
    gateway.start()
    checked = gateway.command("check")

    assert ended["failed"] == 0
    assert [name for name, order in first.items() if order is None or not order_is_new(order, name)] == []
    # A repeat of the same bytes would be one too many.
    assert max(Counter(json.dumps(order, sort_keys=True) for order in sent).values()) == 1
    assert [each for each in gateway.all("dead-letters") if each["reason"]["code"] == "order_collision"] == []
    assert {each["name"]: each["mode"] for each in gateway.api("sources")["sources"]}["new"] == "live"
    assert shadow(gateway, "old")["replaces"] == "new"
    assert "sources.new.mode: shadow, but a promotion decided live" in checked.stderr
    assert "mode_decided_otherwise" in gateway.log.read_text()


def order_is_new(order: dict[str, Any], number: int) -> bool:
    """Whether it is the newer one's, as the changed adapter makes it."""
    address = "elsewhere" if number % 7 == 0 else "7 Road"
    return order["deliveryAddress"].startswith(address) and order.get("palletCount") == (
        number if number % 5 == 0 else None
    )


@pytest.mark.soak
def test_a_crash_loop_costs_the_live_path_a_twentieth_at_most(house):
    """Of the processor's time a hook, the best of three turns, all of the gateway's processes counted."""
    gateway = house.gateway
    spent: dict[str, list[float]] = {"plain": [], "steady": []}
    for turn in range(3):
        for name, costs in spent.items():
            before = cpu(gateway.pid)
            send(gateway, name, range(1, 2_001), prefix=f"{name}{turn}")
            gateway.becomes(f"{name}{turn}-2000", "delivered", within=60)
            gateway.drained(60)
            costs.append((cpu(gateway.pid) - before) / 2_000)

    assert min(spent["steady"]) <= 1.05 * min(spent["plain"]), spent


@pytest.mark.soak
def test_ten_thousand_events_are_judged_as_they_are(house):
    """Counts and members are the truth's, beside what was judged before."""
    gateway, numbers = house.gateway, range(1, 10_001)
    before = shadow(gateway, "twin")
    send(gateway, "twin", numbers, prefix="T")
    verdicts, members = truth(numbers)
    both = verdicts["equal"] + verdicts["differ"]
    told_of = settled(gateway, "twin", before["equal"] + before["differ"] + both)

    assert told_of["members"] == members + Counter(before["members"])
    assert told_of["differ"] == verdicts["differ"] + before["differ"]


def cpu(pid: int) -> float:
    """Seconds of a process, of its children, and of those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") + sum(cpu(int(child)) for child in children)
