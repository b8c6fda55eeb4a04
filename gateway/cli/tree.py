"""The tree of commands."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated

import typer

from gateway.cli import payloads, rehearsing, sending, service, upkeep
from gateway.cli.auditing import audit
from gateway.cli.backup import backup, restore
from gateway.cli.bench import bench
from gateway.cli.dead_letters import dead_letters
from gateway.cli.ending import code_of
from gateway.cli.events import events
from gateway.cli.exporting import export
from gateway.cli.finding import find
from gateway.cli.following import follow
from gateway.cli.intake import intake
from gateway.cli.kit import adapter
from gateway.cli.ledger import ledger
from gateway.cli.operations import operations
from gateway.cli.orders import erase, orders
from gateway.cli.reconciling import reconcile
from gateway.cli.show import show_line
from gateway.cli.sources import refusals, sources
from gateway.cli.storing import store
from gateway.cli.tenants import tenants

app = typer.Typer(
    name="gateway",
    help="A warehouse sends its own webhook, Trackely gets a delivery order.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:  # noqa: FBT001 - as an option's callback is called
    if is_asked:
        from gateway.ground.version import version  # noqa: PLC0415 - no other command needs it

        show_line(version())
        raise typer.Exit


@app.callback()
def options(
    *,
    is_asked: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """What may stand before a command."""


for command in (
    service.serve,
    service.demo,
    service.check,
    payloads.translate,
    sending.send,
    payloads.schemas,
    rehearsing.rehearse,
    rehearsing.drift,
    find,
    follow,
    refusals,
    reconcile,
    ledger,
    upkeep.stats,
    upkeep.replicas,
    upkeep.prune,
    upkeep.reload,
    backup,
    restore,
    erase,
    audit,
):
    app.command()(command)
events.command("export")(export)
for name, group in {
    "events": events,
    "orders": orders,
    "dead-letters": dead_letters,
    "operations": operations,
    "tenants": tenants,
    "sources": sources,
    "intake": intake,
    "adapter": adapter,
    "bench": bench,
    "store": store,
}.items():
    app.add_typer(group, name=name)


_grown = cache(typer.main.get_command)
"""Once a process, however many commands it runs."""


def run(arguments: Sequence[str] | None = None, *, tree: typer.Typer = app, name: str = "gateway") -> int:
    """Run a command; its exit code. None: the process's own arguments."""
    return code_of(lambda: _grown(tree)(args=arguments, prog_name=name))
