"""What the lookup loop promises, by a clock that goes as fast as the test."""

import asyncio
import itertools
from itertools import pairwise

import pytest

from gateway.events import SECOND, EventStatus
from gateway.lookups.asking import VendorAnswer
from tests.translating import START, Clockwork, an_order, api_options, good, webhook

LATER = VendorAnswer(503)
DAY = 86_400 * SECOND


async def test_an_order_is_looked_up(room):
    """The answers make the order; they are stored with the event, and the clock was drawn before they were asked."""
    async with room() as here:
        here.vendor.said["orders/1"] = [good(an_order(1))]
        here.vendor.said["orders/1/wayBillRows"] = [VendorAnswer(200, b'[{"weight": 2.5, "volume": 0.02}]')]
        event = await here.take(webhook(1, 1))
        await here.settled()
        detail = await here.store.records.event(event)
        order = await here.canonical("SO-1")

    assert order == {
        "externalOrderId": "SO-1",
        "deliveryAddress": "Storgata 1, 0155 Oslo, NO",
        "customerName": "Kari Nordmann",
        "totalWeight": 2.5,
        "volume": 0.02,
        "plannedDate": "2025-07-02",
    }
    [state] = detail.translation
    assert START <= state.clock <= here.vendor.asked[0][1]


async def test_a_late_event_is_served_by_a_later_answer(room):
    """What arrives while its order's lookup is in flight is not served by that one, and asked not within a second."""
    async with room() as here:
        here.vendor.said["orders/1"] = [good(an_order(1)), good(an_order(1, deliveryDate="2025-07-09"))]

        async def another_comes(path: str) -> None:
            if here.vendor.count("orders/1") == 1 and path == "orders/1":
                await here.take(webhook(2, 1))
                await here.until(lambda events: [event.status for event in events] == [EventStatus.WAITING] * 2)

        here.vendor.before = another_comes
        await here.take(webhook(1, 1))
        await here.settled()
        order = await here.canonical("SO-1")

    assert order["plannedDate"] == "2025-07-09"
    (_, first), (_, second) = [asked for asked in here.vendor.asked if asked[0] == "orders/1"]
    assert second - first >= SECOND


async def test_an_outage_delays_and_kills_nothing(room):
    """Ten events of ten orders during six 503s: all are translated, in less than half a minute."""
    async with room() as here:
        for number in range(10):
            here.vendor.said[f"orders/{number}"] = [good(an_order(number))]
        failed = 0

        async def six_times(path: str) -> None:
            nonlocal failed
            if failed < 6 and not path.endswith("Rows"):
                failed += 1
                here.vendor.said[path].insert(0, LATER)

        here.vendor.before = six_times
        for number in range(10):
            await here.take(webhook(number, number))
        events = await here.settled()

    assert failed == 6
    assert {event.status for event in events} == {EventStatus.TRANSLATED}
    assert here.vendor.asked[-1][1] - START < 30 * SECOND


async def test_a_failing_order_blocks_no_other(room):
    """One that fails for ever waits on its own schedule."""
    async with room() as here:
        here.vendor.said = {"orders/1": [LATER], "orders/2": [good(an_order(2))]}
        await here.take(webhook(1, 1))
        await here.take(webhook(2, 2))
        await here.until(lambda events: events[1].status == EventStatus.TRANSLATED)
        first, second = await here.events()

    assert (first.status, second.status) == (EventStatus.WAITING, EventStatus.TRANSLATED)


async def test_a_lookup_that_breaks_blocks_no_other(room):
    """Whatever is raised meanwhile is one order's trouble: it waits with a reason, its goods owner's others go on."""

    async def break_one(path: str) -> None:
        if path == "orders/1" and (here.vendor.count("orders/1") <= 3 or not here.vendor.count("orders/2")):
            raise OverflowError("date value out of range")

    async with room() as here:
        here.vendor.before = break_one
        here.vendor.said = {"orders/1": [good(an_order(1))], "orders/2": [good(an_order(2))]}
        await here.take(webhook(1, 1))
        await here.take(webhook(2, 2))
        await here.until(lambda events: events[1].status == EventStatus.TRANSLATED)
        first, _ = await here.events()
        await here.settled()
        order = await here.order("SO-1")
        asked = [at for path, at in here.vendor.asked if path == "orders/1"]

    assert first.status in (EventStatus.WAITING, EventStatus.TRANSLATED)
    assert order.status == "pending"
    assert len(asked) >= 4
    assert all(later - earlier >= SECOND for earlier, later in pairwise(asked))


