from gateway.events import SECOND, EventStatus, StoredLookup, TranslatedEvent
from gateway.orders import Attempt
from gateway.records import EventFilter, OrderFilter, RetentionSpans
from tests.contract.engines import DAY, SOURCE, TENANT, ids, says, state

SPANS = RetentionSpans(bodies=30 * DAY, dead_letters=180 * DAY, keys=90 * DAY, orders=400 * DAY, attempts=30 * DAY)


async def prune(floor, **spans):
    values = {name: getattr(SPANS, name) for name in SPANS.__struct_fields__}
    return await floor.store.acts.prune(RetentionSpans(**{**values, **spans}), floor.now)


async def everything(floor):
    events = await floor.store.records.events(EventFilter(), limit=100, cursor=None)
    orders = await floor.store.records.orders(OrderFilter(), limit=100, cursor=None)
    return ids(events.rows), [order.external_order_id for order in orders.rows]


async def test_nothing_open_is_touched(floor):
    """Received, waiting, pending or leased, however old: every body is there and goes on."""
    received = (await floor.receive("received", says(state("R")), source="gone")).id
    pending = await floor.tell("pending", state("P"))
    await floor.tell("leased", state("L"))
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", only=["P"], due_at=floor.now)
    floor.pass_by(days=5000)

    assert await prune(floor) == 0
    assert (await floor.store.records.event(received)).body is not None
    assert (await floor.store.records.event(pending)).body is not None
    await floor.settle(lease, "delivered", only=["L"])
    assert await floor.deliver() == ["v"]


async def test_other_bodies_go_with_the_first(floor):
    """A conflict's body as soon as the one beside which it stands; one that came later, with the event."""
    event = await floor.tell("e1", ignored="not needed")
    await floor.receive("e1", b'"other"')
    floor.pass_by(days=29)
    await prune(floor)
    before = await floor.store.records.event(event)
    floor.pass_by(days=2)
    await prune(floor)
    pruned = await floor.store.records.event(event)
    await floor.receive("e1", b'"late"')
    await prune(floor)
    late = await floor.store.records.event(event)
    floor.pass_by(days=60)

    assert [other.body for other in before.other_bodies] == [b'"other"']
    assert (pruned.body, pruned.other_bodies) == (None, ())
    assert [other.body for other in late.other_bodies] == [b'"late"']
    assert await prune(floor) == 2
    assert await everything(floor) == ([], [])


async def test_an_event_of_very_many_orders_goes_whole(floor):
    """In several steps, none of which leaves a part behind."""
    await floor.tell("many", *(state(f"O{number}", text=None) for number in range(4500)))
    floor.pass_by(days=401)
    await prune(floor)
    await prune(floor)
    await floor.tell("again", state("O1"))
    orders = await floor.store.records.orders(OrderFilter(), limit=100, cursor=None)

    assert [[event.event_id for event in order.events] for order in orders.rows] == [["again"]]
    assert (await floor.store.records.counts()).events == {"translated": 1}


async def test_bodies_go_first_then_keys_then_orders(floor):
    """Each by its own span, counted from the end of its event or order."""
    event = await floor.tell("e1", state("A", clock=1), references=["PO 1"])
    floor.pass_by(days=100)
    await floor.deliver()
    last = await floor.tell("e2", state("A", clock=2, text="v2"))
    await floor.deliver()
    seen = {}
    for days in (29, 31, 89, 91, 399, 401):
        floor.pass_by(days=days - (max(seen) if seen else 0))
        await prune(floor)
        await prune(floor)
        events, orders = await everything(floor)
        bodies = [(await floor.store.records.event(each)).body is not None for each in events]
        seen[days] = (events, bodies, orders)

    assert seen == {
        29: ([last, event], [True, True], ["A"]),
        31: ([last, event], [False, False], ["A"]),
        89: ([last, event], [False, False], ["A"]),
        91: ([last], [False], ["A"]),
        399: ([last], [False], ["A"]),
        401: ([], [], []),
    }


async def test_ended_orders_go_by_their_span(floor):
    """With their attempts' links."""
    await floor.tell("e1", state("A"))
    await floor.deliver()
    floor.pass_by(days=399)
    await floor.tell("e2", state("B"))
    await floor.deliver()
    await prune(floor)
    before = await everything(floor)
    floor.pass_by(days=2)
    await prune(floor)

    assert before[1] == ["B", "A"]
    assert await everything(floor) == ([2], ["B"])


async def test_a_dead_letter_keeps_its_body_for_longer(floor):
    """The event's own and its order's; then both go."""
    dead = await floor.tell("e1", dead="malformed_payload")
    refused = await floor.tell("e2", state("A"))
    await floor.kill("A")
    await floor.tell("e3", state("B"))
    floor.pass_by(days=179)
    await prune(floor)
    kept = [(await floor.store.records.event(each)).body is not None for each in (dead, refused)]
    floor.pass_by(days=2)
    await prune(floor)

    assert kept == [True, True]
    assert (await floor.store.records.event(refused)).body is None
    assert dead not in (await everything(floor))[0]


