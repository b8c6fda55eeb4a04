"""Reconciliation: what no webhook told comes in, once, and never puts something old over something new."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from adapters.asking import ListPage
from adapters.ongoing import ADAPTER, reconciliation
from gateway.errors import ConflictingRequest
from gateway.events import SECOND, EventStatus
from gateway.lookups.asking import VendorAnswer
from gateway.store.ports import ReconciliationLedger
from gateway.workshop.standin import Fault
from tests.translating import an_order, api_options, webhook

OF_74 = {"reconcile": {"goods_owners": [74]}}


async def reconcile(here, since=None) -> int:
    made = await here.lookups.reconcile("ongoing-acme", since)
    await here.settled()
    return made


async def test_what_no_webhook_told_comes_in_once(live, warehouse):
    """As an event of its own with the run in its ID; run again at once, it changes nothing."""
    warehouse.put(an_order(1), rows=[{"weight": 2.5}])
    async with live(**OF_74) as here:
        made = [await reconcile(here), await reconcile(here)]
        [event] = await here.events()
        order = await here.canonical("SO-1")

    assert made == [1, 0]
    assert event.event_id.startswith("reconcile:1:")
    assert event.topic == "reconcile"
    assert (order["deliveryAddress"], order["totalWeight"]) == ("Storgata 1, 0155 Oslo, NO", 2.5)


async def test_run_again_before_the_first_is_translated(live, warehouse):
    """What was put into the inbox and still waits there is not put there twice."""
    warehouse.put(an_order(1))
    async with live(**OF_74) as here:
        here.tasks[1].cancel()
        made = [await here.lookups.reconcile("ongoing-acme", None) for _ in range(2)]

    assert made == [1, 0]


async def test_run_again_while_the_first_is_translated(live, warehouse, monkeypatch):
    """Translated between two looks of the second run: one of them sees it, whichever comes first."""
    warehouse.put(an_order(1))
    async with live(**OF_74) as here:
        here.tasks[1].cancel()
        made = [await here.lookups.reconcile("ongoing-acme", None)]
        ledger = here.store.reconciliation
        for name in ("newest", "is_fed"):
            look = getattr(ledger, name)

            async def looked(*asked, look=look):
                found = await look(*asked)
                if len(here.tasks) == 2:
                    here.start(here.translation.run)
                    await here.settled()
                return found

            monkeypatch.setattr(ledger, name, looked)
        made.append(await here.lookups.reconcile("ongoing-acme", None))

    assert made == [1, 0]


async def test_only_what_differs_comes_in(live, warehouse):
    """An order that webhooks told is left alone until it changes without one; a cancellation is a change."""
    for number in (1, 2, 3):
        warehouse.put(an_order(number))
    async with live(**OF_74) as here:
        for number in (1, 2, 3):
            await here.take(webhook(number, number))
        await here.settled()
        unchanged = await reconcile(here)
        warehouse.put(an_order(2, deliveryDate="2025-07-09"))
        warehouse.put(an_order(3, orderStatus={"number": 1000}))
        changed = await reconcile(here)
        moved = await here.canonical("SO-2")
        cancelled = await here.order("SO-3")

    assert (unchanged, changed) == (0, 2)
    assert moved["plannedDate"] == "2025-07-09"
    assert cancelled.status == "withdrawn"


async def test_orders_that_are_not_for_trackely(live, warehouse):
    """One whose status is not forwarded, one that was cancelled before anybody knew it: no event."""
    warehouse.put(an_order(1, orderStatus={"number": 150}))
    warehouse.put(an_order(2, orderStatus={"number": 1000}))
    async with live(**OF_74) as here:
        made = await reconcile(here)

    assert made == 0


async def test_a_dead_letter_is_made_once(live, warehouse):
    """An order without an address is found by its event; no run makes another until the order changes."""
    homeless = an_order(1)
    del homeless["consignee"]
    warehouse.put(homeless)
    async with live(**OF_74) as here:
        made = [await reconcile(here), await reconcile(here)]
        warehouse.put({**homeless, "orderInfo": {**homeless["orderInfo"], "deliveryDate": "2025-07-09"}})
        made.append(await reconcile(here))
        events = await here.events()

    assert made == [1, 0, 1]
    assert {event.reason.code for event in events} == {"incomplete_payload"}


async def test_what_a_webhook_told_and_no_order_can_be_made_of_was_not_lost(live, warehouse):
    """It comes in again, since it may be another by now, and counts as nothing that was lost; one untold does."""
    for number in (1, 2):
        warehouse.put({**an_order(number), "consignee": None})
    async with live(**OF_74) as here:
        await here.store.reconciliation.reach("ongoing-acme", "74", here.clock() - 60 * SECOND)
        await here.take(webhook(1, 1))
        await here.settled()
        made = await reconcile(here)

    assert made == 2
    assert here.recovered == [("ongoing-acme", "changed")]


async def test_a_collision_is_named_once(live, warehouse):
    """The order number of another goods owner's order: the event is a dead letter, the order stays as it was."""
    warehouse.put(an_order(1))
    warehouse.put(an_order(2, goods_owner=75, orderNumber="SO-1", deliveryDate="2025-07-09"))
    async with live(reconcile={"goods_owners": [74]}) as here:
        await reconcile(here)
    async with live(reconcile={"goods_owners": [75]}) as here:
        made = [await reconcile(here), await reconcile(here)]
        order = await here.canonical("SO-1")
        collided = (await here.events())[-1]

    assert made == [1, 0]
    assert collided.reason.code == "order_collision"
    assert "external_order_id" in collided.reason.detail
    assert order["plannedDate"] == "2025-07-02"


