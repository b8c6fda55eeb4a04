"""Amending an order by hand, and releasing what was held."""

import pytest

from gateway.events import Reason
from tests.browsing import Markup, sign_in
from tests.integration.api.conftest import NOW, SECOND, TOKENS, take_in

AMEND = "/api/v1/orders/demo/A%2F2/amend"


async def test_an_order_is_amended_member_by_member(api, calls):
    """A null takes one away; the answer shows the order as it is to be, and whose state it is."""
    body = {"deliveryAddress": "2 High Street", "customerName": "Ann", "palletCount": 2.0, "reason": "she rang"}
    first = (await api.post(AMEND, json=body)).json()
    second = (await api.post(AMEND, json={"customerName": None, "reason": "again"})).json()
    event = (await api.get(f"/api/v1/events/{first['event']}")).json()
    acts = (await api.get("/api/v1/audit", params={"act": "amend"})).json()["audit"]

    assert (first["status"], first["order"]["status"]) == ("translated", "pending")
    assert first["order"]["order"] == {
        "externalOrderId": "A/2", "deliveryAddress": "2 High Street", "customerName": "Ann", "palletCount": 2,
    }  # fmt: skip
    assert second["order"]["order"] == {
        "externalOrderId": "A/2", "deliveryAddress": "2 High Street", "palletCount": 2,
    }  # fmt: skip
    assert [each["kind"] for each in second["order"]["events"]] == ["hook", "person", "person"]
    assert (event["kind"], event["topic"]) == ("person", "amend")
    assert '"by":"adminer"' in event["body"]
    assert "she rang" in event["body"]
    assert [(each["what"], each["reason"]) for each in acts] == [
        ("order demo/A/2", "again"),
        ("order demo/A/2", "she rang"),
    ]
    assert calls.asked == [("wake", "demo")] * 2


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"reason": "none"}, 400, "at least one member"),
        ({"deliveryAddress": "x"}, 400, "reason"),
        ({"deliveryAddress": "x", "reason": ""}, 400, "reason"),
        ({"deliveryAddress": "x", "reason": " "}, 400, "reason"),
        ({"deliveryAddress": None, "reason": "x"}, 400, "neither deliveryAddress nor customerId"),
        ({"deliveryAddress": "x\0y", "reason": "x"}, 400, "NUL"),
        ({"plannedDate": "tomorrow", "reason": "x"}, 400, "plannedDate"),
        ({"totalWeight": -1, "reason": "x"}, 400, "totalWeight"),
        ({"totalWeight": "12", "reason": "x"}, 400, "totalWeight"),
        ({"totalWeight": 1e16, "reason": "x"}, 400, "totalWeight is too large"),
        ({"palletCount": 2.5, "reason": "x"}, 400, "palletCount"),
        ({"palletCount": 10**12, "reason": "x"}, 400, "palletCount is too large"),
        ({"palletCount": 10**30, "reason": "x"}, 400, "palletCount"),
        ({"externalOrderId": "B", "reason": "x"}, 400, "externalOrderId"),
    ],
)
async def test_what_the_intake_would_refuse_is_refused_at_once(api, body, status, words):
    """And changes nothing."""
    answer = await api.post(AMEND, json=body)
    order = (await api.get("/api/v1/orders/demo/A%2F2")).json()

    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert len(order["events"]) == 1


async def test_who_may_and_what_may_be_amended(api, store):
    """`operate`; not what was erased, nor what never was."""
    body = {"deliveryAddress": "x", "reason": "y"}
    reading = await api.post(AMEND, json=body, headers={"Authorization": f"Bearer {TOKENS['read']}"})
    operating = await api.post(AMEND, json=body, headers={"Authorization": f"Bearer {TOKENS['operate']}"})
    missing = await api.post("/api/v1/orders/demo/none/amend", json=body)
    await store.acts.erase("demo", "A/1", now=NOW)
    erased = await api.post("/api/v1/orders/demo/A%2F1/amend", json=body)

    assert [each.status_code for each in (reading, operating, missing, erased)] == [403, 200, 404, 409]


async def test_what_a_person_said_is_not_replayed(api, browser, store):
    """Nor traced; its order is replayed by what the vendor said last."""
    amended = (await api.post(AMEND, json={"customerName": "Ann", "reason": "she rang"})).json()["event"]
    answer = await api.post(f"/api/v1/events/{amended}/replay")
    await sign_in(browser, "operate")
    pages = [
        Markup((await browser.get(f"/console/{page}")).text) for page in (f"events/{amended}", "orders/demo/A%2F2")
    ]
    links = [[link for link in page.links if "acts/replay" in link or "/trace" in link] for page in pages]

    assert (answer.status_code, "amend the order once more" in answer.json()["detail"]) == (409, True)
    assert links == [[], ["/console/acts/replay?of=events&id=2"]]


async def test_what_was_held_is_released(api, store, calls):
    """By ids or by a filter; a dry run says how many; what is not held is none of them."""
    held = [
        await take_in(store, "acme", f"h-{number}", dead=Reason("held", "no house number"), at=NOW + 9 * SECOND)
        for number in range(3)
    ]
    ids = [f"event-{held[0]}", "event-3", "nonsense"]
    dry = (await api.post("/api/v1/dead-letters/release", json={"ids": ids, "dryRun": True})).json()
    by_filter = (await api.post("/api/v1/dead-letters/release?dryRun=true", json={"filter": {"source": "acme"}})).json()
    otherwise = await api.post("/api/v1/dead-letters/release", json={"filter": {"code": "refused", "source": "acme"}})
    released = await api.post("/api/v1/dead-letters/release", json={"ids": ids, "reason": "looked at"})
    everything = await api.post("/api/v1/dead-letters/release", json={"filter": {}})
    found = (await api.get("/api/v1/find", params={"q": "h-1"})).json()["found"][0]["next"]

    assert dry == {"released": 1, "missing": ["event-3", "nonsense"]}
    assert by_filter["released"] == 3
    assert otherwise.json() == {"released": 0}
    assert (released.status_code, released.json()["missing"]) == (200, ["event-3", "nonsense"])
    assert ("wake", "demo") in calls.asked
    assert everything.status_code == 400
    assert found["command"] == f"gateway dead-letters release event-{held[1]}"
