"""Three gateways on one PostgreSQL: what one does alone, and what becomes of it when one dies, or is stopped."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from gateway.store.postgresql import PostgresStore
from tests.postgres import shared
from tests.processes import Intakes, eventually, source, tenant, told, version_of
from tests.replicas import BACK_SECONDS, Replicas, Vendor, Witness
from tests.rhythms import plant
from tests.shadows import CHANGED, Telling, holds, truth

HANDED_OVER_SECONDS = 6.0
"""Two, and what a loaded machine takes."""


@pytest.fixture(scope="module")
def witness():
    return Witness()


@pytest.fixture(scope="module")
def intakes(witness):
    """One a tenant."""
    with Intakes() as opening:
        yield {"demo": opening.open(witness), **{f"other-{number}": opening.open() for number in range(5)}}


@pytest.fixture(scope="module")
def three(tmp_path_factory, intakes):
    """Of the tenants one holds orders, one lets new ones rest, and sources of a third look on."""
    tenants = {name: tenant(intake.url) for name, intake in intakes.items()}
    tenants["other-0"]["hold"], tenants["other-1"]["release_after"] = ["no_town"], "3s"
    sources = {name: source(name) for name in tenants} | {
        "old": source("other-2"),
        "new": source("other-2", mode="shadow", replaces="old"),
        "twin": source("other-2", shadow_adapter="./changed.py"),
        "quiet": source("other-3", expect_every="auto"),
    }
    database = shared().database()
    asyncio.run(_fallen_silent(database))
    replicas = Replicas(tmp_path_factory.mktemp("replicas"), database, tenants, sources=sources)
    for gateway in replicas.all:
        (gateway.folder / "changed.py").write_text(CHANGED)
    with replicas:
        yield replicas


async def _fallen_silent(database):
    store = await PostgresStore.open(database, is_unsafe=True)
    await plant(store, "quiet")
    await store.close()


@pytest.fixture(autouse=True)
def whole(three, witness):
    """All three, whatever the last test left of them."""
    three.start()
    three.settled()
    witness.faults.clear()


def test_each_duty_is_one_replicas_and_all_have_their_share(three):
    """Whichever is asked says so; as many tenants each, and their digests agree."""
    by = [three.told(gateway) for gateway in three.all]
    duties = [duty for each in by[0].values() for duty in each["duties"]]
    tenants = [sum(duty.startswith("delivery:") for duty in each["duties"]) for each in by[0].values()]

    assert [sorted(each) for each in by] == [["replica-0", "replica-1", "replica-2"]] * 3
    assert len(duties) == len(set(duties)) == three.count
    assert tenants == [2, 2, 2]
    assert len({(each["configDigest"], each["adaptersDigest"]) for each in by[0].values()}) == 1


def test_one_that_is_killed_and_one_that_is_stopped_are_taken_over_from(three, witness):
    """In the middle of it all: nothing accepted is lost, nothing goes twice at once, and no older state is last."""
    killed, frozen, other = three.all
    with Vendor(three) as vendor:
        time.sleep(1)
        killed.kill()
        dead = three.settled(2, by=other)
        three.freeze(frozen)
        stopped = three.settled(1, by=other)
        time.sleep(1)
        three.thaw(frozen)
        again = three.settled(2, by=other)

    assert max(dead, stopped, again) < BACK_SECONDS
    assert not vendor.refused
    assert vendor.delivered(witness) == {}
    assert (witness.older_last(), witness.faults) == ({}, [])


def test_a_halt_on_one_counts_on_all(three, witness):
    """Whoever holds the tenant's deliveries, and whoever is asked; so does a resume."""
    holder = next(name for name, duties in three.duties().items() if "delivery:demo" in duties)
    asked, *others = (each for each in three.all if each.folder.name != holder)
    asked.api("tenants/demo/halt", {"reason": "by hand"})
    before = witness.requests
    three.balance(told("halted", "halted", 1))
    three.all[0].becomes("halted", "pending")
    told_by = eventually(
        lambda: [each.tenant()["status"] for each in three.all], lambda all_: set(all_) == {"halted"}, 5
    )
    time.sleep(0.5)

    assert told_by == ["halted"] * 3
    assert witness.requests == before
    others[0].api("tenants/demo/resume", {})
    assert three.all[0].becomes("halted", "delivered")
    assert not witness.faults


@pytest.mark.soak
def test_a_rolling_restart_refuses_nothing(three, witness):
    """Each hands its duties over, and takes its share again."""
    handed_over = []
    with Vendor(three) as vendor:
        for gateway, other in zip(three.all, [*three.all[1:], three.all[0]], strict=True):
            gateway.terminate()
            handed_over.append(three.settled(2, by=other))
            assert gateway.wait() == 0
            three.start(gateway)
            three.settled()

    assert max(handed_over) < HANDED_OVER_SECONDS
    assert not vendor.refused
    assert vendor.delivered(witness) == {}
    assert (witness.older_last(), witness.faults) == ({}, [])


def test_one_replica_gives_the_databases_gauges(three):
    """Of its own each tells all that it did."""
    told_by = [gateway.http.get("/metrics").text for gateway in three.all]

    assert sum('trackely_gateway_pending{tenant="demo"}' in text for text in told_by) == 1
    assert all("trackely_gateway_store_writable 1.0" in text for text in told_by)