async def test_nothing_is_no_answer(room):
    """A 204 for an order is asked again like a 503."""
    async with room() as here:
        here.vendor.said["orders/1"] = [VendorAnswer(204), VendorAnswer(204), good(an_order(1))]
        await here.take(webhook(1, 1))
        await here.settled()
        order = await here.order("SO-1")

    assert order.status == "pending"
    assert here.vendor.count("orders/1") == 3


async def test_retry_after_is_heeded(room):
    """Nothing is asked of the turn before it has passed."""
    async with room() as here:
        here.vendor.said["orders/1"] = [VendorAnswer(429, retry_after=90 * SECOND), good(an_order(1))]
        await here.take(webhook(1, 1))
        await here.settled()

    (_, first), (_, second), *_ = here.vendor.asked
    assert 90 * SECOND <= second - first < 95 * SECOND


async def test_an_order_that_is_not_there_is_asked_three_times(room):
    """Within ten seconds; then it is a dead letter."""
    async with room() as here:
        await here.take(webhook(1, 1))
        [event] = await here.settled()

    assert (event.status, event.reason.code) == (EventStatus.DEAD, "lookup_not_found")
    asked = [at for path, at in here.vendor.asked if path == "orders/1"]
    assert len(asked) == 3
    assert asked[-1] - asked[0] < 10 * SECOND


async def test_an_order_that_shows_late_is_found(room):
    """A 404 may be a replica that lags."""
    async with room() as here:
        here.vendor.said["orders/1"] = [VendorAnswer(404), VendorAnswer(404), good(an_order(1))]
        await here.take(webhook(1, 1))
        [event] = await here.settled()

    assert event.status == EventStatus.TRANSLATED


@pytest.mark.parametrize("status", [204, 403, 404])
async def test_no_rows_send_the_order_without_them(room, status):
    """One request shows that there are none."""
    async with room() as here:
        here.vendor.said = {"orders/1": [good(an_order(1))], "orders/1/wayBillRows": [VendorAnswer(status)]}
        await here.take(webhook(1, 1))
        await here.settled()
        order = await here.canonical("SO-1")

    assert "totalWeight" not in order
    assert here.vendor.count("orders/1/wayBillRows") == 1


async def test_rows_that_fail_are_tried_three_times(room):
    """And the order goes without weight, volume and pallets."""
    async with room() as here:
        here.vendor.said = {"orders/1": [good(an_order(1))], "orders/1/wayBillRows": [LATER]}
        await here.take(webhook(1, 1))
        await here.settled()
        order = await here.canonical("SO-1")

    assert "totalWeight" not in order
    assert here.vendor.count("orders/1/wayBillRows") == 3


async def test_a_goods_owner_without_rights_is_halted_alone(room):
    """It is shown, probed every five minutes, and goes on when its rights are back; the other goods owner goes on."""
    denied = VendorAnswer(401, lacks_rights=True)
    async with room() as here:
        here.vendor.said = {
            "orders/1": [denied, denied, good(an_order(1))],
            "orders/2": [good(an_order(2, goods_owner=75))],
        }
        halts = []

        async def look(path: str) -> None:
            halts.append(here.lookups.halts("ongoing-acme"))

        here.vendor.before = look
        await here.take(webhook(1, 1))
        await here.take(webhook(2, 2, goods_owner=75))
        events = await here.settled()
        after = here.lookups.halts("ongoing-acme")

    assert {event.status for event in events} == {EventStatus.TRANSLATED}
    asked = [at for path, at in here.vendor.asked if path == "orders/1"]
    assert [round((b - a) / SECOND) for a, b in itertools.pairwise(asked)] == [300, 300]
    shown = [halt for found in halts for halt in found]
    assert {(halt.owner, halt.reason.code) for halt in shown} == {("74", "lookup_unauthorized")}
    assert len({halt.since for halt in shown}) == 1
    assert after == []


