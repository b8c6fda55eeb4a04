"""What every engine owes to the day ledger: one row an order, by its first receipt, and what no order came of."""

import hashlib

import pytest

from gateway.events import SECOND, Reason
from gateway.records import Asking, DaySpan, DeadLetterFilter, ListedRecord, RetentionSpans
from tests.contract.engines import DAY, SOURCE, START, TENANT, canonical, state
from tests.contract.test_store_erasing import erase, in_files

CANARY = "Mr-Canary-of-List-Lane"


def whole(days: float = 1, source: str | None = None) -> DaySpan:
    return DaySpan(START, START + int(days * DAY), source)


async def the_day(floor, span: DaySpan | None = None, limit: int = 100):
    rows, cursor = [], None
    while True:
        page = await floor.store.days.page(span or whole(), limit=limit, cursor=cursor)
        rows += page.rows
        cursor = page.next
        if cursor is None:
            return rows


def named(rows):
    return [(row.kind, row.external_order_id, row.status, row.reason and row.reason.code) for row in rows]


def record(subject: str, order: str = "", text: str | None = None, **rest) -> ListedRecord:
    digest = None if text is None else hashlib.blake2b(canonical(order, text), digest_size=16).digest()
    tenant = TENANT if order else ""
    values = {"changed_at": START, "external_order_id": order, "tenant": tenant, "digest": digest, **rest}
    return ListedRecord(subject=subject, **values)


async def test_an_order_is_of_the_day_of_its_first_receipt(floor):
    """Whatever is told of it later; another day has it not."""
    await floor.tell("e1", state("A"))
    floor.pass_by(days=1)
    await floor.tell("e2", state("A", clock=2, text="w"))
    await floor.tell("e3", state("B"))
    await floor.deliver()

    first, second = await the_day(floor), await the_day(floor, DaySpan(START + DAY, START + 2 * DAY))

    assert named(first) == [("order", "A", "delivered", None)]
    assert named(second) == [("order", "B", "delivered", None)]
    assert (first[0].received_at, first[0].delivered_at) == (START, START + DAY)
    assert first[0].order_id == f"trackely-{first[0].id}"


async def test_an_order_of_which_all_was_held_is_of_the_day_on_which_it_was_heard_of(floor):
    """Mended by the vendor or released by a person, a day later; where it rests for its edits, it does so from then."""
    for order in ("A", "B", "C"):
        await floor.tell(f"{order}1", state(order, invalid="held"))
    await floor.tell("foreign", state("D", owner="acme:other", invalid="held"))
    floor.pass_by(seconds=3)
    await floor.tell("C2", state("C", clock=2, release=8))
    due = (await floor.store.records.order(TENANT, "C")).next_attempt_at
    floor.pass_by(days=1)
    for order in ("A", "B"):
        await floor.tell(f"{order}2", state(order, clock=2, invalid="held"))
    await floor.tell("A3", state("A", clock=3, text="mended"))
    await floor.tell("D1", state("D", clock=2))
    letters = await floor.store.acts.letters(DeadLetterFilter(external_order_id="B"))
    await floor.store.acts.release(letters, shared=(), now=floor.now)

    first, second = await the_day(floor), await the_day(floor, DaySpan(START + DAY, START + 2 * DAY))

    assert {(row.kind, row.external_order_id) for row in first} == {("order", name) for name in "ABC"}
    assert [(row.kind, row.external_order_id) for row in second] == [("order", "D")]
    assert due == START + 5 * SECOND


async def test_what_no_order_came_of_is_a_row_by_itself(floor):
    """Ignored, dead, waiting or not translated yet; all that is of one order by its references is one row."""
    await floor.tell("e1", ignored="not yet", references=["SO-1", "1"])
    floor.pass_by(seconds=1)
    await floor.tell("e2", dead="incomplete_payload", references=["1", "SO-1", "G-1"])
    await floor.tell("e3", state("C", invalid="invalid_order"), references=["SO-3"])
    await floor.tell("e4", ignored="pickup", references=["SO-4"])
    await floor.tell("e5", dead="malformed_payload")
    await floor.receive("e6")

    assert named(await the_day(floor)) == [
        ("event", None, "dead", "incomplete_payload"),
        ("event", "C", "dead", "invalid_order"),
        ("event", None, "ignored", "ignored"),
        ("event", None, "dead", "malformed_payload"),
        ("event", None, "received", None),
    ]