async def test_a_reconciled_order_and_its_webhooks_are_one(live, warehouse):
    """The list does not tell the instance's name, and webhooks do: it is no other owner for that."""
    warehouse.put(an_order(1))
    async with live(**OF_74) as here:
        await reconcile(here)
        warehouse.put(an_order(1, deliveryDate="2025-07-09"))
        await here.take(webhook(1, 1))
        events = await here.settled()
        order = await here.order("SO-1")

    assert [event.status for event in events] == [EventStatus.SUPERSEDED, EventStatus.TRANSLATED]
    assert order.owner == "ongoing:nordlager/74"
    assert b"2025-07-09" in order.body


async def test_another_instance_is_another_owner(live, warehouse):
    """Once a webhook has told the instance, the same goods owner's number at another one collides."""
    warehouse.put(an_order(1))
    async with live(**OF_74) as here:
        await reconcile(here)
        for number, system in ((1, "nordlager"), (2, "sydlager")):
            await here.take(webhook(number, 1, system=system))
            events = await here.settled()

    assert events[-1].reason.code == "order_collision"


async def test_all_pages_are_read(live, warehouse, monkeypatch):
    """In ranges of ids until a page is empty, whoever has the last id of a page."""
    monkeypatch.setattr(reconciliation, "PAGE", 7)
    for number in range(1, 31):
        warehouse.put(an_order(number))
    async with live(**OF_74) as here:
        made = await reconcile(here)
        events = await here.events()

    assert made == 30
    assert len({event.event_id for event in events}) == 30


async def test_a_run_that_breaks_off_is_repeated_and_skips_nothing(live, warehouse, monkeypatch):
    """What came in before the break is not made again; the rest comes in."""
    monkeypatch.setattr(reconciliation, "PAGE", 7)
    for number in range(1, 31):
        warehouse.put(an_order(number))
    async with live(**OF_74) as here:
        warehouse.faults.append(Fault("^/orders$", 0, times=2))
        warehouse.faults.append(Fault("^/orders$", 400))
        with pytest.raises(ConflictingRequest, match="74: orders: HTTP 400") as broken:
            await here.lookups.reconcile("ongoing-acme", None)
        reached = await here.store.reconciliation.reached("ongoing-acme", "74")
        again = await reconcile(here)

    assert reached is None
    assert "13 orders differed" in str(broken.value)
    assert again == 17


async def test_the_next_run_begins_where_the_last_one_did(live, warehouse):
    """The first asks for the horizon, the next for what changed since the last, with an overlap."""
    async with live(reconcile={"goods_owners": [74], "every": 0.2, "horizon": 3600.0}) as here:
        here.start(here.reconciler.run)
        await here.until(lambda _: [asked.path for asked in warehouse.asked].count("/orders") >= 2)
        first, second = (datetime.fromisoformat(_query(asked)) for asked in warehouse.asked[:2])

    now = datetime.now(UTC)
    assert timedelta(minutes=59) < now - first < timedelta(minutes=61)
    assert timedelta(minutes=9) < now - second < timedelta(minutes=11)


