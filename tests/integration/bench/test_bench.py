"""The figures' commands, run with the least of everything: their shapes, not their speed."""

import json
import shutil
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import msgspec
import pytest

from adapters import Hook, logistics_plus
from benchmarks.__main__ import figures
from gateway.cli.tree import run
from gateway.findings import findings_of
from gateway.workshop.bench import load, rig
from gateway.workshop.bench.ingest import KINDS
from gateway.workshop.bench.samples import MARK, ORDER_MARK, numbered, template
from tests.postgres import shared

TOOLS = ["bundled", "wrk"] if shutil.which("wrk") else ["bundled"]
SMALL = ["--rounds", "1", "--seconds", "0.3"]
FEW = ["--connections", "4", "--body", "1000"]


@pytest.fixture
def asked(capfdbinary):
    """Runs a command and gives its standard output, read as JSON."""

    def ask(*arguments):
        code = run([*arguments, "--json"], tree=figures)
        out = capfdbinary.readouterr().out

        assert code == 0
        return json.loads(out)

    return ask


@pytest.fixture
def bundled(monkeypatch, tmp_path):
    """No wrk on the path."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_translate_gives_each_adapters_cost_and_ratio(asked):
    """Alone on standard output, in the form that product.md fixes."""
    costs = asked("translate", "--rounds", "1", "--runs", "5")

    assert list(costs) == ["logistics_plus", "ongoing", "shopify"]
    for cost in costs.values():
        assert set(cost) == {"microseconds", "ratio_to_json_loads"}
        assert cost["microseconds"] > 0
        assert cost["ratio_to_json_loads"] > 0


def test_ingest_measures_every_server_at_every_setting_and_draws(asked, tmp_path):
    """Each beside the bare server of the same run; the picture is well-formed."""
    picture = tmp_path / "ingest.svg"
    told = asked("ingest", "--connections", "2", "--body", "1000", *SMALL, "--picture", str(picture))

    assert [row["server"] for row in told["rows"]] == list(KINDS)
    assert told["rows"][0]["ratio"] == 1.0
    assert all(row["rate"] > 0 and row["p99"] > 0 for row in told["rows"])
    assert told["rows"][-1]["behind_seconds"] is not None
    assert told["machine"]["load"]
    assert ET.parse(picture).getroot().tag.endswith("svg")


def test_an_unknown_peer_is_wrong_usage():
    """The names that there are stand in the answer."""
    assert run(["ingest", "--peer", "nobody"], tree=figures) == 2


def test_drain_counts_every_accepted_order_at_the_intake(asked, bundled):
    """With the bundled sender, which says so."""
    told = asked("drain", "--connections", "2", "--body", "1000", *SMALL)

    assert told["orders"] > 0
    assert told["orders_per_second"] > 0
    assert told["ratio"] > 0


def test_backlog_compares_each_size_with_the_smallest(asked):
    """Claims and settlements of a store that holds so many."""
    costs = asked("backlog", "--pending", "100", "--pending", "200", "--rounds", "1")

    assert [cost["pending"] for cost in costs] == [100, 200]
    assert all(cost["claim"] > 0 and cost["settle"] > 0 and cost["store"] > 0 for cost in costs)
    assert costs[0]["claim_ratio"] == 1.0


@pytest.mark.soak
def test_memory_tells_the_resident_size(asked):
    """Of an empty gateway and of a full one, idle and under load."""
    told = asked("memory", "--events", "50", "--pending", "10", "--connections", "2", "--seconds", "0.3")

    assert told["events"] == 50
    assert told["full_loaded"] is None or told["full_loaded"] > 10
    assert told["cpu"] > 0


@pytest.mark.soak
def test_replicas_tells_what_an_event_costs_both_sides(asked):
    """The gateways and their database."""
    (row,) = asked("replicas", "--replicas", "2", *FEW, *SMALL)

    assert (row["replicas"], row["times"]) == (2, 1.0)
    assert min(row.values()) > 0


@pytest.mark.soak
def test_history_tells_what_it_costs_and_what_retention_removes_of_it(asked):
    """All that becomes due in the minutes given, each whole."""
    rows = asked("history", "--events", "1000", "--minutes", "0.1", *FEW, *SMALL)

    nothing, history, retention = rows
    assert [row["beside"] for row in rows] == ["nothing", "history", "retention"]
    assert min(min(row["cpu"], row["delivered"]) for row in rows) > 0
    assert min(nothing["claim"], history["claim"]) > 0
    assert retention["deleted"] == retention["events"] == 694


@pytest.mark.soak
def test_a_snapshot_that_is_held_is_measured_beside_none(asked):
    """What nobody can clear away meanwhile is counted."""
    told = asked("replicas", "--replicas", "1", "--snapshot", "0.01", *FEW, *SMALL)

    assert min(told["quiet"], told["held"]) > 0


def test_flood_tells_how_soon_a_neighbour_is_served(asked):
    """Its order is delivered beside another tenant's that wait."""
    told = asked("flood", "--orders", "200", "--samples", "1", "--connections", "2")

    assert (told["orders"], told["samples"]) == (200, 1)
    assert told["longest"] > 0


