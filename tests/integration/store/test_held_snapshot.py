"""Queues on PostgreSQL: found by their ids, and from where they begin, whatever the planner or a snapshot holds."""

import re

import psycopg
import pytest

from gateway.events import OrderStatus
from gateway.records import Belonging
from gateway.store.postgresql import PostgresStore, fronts
from gateway.store.postgresql.connection import Connection
from gateway.store.postgresql.statements import named
from gateway.store.rules import ledger
from tests.contract.engines import SOURCE, Floor, says, state, texts
from tests.stores import database

ORDERS = """
INSERT INTO events (id, source, event_id, received_at, status)
SELECT n, 'acme', n::text, 1, 'translated' FROM generate_series(1, 20000) AS n;
INSERT INTO states (event, run, tenant, external_order_id, owner, clock, tie, arrival, status)
SELECT n, 0, 'north', n::text, 'x', 1, 0, n, 'pending' FROM generate_series(1, 20000) AS n;
INSERT INTO orders (id, tenant, external_order_id, owner, status, state, is_cancelled, clock, tie, arrival, changed_at)
SELECT n, 'north', n::text, 'x', 'pending', n, 0, 1, 0, n, 1 FROM generate_series(1, 20000) AS n
"""
SETTLED = [*range(1, 257)]
TEXTS = [str(n) for n in SETTLED]
STATEMENTS = {
    "outbox.deliver": [SETTLED, SETTLED, SETTLED, TEXTS, SETTLED],
    "outbox.deliver_states": [SETTLED],
    "outbox.end_delivered": [SETTLED, 1],
    "translation.received": [SETTLED],
    "translation.untranslated_whole": [SETTLED],
    "translation.finish_clean": [SETTLED, TEXTS, TEXTS, SETTLED, TEXTS, SETTLED],
    "ledger.orders_by_id": [SETTLED],
    "ledger.orders_by_key": [["north"] * 1000, [str(n) for n in range(1000)]],
    "ledger.change_states": [SETTLED, TEXTS, TEXTS, TEXTS, TEXTS],
    "ledger.statuses_of_events": [SETTLED],
    "ledger.set_event_statuses": [SETTLED, TEXTS, SETTLED],
}


@pytest.fixture
def address(tmp_path):
    return database(tmp_path)


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_what_is_named_is_found_by_its_name(address, is_analyzed):
    """Not by looking through all that are open, before and after the planner has seen the tables."""
    with psycopg.connect(address, autocommit=True) as opened:
        opened.execute(ORDERS)
        if is_analyzed:
            opened.execute("ANALYZE")
    connection = Connection(address, "plans")
    plans = {}
    with connection.transaction(None):
        for name, given in STATEMENTS.items():
            text = f"EXPLAIN {connection.text(name)}"
            plans[name] = "\n".join(line for (line,) in connection.execute_text(text, given).fetchall())
    connection.close()

    for name, plan in plans.items():
        assert "Seq Scan on" not in plan, (name, plan)
        assert not any(queue in plan for queue in ("orders_due", "events_open", "events_received")), (name, plan)


