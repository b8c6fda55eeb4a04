"""Erasing through the operators' API."""

import pytest

from tests.integration.api.conftest import TOKENS

ORDER = "/api/v1/orders/demo/A%2F1"


async def test_an_administrator_erases(api, calls):
    """The answer counts the events; the order and its events are there without a word; who did it is on record."""
    answer = await api.post(f"{ORDER}/erase")

    assert (answer.status_code, answer.json()) == (200, {"erased": 1})
    order = (await api.get(ORDER)).json()
    event = (await api.get(f"/api/v1/events/{order['events'][0]['id']}")).json()
    assert (order["status"], order["order"], order["orderId"]) == ("delivered", None, "ord-1")
    assert (event["body"], event["references"], event["translation"][0]["order"]) == (None, [], None)
    assert calls.audit == [("adminer", "erase", "order demo/A/1")]
    assert ("forget words", "demo") in calls.asked


async def test_an_erased_event_cannot_be_replayed(api):
    """409 says that its body is gone."""
    await api.post(f"{ORDER}/erase")
    (event,) = (await api.get("/api/v1/events", params={"eventId": "e-1"})).json()["events"]

    answer = await api.post(f"/api/v1/events/{event['id']}/replay")

    assert answer.status_code == 409
    assert "erased" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["read", "operate"])
async def test_a_smaller_role_may_not(api, calls, role):
    """403, nothing is erased and nothing is on record."""
    answer = await api.post(f"{ORDER}/erase", headers={"Authorization": f"Bearer {TOKENS[role]}"})

    assert answer.status_code == 403
    assert (await api.get(ORDER)).json()["order"] is not None
    assert calls.audit == []


async def test_an_unknown_order_is_404(api):
    """Nobody ever told of it."""
    assert (await api.post("/api/v1/orders/demo/nobody/erase")).status_code == 404