def _query(asked) -> str:
    return dict(part.split("=") for part in asked.query.replace("%3A", ":").split("&"))["orderUpdatedTimeFrom"]


async def test_the_schedule_delivers_what_was_missed_while_the_gateway_was_down(live, warehouse):
    """Without anybody's hand, in the first run after the start."""
    warehouse.put(an_order(1))
    async with live(reconcile={"goods_owners": [74], "every": 0.2}) as here:
        here.start(here.reconciler.run)
        await _until(here, 1)
    warehouse.put(an_order(2))
    async with live(reconcile={"goods_owners": [74], "every": 0.2}) as here:
        here.start(here.reconciler.run)
        await _until(here, 2)
        await asyncio.sleep(1.2)
        events = await here.settled()

    assert [event.references[1] for event in events] == ["1", "2"]


async def test_a_late_change_of_a_finished_order_is_found_by_looking_back(live, warehouse):
    """The list shows it as two days old, after all runs since; where that is wished, one a day goes so far back."""
    warehouse.put(an_order(1))
    plain = {"goods_owners": [74], "every": 0.2}
    async with live(reconcile=plain) as here:
        await reconcile(here)
    late = datetime.now(UTC) - timedelta(days=2)
    warehouse.put(an_order(1, deliveryDate="2025-07-09"), updated_at=late)
    seen = []
    # Through the page with the order there are three questions, and one in a run that finds nothing.
    for asked, questions in ((plain, 2), ({**plain, "look_back": 3 * 86_400.0}, 4)):
        warehouse.asked.clear()
        async with live(reconcile=asked) as here:
            here.start(here.reconciler.run)
            await here.until(lambda _, n=questions: [each.path for each in warehouse.asked].count("/orders") >= n)
            await here.settled()
            day = (await here.canonical("SO-1"))["plannedDate"]
        lists = [datetime.fromisoformat(_query(each)) for each in warehouse.asked if each.path == "/orders"]
        seen.append((day, [each < late for each in lists].count(True)))

    assert seen == [("2025-07-02", 0), ("2025-07-09", 3)]


async def _until(here, count: int) -> None:
    await here.until(lambda events: len(events) >= count)
    await here.settled()


async def test_a_narrow_run_by_hand_leaves_no_gap(live, warehouse):
    """Asked for the last minute alone, the next run still begins where it would have."""
    async with live(**OF_74) as here:
        ledger: ReconciliationLedger = here.store.reconciliation
        await reconcile(here, here.clock() - 60 * SECOND)
        narrow = await ledger.reached("ongoing-acme", "74")
        await reconcile(here)
        wide = await ledger.reached("ongoing-acme", "74")

    assert narrow is None
    assert wide is not None


async def test_a_newer_state_is_not_overwritten_by_an_older_page(live, warehouse):
    """A page's clock is drawn before it is asked: what a webhook's lookup finds meanwhile is newer."""
    warehouse.put(an_order(1))
    warehouse.faults.append(Fault("^/orders$", 0, delay=0.01))
    async with live(**OF_74) as here:
        read = here.reconciler._comparison._rehearse

        async def and_meanwhile_it_changes(event):
            if not (await here.events()):
                warehouse.put(an_order(1, deliveryDate="2025-07-09"))
                await here.take(webhook(1, 1))
                await here.settled()
            return await read(event)

        here.reconciler._comparison._rehearse = and_meanwhile_it_changes
        made = await reconcile(here)
        order = await here.canonical("SO-1")

    assert made == 0
    assert order["plannedDate"] == "2025-07-09"


async def test_a_replayed_reconciliation_asks_how_it_is_now(live, warehouse):
    """What was listed then is not made the newest again."""
    warehouse.put(an_order(1))
    async with live(**OF_74) as here:
        await reconcile(here)
        warehouse.put(an_order(1, deliveryDate="2025-07-09"))
        await here.take(webhook(1, 1))
        first, _ = await here.settled()
        await here.store.acts.replay([first.id], force=False)
        here.translation.wake()
        await here.settled()
        order = await here.canonical("SO-1")

    assert order["plannedDate"] == "2025-07-09"


