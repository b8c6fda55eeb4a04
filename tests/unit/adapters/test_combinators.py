"""The small words that a drafted page is made of."""

import pytest

from adapters import (
    Fault,
    Hook,
    Ignored,
    IncompletePayload,
    Lookup,
    MalformedPayload,
    Order,
    State,
    TranslationError,
)
from adapters.destinations import destination
from adapters.links import lookup_of
from adapters.lists import each
from adapters.measures import volume, weight, weights
from adapters.references import carrying
from adapters.statuses import pickup, status
from adapters.topics import topics


@pytest.mark.parametrize(
    ("value", "unit", "found"),
    [
        (16, "oz", 0.454),
        ("16", "Ounces", 0.454),
        (1, "LBS", 0.454),
        (250, "grams", 0.25),
        (2.5, " KG. ", 2.5),
        ("1.25 kg", None, 1.25),
        ("8oz", "kg", 0.227),
        (None, None, None),
        ("", "stone", None),
    ],
)
def test_a_weight_is_read_by_its_own_unit(value, unit, found):
    """The unit is the payload's word, however it is written."""
    assert weight(value, unit) == found


def test_a_weight_of_no_known_unit_is_none():
    """Without a unit there is no weight that could be off by a factor; one that nobody knows is a fault."""
    assert (weight(1, None), weight(1, " ")) == (None, None)
    with pytest.raises(MalformedPayload):
        weight(1, "stone", "$.weight")


def test_weights_of_lines_are_summed_before_they_are_rounded():
    """Each line in its own unit and times its quantity; the sum is rounded once."""
    assert weights([(0.4, "g", 3), (1, "kg", None), (None, None, 2)]) == 1.001
    assert weights([]) is None


def test_a_volume_is_read_by_its_own_unit():
    """Litres, cubic metres and cubic feet."""
    assert (volume(1500, "litres"), volume("0.5", "m³"), volume(1, "cu ft")) == (1.5, 0.5, 0.028317)


def order(*_):
    return []


def test_each_topic_has_its_function_or_its_reason():
    """What is listed is translated or ignored in its words; what is not listed is ignored; case does not count."""
    read = topics({"order.created": order, "refund.created": "a refund, no order"}, without=order)

    assert read(" Order.Created ", Hook(b""), None, {}) == []
    assert read("refund.created", Hook(b""), None, {}) == Ignored("a refund, no order")
    assert read("stock", Hook(b""), None, {}) == Ignored("topic stock brings no order")
    assert read(None, Hook(b""), None, {}) == []
    assert topics({})(None, Hook(b""), None, {}) == Ignored("no topic")


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("CANCELLED", "cancelled"), ("On-Hold", "waits"), ("on_hold", "waits"), ("open", "order"), (None, "order")],
)
def test_a_status_means_what_its_lists_say(word, meaning):
    """Marks and case do not count, and an unknown word is an order's."""
    assert status(word, cancels=("cancelled",), waits=("on hold",)) == meaning


@pytest.mark.parametrize("way", ["Local pickup", "pick-up", "click & collect", "store_pickup", "Collection", True])
def test_a_pickup_is_known_by_its_words(way):
    """However a shop calls it."""
    assert pickup(way) is True


@pytest.mark.parametrize("way", ["standard", "collect on delivery", "Pickup truck freight"[7:], "", None, False])
def test_other_ways_are_no_pickup(way):
    """A word that only holds one of these is none."""
    assert pickup(way) is False


def test_a_street_without_its_town_is_no_destination():
    """Nothing is delivered to a street of no town, nor to a country alone; the path says where."""
    for parts in ({"lines": ["12 Elm Street"]}, {"lines": [], "country": "GB"}, {"lines": ["1 A"], "city": " "}):
        with pytest.raises(IncompletePayload) as told:
            destination(path="$.shipTo", **parts)
        assert told.value.path == "$.shipTo"

    assert destination(["12 Elm Street"], city="Leeds", path="$") == "12 Elm Street, Leeds"


def test_a_link_gives_its_path_and_never_its_host():
    """The lookup is relative; the query is kept, encoded letters are read."""
    assert lookup_of("https://evil.example/v2/orders/5?x=1") == Lookup(path="v2/orders/5", parameters={"x": "1"})
    assert lookup_of("/orders/A%2D1/").path == "orders/A-1"


@pytest.mark.parametrize("link", [None, "", "https://a.example", "/a/../b", "/a/%2e%2e/b", "/a b", "http://[", "/a//b"])
def test_a_link_that_is_no_plain_path_is_refused(link):
    """Nothing that climbs, and nothing that names no record."""
    with pytest.raises(MalformedPayload):
        lookup_of(link, "$.href")


def test_a_fault_carries_the_references():
    """What goes wrong with an order can be found by its references; those that it has already stay."""
    for own, found in (((), ("A",)), (("B",), ("B",))):
        with pytest.raises(IncompletePayload) as told, carrying(("A",)):
            raise IncompletePayload("no", references=own)
        assert told.value.references == found


def judge(number):
    """An order by its number: some are bad, some are on hold."""
    if number == "bad":
        raise IncompletePayload("no address", path="$.orders[]", references=("O-bad",))
    if number == "nameless":
        raise MalformedPayload("no id")
    if number == "waits":
        return Ignored("on hold")
    return State(order=Order(external_order_id=number, delivery_address="1 High Street"))


def test_one_bad_order_of_a_list_costs_itself_alone():
    """It is a fault beside its neighbours' states, under the name that its first reference gives it."""
    first, fault, last = each(["A", "bad", "B"], judge)

    assert (first.external_order_id, last.external_order_id) == ("A", "B")
    assert fault == Fault(
        external_order_id="O-bad",
        code="incomplete_payload",
        detail="no address",
        path="$.orders[]",
        references=("O-bad",),
    )


@pytest.mark.parametrize("orders", [["bad"], ["A", "nameless"]])
def test_a_bad_order_that_is_alone_or_nameless_is_the_events_fault(orders):
    """There is nobody beside it, or nothing to call it by."""
    with pytest.raises(TranslationError):
        each(orders, judge)


def test_orders_that_are_ignored_are_left_out():
    """The event is ignored only where each of its orders is."""
    assert [state.external_order_id for state in each(["waits", "A"], judge)] == ["A"]
    assert each(["waits", "waits"], judge) == Ignored("on hold")
    assert each([], judge) == []
