"""How Ongoing's orders are listed, page by page."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from adapters import Hook, MalformedPayload, Secret
from adapters.ongoing import ADAPTER
from adapters.ongoing.options import Options

API = {"base_url": "https://wms.example/api/v1/", "username": "u", "password": "p"}
SINCE = datetime(2025, 6, 30, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=2)))


def options(**reconcile) -> Options:
    raw = {"api": API, "reconcile": {"goods_owners": [74, 75], **reconcile}}
    return msgspec.convert(raw, Options, dec_hook=lambda _, value: Secret(value))


def plan(**reconcile):
    return ADAPTER.reconciliation(options(**reconcile))


def order(order_id: int | None, goods_owner: int | None = 74) -> dict:
    return {"goodsOwner": {"id": goods_owner}, "orderInfo": {"orderId": order_id}}


def listing(*orders) -> bytes:
    return b"\xef\xbb\xbf" + json.dumps(orders).encode()


def test_nothing_is_asked_without_the_option():
    """By default there is no reconciliation."""
    assert ADAPTER.reconciliation(Options()) is None


def test_the_option_says_whom_how_often_and_how_far_back():
    """Goods owners are the turns."""
    found = plan(every=60.0, horizon=3600.0)

    assert (found.turns, found.every, found.horizon) == (("74", "75"), 60.0, 3600.0)


def test_a_page_is_asked_for_by_goods_owner_time_and_id():
    """The time in UTC, to the second before."""
    lookup = plan().page("74", SINCE, "17")

    assert (lookup.path, lookup.turn) == ("orders", "74")
    assert lookup.parameters == {
        "goodsOwnerId": "74",
        "orderUpdatedTimeFrom": "2025-06-30T10:00:00Z",
        "orderIdFrom": "17",
        "maxOrdersToGet": "100",
    }
    assert plan().page("74", datetime(2025, 6, 30, tzinfo=UTC), None).parameters["orderIdFrom"] == "0"


@pytest.mark.parametrize("wrap", [lambda orders: orders, lambda orders: {"count": 2, "orders": orders}])
def test_the_orders_of_a_page(wrap):
    """A list or wrapped; each is the answer to its own lookup as well."""
    page = plan().read(json.dumps(wrap([order(3), order(9), order(None)])).encode(), "74", None)

    assert [(each.subject, each.path) for each in page.records] == [("3", "orders/3"), ("9", "orders/9")]
    assert page.after == "9"


@pytest.mark.parametrize("ids", [[7], [7, 7], [9, 8, 7]])
def test_a_list_that_does_not_heed_where_it_is_to_begin_has_an_end(ids):
    """The same page again is all that there is."""
    after, asked = None, 0
    while asked == 0 or after is not None:
        page = plan().read(listing(*map(order, ids)), "74", after)
        after, asked = page.after, asked + 1

    assert {int(each.subject) for each in page.records} == set(ids)
    assert asked <= 3


def test_what_cannot_be_read_costs_no_order_beside_it():
    """Gaps, and whatever else stands in the list."""
    page = plan().read(json.dumps([None, order(3), 5, {"orderInfo": "x"}, order(9)]).encode(), "74", None)

    assert [each.subject for each in page.records] == ["3", "9"]


@pytest.mark.parametrize(
    "answer", [b'{"message": "An error has occurred."}', b"[null]", b'[{"orderInfo": {"orderId": "3"}}]']
)
def test_what_is_no_list_of_orders_is_no_empty_one(answer):
    """Else the next run would begin behind what nobody was shown."""
    with pytest.raises(MalformedPayload):
        plan().read(answer, "74", None)


def test_a_list_that_shows_no_more_than_its_first_page_is_said():
    """Whoever is behind it would never be seen."""
    whole = listing(*map(order, range(1, 101)))

    assert plan().read(whole, "74", None).after == "100"
    with pytest.raises(MalformedPayload, match="does not go on"):
        plan().read(whole, "74", "100")


@pytest.mark.parametrize("counts_itself_in", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_every_order_is_seen_whether_the_first_id_counts_or_not(counts_itself_in, size):
    """The vendor does not say whether `orderIdFrom` counts itself in; the pages end with an empty one."""
    ids, seen, after = [1, 2, 3, 5, 8, 9], [], None
    for _ in range(40):
        start = int(plan().page("74", SINCE, after).parameters["orderIdFrom"])
        found = [i for i in ids if i >= start + (not counts_itself_in)][:size]
        page = plan().read(listing(*map(order, found)), "74", after)
        seen += [int(each.subject) for each in page.records]
        after = page.after
        if after is None:
            break

    assert after is None
    assert sorted(set(seen)) == ids


@pytest.mark.parametrize("body", [b"", b"x", b"1", b'["x"]', b"[null]", b'{"orders": [1]}'])
def test_a_page_that_is_none(body):
    """Not an empty one: nobody may believe that all was seen."""
    with pytest.raises(MalformedPayload):
        plan().read(body, "74", None)


def test_the_event_of_an_order():
    """With the order as it was listed; its goods owner's own id goes before the one asked for."""
    found = plan(system="nordlager")
    for listed, owner in ((order(3, 75), 75), (order(3, None), 74)):
        [record] = found.read(listing(listed), "74", None).records
        body = found.body(record, "74", "2025-06-30T10:00:00Z")

        assert json.loads(body)["reconcile"] == {
            "run": "2025-06-30T10:00:00Z",
            "system": "nordlager",
            "goodsOwnerId": owner,
            "orderId": 3,
            "order": listed,
        }
        assert ADAPTER.identify(Hook(body)).event_id == "reconcile:3:2025-06-30T10:00:00Z"


def test_a_system_that_the_list_does_not_tell():
    """An id's template that uses it needs it from the option."""
    raw = {"api": API, "external_order_id": "{system}-{order_number}", "reconcile": {"goods_owners": [74]}}
    with pytest.raises(msgspec.ValidationError, match=r"reconcile\.system"):
        msgspec.convert(raw, Options, dec_hook=lambda _, value: Secret(value))
