"""Three replicas behind a pooler in transaction mode that has half as many connections as they have lanes."""

import time

import pytest

from tests import pooling
from tests.postgres import shared
from tests.processes import API_TOKEN, Intakes, eventually, tenant, told
from tests.replicas import Replicas, Vendor, Witness

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def witness():
    return Witness()


@pytest.fixture(scope="module")
def three(tmp_path_factory, witness):
    with Intakes() as intakes:
        tenants = {"demo": tenant(intakes.open(witness).url)}
        with Replicas(tmp_path_factory.mktemp("pooled"), pooling.address(shared().database()), tenants) as replicas:
            yield replicas


def test_replicas_that_restart_and_die_refuse_nothing(three, witness):
    """All that was told is delivered once at a time, whichever connection each transaction came to."""
    restarted, killed, other = three.all
    with Vendor(three, pause=0.05) as vendor:
        time.sleep(1)
        restarted.terminate()
        assert restarted.wait() == 0
        three.start(restarted)
        killed.kill()
        three.settled(2, by=other)
        three.start(killed)
        three.settled(by=other)

    assert not vendor.refused
    assert vendor.delivered(witness) == {}
    assert (witness.older_last(), witness.faults) == ({}, [])


def test_a_pooler_that_dies_is_found_again(three, witness):
    """Hooks are refused with 503 meanwhile, none is lost, and no replica ends."""
    pooler = pooling.pooled()
    with Vendor(three, pause=0.05) as vendor:
        time.sleep(0.5)
        pooler.stop()
        refused = three.all[0].post(told("meanwhile", "meanwhile", 1))
        pooler.start()
        again = eventually(lambda: three.all[0].post(told("after", "after", 1)).status_code, lambda code: code == 200)
        # Each reads by another connection than it writes by.
        told_by = {"Authorization": f"Bearer {API_TOKEN}"}
        eventually(lambda: all(each.http.get("/api/v1/replicas", headers=told_by).is_success for each in three.all))
        three.settled()

    assert (refused.status_code, again) == (503, 200)
    assert "Retry-After" in refused.headers
    assert not vendor.faults
    assert vendor.delivered(witness) == {}
    assert (witness.older_last(), witness.faults) == ({}, [])
    assert not any(gateway.has_ended for gateway in three.all)
