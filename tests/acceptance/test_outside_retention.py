"""Retention as an operator sees it: spans of a second, a real process, `POST prune`."""

import time

from tests.processes import Gateway, Intakes, tenant, told

SPAN = 0.5
SOON = dict.fromkeys(("bodies", "dead_letters", "keys", "orders", "attempts"), SPAN)


def test_what_ended_goes_even_if_it_is_all_there_is(tmp_path):
    """The only order, its event and key are gone; the same event is new again, over a restart too."""
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}, retention=SOON) as gateway:
        gateway.post(told("one", "A", 1))
        [first] = gateway.becomes("A", "delivered")["events"]
        repeated = gateway.post(told("one", "A", 1)).json()["duplicate"]
        time.sleep(2 * SPAN)
        pruned = gateway.api("prune", {})["pruned"]
        left = (gateway.order("A"), gateway.api("events")["events"], gateway.api("stats")["orders"])
        gateway.stop()
        gateway.start()
        again = gateway.post(told("one", "A", 1)).json()["duplicate"]
        order = gateway.becomes("A", "delivered")

    assert (repeated, again) == (True, False)
    assert pruned >= 3
    assert left == ({}, [], {})
    assert [int(event["id"]) > int(first["id"]) for event in order["events"]] == [True]


def test_what_goes_on_stays(tmp_path):
    """A pending order, its event and its body stay, however old; it is delivered in the end."""
    with Intakes() as intakes, Gateway(tmp_path, {"demo": tenant(intakes.open().url)}, retention=SOON) as gateway:
        gateway.api("tenants/demo/halt", {})
        gateway.post(told("one", "A", 1))
        event = gateway.becomes("A", "pending")["events"][0]["id"]
        time.sleep(2 * SPAN)
        pruned = gateway.api("prune", {})
        body = gateway.api(f"events/{event}")["body"]
        gateway.api("tenants/demo/resume", {})
        order = gateway.becomes("A", "delivered")

    assert pruned == {"pruned": 0}
    assert '"one"' in body
    assert order["orderId"] == "T-A"
