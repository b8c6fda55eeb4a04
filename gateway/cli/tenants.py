"""`gateway tenants …`: how deliveries go."""

from typing import Annotated, Any

import typer

from gateway.cli.moments import when
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Url, Why
from gateway.cli.reaching import operators_api
from gateway.cli.show import show_bytes, show_table

tenants = typer.Typer(help="How deliveries go, tenant by tenant.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The tenant's name.")]


@tenants.command("list")
def list_tenants(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """List the tenants with what is pending, what failed and what stands still."""
    answer = operators_api(config, url).get("tenants")
    if as_json:
        show_bytes(answer.content)
    else:
        _show(answer.value["tenants"])


@tenants.command("halt")
def halt(
    *, name: Name, config: ConfigFile = DEFAULT_CONFIG, reason: Why = None, url: Url = None, as_json: AsJson = False
) -> None:
    """Send nothing to a tenant until it is resumed by hand."""
    answer = operators_api(config, url).post("tenants", name, "halt", body={"reason": reason})
    if as_json:
        show_bytes(answer.content)
    else:
        _show([answer.value])


@tenants.command("resume")
def resume(*, name: Name, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """Lift a tenant's halt or back-off and try at once."""
    answer = operators_api(config, url).post("tenants", name, "resume")
    if as_json:
        show_bytes(answer.content)
    else:
        _show([answer.value])


def _show(rows: list[dict[str, Any]]) -> None:
    show_table(
        ("tenant", "status", "pending", "oldest (s)", "dead", "last delivered at", "last answer", "next try", "reason"),
        (
            (
                row["name"],
                row["status"],
                row["pending"],
                _seconds(row["oldestPendingSeconds"]),
                row["deadLetters"],
                when(row["lastDeliveredAt"]),
                row["lastAnswer"],
                when(row["nextAttemptAt"]),
                row["reason"],
            )
            for row in rows
        ),
        nothing="no tenants",
    )


def _seconds(span: float | None) -> str | None:
    return None if span is None else f"{span:.1f}"
