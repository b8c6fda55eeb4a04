"""A store that is ill says so at the doors, and does not pretend."""

import sqlite3

from tests.intakes import always, status
from tests.processes import Gateway, Intakes, eventually, tenant, told


def test_a_delivery_that_dies_again_and_again(tmp_path):
    """An order that no worker can read kills its tenant's loop each time: `/healthz` is red, and green once mended."""
    with Intakes() as opened:
        tenants = {"demo": tenant(opened.open(always(status(503))).url)}
        with Gateway(tmp_path, tenants) as gateway, sqlite3.connect(tmp_path / "gateway.db") as store:
            gateway.post(told("a-1", "A", 1))
            eventually(lambda: gateway.order("A").get("attempts"))
            # At rest, so that no settlement writes over it.
            gateway.api("tenants/demo/halt", {"reason": "a test"})
            gateway.becomes("A", "pending")
            store.execute("UPDATE orders SET trial = 'of a kind that is none'")
            store.commit()
            gateway.api("tenants/demo/resume", {"reason": "a test"})
            ill = eventually(lambda: gateway.http.get("/healthz"), lambda answer: answer.status_code == 503)
            store.execute("UPDATE orders SET trial = 'none'")
            store.commit()
            well = eventually(lambda: gateway.http.get("/healthz"), lambda answer: answer.status_code == 200)

    assert ill.status_code == 503
    assert ill.json()["problems"][0].startswith("the loop delivery:demo has died ")
    assert well.status_code == 200
