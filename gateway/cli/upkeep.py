"""`gateway stats` and `gateway prune`: figures, and retention now."""

from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, show_bytes, show_facts, show_line, show_table


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
