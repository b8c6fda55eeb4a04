from collections import Counter

import pytest

from gateway.errors import UnknownRecord
from gateway.events import SECOND, Arrival, EventStatus, OrderStatus, Reason
from gateway.orders import Attempt
from gateway.records import Belonging, DeadLetterFilter, EventFilter, OrderFilter, RetentionSpans, TenantFigures
from tests.contract.engines import SOURCE, START, TENANT, canonical, ids, says, state


async def paged(ask, which, limit):
    """All rows of a list, page by page."""
    rows, cursor = [], None
    while True:
        page = await ask(which, limit=limit, cursor=cursor)
        assert len(page.rows) <= limit
        rows += page.rows
        if page.next is None:
            return rows
        cursor = page.next


def tried(floor):
    """A request to the intake, as it is told."""
    return Attempt(
        at=floor.now, kind="push", http_status=200, outcome="delivered", detail=None, batch_size=1, milliseconds=1
    )


@pytest.fixture
async def town(floor):
    """Events of two sources and tenants in every status; a second between any two. Row ids by name."""
    found = {}

    async def tell(name, *states, **rest):
        found[name] = await floor.tell(name, *states, **rest)
        floor.pass_by(seconds=1)

    await tell("delivered", state("D"), references=["PO 1", "shared"])
    await floor.deliver()
    await tell("superseded", state("D", clock=0), references=["shared"])
    await tell("withdrawn", state("W", text=None))
    await tell("ignored", ignored="a test call")
    await tell("dead", dead="incomplete_payload", references=["PO 9"])
    await tell("refused", state("R"))
    await floor.kill("R")
    await tell("discarded", state("X"))
    await floor.store.acts.discard_order(TENANT, "X", reason="mistake", now=floor.now)
    await tell("translated", state("T"), state("U", tenant="south"), source="other")
    found["received"] = (await floor.receive("received", says(state("Z")))).id
    return found


# ---- events


async def test_events_are_listed_newest_first(floor, town):
    """All of them when nothing is asked for."""
    page = await floor.store.records.events(EventFilter(), limit=100, cursor=None)

    assert page.next is None
    assert ids(page.rows) == sorted(town.values(), reverse=True)


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ({"source": "other"}, ["translated"]),
        ({"source": "nobody"}, []),
        ({"event_id": "ignored"}, ["ignored"]),
        ({"event_id": "ignored", "source": "other"}, []),
        ({"event_id": "gone"}, []),
        ({"reference": "shared"}, ["delivered", "superseded"]),
        ({"reference": "PO"}, []),
        ({"external_order_id": "D"}, ["delivered", "superseded"]),
        ({"external_order_id": "U"}, ["translated"]),
        ({"tenant": "south"}, ["translated"]),
        ({"tenant": "south", "tenant_sources": ("acme",)}, ["translated", "ignored", "dead", "received"]),
        ({"tenant": TENANT, "external_order_id": "W"}, ["withdrawn"]),
        ({"code": "refused"}, ["refused"]),
        ({"code": "incomplete_payload"}, ["dead"]),
        ({"code": "ignored", "status": EventStatus.IGNORED}, ["ignored"]),
        ({"since": START + 2 * SECOND, "until": START + 4 * SECOND}, ["withdrawn", "ignored"]),
        ({"status": EventStatus.DEAD}, ["dead", "refused"]),
    ],
)
async def test_events_are_found_by_every_filter(floor, town, which, names):
    """Every member given must fit."""
    rows = await paged(floor.store.records.events, EventFilter(**which), 100)

    assert sorted(ids(rows)) == sorted(town[name] for name in names)


@pytest.mark.parametrize(
    "status", ["delivered", "superseded", "withdrawn", "ignored", "discarded", "translated", "received"]
)
async def test_events_are_found_by_each_status(floor, town, status):
    """Under its own name."""
    rows = await paged(floor.store.records.events, EventFilter(status=EventStatus(status)), 100)

    assert ids(rows) == [town[status]]
    assert rows[0].status == status


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_events_neither_repeat_nor_miss(floor, town, limit):
    """Whatever the page's size, and while new events come in."""
    rows, cursor, expected = [], None, sorted(town.values(), reverse=True)
    while True:
        page = await floor.store.records.events(EventFilter(), limit=limit, cursor=cursor)
        rows += page.rows
        await floor.receive(f"late {len(rows)}")
        if (cursor := page.next) is None:
            break

    assert ids(rows) == expected


