"""Versions, cancellations and owners, end to end: the newest wins, whatever comes late, twice or in between."""

import asyncio
import http.client
import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import intakes
from tests.intakes import Call, Intake, accepted, always, refusing, status
from tests.processes import PROOF, Gateway, Intakes, eventually, source, tenant, told, version_of

SEEDS = 200
VERSIONS = 50


@pytest.fixture(scope="module")
def opened() -> Iterator[Intakes]:
    with Intakes() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, opened) -> Iterator[Gateway]:
    """One gateway for all of this file; each test has a tenant of its own."""
    tenants, sources = {}, {}
    for name in NAMES:
        INTAKES[name] = opened.open()
        tenants[name] = tenant(INTAKES[name].url)
        sources[name] = source(name)
    sources["another"] = source("owned")
    tenants["shared"]["shared_orders"] = True
    sources["sharing"] = source("shared")
    with Gateway(tmp_path_factory.mktemp("states"), tenants, sources) as running:
        yield running


NAMES = (
    "shuffled", "tombstone", "in_flight", "after", "never", "maybe", "ties", "replays", "identical", "leased",
    "revived", "owned", "shared",
)  # fmt: skip
INTAKES: dict[str, Intake] = {}


def cancelled(event_id: str, reference: str, version: int) -> dict:
    return told(event_id, reference, version, status="CAN")


class Held:
    """An intake that holds every request until it is let go, and then answers as told."""

    def __init__(self, reaction=accepted) -> None:
        self.arrived = threading.Event()
        self.let_go = threading.Event()
        self._reaction = reaction

    async def __call__(self, call: Call) -> None:
        self.arrived.set()
        await asyncio.to_thread(self.let_go.wait, 20)
        await self._reaction(call)


