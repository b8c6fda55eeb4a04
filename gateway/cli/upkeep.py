"""Commands about the whole: figures, replicas, the configuration again, retention now."""

from gateway.cli.moments import when
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, show_bytes, show_facts, show_line, show_table
from gateway.records.replicas import duties_by_kind


def stats(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Count events and orders by status: overall, by source, by tenant."""
    answer = operators_api(config, url).get("stats")
    if as_json:
        show_bytes(answer.content)
        return
    value = answer.value
    rows = [("events", "all", value["events"]), *(("events", name, n) for name, n in value["sources"].items())]
    rows += [("orders", "all", value["orders"]), *(("orders", name, n) for name, n in value["tenants"].items())]
    show_table(
        ("what", "of", "status", "count"),
        ((what, of, status, count) for what, of, counts in rows for status, count in counts.items()),
        nothing="nothing came in yet",
    )


def replicas(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """List the gateways that serve the store, and what each does alone."""
    answer = operators_api(config, url).get("replicas")
    if as_json:
        show_bytes(answer.content)
        return
    show_table(
        ("replica", "state", "version", "config", "adapters", "started at", "last seen at", "duties"),
        (
            (row["name"], row["state"], row["version"], row["configDigest"], row["adaptersDigest"],
             when(row["startedAt"]), when(row["lastSeenAt"]), [*duties_by_kind(row["duties"])])
            for row in answer.value["replicas"]
        ),
        nothing="no replicas",
    )  # fmt: skip


def reload(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Let the gateway read its whole configuration again and go on with it, all or nothing."""
    answer = operators_api(config, url).post("reload")
    if as_json:
        show_bytes(answer.content)
        return
    value = answer.value
    show_facts({"changed": value["changed"] or "nothing", "needs a restart": value["needsRestart"] or None})


def prune(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Remove what is older than its retention, now."""
    answer = operators_api(config, url).post("prune")
    if as_json:
        show_bytes(answer.content)
    else:
        show_line(f"{many(answer.value['pruned'], 'row')} removed")
