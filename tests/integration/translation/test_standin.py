"""Lookups over real HTTP, against the stand-in for the vendor's API, by the real clock."""

import asyncio

import pytest

from gateway.events import EventStatus
from gateway.workshop.standin import Fault
from tests.translating import an_order, webhook


async def test_twenty_events_of_one_order(live, warehouse):
    """No more than a dozen requests, though they come over two seconds, and the last one's answer is the newest."""
    warehouse.put(an_order(1), rows=[{"weight": 1}])
    async with live() as here:
        for number in range(20):
            if number == 19:
                warehouse.put(an_order(1, deliveryDate="2025-07-09"), rows=[{"weight": 1}])
            await here.take(webhook(number, 1))
            await asyncio.sleep(0.1)
        await here.settled()
        order = await here.canonical("SO-1")

    assert len(warehouse.asked) <= 12
    assert (order["plannedDate"], order["totalWeight"]) == ("2025-07-09", 1)


async def test_one_request_at_a_time_per_goods_owner(live, warehouse):
    """Lookups and reconciliation together; two goods owners are asked side by side."""
    for number in range(1, 7):
        warehouse.put(an_order(number, goods_owner=74 + number % 2))
    warehouse.faults.append(Fault("", 0, times=99, delay=0.05))
    api = {"goods_owners": {"75": {"username": "only75", "password": "secret-of-75"}}}
    async with live(api, reconcile={"goods_owners": [74, 75]}) as here:
        for number in range(1, 7):
            await here.take(webhook(number, number, goods_owner=74 + number % 2))
        await here.lookups.reconcile("ongoing-acme", None)
        await here.settled()

    assert {asked.username for asked in warehouse.asked} == {"trackely", "only75"}
    assert {asked.in_flight for asked in warehouse.asked} == {1}


async def test_a_goods_owner_without_rights(live, warehouse):
    """The other's orders go on, with credentials of their own; the halt is shown."""
    warehouse.put(an_order(1))
    warehouse.put(an_order(2, goods_owner=75))
    api = {"password": "wrong", "goods_owners": {"75": {"username": "only75", "password": "secret-of-75"}}}
    async with live(api) as here:
        await here.take(webhook(1, 1))
        await here.take(webhook(2, 2, goods_owner=75))
        await here.until(
            lambda events: here.lookups.halts("ongoing-acme") != [] and events[1].status == EventStatus.TRANSLATED
        )
        halts, (first, _) = here.lookups.halts("ongoing-acme"), await here.events()

    assert first.status == EventStatus.WAITING
    assert [(halt.owner, halt.reason.code) for halt in halts] == [("74", "lookup_unauthorized")]
    assert "401" in halts[0].reason.detail


async def test_a_goods_owner_without_credentials(live, warehouse):
    """Nothing is sent; the halt names what is missing."""
    api = {"username": None, "password": None}
    api["goods_owners"] = {"75": {"username": "only75", "password": "secret-of-75"}}
    async with live(api) as here:
        await here.take(webhook(1, 1))
        await here.until(lambda _: here.lookups.halts("ongoing-acme") != [])
        halts = here.lookups.halts("ongoing-acme")

    assert warehouse.asked == []
    assert "no credentials are configured for 74" in halts[0].reason.detail


async def test_a_path_that_names_another_host(live, warehouse):
    """The payload's `path` is never asked: every request goes to the configured base URL."""
    warehouse.put(an_order(1))
    reached = []
    elsewhere = await asyncio.start_server(lambda _, writer: (reached.append(1), writer.close()), "127.0.0.1", 0)
    port = elsewhere.sockets[0].getsockname()[1]
    async with live() as here, elsewhere:
        await here.take(webhook(1, 1, path=f"http://127.0.0.1:{port}/orders/1"))
        [event] = await here.settled()

    assert event.status == EventStatus.TRANSLATED
    assert reached == []
    assert [asked.path for asked in warehouse.asked] == ["/orders/1", "/orders/1/wayBillRows"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("orders", 503, retry_after="1"),
        Fault("orders", 429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        Fault("orders", 500, times=2),
        Fault("orders", 302),
        Fault("orders", 0, delay=1.0),
    ],
)
async def test_a_fault_for_a_while(live, warehouse, fault):
    """The order comes through once the fault is over."""
    warehouse.put(an_order(1))
    warehouse.faults.append(fault)
    async with live(timeout=0.5) as here:
        await here.take(webhook(1, 1))
        [event] = await here.settled()

    assert event.status == EventStatus.TRANSLATED
    assert fault.times == 0


async def test_an_answer_that_is_too_large_is_none(live, warehouse):
    """It waits, and is taken once it fits."""
    warehouse.put(an_order(1, freeText1="x" * 200_000))
    async with live() as here:
        await here.take(webhook(1, 1))
        await here.until(lambda _: warehouse.asked != [])
        warehouse.put(an_order(1))
        [event] = await here.settled()

    assert event.status == EventStatus.TRANSLATED
    assert [asked.path for asked in warehouse.asked].count("/orders/1") >= 2


async def test_a_vendor_that_is_down(live):
    """A connection that is refused is a delay; no event dies of it."""
    async with live({"base_url": "http://127.0.0.1:9/api/v1/"}) as here:
        await here.take(webhook(1, 1))
        await asyncio.sleep(1.5)
        [event] = await here.events()

    assert event.status == EventStatus.WAITING