async def test_a_dead_letter_goes_early_where_its_span_is_short(floor):
    """Its body by `dead_letters`, its key by `keys` all the same."""
    dead = await floor.tell("e1", dead="malformed_payload")
    await floor.tell("e2", state("B"))
    floor.pass_by(days=11)
    await prune(floor, dead_letters=10 * DAY)

    assert (await floor.store.records.event(dead)).body is None
    assert (await floor.receive("e1", says(dead="malformed_payload"))).kind == "duplicate"


async def test_a_repeat_is_known_after_its_body_is_gone(floor):
    """By the body's digest: the same is a duplicate, another a conflict; the key outlives the body."""
    await floor.tell("e1", state("A"))
    await floor.deliver()
    floor.pass_by(days=31)
    await prune(floor)

    assert (await floor.receive("e1", says(state("A")))).kind == "duplicate"
    assert (await floor.receive("e1", b"other")).kind == "conflict"


async def test_what_was_pruned_cannot_be_replayed(floor):
    """It is left out and stays what it is."""
    event = await floor.tell("e1", state("A"))
    await floor.deliver()
    floor.pass_by(days=31)
    await prune(floor)

    assert await floor.store.acts.replay([event], force=False) == 0
    assert await floor.replay_matching(EventFilter(event_id="e1"), dry_run=True) == 0
    assert await floor.event_status(event) == "delivered"


async def test_bodies_kept_beside_and_references_go_with_their_event(floor):
    """Nothing is left of a pruned event, nor found by it; its key is new again."""
    await floor.tell("e1", state("A"), references=["PO 1"])
    await floor.receive("e1", b"conflict")
    await floor.deliver()
    await floor.tell("e2", state("A", clock=2))
    floor.pass_by(days=31)
    await prune(floor)
    await floor.receive("e1", b"late conflict")
    floor.pass_by(days=60)
    await prune(floor)

    found = await floor.store.records.events(EventFilter(reference="PO 1"), limit=10, cursor=None)
    assert found.rows == ()
    again = await floor.receive("e1", says(state("A", clock=3)))
    assert again.kind == "stored"
    assert (await floor.store.records.event(again.id)).other_bodies == ()


async def test_attempts_go_by_their_span_once_their_orders_ended(floor):
    """An order that is on its way keeps its story."""
    attempt = Attempt(
        at=floor.now, kind="push", http_status=503, outcome="unavailable", detail=None, batch_size=2, milliseconds=1
    )
    await floor.tell("e1", state("A"))
    await floor.tell("e2", state("B"))
    lease = await floor.lease()
    await floor.settle(lease, "unchanged", only=["A"], attempt=attempt, due_at=floor.now)
    await floor.settle(lease, "delivered", only=["B"], attempt=attempt)
    floor.pass_by(days=31)
    await prune(floor)
    stories = [len((await floor.store.records.order(TENANT, name)).attempts) for name in "AB"]
    await floor.deliver()
    floor.pass_by(days=31)
    await prune(floor)

    assert stories == [1, 0]
    assert (await floor.store.records.order(TENANT, "A")).attempts == ()


async def test_numbers_are_not_used_again_after_everything_was_pruned(floor):
    """Over a restart: an arrival after it is newer than any before."""
    events = [await floor.tell(f"e{n}", state(f"order {n}")) for n in range(3)]
    await floor.deliver()
    floor.pass_by(days=1000)
    await prune(floor)
    await prune(floor)
    await floor.reopen()
    later = await floor.tell("later", state("order 9"))

    assert later > max(events)
    assert await floor.deliver() == ["v"]


async def test_an_order_that_comes_back_after_its_events_were_pruned_is_still_versioned(floor):
    """Its newest state is kept with it: an older one does not go out."""
    await floor.tell("e1", state("A", clock=5, text="v5"))
    await floor.deliver()
    await floor.tell("e2", state("B"))
    floor.pass_by(days=300)
    await prune(floor)
    old = await floor.tell("e3", state("A", clock=4, text="v4"))

    assert await floor.event_status(old) == "superseded"
    assert await floor.deliver() == ["v"]


async def test_pruning_counts_rows_and_ends(floor):
    """A second pass finds nothing."""
    for number in range(5):
        await floor.tell(f"e{number}", state("A", clock=number + 1, text=str(number)))
    await floor.deliver()
    floor.pass_by(days=91)

    first, second = await prune(floor), await prune(floor)
    assert first == 5 + 4
    assert second == 0


async def test_a_lookups_answers_go_with_the_body(floor):
    """They are as personal as it is."""
    receipt = await floor.receive("e1", says(state("A")))
    waits = TranslatedEvent(
        id=receipt.id,
        source=SOURCE,
        event_id="e1",
        status=EventStatus.WAITING,
        adapter_version="1",
        lookups=(StoredLookup("orders/1", "74"),),
        subject="orders/1",
    )
    await floor.store.translation.commit([waits], floor.now)
    asked = await floor.store.lookups.ask(SOURCE, "74", "orders/1", floor.now + SECOND)
    await floor.store.lookups.answer(asked, {"orders/1": b"{}"})
    await floor.translate()
    await floor.deliver()
    before = (await floor.store.records.event(receipt.id)).answers
    floor.pass_by(days=31)
    await prune(floor)

    assert before == {"orders/1": b"{}"}
    assert not (await floor.store.records.event(receipt.id)).answers
