"""gateway.ground.metrics: what is counted, and that the documented table and the alert rules name what there is."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway.ground.metrics import PREFIX, Metrics

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def metrics():
    return Metrics(["acme"], ["demo"])


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(f"{PREFIX}_{name}", labels)


def documented():
    """The table of docs/metrics.md: name -> (kind, labels)."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exposed(metrics):
    """What is registered, after everything was counted once: name -> (kind, labels)."""
    metrics.refused(None, "unknown_source")
    metrics.dead_event("acme", "malformed_payload")
    metrics.shadowed("acme", "none")
    metrics.ticked({"translation": 1.0})
    metrics.compared([("acme", "equal", 1)])
    metrics.finding("lp", "no_town")
    metrics.standing_by([("async", 1, 0, 0.0)])
    metrics.dead_order("demo", "refused")
    metrics.attempted("demo", "delivered", orders=1, seconds=0.1)
    metrics.oddity("demo", "foreign_id")
    found = {}
    for family in metrics.registry.collect():
        if family.name.startswith(PREFIX):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            found[name] = (family.type, labels)
    return found


def test_every_metric_is_documented(metrics):
    """docs/metrics.md has a row for each metric with its kind and labels, and none for what is not there."""
    assert exposed(metrics) == documented()


def test_every_metric_bears_our_name(metrics):
    """All names begin with trackely_gateway_; only the client library's process_ metrics stand beside them."""
    names = {family.name for family in metrics.registry.collect()}

    assert {name for name in names if not name.startswith((f"{PREFIX}_", "process_"))} == set()


def test_each_promise_has_an_alert():
    """docs/alerts.yaml has at least one rule for each of the six promises, with its severity and words."""
    rules = yaml.safe_load((ROOT / "docs/alerts.yaml").read_text())["groups"][0]["rules"]

    assert {rule["labels"]["promise"] for rule in rules} == set("123456")
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"] and rule["annotations"]["description"] for rule in rules)


def test_alerts_name_what_there_is():
    """Every metric and label in an alert's expression is documented."""
    table = documented()
    rules = yaml.safe_load((ROOT / "docs/alerts.yaml").read_text())["groups"][0]["rules"]
    for rule in rules:
        names = re.findall(rf"{PREFIX}_\w+", rule["expr"])
        labels = set(re.findall(r"(\w+)(?:=~|!=|=)\"", rule["expr"]))
        told = " ".join(rule["annotations"].values())
        labels |= set(re.findall(r"\$labels\.(\w+)", told))

        assert names
        for name in names:
            kind, known = table[name.removesuffix("_bucket")]
            assert (kind == "histogram") == name.endswith("_bucket")
            assert labels <= known


def test_the_exposition_can_be_read(metrics):
    """The page is what Prometheus' own parser reads, the configured series at zero from the start."""
    families = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}

    received = families[f"{PREFIX}_received"].samples
    assert [(sample.labels, sample.value) for sample in received] == [({"source": "acme"}, 0.0)]
    assert families[f"{PREFIX}_store_writable"].samples[0].value == 0.0
    assert families["process_resident_memory_bytes"].samples[0].value > 0


def test_groups_are_counted_at_once(metrics):
    """A count says how many."""
    metrics.received("acme", 64)
    metrics.duplicates("acme", 3)
    metrics.conflicts("acme")
    metrics.translated("acme", 60)
    metrics.ignored("acme", 4)

    assert value(metrics, "received_total", source="acme") == 64
    assert value(metrics, "duplicates_total", source="acme") == 3
    assert value(metrics, "conflicts_total", source="acme") == 1
    assert value(metrics, "translated_total", source="acme") == 60
    assert value(metrics, "ignored_total", source="acme") == 4


