"""Doubts about orders, and shipments of one order, through a running gateway and its embedded intake."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browsing import SAME, Markup
from tests.processes import API_TOKEN, FAST, Gateway, eventually
from tests.stores import kept

CASES = Path(__file__).parents[1] / "golden" / "logistics_plus"
GOLDEN = CASES / "order" / "body.json"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Gateway]:
    plain = {"adapter": "logistics_plus", "tenant": "demo", "auth": "none"}
    sources = {"lp": plain, "parted": {**plain, "options": {"shipments": "each"}}}
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), {}, sources, intake={"embedded": True})
    url = f"{gateway.url}/api/integrations/wms/demo"
    gateway.configure(tenants={"demo": {"intake_url": url, "secret": "a-tenants-secret", "hold": ["no_town"], **FAST}})
    with gateway:
        yield gateway


def order(event_id: str, number: str, minute: int, **address: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    body["id"] = event_id
    body["data"].update(id=f"r-{number}", primaryReference=number, dateLastUpdated=f"2026-05-12T16:{minute:02}:00Z")
    body["data"]["shipments"] = []
    body["data"]["shipToAddress"]["address"].update(address)
    return body


def counted(gateway: Gateway, code: str) -> bool:
    return f'trackely_gateway_findings_total{{code="{code}",source="lp"}}' in gateway.http.get("/metrics").text


def shown(gateway: Gateway, page: str) -> str:
    """A page of the console, as an administrator sees it."""
    with httpx.Client(base_url=gateway.url, trust_env=False) as browser:
        browser.post("/console/login", data={"token": API_TOKEN}, headers=SAME)
        return browser.get(page).text


def test_a_doubted_order_is_delivered_and_its_doubts_are_told(gateway):
    """In the API, in its story, and counted by source; the order itself is as the vendor told it."""
    gateway.post(order("e-1", "F-1", 1, addressLine1="Pier Road", addressLine2=""), to="lp")
    told = gateway.becomes("F-1", "delivered")

    assert {"code": "no_house_number", "detail": "a street of US without a number"} in told["findings"]
    assert told["order"]["deliveryAddress"].startswith("Pier Road, ")
    assert eventually(lambda: counted(gateway, "no_house_number")) is True
    assert "no_house_number: a street of US" in " ".join(
        gateway.command("orders", "show", "demo", "F-1").stdout.split()
    )
    assert "<code>no_house_number</code> a street of US without a number" in shown(gateway, "/console/orders/demo/F-1")


def test_an_order_that_the_tenant_holds_waits_for_its_mending(gateway):
    """A dead letter `held`, counted apart; nothing is sent until a newer state brings the town."""
    gateway.post(order("e-2", "F-2", 1, city="", postalCode="", state=""), to="lp")
    letters = eventually(lambda: gateway.api("dead-letters", code="held")["deadLetters"])
    before = gateway.order("F-2")
    gateway.post(order("e-3", "F-2", 2), to="lp")
    after = gateway.becomes("F-2", "delivered")

    assert gateway.api("dead-letters", externalOrderId="F-2")["deadLetters"] == []
    assert [letter["reason"]["code"] for letter in letters] == ["held"]
    assert letters[0]["reason"]["detail"] == "no_town: a street, and no town"
    assert before == {}
    assert "no_town" not in {each["code"] for each in after["findings"]}
    assert 'trackely_gateway_dead_events_total{code="held",source="lp"} 1.0' in gateway.http.get("/metrics").text


def test_a_held_order_is_amended_from_its_events_page(gateway):
    """By a person who knows the town; it goes out, and is held no more."""
    gateway.post(order("e-5", "F-5", 1, city="", postalCode="", state=""), to="lp")
    [letter] = eventually(lambda: gateway.api("dead-letters", externalOrderId="F-5")["deadLetters"])
    with httpx.Client(base_url=gateway.url, trust_env=False, headers=SAME) as browser:
        browser.post("/console/login", data={"token": API_TOKEN})
        event = Markup(browser.get(f"/console/events/{letter['id'].removeprefix('event-')}").text)
        found = browser.get("/console/orders/demo/F-5", follow_redirects=True)
        [link] = [link for link in event.links if link.startswith("/console/acts/amend-order?")]
        fields = {
            **Markup(browser.get(link).text).fields,
            "reason": "they rang",
            "deliveryAddress": "1 High Street, Hull",
        }
        done = browser.post("/console/acts/amend-order", data=fields)
    after = gateway.becomes("F-5", "delivered")

    assert found.url.path == f"/console/events/{letter['id'].removeprefix('event-')}"
    assert done.headers["Location"] == "/console/orders/demo/F-5"
    assert after["order"]["deliveryAddress"] == "1 High Street, Hull"
    assert [each["status"] for each in after["events"]] == ["superseded", "delivered"]
    assert gateway.api("dead-letters", externalOrderId="F-5")["deadLetters"] == []


def test_what_is_held_goes_through_a_restart_and_is_released_as_it_is(gateway):
    """By a person, who says why; until then nothing of it is sent."""
    gateway.post(order("e-4", "F-3", 1, city="", postalCode="", state=""), to="lp")
    held = {"code": "held", "externalOrderId": "F-3"}
    assert eventually(lambda: gateway.api("dead-letters", **held)["deadLetters"])
    gateway.stop()
    gateway.start()
    before = gateway.api("dead-letters", **held)["deadLetters"]
    gateway.command("dead-letters", "release", "--order", "F-3", "--reason", "the driver knows the place")
    after = gateway.becomes("F-3", "delivered")

    assert [each["reason"]["code"] for each in before] == ["held"]
    assert "no_town" in {each["code"] for each in after["findings"]}
    assert len(after["attempts"]) == 1
    assert gateway.api("dead-letters", **held)["deadLetters"] == []


def test_what_was_held_is_no_letter_any_more_though_nothing_is_held_now(gateway):
    """The tenant's `hold` is taken out; a newer state closes the letter of the order that it had set aside."""
    gateway.post(order("e-6", "F-6", 1, city="", postalCode="", state=""), to="lp")
    assert eventually(lambda: gateway.api("dead-letters", externalOrderId="F-6")["deadLetters"])
    tenants = gateway.settings["tenants"]
    gateway.configure(tenants={"demo": {**tenants["demo"], "hold": []}})
    gateway.api("reload", {})
    gateway.post(order("e-7", "F-6", 2), to="lp")
    gateway.becomes("F-6", "delivered")
    letters = gateway.api("dead-letters", externalOrderId="F-6")["deadLetters"]
    gateway.configure(tenants=tenants)
    gateway.api("reload", {})

    assert letters == []