async def test_an_event_shows_the_orders_it_touched(floor, town):
    """With each one's tenant, status and reason; the event's reason is its dead order's."""
    records = {row.event_id: row for row in await paged(floor.store.records.events, EventFilter(), 100)}

    refused = records["refused"]
    assert [(each.tenant, each.external_order_id, each.status) for each in records["translated"].orders] == [
        (TENANT, "T", "pending"),
        ("south", "U", "pending"),
    ]
    assert refused.reason == refused.orders[0].reason == Reason("refused", "because")
    assert records["delivered"].references == ("PO 1", "shared")


async def test_an_event_is_shown_with_all_that_is_kept(floor, town):
    """The stored body, what it was translated to, by which version."""
    detail = await floor.store.records.event(town["translated"])

    assert detail.body == says(state("T"), state("U", tenant="south"))
    assert detail.adapter_version == "1"
    assert [(each.external_order_id, each.body, each.status) for each in detail.translation] == [
        ("T", canonical("T", "v"), "pending"),
        ("U", canonical("U", "v"), "pending"),
    ]
    assert detail.translation[0].clock == START + SECOND
    assert detail.translation[0].arrival == town["translated"]
    assert detail.answers is None


async def test_an_event_that_is_not_there_is_unknown(floor):
    """So is an order."""
    with pytest.raises(UnknownRecord):
        await floor.store.records.event(1)
    with pytest.raises(UnknownRecord):
        await floor.store.records.order(TENANT, "A")


@pytest.mark.parametrize("cursor", ["x", "", "-1", "1.2.3.4", "9" * 30, "1;drop"])
async def test_a_cursor_that_is_none_of_ours_is_refused(floor, cursor):
    """By every list."""
    for ask, which in (
        (floor.store.records.events, EventFilter()),
        (floor.store.records.orders, OrderFilter()),
        (floor.store.records.dead_letters, DeadLetterFilter()),
    ):
        with pytest.raises(ValueError, match="cursor"):
            await ask(which, limit=10, cursor=cursor)


# ---- orders


@pytest.mark.parametrize(
    ("which", "names"),
    [
        ({}, ["D", "W", "R", "X", "T", "U"]),
        ({"tenant": "south"}, ["U"]),
        ({"tenant": "nobody"}, []),
        ({"status": OrderStatus.DELIVERED}, ["D"]),
        ({"status": OrderStatus.PENDING}, ["T", "U"]),
        ({"status": OrderStatus.PENDING, "tenant": TENANT}, ["T"]),
        ({"status": OrderStatus.WITHDRAWN}, ["W"]),
        ({"status": OrderStatus.DEAD}, ["R"]),
        ({"status": OrderStatus.DISCARDED}, ["X"]),
        ({"q": "shared"}, ["D"]),
        ({"q": "PO 9"}, []),
        ({"q": "R"}, ["R"]),
        ({"q": "%"}, []),
    ],
)
async def test_orders_are_found_by_every_filter(floor, town, which, names):
    """`q` is a part of the name, or a whole reference of the vendor's."""
    rows = await paged(floor.store.records.orders, OrderFilter(**which), 2)

    assert sorted(row.external_order_id for row in rows) == sorted(names)


async def test_orders_are_listed_last_changed_first(floor, town):
    """Page by page, none twice, none missed."""
    for limit in (1, 2, 5, 100):
        rows = await paged(floor.store.records.orders, OrderFilter(), limit)

        assert [row.external_order_id for row in rows] == ["U", "T", "X", "R", "W", "D"]