@pytest.mark.soak
def test_start_tells_the_seconds_until_ready(asked):
    """After a stop and after a kill."""
    told = asked("start", "--pending", "50", *SMALL)

    assert min(told["empty"], told["killed"], told["full"], told["full_killed"]) > 0


def test_outage_compares_acknowledgements_with_a_backlog(asked):
    """The same load on a gateway with nothing pending, and on one whose intake is down."""
    told = asked("outage", "--pending", "50", "--connections", "2", *SMALL)

    assert told["pending"] == 50
    assert min(told["p99_before"], told["p99_during"], told["ratio"]) > 0


def test_pull_compares_acknowledgements_while_everything_is_pulled(asked):
    """At least one pull ends during the load."""
    told = asked("pull", "--orders", "50", "--connections", "2", *SMALL)

    assert told["pulls"] > 0
    assert min(told["p99_alone"], told["p99_during"], told["ratio"]) > 0


@pytest.mark.soak
def test_large_compares_small_hooks_beside_the_largest_bodies(asked):
    """At least one of the largest is taken during the load, by the rim alone and by the whole gateway."""
    told = asked("large", "--senders", "1", "--connections", "2", "--seconds", "1")

    assert [each["kind"] for each in told] == ["rim", "gateway"]
    assert all(each["bodies"] > 0 and each["p50_beside"] > 0 for each in told)


@pytest.mark.parametrize("ids", ["rising", "random"])
@pytest.mark.parametrize("tool", TOOLS)
def test_every_hook_is_an_event_of_its_own(tmp_path, monkeypatch, tool, ids):
    """Whatever makes the load: none is a duplicate, and each becomes an order."""
    if tool == "bundled":
        monkeypatch.setenv("PATH", str(tmp_path))
    with rig.running("gateway", tmp_path / "gateway") as gateway:
        made = load.press(gateway.target, connections=2, body=1000, seconds=0.3, ids=ids)
        figures = gateway.figures()

    assert made.requests <= figures["received"] <= made.requests + 2
    assert figures.get("duplicates", 0) == 0
    assert figures.get("dead_events", 0) == 0


def test_load_that_is_refused_is_no_figure(tmp_path):
    """A rate of refusals would look like a good one."""
    with rig.running("gateway", tmp_path / "gateway") as gateway:
        target = msgspec.structs.replace(gateway.target, headers={"Authorization": "Basic bm86bm8="})

        with pytest.raises(load.LoadFailed, match="refused"):
            load.press(target, connections=2, body=1000, seconds=0.3)


def test_a_server_that_does_not_start_says_why(tmp_path):
    """The end of its log is in the message."""
    with (
        pytest.raises(load.LoadFailed, match="key: expected one of"),
        rig.running("gateway", tmp_path, {"no_such_key": 1}),
    ):
        pass


@pytest.mark.parametrize("size", [1000, 3000, 30000])
def test_a_template_has_about_the_size_asked_for(size):
    """And every hook of it is as long as the template, with a number of its own."""
    made = template(size)
    one, other = numbered(made, 1, 1), numbered(made, 1, 2)

    assert abs(len(made) - size) < 100
    assert len(one) == len(made)
    assert one != other
    assert MARK not in one
    assert ORDER_MARK not in one


def test_a_hook_is_an_order_that_nothing_is_found_of():
    """As most are: what doubts cost is another figure."""
    adapter = logistics_plus.ADAPTER
    (state,) = adapter.translate(Hook(numbered(template(3000), 1, 1)), adapter.options(), {})

    assert findings_of(state.order, state.parts, datetime.now(UTC).date()) == ()


@pytest.mark.soak
def test_what_looking_costs_on_a_database(capfdbinary):
    """A filled file goes there, and is looked at; no hooks come."""
    few = ["--events", "200", "--dead", "20", "--pending", "10", "--store", shared().database(is_newer=False)]
    code = run(["bench", "console", *few, "--json"])
    told = json.loads(capfdbinary.readouterr().out)

    assert code == 0
    assert told["streams"] is None
    assert {"/api/v1/orders", "/console/dead-letters"} <= {look["path"] for look in told["looks"]}
    assert all(look["milliseconds"] > 0 for look in told["looks"])
