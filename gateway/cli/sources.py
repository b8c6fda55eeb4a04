"""`gateway sources …` and `gateway refusals`: who sends, and who was turned away."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gateway.cli.lists import Row, listed
from gateway.cli.moments import when
from gateway.cli.operations import become, follow_to_its_end
from gateway.cli.options import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
    Url,
)
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, show_bytes, show_line, show_table, shown

sources = typer.Typer(help="Who sends, and how their lookups go.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The source's name.")]


@sources.command("list")
def list_sources(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """List the sources: when they last sent, whether they are silent, what their lookups wait for."""
    answer = operators_api(config, url).get("sources")
    if as_json:
        show_bytes(answer.content)
    else:
        _show(answer.value["sources"])


@sources.command("resume")
def resume(*, name: Name, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Lift the halts of a source's lookups and try at once."""
    answer = operators_api(config, url).post("sources", name, "resume")
    if as_json:
        show_bytes(answer.content)
    else:
        _show([answer.value])


@sources.command("shadow")
def shadow(*, name: Name, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Show how what looks on in shadow compares with what is live."""
    answer = operators_api(config, url).get("sources", name, "shadow")
    if as_json:
        show_bytes(answer.content)
    else:
        _show_shadow(answer.value)


@sources.command("promote")
def promote(*, name: Name, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Let a source in shadow deliver from now on, and whom it replaces look on; its newest states are judged."""
    client = operators_api(config, url)
    answer = client.post("sources", name, "promote")
    if as_json:
        show_bytes(answer.content)
        return
    show_line(f"{name} is live from now on; {many(answer.value['operation']['total'], 'event')} to be judged")
    become(client, follow_to_its_end(client, answer.value["operation"]))


@listed(
    "refusals",
    "source",
    columns=("at", "source", "status", "reason", "address", "bytes"),
    nothing="nothing was turned away",
)
def refusals(row: Row) -> Sequence[Any]:
    """List the requests that were last turned away, newest first."""
    return when(row["at"]), row["source"], row["status"], row["reason"]["code"], row["address"], row["size"]


def _show_shadow(told: dict[str, Any]) -> None:
    counts = {key: told[key] for key in ("equal", "differ", "onlyHere", "onlyThere", "settling", "asks")}
    show_table(tuple(counts), [tuple(counts.values())], nothing="")
    for what, found in (("member that differs", told["members"]), ("became no order", told["reasons"])):
        if found:
            show_table((what, "count"), sorted(found.items(), key=lambda each: -each[1]), nothing="")
    show_table(
        ("tenant", "order", "verdict", "member", "live", "in shadow"),
        (
            (each["tenant"], each["externalOrderId"], each["verdict"], one["member"], one["from"], one["to"])
            for each in told["examples"]
            for one in each["difference"] or [{"member": None, "from": None, "to": None}]
        ),
        nothing="nothing differs",
    )


@sources.command("losses")
def losses(*, name: Name, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Show what reconciliation found in the last 30 days and no webhook had told, by topic and hour."""
    answer = operators_api(config, url).get("sources", name, "losses")
    if as_json:
        show_bytes(answer.content)
        return
    rows = ((when(row["hour"]), row["topic"], row["count"]) for row in answer.value["losses"])
    show_table(("hour", "topic", "count"), rows, nothing="nothing was lost")


def _silence(silence: dict[str, Any] | None) -> str | None:
    if silence is None or silence["state"] == "heard":
        return None
    return silence["why"] or f"learning until {when(silence['learningUntil'])}"


def _show(rows: list[dict[str, Any]]) -> None:
    show_table(
        (
            "source",
            "mode",
            "adapter",
            "tenant",
            "last accepted at",
            "silent",
            "waiting",
            "last refusal",
            "halted lookups",
        ),
        (
            (
                row["name"],
                row["mode"],
                f"{row['adapter']} {row['adapterVersion']}",
                row["tenant"],
                when(row["lastAcceptedAt"]),
                _silence(row["silence"]),
                row["waiting"],
                # Its detail is the status and the code's own words.
                f"{when(row['lastRefusedAt'])}: {shown(row['lastRefusal']['detail'])}" if row["lastRefusal"] else None,
                [f"{halt['owner']}: {shown(halt['reason'])}" for halt in row["lookupHalts"]],
            )
            for row in rows
        ),
        nothing="no sources",
    )