async def test_an_order_is_shown_as_the_intake_should_have_it(floor, town):
    """Its newest state, when it goes out next, and why it is where it is."""
    delivered = await floor.store.records.order(TENANT, "D")
    pending = await floor.store.records.order(TENANT, "T")
    withdrawn = await floor.store.records.order(TENANT, "W")
    dead = await floor.store.records.order(TENANT, "R")

    assert (delivered.body, delivered.delivered_at) == (canonical("D", "v"), START + SECOND)
    assert delivered.next_attempt_at is None
    assert (pending.order_id, pending.is_created, pending.next_attempt_at) == (None, None, pending.changed_at)
    assert withdrawn.body is None
    assert dead.reason == Reason("refused", "because")


async def test_an_orders_story_is_told_oldest_first(floor, town):
    """Every event that spoke of it, once."""
    detail = await floor.store.records.order(TENANT, "D")
    await floor.store.acts.replay([town["delivered"]], force=False)
    await floor.translate()
    again = await floor.store.records.order(TENANT, "D")

    assert ids(detail.events) == ids(again.events) == [town["delivered"], town["superseded"]]


async def test_a_list_tells_each_orders_story(floor, town):
    """As the order itself does, its state, events and attempts."""
    await floor.tell("both", state("T", clock=2), state("D", clock=2, text="v2"), references=["shared"])
    await floor.settle(await floor.lease(), "delivered", attempt=tried(floor))
    rows = await paged(floor.store.records.orders, OrderFilter(), 4)

    assert rows == [await floor.store.records.order(row.tenant, row.external_order_id) for row in rows]
    stories = {row.external_order_id: (len(row.events), len(row.attempts)) for row in rows}
    assert stories == {"D": (3, 1), "T": (2, 1), "Z": (1, 1), "W": (1, 0), "R": (1, 0), "X": (1, 0), "U": (1, 0)}


async def test_a_list_tells_the_last_of_a_long_story(floor):
    """A hundred events and attempts of each order, oldest first; the order itself tells all."""
    for number in range(103):
        await floor.tell(f"e{number}", state("A", clock=number))
        await floor.settle(await floor.lease(), "unchanged", attempt=tried(floor), due_at=floor.now)
    await floor.tell("other", state("B"))
    page = await floor.store.records.orders(OrderFilter(), limit=100, cursor=None)
    told = {row.external_order_id: row for row in page.rows}
    whole = await floor.store.records.order(TENANT, "A")

    assert ids(told["A"].events) == ids(whole.events)[3:]
    assert ids(told["A"].attempts) == ids(whole.attempts)[3:]
    assert (len(whole.events), len(whole.attempts)) == (103, 103)
    assert (len(told["B"].events), len(told["B"].attempts)) == (1, 0)


async def test_a_page_of_long_stories_ends_early(floor):
    """A hook of many orders stands under each of them: the page is shorter, the next one goes on."""
    names = [f"O{number:03}" for number in range(300)]
    await floor.tell("many", *(state(name) for name in names))
    first = await floor.store.records.orders(OrderFilter(), limit=1000, cursor=None)
    rows = await paged(floor.store.records.orders, OrderFilter(), 1000)

    assert 100 < len(first.rows) < 200
    assert [row.external_order_id for row in rows] == names[::-1]


async def test_an_orders_name_may_be_anything(floor):
    """Slashes, dots, percent signs and quotes are text."""
    for number, name in enumerate(["a/b", "%", "'; --", "..", "å 漢", '"'], start=1):
        await floor.tell(f"e{number}", state(name))

        assert (await floor.store.records.order(TENANT, name)).external_order_id == name
        assert ids(await paged(floor.store.records.events, EventFilter(external_order_id=name), 10)) == [number]


# ---- dead letters


@pytest.fixture
async def letters(floor):
    """Dead letters of both kinds; a second between any two."""
    for name, code in (("e1", "malformed_payload"), ("e2", "unknown_goods_owner")):
        await floor.tell(name, dead=code, source="acme" if name == "e1" else "other")
        floor.pass_by(seconds=1)
    await floor.tell("e3", state("A"))
    await floor.kill("A")
    floor.pass_by(seconds=1)
    await floor.tell("e4", state("A", clock=0, owner="acme:other"))
    floor.pass_by(seconds=1)
    await floor.tell("e5", state("B", tenant="south"), source="other")
    await floor.kill("B", code="too_large", tenant="south")
    floor.pass_by(seconds=1)
    await floor.tell("e6", state("C", invalid="invalid_order"))
    await floor.tell("e7", state("fine"))