async def test_an_order_speaks_for_its_events(floor):
    """What was ignored before, or after, is no row; a newer event of it that died overtakes it, an older one not."""
    await floor.tell("e1", ignored="not yet", references=["SO-1", "1"])
    await floor.tell("e2", dead="incomplete_payload", references=["SO-1", "1"])
    await floor.tell("e3", state("A"), references=["SO-1", "1"])
    await floor.deliver()
    [before] = await the_day(floor)
    await floor.tell("e4", ignored="too late", references=["SO-1", "1"])
    [ignored] = await the_day(floor)
    await floor.tell("e5", dead="incomplete_payload", references=["SO-1", "1"])
    [after] = await the_day(floor)

    assert [row.is_overtaken for row in (before, ignored, after)] == [False, False, True]
    assert (after.status, after.reason.code) == ("delivered", "incomplete_payload")


async def test_a_newer_state_that_can_never_leave_overtakes(floor):
    """An older one does not; and a state of another owner's is a row of its own, once."""
    await floor.tell("e1", state("A", clock=5))
    await floor.deliver()
    await floor.tell("e2", state("A", clock=4, invalid="invalid_order"))
    [before] = await the_day(floor)
    await floor.tell("e3", state("A", clock=6, invalid="invalid_order"))
    for number in (4, 5):
        await floor.tell(f"e{number}", state("A", clock=number + 3, owner="source:other"))

    rows = await the_day(floor)

    assert not before.is_overtaken
    assert rows[0].is_overtaken
    assert named(rows[1:]) == [("event", "A", "dead", "order_collision")]


async def test_orders_that_share_a_reference_are_told_apart(floor):
    """One's dead event is not hidden by the other's order."""
    await floor.tell("e1", state("A"), references=["SO-1", "PO-9", "1"])
    await floor.tell("e2", dead="incomplete_payload", references=["SO-2", "PO-9", "2"])

    assert named(await the_day(floor)) == [
        ("order", "A", "pending", None),
        ("event", None, "dead", "incomplete_payload"),
    ]


async def test_what_the_vendors_list_had(floor):
    """Beside its order; ahead of it where the list has a newer state; alone where nothing was ever received."""
    await floor.tell("e1", state("A", clock=5), references=["1"])
    await floor.tell("e2", state("B", clock=5), references=["2"])
    await floor.tell("e3", ignored="pickup", references=["3"])
    await floor.deliver()
    listed = [
        record("1", "A", "v"),
        record("2", "B", "w", clock=START + 9 * SECOND),
        record("3", reason=Reason("ignored", "pickup")),
        record("4", "D", "v", clock=START, changed_at=START + SECOND),
        record("5", "E", "v", clock=START, changed_at=START + 2 * DAY),
    ]
    await floor.store.reconciliation.note_listed(SOURCE, listed, START + 20 * SECOND)

    rows = await the_day(floor)

    assert [(row.kind, row.external_order_id, row.asked_at is not None, row.is_behind) for row in rows] == [
        ("order", "A", True, False),
        ("order", "B", True, True),
        ("event", None, True, False),
        ("listed", "D", True, True),
    ]
    await floor.tell("reconcile:2:x", state("B", clock=9, text="w"))
    await floor.tell("reconcile:4:x", state("D", clock=1))
    told = {row.external_order_id: row for row in await the_day(floor)}
    assert not told["B"].is_behind
    assert (told["D"].kind, told["D"].is_recovered, told["B"].is_recovered) == ("order", True, False)