async def test_a_queue_begins_where_it_was_found_but_for_what_was_put_back(tmp_path, address, monkeypatch):
    """While looks take long: what others put before its beginning goes last, not so what the store itself did."""
    monkeypatch.setattr(fronts, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(fronts, "LONG_SECONDS", -1.0)
    monkeypatch.setattr(fronts, "AGAIN_SECONDS", 3600.0)
    floor, other = (Floor(lambda _: PostgresStore.open(address, is_unsafe=True), tmp_path) for _ in range(2))
    await floor.open()
    await other.open()
    floor.pass_by(seconds=100)
    await floor.tell("1", state("A"), state("B"))
    leased = await floor.lease(max_orders=1)
    floor.pass_by(seconds=60)
    await floor.tell("2", state("C", text="later"), state("D", text="later"))
    await floor.lease(max_orders=1)
    await other.tell("3", state("early", text="early"))
    in_turn = texts(await floor.lease(max_orders=1))
    counts, figures = await floor.store.records.counts(), await floor.store.records.tenant_figures(Belonging())
    at_most = await floor.store.outbox.pending_at_most("north", 10)
    floor.pass_by(seconds=-120)
    await floor.settle(leased, "unchanged", due_at=floor.now)
    floor.pass_by(seconds=120)
    put_back = texts(await floor.lease(max_orders=1))
    await floor.reopen()
    in_the_end = await floor.deliver()
    await floor.store.close()
    await other.store.close()

    assert (in_turn, put_back, sorted(in_the_end)) == (["later"], ["v"], ["early", "later"])
    # All that is sent is counted, though it stands before.
    assert (counts.orders, figures["north"].pending, at_most) == ({"pending": 1, "leased": 3}, 4, 1)


def test_a_look_of_all_comes_the_seldomer_the_longer_it_takes():
    now = [0.0]
    known = fronts.Fronts(lambda: now[0])
    begun = known.look("outbox.due", ("north", 1, 1))
    known.move(begun, 10**9, 0.1)
    first = known.look("outbox.due", ("north", 1, 1)).front
    now[0] = fronts.AGAIN_SECONDS
    again = known.look("outbox.due", ("north", 1, 1)).front
    known.move(begun, 10**9, 1.0)
    now[0] += fronts.SHARE - 1
    still = known.look("outbox.due", ("north", 1, 1)).front
    known.lower("orders", 7)
    known.move(begun, 10**9, 1.0)
    lowered = known.look("outbox.due", ("north", 1, 1)).front

    assert (begun.front, again) == (fronts.BEGINNING, fronts.BEGINNING)
    assert first == still == 10**9 - fronts.MARGINS["orders"]
    assert lowered == 7


async def test_an_event_that_is_put_back_is_found_before_its_queues_beginning(tmp_path, address, monkeypatch):
    """As is one that was left out as under way."""
    monkeypatch.setattr(fronts, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(fronts, "LONG_SECONDS", -1.0)
    monkeypatch.setattr(fronts, "AGAIN_SECONDS", 3600.0)
    monkeypatch.setitem(fronts.MARGINS, "events", 0)
    floor = Floor(lambda _: PostgresStore.open(address, is_unsafe=True), tmp_path)
    await floor.open()
    first = await floor.tell("1", state("A"))
    under_way = (await floor.receive("2", says(state("B")))).id
    last = (await floor.receive("3", says(state("C")))).id

    async def waiting(*but: int) -> list[int]:
        return sorted(each.id for each in await floor.store.translation.untranslated([SOURCE], 10, but))

    left_out = await waiting(under_way)
    again = await waiting()
    await floor.store.acts.replay([first], force=False)
    replayed = await waiting()
    await floor.store.close()

    assert (left_out, again, replayed) == ([last], [under_way, last], [first, under_way, last])


ENDING = {
    "acts.end_event",
    "amending.go_on",
    "erasure.end_open",
    "ledger.set_event_statuses",
    "lookups.bury",
    "outbox.deliver",
    "outbox.end_delivered",
    "shadows.bury",
    "translation.finish_clean",
    "translation.finish_events",
}
"""Statements that only take out of a queue."""


def test_every_statement_that_may_put_back_is_known():
    """Whatever writes what the queues are made of either ends, or lowers their fronts."""
    writes = re.compile(r"UPDATE (?:orders|events)\b(?:(?!\bWHERE\b).)*?\b(?:status|source|due_at)\s*=", re.DOTALL)
    found = {name for name, text in named().items() if writes.search(text)}
    row = [OrderStatus.PENDING, *range(40)]
    row[1 + ledger.CHANGING.index("status")] = OrderStatus.PENDING
    lowering = {name for name in found if fronts.put_back(name, [row]) is not None}

    assert found - lowering == ENDING
