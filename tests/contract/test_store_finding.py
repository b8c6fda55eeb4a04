"""Everything that is stored is found by every name that it bears."""

import random

import pytest

from gateway.events import Reason
from gateway.records import siblings_of
from tests.contract.engines import SOURCE, TENANT, says, state


async def names(floor, text, limit=100):
    """What bears the text: kind, name, by what, how."""
    found, _ = await floor.store.records.find(text, limit=limit)
    return [(each.kind, each.external_order_id or each.event_id, each.matched, each.how) for each in found]


@pytest.fixture
async def town(floor):
    """Orders and events that bear names of every kind; row ids by event."""
    found = {
        "evt/1": await floor.tell("evt/1", state("SO-1"), references=["PO 77", "shared"]),
        "Evt-Two": await floor.tell("Evt-Two", state("SO-12"), references=["shared"]),
        "dead": await floor.tell("dead", dead="incomplete_payload", references=["PO 9"]),
        "ignored": await floor.tell("ignored", ignored="a test call", references=["PO 8"]),
        "invalid": await floor.tell("invalid", state("SO-3", invalid="invalid_order")),
        "south": await floor.tell("south", state("SO-1", tenant="south"), source="other"),
    }
    found["received"] = (await floor.receive("received", says(state("Z")))).id
    await floor.deliver()
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PO 9", [("event", "dead", "reference", "exact")]),
        ("po 8", [("event", "ignored", "reference", "case")]),
        ("PO 77", [("order", "SO-1", "reference", "exact")]),
        ("SO-3", [("event", "SO-3", "externalOrderId", "exact")]),
        ("so-12", [("order", "SO-12", "externalOrderId", "case")]),
        ("evt/1", [("event", "SO-1", "eventId", "exact")]),
        ("evt/", [("event", "SO-1", "eventId", "beginning")]),
        ("EVT-TWO", [("event", "SO-12", "eventId", "case")]),
        ("evt-t", [("event", "SO-12", "eventId", "beginning")]),
        ("received", [("event", "received", "eventId", "exact")]),
        ("RECEIVED", [("event", "received", "eventId", "case")]),
        ("rec", [("event", "received", "eventId", "beginning")]),
        ("nothing", []),
        ("O-1", []),
        ("%", []),
        ("99999999999999999999", []),
    ],
)
async def test_each_name_finds_what_bears_it(floor, town, text, expected):
    """An order where one came of it; the event that named it where none did, dead or ignored or not yet translated."""
    assert await names(floor, text) == expected


@pytest.mark.parametrize(
    ("text", "how", "found"),
    [
        ("mIXED-7", "case", ["Mixed-7"]),
        ("mixed-", "beginning", ["Mixed-7"]),
        ("ÅB-7", "case", ["Åb-7"]),
        ("ÅB", "beginning", ["Åb-7"]),
        ("åb-7", "case", []),
    ],
)
async def test_the_case_of_ascii_letters_alone_makes_no_difference(floor, text, how, found):
    """To orders and to events, in mixed case and in one."""
    for name in ("Mixed-7", "Åb-7"):
        await floor.tell(f"about {name}", state(name))
        await floor.receive(name, says(ignored="no order's"))
    await floor.translate()
    told, _ = await floor.store.records.find(text, limit=10)

    assert [each.external_order_id for each in told if each.kind == "order"] == found
    assert [each.event_id for each in told if each.kind == "event"] == found
    assert {each.how for each in told} <= {how}


async def test_exact_ones_come_before_beginnings_in_all_tenants(floor, town):
    """So that whoever types the whole name sees it first."""
    assert await names(floor, "SO-1") == [
        ("order", "SO-1", "externalOrderId", "exact"),
        ("order", "SO-1", "externalOrderId", "exact"),
        ("order", "SO-12", "externalOrderId", "beginning"),
    ]


async def test_what_trackely_calls_an_order_finds_it(floor, town):
    """Exactly, and by its beginning."""
    found, _ = await floor.store.records.find("trackely-1", limit=10)

    assert [(each.order_id, each.matched, each.status) for each in found] == [("trackely-1", "orderId", "delivered")]


