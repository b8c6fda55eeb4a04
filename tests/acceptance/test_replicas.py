"""Three gateways on one PostgreSQL: what one does alone, and what becomes of it when one dies, or is stopped."""

import time

import pytest

from tests.postgres import shared
from tests.processes import Intakes, eventually, tenant, told
from tests.replicas import BACK_SECONDS, Replicas, Vendor, Witness

HANDED_OVER_SECONDS = 6.0
"""Two, and what a loaded machine takes."""


@pytest.fixture(scope="module")
def witness():
    return Witness()


@pytest.fixture(scope="module")
def three(tmp_path_factory, witness):
    with Intakes() as intakes:
        others = {f"other-{number}": tenant(intakes.open().url) for number in range(5)}
        tenants = {"demo": tenant(intakes.open(witness).url), **others}
        with Replicas(tmp_path_factory.mktemp("replicas"), shared().database(), tenants) as replicas:
            yield replicas


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