async def test_dead_letters_are_listed_last_first(floor, letters):
    """Events that are set aside, and orders that are; each says why, and of which event, source and order."""
    rows = await paged(floor.store.records.dead_letters, DeadLetterFilter(), 100)

    assert [
        (row.kind, row.source, row.event_id, row.tenant, row.external_order_id, row.reason.code) for row in rows
    ] == [
        ("event", "acme", "e6", TENANT, "C", "invalid_order"),
        ("order", "other", "e5", "south", "B", "too_large"),
        ("event", "acme", "e4", TENANT, "A", "order_collision"),
        ("order", "acme", "e3", TENANT, "A", "refused"),
        ("event", "other", "e2", None, None, "unknown_goods_owner"),
        ("event", "acme", "e1", None, None, "malformed_payload"),
    ]
    assert [row.at for row in rows] == [START + seconds * SECOND for seconds in (5, 4, 3, 2, 1, 0)]
    assert len({row.id for row in rows}) == 6


@pytest.mark.parametrize(
    ("which", "events"),
    [
        ({"kind": "order"}, ["e5", "e3"]),
        ({"kind": "event"}, ["e6", "e4", "e2", "e1"]),
        ({"source": "other"}, ["e5", "e2"]),
        ({"tenant": TENANT}, ["e6", "e4", "e3"]),
        ({"tenant": TENANT, "tenant_sources": ("acme", "north")}, ["e6", "e4", "e3", "e1"]),
        ({"code": "refused"}, ["e3"]),
        ({"event_id": "e5"}, ["e5"]),
        ({"external_order_id": "A"}, ["e4", "e3"]),
        ({"external_order_id": "A", "kind": "event"}, ["e4"]),
        ({"since": START + SECOND, "until": START + 3 * SECOND}, ["e3", "e2"]),
        ({"code": "nothing"}, []),
    ],
)
async def test_dead_letters_are_found_by_every_filter(floor, letters, which, events):
    """Every member given must fit."""
    rows = await paged(floor.store.records.dead_letters, DeadLetterFilter(**which), 100)

    assert [row.event_id for row in rows] == events


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_of_dead_letters_neither_repeat_nor_miss(floor, limit):
    """Though many were set aside in the same microsecond."""
    for number in range(6):
        await floor.tell(f"d{number}", dead="malformed_payload")
        await floor.tell(f"o{number}", state(f"order {number}"))
        await floor.kill(f"order {number}")
    all_at_once = await floor.store.records.dead_letters(DeadLetterFilter(), limit=100, cursor=None)

    rows = await paged(floor.store.records.dead_letters, DeadLetterFilter(), limit)

    assert len(rows) == 12
    assert ids(rows) == ids(all_at_once.rows)


# ---- figures


async def test_tenants_figures_count_what_is_on_its_way_and_what_is_dead(floor):
    """Leased orders are pending too; the oldest waits since it became pending."""
    await floor.tell("e1", state("A"))
    await floor.lease()
    floor.pass_by(seconds=5)
    await floor.tell("e2", state("B"))
    await floor.tell("e3", state("C", tenant="south"))
    await floor.kill("C", tenant="south")

    assert await floor.store.records.tenant_figures(Belonging()) == {
        TENANT: TenantFigures(pending=2, oldest_pending_at=START),
        "south": TenantFigures(dead_letters=1),
    }


async def test_an_order_waits_anew_once_an_older_state_was_delivered(floor):
    """The age of what waits is that of the state that waits."""
    await floor.tell("e1", state("A", clock=1, text="v1"))
    lease = await floor.lease()
    floor.pass_by(seconds=5)
    await floor.tell("e2", state("A", clock=2, text="v2"))
    floor.pass_by(seconds=5)
    await floor.settle(lease, "delivered")

    figures = await floor.store.records.tenant_figures(Belonging())
    assert figures[TENANT].oldest_pending_at == START + 5 * SECOND


