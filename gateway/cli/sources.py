"""`gateway sources …` and `gateway refusals`: who sends, and who was turned away."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gateway.cli.lists import Row, listed
from gateway.cli.moments import when
from gateway.cli.options import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
    Url,
)
from gateway.cli.reaching import operators_api
from gateway.cli.show import show_bytes, show_table, shown

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


@listed(
    "refusals",
    "source",
    columns=("at", "source", "status", "reason", "address", "bytes"),
    nothing="nothing was turned away",
)
def refusals(row: Row) -> Sequence[Any]:
    """List the requests that were last turned away, newest first."""
    return when(row["at"]), row["source"], row["status"], row["reason"]["code"], row["address"], row["size"]


def _show(rows: list[dict[str, Any]]) -> None:
    show_table(
        ("source", "adapter", "tenant", "last accepted at", "silent", "waiting", "last refusal", "halted lookups"),
        (
            (
                row["name"],
                f"{row['adapter']} {row['adapterVersion']}",
                row["tenant"],
                when(row["lastAcceptedAt"]),
                row["silent"],
                row["waiting"],
                # Its detail is the status and the code's own words.
                f"{when(row['lastRefusedAt'])}: {shown(row['lastRefusal']['detail'])}" if row["lastRefusal"] else None,
                [f"{halt['owner']}: {shown(halt['reason'])}" for halt in row["lookupHalts"]],
            )
            for row in rows
        ),
        nothing="no sources",
    )