async def test_an_id_finds_its_row(floor, town):
    """An event by its number, and dead letters by theirs."""
    await floor.tell("refused", state("R"))
    await floor.kill("R")
    [letter] = [row for row in (await floor.store.records.find("R", limit=1))[0] if row.kind == "order"]

    assert await names(floor, str(town["dead"])) == [("event", "dead", "id", "exact")]
    assert await names(floor, f"event-{town['dead']}") == [("event", "dead", "id", "exact")]
    assert await names(floor, f"order-{letter.id}") == [("order", "R", "id", "exact")]
    assert letter.reason == Reason("refused", "because")
    assert letter.is_dead_letter


async def test_the_widest_identifiers_fit(floor):
    """A thousand bytes that nothing compresses, as an order's id, its record, a reference and an event's ID."""
    wide = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9FA5), k=333)))
    await floor.tell(wide, state(wide, record=wide), references=[wide])
    await floor.deliver()

    assert (wide, "externalOrderId", "exact") in [each[1:] for each in await names(floor, wide)]


async def test_an_event_beside_its_order_is_found_where_it_died(floor, town):
    """An update that was no order's stands beside the order that it named."""
    await floor.tell("late", dead="malformed_payload", references=["PO 77"])

    assert await names(floor, "PO 77") == [
        ("order", "SO-1", "reference", "exact"),
        ("event", "late", "reference", "exact"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_more_than_was_asked_for_is_said(floor, town, limit):
    """And the best are among those that come."""
    found, is_truncated = await floor.store.records.find("SO-1", limit=limit)

    assert len(found) == limit
    assert is_truncated == (limit < 3)
    assert found[0].how == "exact"


async def test_what_is_erased_is_found_by_its_references_no_more(floor, town):
    """The index of references is a copy of what a vendor said of somebody."""
    await floor.store.acts.erase(TENANT, "SO-1", now=floor.now)

    assert await names(floor, "PO 77") == []
    assert (await names(floor, "shared"))[0][1] == "SO-12"


async def test_references_survive_a_replay_that_tells_others(floor, town):
    """The former ones find nothing any more, the new ones do."""
    await floor.translate()
    await floor.store.acts.replay([town["dead"]], force=False)
    await floor.translate(references=["po 9", "PO 10"])

    assert await names(floor, "PO 10") == [("event", "dead", "reference", "exact")]
    assert await names(floor, "po 9") == [("event", "dead", "reference", "exact")]
    assert (await floor.store.records.find("po 9", limit=1))[0][0].source == SOURCE


async def test_orders_of_one_event_are_found_together(floor):
    """Each names the others, as they stand now, and one that never became an order too."""
    await floor.tell("former", state("S-1"), state("S-0"))
    three = state("S-1", clock=2), state("S-2"), state("S-3", invalid="invalid_order")
    await floor.tell("e1", *three, references=["PO 1"])
    await floor.tell("e2", state("S-2", clock=3, text="w"), references=["PO 1"])
    await floor.kill("S-1")

    rows, _ = await floor.store.records.find("PO 1", limit=10)
    found = {each.external_order_id: each for each in rows if each.kind == "order"}
    [alone] = [each for each in (await floor.store.records.find("S-2", limit=10))[0] if each.kind == "order"]

    def beside(each):
        return [(sibling.external_order_id, sibling.status) for sibling in each.siblings]

    assert (sorted(found), len(rows)) == (["S-1", "S-2"], 3)
    assert beside(found["S-1"]) == [("S-0", "pending"), ("S-2", "pending"), ("S-3", "dead")]
    assert beside(found["S-2"]) == beside(alone) == [("S-1", "dead"), ("S-3", "dead")]
    for name in ("S-1", "S-2"):
        order = await floor.store.records.order(TENANT, name)
        assert [(each.external_order_id, each.status) for each in siblings_of(order)] == beside(found[name])


async def test_of_many_siblings_the_first_are_told(floor):
    """Twenty of each order that is found."""
    await floor.tell("many", *(state(f"M-{number:02}") for number in range(25)), references=["PO 2"])

    found, _ = await floor.store.records.find("PO 2", limit=3)

    assert [len(each.siblings) for each in found] == [20, 20, 20]
    assert found[0].siblings[0].external_order_id == "M-01"