async def test_a_halt_is_lifted_by_hand(room):
    """At once, whatever its schedule says."""
    clock = Still()
    async with room(clock=clock, sleep=clock.sleep) as here:
        here.vendor.said["orders/1"] = [VendorAnswer(403, lacks_rights=True), good(an_order(1))]
        await here.take(webhook(1, 1))
        while not here.lookups.halts("ongoing-acme"):
            await asyncio.sleep(0.01)
            clock.now += SECOND // 10
        clock.now += SECOND
        await here.lookups.resume("ongoing-acme")
        [event] = await here.settled()

    assert event.status == EventStatus.TRANSLATED


class Still:
    """A clock that stands unless the test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    async def sleep(self, _: float) -> None:
        await asyncio.sleep(0.005)


async def test_a_lookup_that_fails_for_a_day_while_others_succeed_is_dead(room):
    """Its own fault; until then it waits."""
    hours = Clockwork(stride=120)
    async with room(clock=hours, sleep=hours.sleep) as here:
        here.vendor.said["orders/1"] = [LATER]
        await here.take(webhook(1, 1))
        number = 2
        while (await here.events())[0].status != EventStatus.DEAD:
            here.vendor.said[f"orders/{number}"] = [good(an_order(number))]
            await here.take(webhook(number, number))
            number += 1
            await asyncio.sleep(0.02)
        failed = (await here.events())[0]

    assert (failed.status, failed.reason.code) == (EventStatus.DEAD, "lookup_failed")
    asked = [at for path, at in here.vendor.asked if path == "orders/1"]
    # The clock goes on while the store is slow to say so.
    assert DAY <= asked[-1] - asked[0] < 2 * DAY


async def test_a_replay_asks_again(room):
    """Its answers are forgotten with the earlier translation."""
    async with room() as here:
        here.vendor.said["orders/1"] = [good(an_order(1)), good(an_order(1, deliveryDate="2025-07-09"))]
        event = await here.take(webhook(1, 1))
        await here.settled()
        await here.store.acts.replay([event], force=False)
        here.translation.wake()
        await here.settled()
        order = await here.canonical("SO-1")

    assert order["plannedDate"] == "2025-07-09"


async def test_an_answer_does_not_serve_a_replay_that_came_after_it_was_asked(room):
    """The replayed event waits again, and an answer of before its replay leaves it alone."""
    async with room() as here:
        here.vendor.said["orders/1"] = [good(an_order(1)), good(an_order(1, deliveryDate="2025-07-09"))]

        async def replayed_meanwhile(path: str) -> None:
            if here.vendor.count("orders/1") == 1 and path == "orders/1":
                await here.store.acts.replay([event], force=False)
                here.translation.wake()
                await here.until(lambda events: events[0].status == EventStatus.WAITING)

        here.vendor.before = replayed_meanwhile
        event = await here.take(webhook(1, 1))
        await here.settled()
        order = await here.canonical("SO-1")

    assert order["plannedDate"] == "2025-07-09"


async def test_a_source_that_gains_an_api_goes_on_where_its_vendors_clock_was(room):
    """A vendor's clock that ran ahead does not outlive the change: what is looked up later is newer."""
    ahead = webhook(1, 1, timestamp="2031-01-01T00:00:00")
    async with room({"customers": {"74": "cust-acme"}}) as here:
        await here.take(ahead)
        await here.settled()
    async with room(api_options()) as here:
        here.vendor.said["orders/1"] = [good(an_order(1)), good(an_order(1, deliveryDate="2025-07-09"))]
        for number in (2, 3):
            await here.take(webhook(number, 1))
            await here.settled()
        order = await here.canonical("SO-1")

    assert order["plannedDate"] == "2025-07-09"


async def test_what_waits_survives_a_restart(room):
    """The schedule stands in the store."""
    async with room() as here:
        here.vendor.said["orders/1"] = [LATER]
        await here.take(webhook(1, 1))
        await here.until(lambda _: here.vendor.count("orders/1") >= 2)
    async with room() as here:
        here.vendor.said["orders/1"] = [good(an_order(1))]
        [event] = await here.settled()

    assert event.status == EventStatus.TRANSLATED