def test_a_source_that_plans_for_the_day_of_receipt_is_told(gateway):
    """Among the sources, through a restart: it tells no day of delivery at all."""
    today = datetime.now(UTC).date().isoformat()
    # Enough to outweigh those of the tests above, planned for another day.
    for number in range(99):
        body = order(f"e-day-{number}", f"D-{number}", 1)
        body["data"]["requiredShipDate"] = f"{today}T00:00:00+00:00"
        gateway.post(body, to="lp")
    told = eventually(lambda: gateway.api("sources")["sources"][0]["findings"])
    gateway.stop()
    gateway.start()

    assert told == ["planned_is_receipt_day"]
    assert "<code>planned_is_receipt_day</code>" in shown(gateway, "/console/sources/lp")
    assert gateway.api("sources")["sources"][0]["findings"] == told


def test_a_new_order_waits_for_its_edits(tmp_path):
    """An edit within `release_after` replaces what was not sent: one attempt, as the story says."""
    sources = {"lp": {"adapter": "logistics_plus", "tenant": "demo", "auth": "none"}}
    gateway = Gateway(tmp_path, {}, sources, intake={"embedded": True})
    url = f"{gateway.url}/api/integrations/wms/demo"
    tenant = {"intake_url": url, "secret": "a-tenants-secret", "release_after": "10s", **FAST}
    gateway.configure(tenants={"demo": tenant})
    with gateway:
        gateway.post(order("e-1", "R-1", 1, addressLine1="1 First Street"), to="lp")
        waiting = gateway.becomes("R-1", "pending")
        gateway.post(order("e-2", "R-1", 2, addressLine1="2 Second Street"), to="lp")
        gateway.post(order("e-3", "R-2", 1), to="lp")
        cancelled = order("e-4", "R-2", 2)
        cancelled["data"]["status"] = "CAN"
        gateway.post(cancelled, to="lp")
        withdrawn = gateway.becomes("R-2", "withdrawn")
        shown = gateway.command("orders", "show", "demo", "R-1").stdout
        sent = gateway.becomes("R-1", "delivered", within=40)

    assert "its edits replace it until then" in shown
    assert waiting["nextAttemptAt"] is not None
    assert withdrawn["attempts"] == []
    assert len(sent["attempts"]) == 1
    assert sent["order"]["deliveryAddress"].startswith("2 Second Street")
    assert [event["status"] for event in sent["events"]] == ["superseded", "delivered"]


