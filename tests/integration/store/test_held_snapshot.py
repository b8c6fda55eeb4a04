"""Queues on PostgreSQL: found by their ids, and from where they begin, whatever the planner or a snapshot holds."""

import psycopg
import pytest

from gateway.store.postgresql import PostgresStore, fronts
from gateway.store.postgresql.connection import Connection
from tests.contract.engines import Floor, state, texts
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


async def test_a_queue_begins_where_it_was_found_and_at_its_beginning_where_nothing_is(tmp_path, address, monkeypatch):
    """What came out of turn goes last, while looks take long."""
    monkeypatch.setattr(fronts, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(fronts, "AGAIN_SECONDS", 3600.0)
    floor = Floor(lambda _: PostgresStore.open(address, is_unsafe=True), tmp_path)
    await floor.open()
    floor.pass_by(seconds=100)
    await floor.tell("1", state("A"), state("B"))
    leased = await floor.lease(max_orders=1)
    floor.pass_by(seconds=60)
    await floor.tell("2", state("C", text="later"), state("D", text="later"))
    second = await floor.lease(max_orders=1)
    floor.pass_by(seconds=-160)
    await floor.tell("3", state("early", text="early"))
    floor.pass_by(seconds=161)
    in_turn = texts(await floor.lease(max_orders=1))
    in_the_end = await floor.deliver()
    for each in (leased, second):
        await floor.settle(each, "unchanged", due_at=floor.now)
    put_back = await floor.deliver()
    await floor.store.close()

    assert (in_turn, in_the_end, sorted(put_back)) == (["later"], ["later", "early"], ["v", "v"])
