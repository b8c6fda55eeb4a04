"""How SQLite goes about the statements that loops wait for: never through a whole table, never sorting a backlog."""

import re

import apsw
import pytest

from gateway.store.rules import ledger
from gateway.store.sqlite import database, transactions
from gateway.store.sqlite.sql import texts

TABLES = "events|bodies|states|orders|attempts|attempt_orders|event_references|answers|e|b|s|o|r"
# Once, when a source is given another name.
ONCE = {"inbox.rename_order_owner", "inbox.rename_state_owner"}
LOOPS = {
    "inbox",
    "naming",
    "groups",
    "translation",
    "outbox",
    "ledger",
    "lookups",
    "pulls",
    "acts",
    "erasure",
    "retention",
    "days",
    "reconciliation",
}
ROWS = "(" + ", ".join(["NULL"] * 40) + ")"

STATEMENTS = {
    name: statement
    for name, statement in texts().items()
    # A plain INSERT has no plan; a pragma none to speak of.
    if name.partition(".")[0] in LOOPS
    and name not in ONCE
    and ":where" not in statement
    and not re.match(r"(INSERT [^;]*VALUES|PRAGMA)", statement, re.DOTALL)
}
# What waits may be much: it must come in its index's order.
IN_ORDER = ("outbox.due", "outbox.probe", "outbox.probe_refused", "pulls.unserved")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    connection = database.open_writer(tmp_path_factory.mktemp("plans") / "gateway.db")
    yield connection
    connection.close()


def plan_of(connection: apsw.Connection, statement: str) -> list[str]:
    statement = statement.replace(":rows", ROWS)
    wanted = max([int(number) for number in re.findall(r"\?(\d+)", statement)], default=statement.count("?"))
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * wanted)]


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_no_statement_of_a_loop_reads_a_whole_table(empty, name):
    """Each finds its rows by a key or by an index of just those that wait."""
    plan = plan_of(empty, STATEMENTS[name])

    assert plan
    assert [step for step in plan if re.fullmatch(rf"SCAN ({TABLES})( USING (COVERING )?INDEX \w+_key)?", step)] == []


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_backlog_is_not_sorted(empty, name):
    """The oldest come first by the index, however many wait."""
    assert [step for step in plan_of(empty, STATEMENTS[name]) if "ORDER BY" in step] == []


def test_each_sources_backlog_is_begun_by_the_index(empty):
    """Sorted is no more than what is taken of each."""
    plan = plan_of(empty, STATEMENTS["translation.untranslated"])

    assert "SEARCH events USING COVERING INDEX events_received (source=?)" in plan
    assert plan.index("USE TEMP B-TREE FOR ORDER BY") > plan.index("SCAN (subquery-3)")
    assert len([step for step in plan if "ORDER BY" in step]) == 1


OF_ORDERS = [name for name, statement in texts().items() if "begins_order IS NULL UNION" in statement]


@pytest.mark.parametrize("name", OF_ORDERS)
def test_an_orders_states_are_looked_up_by_its_row_and_by_its_name(empty, name):
    """Both ways by a key, however many states and orders there are."""
    statement = texts()[name]
    # A condition is one of a list's.
    plan = " ".join(plan_of(empty, f"SELECT 1 FROM events e WHERE {statement}" if "selection." in name else statement))

    for index in ("states USING INDEX states_order", "orders USING INDEX orders_key"):
        assert f"SEARCH {index} (tenant=? AND external_order_id=?)" in plan


def test_pending_orders_are_counted_in_an_index_alone(empty):
    """The figures are asked for all the time."""
    (step,) = plan_of(empty, texts()["records.pending_orders"])

    assert step == "SCAN orders USING COVERING INDEX orders_due"


@pytest.mark.parametrize("name", ["count_events", "count_orders"])
def test_what_has_ended_is_not_counted_row_by_row(empty, name):
    """An index of what is open or dead leads to each row that is looked at; the rest is tallied."""
    few = r"(events|orders) USING (COVERING )?INDEX (events_(received|open|dead)|orders_(due|dead))( \(.*\))?"
    steps = [step for step in plan_of(empty, texts()[f"records.{name}"]) if re.match("(SCAN|SEARCH)", step)]
    # Open leases are few.
    steps = [step for step in steps if not re.fullmatch("SCAN (l|sent VIRTUAL TABLE .*)", step)]

    assert [step for step in steps if not re.fullmatch(f"(SCAN|SEARCH) ({few}|tallies.*)", step)] == []
    assert len(steps) == (5 if name == "count_events" else 3)


@pytest.mark.parametrize("fragment", [None, "letter_code", "letter_source", "letter_since", "letter_before"])
def test_the_newest_dead_letters_are_read_in_their_order(empty, fragment):
    """As many as a page wants of however many there are: only those of one moment are sorted."""
    where = "1" if fragment is None else texts()[f"selection.{fragment}"]
    steps = plan_of(empty, texts()["records.dead_letters"].replace(":where", where).replace("LIMIT ?", "LIMIT 100"))

    assert "MERGE (UNION ALL)" in steps
    assert [step for step in steps if "TEMP B-TREE" in step] == ["USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY"] * 2
    for index in ("e USING INDEX events_dead_newest", "o USING INDEX orders_dead_newest"):
        assert any(index in step for step in steps)


@pytest.mark.parametrize("name", ["days.orders", "days.events"])
def test_kin_are_looked_up_by_their_references(empty, name):
    """Never among all events of their source: a day would take the square of its time."""
    assert [step for step in plan_of(empty, STATEMENTS[name]) if "events_key (source=?)" in step] == []


@pytest.mark.parametrize(
    ("name", "columns"), [("insert_orders", ledger.FIRST), ("update_orders", ("id", *ledger.CHANGING))]
)
def test_the_longest_statements_are_kept_compiled(empty, name, columns):
    """What is longer than the driver's limit would be compiled each time."""
    longest = transactions._repeated(f"ledger.{name}", len(columns), transactions.MOST)

    assert len(longest) <= empty.cache_stats()["max_cacheable_bytes"]


def test_what_is_no_value_of_a_statement_is_refused(empty):
    """A list is one, as JSON; nothing else is made a text of."""
    assert empty.execute("SELECT ?", (["a", 1],)).get == '["a",1]'
    for value in ({"a": 1}, ("a",), object()):
        with pytest.raises(TypeError, match="no value of a statement"):
            empty.execute("SELECT ?", (value,))