async def test_everything_is_counted_by_status(floor, town):
    """Overall, by source and by tenant."""
    counts = await floor.store.records.counts()

    each_once = ["delivered", "superseded", "withdrawn", "ignored", "discarded", "translated", "received"]
    assert counts.events == {**dict.fromkeys(each_once, 1), "dead": 2}
    assert counts.sources["other"] == {"translated": 1}
    assert sum(counts.sources["acme"].values()) == 8
    assert counts.orders == {"delivered": 1, "withdrawn": 1, "dead": 1, "discarded": 1, "pending": 2}
    assert counts.tenants["south"] == {"pending": 1}


async def test_counts_follow_what_has_ended(floor, town):
    """Replayed, renamed, erased or pruned: each is counted once, where a list shows it."""
    records, operations = floor.store.records, floor.store.acts

    async def agree():
        counts = await records.counts()
        events = (await records.events(EventFilter(), limit=100, cursor=None)).rows
        orders = (await records.orders(OrderFilter(), limit=100, cursor=None)).rows
        assert counts.events == Counter(row.status for row in events)
        assert counts.orders == Counter(row.status for row in orders)
        assert {name: sum(found.values()) for name, found in counts.sources.items()} == Counter(
            row.source for row in events
        )
        return counts

    assert await operations.replay(town.values(), force=True) == 9
    assert (await agree()).events == {"received": 9}
    await floor.translate()
    await agree()
    await floor.deliver()
    await floor.deliver(tenant="south")
    assert (await agree()).events.keys() == {"delivered", "withdrawn", "ignored", "dead"}
    await floor.store.adopt({"other": SOURCE})
    assert (await agree()).sources.keys() == {SOURCE}
    await operations.erase(TENANT, "W", now=floor.now)
    await operations.discard_dead_letters(DeadLetterFilter(kind="event"), reason=None, now=floor.now)
    await agree()
    floor.pass_by(days=5000)
    await operations.prune(RetentionSpans(bodies=1, dead_letters=1, keys=1, orders=1, attempts=1), floor.now)
    assert (await agree()).orders == {}


async def test_a_tenants_dead_letters_are_counted_as_the_list_has_them(floor, letters):
    """Each is its order's tenant's; where there is none, its source's, if there is such a source."""
    await floor.tell("far", state("F", tenant="east", invalid="invalid_order"))
    tenants = {SOURCE: TENANT, "other": "south"}
    figures = await floor.store.records.tenant_figures(Belonging(tenants, (SOURCE,)))
    unknown = await floor.store.records.tenant_figures(Belonging())
    listed = {}
    for tenant in (TENANT, "south", "east"):
        told = tuple(source for source, its in tenants.items() if its == tenant)
        which = DeadLetterFilter(tenant=tenant, tenant_sources=told)
        listed[tenant] = len((await floor.store.records.dead_letters(which, limit=100, cursor=None)).rows)

    assert {tenant: figure.dead_letters for tenant, figure in figures.items()} == listed
    assert listed["east"] == 1
    assert sum(figure.dead_letters for figure in unknown.values()) < sum(listed.values())


async def test_a_source_that_only_reconciliation_knows_is_found(floor):
    """By its name and by the event's ID, though no hook of it ever came."""
    arrival = Arrival("asked", "reconcile:1:1", None, floor.now, b"{}")
    await floor.store.reconciliation.feed(arrival, {}, floor.now, b"digest", None)
    found = [
        (await floor.store.records.events(which, limit=10, cursor=None)).rows
        for which in (EventFilter(source="asked"), EventFilter(event_id="reconcile:1:1"))
    ]

    assert [[each.event_id for each in rows] for rows in found] == [["reconcile:1:1"]] * 2


async def test_a_sources_last_sign_of_life_is_known(floor):
    """However long ago, and however much others sent since; a repeat is one too."""
    await floor.receive("e1", source="quiet")
    await floor.receive("e1", source="acme")
    floor.pass_by(seconds=9)
    await floor.receive("e1", source="acme")
    for number in range(30):
        await floor.receive(f"e{number}", source="busy")

    last = await floor.store.records.last_accepted()
    assert last == {"quiet": START, "acme": START + 9 * SECOND, "busy": START + 9 * SECOND}