async def test_a_vendors_clock_that_ran_ahead(room, live, warehouse):
    """Before the source had an API its orders had the vendor's clocks; what is listed later is newer all the same."""
    async with room({"customers": {"74": "cust-acme"}}, clock=_now, sleep=asyncio.sleep) as here:
        await here.take(webhook(1, 1, timestamp="2099-01-01T00:00:00"))
        await here.settled()
    warehouse.put(an_order(1))
    async with live(**OF_74) as here:
        made = await reconcile(here)
        order = await here.canonical("SO-1")

    assert made == 1
    assert order["deliveryAddress"] == "Storgata 1, 0155 Oslo, NO"


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * SECOND)


async def test_one_of_two_goods_owners_without_rights(live, warehouse):
    """The other's orders come in; who could not be asked is named, and shown as halted."""
    warehouse.put(an_order(1))
    warehouse.put(an_order(2, goods_owner=75))
    api = {"password": "wrong", "goods_owners": {"75": {"username": "only75", "password": "secret-of-75"}}}
    async with live(api, reconcile={"goods_owners": [74, 75]}) as here:
        with pytest.raises(ConflictingRequest, match=r"74: orders: HTTP 401.*1 orders differed"):
            await here.lookups.reconcile("ongoing-acme", None)
        await here.settled()
        halts = here.lookups.halts("ongoing-acme")
        order = await here.canonical("SO-2")
        await here.lookups.resume("ongoing-acme")
        resumed = here.lookups.halts("ongoing-acme")

    assert [halt.owner for halt in halts] == ["74"]
    assert order["externalOrderId"] == "SO-2"
    assert resumed == []


@pytest.mark.parametrize(("status", "retry_after"), [(429, "1"), (500, None), (503, None)])
async def test_a_page_that_fails_is_asked_again(live, warehouse, status, retry_after):
    """Three times in all."""
    warehouse.put(an_order(1))
    warehouse.faults.append(Fault("^/orders$", status, times=1 if retry_after else 2, retry_after=retry_after))
    async with live(**OF_74) as here:
        made = await reconcile(here)

    assert made == 1


async def test_a_vendor_who_wants_to_be_left_alone(live, warehouse):
    """A long `Retry-After` ends the run at once; the schedule heeds it."""
    warehouse.faults.append(Fault("^/orders$", 503, times=9, retry_after="600"))
    async with live(reconcile={"goods_owners": [74], "every": 0.2}) as here:
        with pytest.raises(ConflictingRequest, match="HTTP 503"):
            await here.lookups.reconcile("ongoing-acme", None)
        here.start(here.reconciler.run)
        await asyncio.sleep(2.5)

    assert len(warehouse.asked) == 2


@pytest.mark.parametrize("answer", ["nonsense", [1], "null", {"orders": {}}])
async def test_a_list_that_is_none(room, answer):
    """By hand the run says so; a wrapped list without orders is an empty one."""
    async with room({**api_options(), **OF_74}) as here:
        here.vendor.said["orders"] = [VendorAnswer(200, json.dumps(answer).encode())]
        if isinstance(answer, dict):
            assert await reconcile(here) == 0
            return
        with pytest.raises(ConflictingRequest, match="cannot be read"):
            await here.lookups.reconcile("ongoing-acme", None)


async def test_a_list_that_comes_round_has_an_end(room):
    """Whatever cursors a vendor gives: a page is asked for once."""

    def plan(options):
        read = lambda _answer, _turn, after: ListPage((), after="b" if after == "a" else "a")  # noqa: E731
        return replace(ADAPTER.reconciliation(options), read=read)

    circling = replace(ADAPTER, reconciliation=plan)
    async with room({**api_options(), **OF_74}, adapter=circling) as here:
        here.vendor.said["orders"] = [VendorAnswer(200, b"[]")]
        async with asyncio.timeout(20):
            assert await reconcile(here) == 0

    assert len(here.vendor.asked) == 3


async def test_a_source_without_reconciliation(room):
    """There is nothing to ask."""
    async with room() as here:
        with pytest.raises(ConflictingRequest, match="`reconcile` is not set"):
            await here.lookups.reconcile("ongoing-acme", None)