def test_a_stranger_makes_no_series(metrics):
    """Sources and tenants that are not configured count together as `unknown`; their gauges are not kept."""
    for name in ("../etc", "x" * 1000, "acme2"):
        metrics.refused(name, "unknown_source")
    metrics.refused(None, "unknown_source")
    metrics.delivered("gone", [1.0])
    metrics.tenant("gone", pending=1, oldest_pending_seconds=1.0, is_halted=True)
    metrics.silent("gone", is_silent=True)

    assert value(metrics, "refused_total", source="unknown", reason="unknown_source") == 4
    assert value(metrics, "delivered_total", tenant="unknown") == 1
    assert b"gone" not in metrics.render()


def test_what_left_the_configuration_is_counted_and_stands_nowhere(metrics):
    """No gauge says of it for ever what was true once; what is there is shown."""
    metrics.tenant("demo", pending=7, oldest_pending_seconds=12.5, is_halted=True)
    metrics.compared([("acme", "differ", 3)])
    metrics.received("acme")
    metrics.admit(["other"], ["north"])
    metrics.tenant("demo", pending=7, oldest_pending_seconds=12.5, is_halted=True)
    metrics.silent("acme", is_silent=True)
    metrics.received("acme")
    stand = {
        (name, *sample.labels.values())
        for name, family in ((each.name.removeprefix(f"{PREFIX}_"), each) for each in metrics.registry.collect())
        if family.type == "gauge"
        for sample in family.samples
        if {"demo", "acme"} & {*sample.labels.values()}
    }

    assert value(metrics, "received_total", source="acme") == 2
    assert (value(metrics, "received_total", source="other"), value(metrics, "halted", tenant="north")) == (0, 0)
    assert stand == set()


def test_a_histogram_counts_each_value_in_its_bucket(metrics):
    """A value equal to a bound is below it, one beyond all bounds is in +Inf; the sum and the count are right."""
    metrics.acknowledged([0.0005, 0.001, 0.0011, 99.0])

    assert value(metrics, "acknowledgement_seconds_bucket", le="0.001") == 2
    assert value(metrics, "acknowledgement_seconds_bucket", le="0.0025") == 3
    assert value(metrics, "acknowledgement_seconds_bucket", le="10.0") == 3
    assert value(metrics, "acknowledgement_seconds_bucket", le="+Inf") == 4
    assert value(metrics, "acknowledgement_seconds_count") == 4
    assert value(metrics, "acknowledgement_seconds_sum") == pytest.approx(99.0026)


def test_an_attempt_and_its_deliveries(metrics):
    """An attempt counts its outcome, size and span; each delivered order its own wait."""
    metrics.attempted("demo", "delivered", orders=3, seconds=0.2)
    metrics.delivered("demo", [0.3, 0.4, 61.0])

    assert value(metrics, "attempts_total", tenant="demo", outcome="delivered") == 1
    assert value(metrics, "batch_orders_sum", tenant="demo") == 3
    assert value(metrics, "attempt_seconds_count", tenant="demo") == 1
    assert value(metrics, "delivered_total", tenant="demo") == 3
    assert value(metrics, "received_to_delivered_seconds_bucket", tenant="demo", le="60.0") == 2


def test_gauges_say_what_is_now(metrics):
    """Gauges take the latest word."""
    metrics.tenant("demo", pending=7, oldest_pending_seconds=12.5, is_halted=True)
    metrics.silent("acme", is_silent=True)
    metrics.ticked({"rescue": 1.0})
    metrics.ticked({"translation": 1000.0})
    metrics.writable(is_writable=True)
    metrics.committed(17, 0.002)

    assert value(metrics, "pending", tenant="demo") == 7
    assert value(metrics, "oldest_pending_seconds", tenant="demo") == 12.5
    assert value(metrics, "halted", tenant="demo") == 1
    assert value(metrics, "silent", source="acme") == 1
    assert value(metrics, "loop_last_tick_timestamp_seconds", loop="translation") == 1000
    assert value(metrics, "loop_last_tick_timestamp_seconds", loop="rescue") is None
    assert value(metrics, "store_writable") == 1
    assert value(metrics, "store_group_rows_sum") == 17
    assert value(metrics, "store_commit_seconds_count") == 1