async def test_a_record_that_is_listed_again_takes_its_own_place(floor):
    """Under another name too; another record's is left alone."""
    note = floor.store.reconciliation.note_listed
    await note(SOURCE, [record("1", "A", "v"), record("2", "B", "v")], START)
    await note(SOURCE, [record("1", "A2", "v"), record("1", "A2", "v")], START + SECOND)

    assert [row.external_order_id for row in await the_day(floor)] == ["B", "A2"]


async def test_pages_go_through_everything_once(floor):
    """Of any length, in the phases' order, of one source or of all."""
    for number in range(3):
        await floor.tell(f"o{number}", state(f"O{number}"), references=[f"o{number}"])
        await floor.tell(f"d{number}", *(state(f"D{number}{part}", invalid="invalid_order") for part in range(2)))
        await floor.tell(f"i{number}", ignored="pickup", source="other")
    await floor.store.reconciliation.note_listed(SOURCE, [record(str(n), f"L{n}", "v") for n in range(3)], START)
    at_once = await the_day(floor)

    assert len(at_once) == 3 + 6 + 3 + 3
    for limit in (1, 2, 3, 4):
        assert await the_day(floor, limit=limit) == at_once
    assert named(await the_day(floor, whole(source="other"), limit=2)) == [("event", None, "ignored", "ignored")] * 3
    with pytest.raises(ValueError, match="cursor"):
        await floor.store.days.page(whole(), limit=1, cursor="1.2")


async def test_spans_that_were_asked_about_join_where_they_touch(floor):
    """After a gap only the later one is known whole."""
    note, known = floor.store.reconciliation.note_asked, []
    for since, asked_at in ((10, 20), (15, 30), (5, 40), (50, 60)):
        await note(Asking(SOURCE, "74", since, asked_at))
        [asking] = await floor.store.days.askings()
        known.append((asking.since, asking.asked_at))

    assert known == [(10, 20), (10, 30), (5, 40), (50, 60)]


async def test_retention_keeps_of_the_list_what_orders_stand_on(floor):
    """The rest goes with the keys of events; an order's goes with the order."""
    await floor.tell("e1", state("A"))
    await floor.deliver()
    await floor.store.reconciliation.note_listed(SOURCE, [record("1", "A", "v"), record("2", "B", "v")], floor.now)
    days = dict.fromkeys(("bodies", "dead_letters", "keys", "attempts", "audit"), 90 * DAY)
    spans = RetentionSpans(**days, orders=400 * DAY)
    floor.pass_by(days=91)
    await floor.store.acts.prune(spans, floor.now)
    rows = await the_day(floor)
    floor.pass_by(days=400)
    await floor.store.acts.prune(spans, floor.now)
    await floor.store.acts.prune(spans, floor.now)

    assert [(row.external_order_id, row.asked_at is not None) for row in rows] == [("A", True)]
    assert await the_day(floor) == []


async def test_nothing_of_a_person_is_left_of_the_list(filed, tmp_path):
    """Neither of an order's row nor of what is its kin by reference."""
    await filed.tell("e1", state("A", text=CANARY), references=["1", "SO-1"])
    await filed.tell("e2", ignored=CANARY, references=["SO-1"])
    listed = [
        record("1", "A", "v", reason=Reason("held", f"who is {CANARY}?")),
        record("SO-1", reason=Reason("ignored", f"of {CANARY}")),
    ]
    await filed.store.reconciliation.note_listed(SOURCE, listed, filed.now)
    assert in_files(tmp_path, CANARY)

    await erase(filed)

    assert in_files(tmp_path, CANARY) == []
    assert [row.asked_at is not None for row in await the_day(filed)][:1] == [True]


async def test_a_renamed_source_keeps_its_list(floor):
    """What was listed under a former name is the source's own."""
    await floor.tell("e1", state("A"), source="other")
    await floor.store.reconciliation.note_listed("other", [record("1", "A", "v")], floor.now)
    await floor.store.reconciliation.note_asked(Asking("other", "74", 1, 2))

    await floor.store.adopt({"other": SOURCE})

    assert [(row.source, row.asked_at is not None) for row in await the_day(floor)] == [(SOURCE, True)]
    assert [asking.source for asking in await floor.store.days.askings()] == [SOURCE]