def test_fifty_versions_shuffled(gateway):
    """200 orders in 50 versions each, shuffled, a fifth of them twice: the newest is the last, and none goes back."""
    chance = random.Random(1)
    intake = INTAKES["shuffled"]

    async def wayward(call: Call) -> None:
        await asyncio.sleep(chance.choice([0, 0, 0.01, 0.05]))
        reactions = [accepted, status(503), intakes.applied_then_lost, intakes.reset]
        await chance.choices(reactions, [90, 4, 3, 3])[0](call)

    intake.behave = always(wayward)
    streams = []
    for seed in range(SEEDS):
        versions = [*range(1, VERSIONS + 1), *random.Random(seed).sample(range(1, VERSIONS + 1), VERSIONS // 5)]
        random.Random(seed).shuffle(versions)
        streams.append([told(f"{seed}-{version}", f"S{seed}", version) for version in versions])

    def send(some: list[list[dict]]) -> set[int]:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        answers = set()
        for events in zip(*some, strict=True):
            for event in events:
                connection.request("POST", "/hooks/shuffled", json.dumps(event), PROOF)
                answer = connection.getresponse()
                answer.read()
                answers.add(answer.status)
        connection.close()
        return answers

    with ThreadPoolExecutor(8) as pool:
        statuses = set().union(*pool.map(send, [streams[n::8] for n in range(8)]))
    rows = eventually(
        lambda: gateway.all("orders", tenant="shuffled"),
        lambda found: len(found) == SEEDS and all(row["status"] == "delivered" for row in found),
        within=60,
    )

    assert statuses == {200}
    assert {row["status"] for row in rows} == {"delivered"}
    assert {name: version_of(order) for name, order in intake.orders.items()} == {
        f"S{seed}": VERSIONS for seed in range(SEEDS)
    }
    for seed in range(SEEDS):
        history = [version_of(order) for order in intake.history if order["externalOrderId"] == f"S{seed}"]
        assert history == sorted(history)
    ended = gateway.api("stats")["sources"]["shuffled"]
    assert set(ended) <= {"delivered", "superseded"}
    assert sum(ended.values()) == SEEDS * VERSIONS


def test_cancelled_before_created(gateway):
    """A cancellation that overtakes its creation leaves a tombstone; a later state revives the order."""
    gateway.post(cancelled("t-2", "T", 2), to="tombstone")
    gateway.becomes("T", "withdrawn", "tombstone")
    gateway.post(told("t-1", "T", 1), to="tombstone")
    late = eventually(
        lambda: gateway.all("events", eventId="t-1"), lambda rows: rows and rows[0]["status"] == "superseded"
    )

    assert late[0]["status"] == "superseded"
    assert gateway.order("T", "tombstone")["status"] == "withdrawn"
    assert INTAKES["tombstone"].calls == []
    gateway.post(told("t-3", "T", 3), to="tombstone")
    gateway.becomes("T", "delivered", "tombstone")
    assert version_of(INTAKES["tombstone"].orders["T"]) == 3


@pytest.mark.parametrize(
    ("name", "reaction", "status", "code"),
    [
        ("after", accepted, "dead", "cancelled_after_delivery"),
        ("never", refusing("C"), "withdrawn", None),
        ("maybe", intakes.applied_then_lost, "dead", "cancelled_maybe_delivered"),
    ],
)
def test_cancelled_in_flight(gateway, name, reaction, status, code):
    """A cancellation that comes during a lease waits for the answer, which decides; it is never sent."""
    held = Held(reaction)
    INTAKES[name].behave = always(held)
    gateway.post(told(f"{name}-1", "C", 1), to=name)
    assert held.arrived.wait(10)
    gateway.post(cancelled(f"{name}-2", "C", 2), to=name)
    waiting = eventually(lambda: gateway.order("C", name), lambda order: len(order["events"]) == 2)
    held.let_go.set()
    order = gateway.becomes("C", status, name)

    assert waiting["status"] == "leased"
    assert (order["reason"] or {}).get("code") == code
    assert len(INTAKES[name].calls) == 1


def test_newer_during_a_lease(gateway):
    """A newer state waits until the older one's request is answered, and goes then; they never overlap."""
    held = Held()
    INTAKES["leased"].behave = always(held)
    gateway.post(told("l-1", "L", 1), to="leased")
    assert held.arrived.wait(10)
    gateway.post(told("l-2", "L", 2), to="leased")
    eventually(lambda: gateway.order("L", "leased"), lambda order: len(order["events"]) == 2)
    before = len(INTAKES["leased"].calls)
    held.let_go.set()
    order = gateway.becomes("L", "delivered", "leased")
    order = eventually(lambda: gateway.order("L", "leased"), lambda order: len(order["attempts"]) == 2)

    assert before == 1
    assert [version_of(each) for each in INTAKES["leased"].history] == [1, 2]
    assert [event["status"] for event in order["events"]] == ["delivered", "delivered"]


def test_newer_revives_the_dead(gateway):
    """A newer state revives a dead order and closes its dead letter."""
    intake = INTAKES["revived"]
    intake.behave = lambda call: status(400) if version_of(call.orders[0]) == 1 else accepted
    gateway.post(told("r-1", "R", 1), to="revived")
    gateway.becomes("R", "dead", "revived")
    dead = gateway.all("dead-letters", tenant="revived")
    gateway.post(told("r-2", "R", 2), to="revived")
    gateway.becomes("R", "delivered", "revived")

    assert [(letter["externalOrderId"], letter["reason"]["code"]) for letter in dead] == [("R", "refused")]
    assert gateway.all("dead-letters", tenant="revived") == []


def test_equal_clocks(gateway):
    """Where the clocks are equal the adapter's tie decides, and then the order of arrival."""
    by_tie = [told("e-1", "E", 5), told("e-2", "E", 5, requiredShipDate="2024-02-02T00:00:00+00:00")]
    by_tie[0]["dateCreated"], by_tie[1]["dateCreated"] = "2024-01-03T00:00:00+00:00", "2024-01-02T00:00:00+00:00"
    by_arrival = [told("f-1", "F", 5), told("f-2", "F", 5, requiredShipDate="2024-03-03T00:00:00+00:00")]
    for event in (*by_tie, *by_arrival):
        gateway.post(event, to="ties")
        name = event["data"]["primaryReference"]
        eventually(lambda name=name: gateway.becomes(name, "delivered", "ties"))

    orders = eventually(lambda: INTAKES["ties"].orders, lambda orders: "plannedDate" in orders.get("F", {}))
    assert "plannedDate" not in orders["E"]
    assert orders["F"]["plannedDate"] == "2024-03-03"


def test_identical_state_is_not_sent_again(gateway):
    """A state identical to what was delivered last is delivered without being sent."""
    later = told("i-2", "I", 1)
    later["data"]["dateLastUpdated"] = "2024-01-01T05:00:00+00:00"
    gateway.post(told("i-1", "I", 1), to="identical")
    gateway.becomes("I", "delivered", "identical")
    gateway.post(later, to="identical")
    events = eventually(
        lambda: gateway.all("events", eventId="i-2"), lambda rows: rows and rows[0]["status"] == "delivered"
    )

    assert events[0]["status"] == "delivered"
    assert len(INTAKES["identical"].calls) == 1


def test_replays(gateway):
    """The newest replayed is sent again; an old one overwrites nothing, unless it is forced."""
    intake = INTAKES["replays"]
    for version in (1, 2):
        gateway.post(told(f"y-{version}", "Y", version), to="replays")
        gateway.becomes("Y", "delivered", "replays")
        eventually(lambda version=version: len(intake.history) == version)
    ids = {event["eventId"]: event["id"] for event in gateway.order("Y", "replays")["events"]}
    newest = gateway.api(f"events/{ids['y-2']}/replay", {})
    eventually(lambda: len(intake.history) == 3)
    gateway.api(f"events/{ids['y-1']}/replay", {})
    old = eventually(
        lambda: gateway.api(f"events/{ids['y-1']}"), lambda event: event["status"] not in ("received", "translated")
    )
    sent_before = [version_of(order) for order in intake.history]
    gateway.api(f"events/{ids['y-1']}/replay", {"force": True})
    eventually(lambda: len(intake.history) == 4)

    assert newest == {"replayed": 1}
    assert old["status"] == "superseded"
    assert sent_before == [1, 2, 2]
    assert [version_of(order) for order in intake.history] == [1, 2, 2, 1]
    assert gateway.becomes("Y", "delivered", "replays")["order"]["deliveryAddress"].startswith("1 Road")


def test_two_owners(gateway):
    """The same order of another source is a dead letter that names the option; the first one's stays untouched."""
    gateway.post(told("o-1", "O", 1), to="owned")
    gateway.becomes("O", "delivered", "owned")
    gateway.post(told("o-2", "O", 2), to="another")
    [event] = eventually(
        lambda: gateway.all("events", eventId="o-2"), lambda rows: rows and rows[0]["status"] == "dead"
    )

    assert event["reason"]["code"] == "order_collision"
    assert "external_order_id" in event["reason"]["detail"]
    assert "shared_orders" in event["reason"]["detail"]
    assert [version_of(order) for order in INTAKES["owned"].history] == [1]


def test_two_owners_that_share(gateway):
    """With `shared_orders` the newest of either wins."""
    gateway.post(told("h-1", "H", 1), to="shared")
    gateway.becomes("H", "delivered", "shared")
    gateway.post(told("h-2", "H", 2), to="sharing")
    eventually(lambda: len(INTAKES["shared"].history) == 2)

    assert [version_of(order) for order in INTAKES["shared"].history] == [1, 2]
