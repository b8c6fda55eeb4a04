"""Trackely's "Pull from WMS", both ends real: the gateway serves it, the embedded intake's "Sync now" fetches it."""

from tests.processes import API_TOKEN, Gateway, told, version_of

ADMIN = {"Authorization": f"Bearer {API_TOKEN}"}
SETTINGS = "/api/settings/integrations/demo"


def asked(gateway, verb, path, /, **json):
    """A call of Settings, and what it answered."""
    answer = gateway.http.request(verb, SETTINGS + path, headers=ADMIN, **({"json": json} if json else {}))
    assert answer.is_success, answer.text
    return answer.json()


def test_a_webhook_is_pulled_into_the_intake(tmp_path):
    """With the secret that Settings showed once; a newer state pulled later updates the same order."""
    waiting = {"demo": {"delivery": "pull", "pull_secret": "not-yet-known"}}
    with Gateway(tmp_path, waiting, intake={"embedded": True}) as gateway:
        asked(gateway, "POST", "/connect")
        made = asked(gateway, "POST", "/pull-endpoints", url=f"{gateway.url}/pull/demo", method="GET")
        gateway.kill()
        gateway.configure(tenants={"demo": {"delivery": "pull", "pull_secret": made["secret"]}})
        gateway.start()
        gateway.post(told("A-1", "A", 1))
        gateway.post(told("B-1", "B", 1))
        for name in ("A", "B"):
            gateway.becomes(name, "pending")
        asked(gateway, "POST", f"/pull-endpoints/{made['endpoint']['id']}/sync")
        first = asked(gateway, "GET", "/orders")["orders"]
        delivered = [gateway.becomes(name, "delivered")["orderId"] for name in ("A", "B")]
        gateway.post(told("A-2", "A", 2))
        gateway.becomes("A", "pending")
        asked(gateway, "POST", f"/pull-endpoints/{made['endpoint']['id']}/sync")
        second = asked(gateway, "GET", "/orders")["orders"]

    assert {order["externalOrderId"]: version_of(order) for order in first} == {"A": 1, "B": 1}
    assert delivered == [None, None]
    assert {order["externalOrderId"]: version_of(order) for order in second} == {"A": 2, "B": 1}
    assert {order["orderId"] for order in second} == {order["orderId"] for order in first}