def test_what_one_turned_away_all_tell(three):
    """The requests, with their reasons, whichever is asked."""
    answer = three.all[0].post(told("refused", "refused", 1), to="demo", authorization="Bearer wrong")
    told_by = eventually(
        lambda: [{refusal["reason"]["code"] for refusal in each.all("refusals")} for each in three.all],
        lambda codes: all("credentials" in each for each in codes),
    )

    assert answer.status_code == 401
    assert all("credentials" in each for each in told_by)
    [source] = [each for each in three.all[2].api("sources")["sources"] if each["name"] == "demo"]
    assert source["lastRefusal"]["code"] == "credentials"


def test_a_shadow_compares_on_whichever_replica_each_event_once(three):
    """The counts are one, and the truth's, whichever is asked."""
    numbers = range(1, 101)
    for number in numbers:
        assert three.balance(told(f"T-{number}", f"T-{number}", 1), to="twin").status_code == 200
    verdicts, _ = truth(numbers)
    told_by = eventually(
        lambda: [gateway.api("sources/twin/shadow") for gateway in three.all],
        lambda seen: all(each["equal"] + each["differ"] == verdicts["equal"] + verdicts["differ"] for each in seen),
        60,
    )

    for each in told_by:
        holds(each, numbers)
        assert each["reasons"] == {"ignored": verdicts["missing"]}


def test_a_promotion_on_one_counts_on_all(three, intakes):
    """While both sources send to all: nothing is lost, sent twice, or goes the old way; reloads change nothing."""
    with Telling(three.all) as telling:
        time.sleep(0.5)
        ended = telling.promote(three.all[1], "new")
        time.sleep(0.5)
    three.all[0].drained(60)
    for gateway in three.all:
        gateway.api("reload", method="POST")
    three.all[2].stop()
    three.start(three.all[2])
    for number, gateway in enumerate(three.all):
        gateway.post(told(f"after-{number}", f"AFTER-{number}", 1), to="old")
        gateway.post(told(f"after-{number}", f"AFTER-NEW-{number}", 1), to="new")
    three.all[0].drained(60)
    orders, history = intakes["other-2"].orders, intakes["other-2"].history
    modes = [{each["name"]: each["mode"] for each in gateway.api("sources")["sources"]} for gateway in three.all]

    assert (ended["failed"], telling.refused) == (0, [])
    assert telling.lost("new", orders) == {}
    assert telling.sent_late("new", history) == set()
    assert telling.doubled(history) == []
    assert [
        letter for letter in three.all[0].all("dead-letters") if letter["reason"]["code"] == "order_collision"
    ] == []
    assert [(each["old"], each["new"]) for each in modes] == [("shadow", "live")] * 3
    assert sorted(name for name in orders if name.startswith("AFTER")) == [f"AFTER-NEW-{number}" for number in range(3)]


def test_what_is_held_on_one_is_released_on_another_and_sent_once(three, intakes):
    """By whoever has the tenant's deliveries; it goes through a restart."""
    nowhere = {"address": {"addressLine1": "1 Pier Road", "city": "", "postalCode": "", "country": "GB"}}
    three.all[0].post(told("held", "HELD", 1, shipToAddress=nowhere), to="other-0")

    def held():
        return [gateway.api("dead-letters", code="held")["deadLetters"] for gateway in three.all]

    shown = eventually(held, all)
    three.all[0].stop()
    three.start(three.all[0])
    again = held()
    released = three.all[1].api("dead-letters/release", {"ids": [shown[2][0]["id"]], "reason": "the driver knows it"})
    order = three.all[2].becomes("HELD", "delivered", of="other-0")

    assert [[letter["externalOrderId"] for letter in letters] for letters in shown] == [["HELD"]] * 3
    assert again == shown
    assert released["released"] == 1
    assert [each["externalOrderId"] for each in intakes["other-0"].history] == ["HELD"]
    assert len(order["attempts"]) == 1
    assert held() == [[], [], []]


def test_a_new_order_waits_for_edits_whichever_replica_takes_them(three, intakes):
    """`release_after`: its edits replace what was not sent, and one state goes out."""
    for version, gateway in enumerate(three.all, 1):
        gateway.post(told(f"edit-{version}", "EDITED", version), to="other-1")
    waiting = three.all[0].becomes("EDITED", "pending", of="other-1")
    three.all[1].becomes("EDITED", "delivered", of="other-1", within=40)

    assert waiting["attempts"] == []
    assert [version_of(order) for order in intakes["other-1"].history] == [3]


def silences(three):
    """What each says of the source that was learned."""
    rows = [{row["name"]: row for row in gateway.api("sources")["sources"]}["quiet"] for gateway in three.all]
    return [(row["silence"]["state"], row["silence"]["since"], row["silence"]["why"]) for row in rows]


def test_a_learned_silence_is_one_over_all(three):
    """The same sentence by whomever is asked; a hook to one of them ends it at all, and is in each one's day ledger."""
    before = eventually(lambda: silences(three), lambda seen: {state for state, *_ in seen} == {"silent"})
    three.all[1].post(told("quiet", "quiet", 1), to="quiet")
    after = eventually(lambda: silences(three), lambda seen: {state for state, *_ in seen} == {"heard"})
    three.all[0].becomes("quiet", "delivered", "other-3")
    day = datetime.now(UTC).date().isoformat()
    days = [gateway.api("ledger", day=day, source="quiet") for gateway in three.all]

    assert (len(set(before)), len(set(after))) == (1, 1)
    assert "the usual gap is" in before[0][2]
    assert days[0]["sums"]["delivered"] == 1
    assert days == [days[0]] * 3