def test_a_pull_is_served_a_new_order_when_its_edits_had_their_time(tmp_path):
    """`release_after` holds it back from a pull, too; then the newest is served."""
    sources = {"lp": {"adapter": "logistics_plus", "tenant": "demo", "auth": "none"}}
    tenant = {"delivery": "pull", "pull_secret": "a-tenants-pull-secret", "release_after": "3s"}
    gateway = Gateway(tmp_path, {"demo": tenant}, sources)
    pull = {"Authorization": "Bearer a-tenants-pull-secret"}
    with gateway:
        gateway.post(order("e-1", "P-1", 1, addressLine1="1 First Street"), to="lp")
        gateway.becomes("P-1", "pending")
        early = gateway.http.get("/pull/demo", headers=pull).json()
        gateway.post(order("e-2", "P-1", 2, addressLine1="2 Second Street"), to="lp")
        served = eventually(lambda: gateway.http.get("/pull/demo", headers=pull).json(), within=20)

    assert early == []
    assert [each["deliveryAddress"].partition(",")[0] for each in served] == ["2 Second Street"]


def test_shipments_of_one_order_are_shown_and_found_together(gateway):
    """By every door; what is erased of one is in no word about the other, nor in a file."""
    one, other = "SO-88121-S-1", "SO-88121-S-2"
    gateway.post(json.loads((CASES / "shipments_each" / "body.json").read_text(encoding="utf-8")), to="parted")
    for name in (one, other):
        gateway.becomes(name, "delivered")
    told = gateway.order(one)
    found = gateway.api("find", q="SO-88121")["found"]
    story = gateway.command("orders", "show", one).stdout
    listed, several = gateway.command("find", "SO-88121"), gateway.command("orders", "show", "SO-88121")
    page, hits = (shown(gateway, path) for path in (f"/console/orders/demo/{one}", "/console/find?q=SO-88121"))

    assert told["siblings"] == [{"tenant": "demo", "externalOrderId": other, "status": "delivered"}]
    assert {row["externalOrderId"]: [each["externalOrderId"] for each in row["siblings"]] for row in found} == {
        one: [other], other: [one],
    }  # fmt: skip
    assert f"together with {other} (delivered)" in " ".join(story.split())
    assert all(f"{name} (delivered)" in listed.stdout for name in (one, other))
    assert (several.returncode, several.stdout) == (1, listed.stdout)
    assert f'href="/console/orders/demo/{other}"' in page
    assert f'Together with <a href="/console/orders/demo/{other}"' in hits
    assert "leeds@example.com" in page

    assert gateway.command("erase", "demo", one, "--yes").returncode == 0
    about = json.dumps(gateway.order(other)) + shown(gateway, f"/console/orders/demo/{other}")
    gateway.stop()
    held = kept(gateway.folder)
    gateway.start()
    assert "hull@example.com" in about
    assert "hull@example.com" in held
    assert "leeds@example.com" not in about + held
    assert [each["status"] for each in gateway.order(other)["siblings"]] == ["delivered"]
