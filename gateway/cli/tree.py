"""The tree of commands, and how each ends: with a code, and words instead of a traceback."""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from gateway.cli import payloads, rehearsing, sending, service, upkeep
from gateway.cli.auditing import audit
from gateway.cli.backup import backup, restore
from gateway.cli.bench import bench
from gateway.cli.dead_letters import dead_letters
from gateway.cli.events import events
from gateway.cli.exporting import export
from gateway.cli.failure import BAD_CONFIGURATION, DONE, FAILED, INTERRUPTED
from gateway.cli.finding import find
from gateway.cli.following import follow
from gateway.cli.intake import intake
from gateway.cli.kit import adapter
from gateway.cli.ledger import ledger
from gateway.cli.operations import operations
from gateway.cli.orders import erase, orders
from gateway.cli.reconciling import reconcile
from gateway.cli.show import note, show_line
from gateway.cli.sources import refusals, sources
from gateway.cli.storing import store
from gateway.cli.tenants import tenants
from gateway.errors import ConfigError, GatewayError

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


UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a disk says that takes no more."""


def run(arguments: Sequence[str] | None = None, *, tree: typer.Typer = app, name: str = "gateway") -> int:
    """Run a command; its exit code. None: the process's own arguments."""
    try:
        code = _code_of(tree, name, arguments)
        # At the exit it would be too late to say that the output is not whole.
        _flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        _drop_output()
        return FAILED
    except OSError as error:
        # Of a file that a command names, it says so itself.
        if error.errno not in UNWRITTEN or error.filename is not None:
            raise
        _drop_output()
        note(f"gateway: cannot write: {error.strerror}")
        return FAILED
    return code


def _code_of(tree: typer.Typer, name: str, arguments: Sequence[str] | None) -> int:
    try:
        tree(args=arguments, prog_name=name)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except (GatewayError, KeyboardInterrupt) as error:
        return _told(error)
    return DONE


def _told(error: BaseException) -> int:
    """Say why a command failed; its exit code."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case ConfigError():
            for fault in error.faults:
                note(f"gateway: {fault}")
            return BAD_CONFIGURATION
    note(f"gateway: {error}")
    return FAILED


def _flush() -> None:
    # There is no standard output in a process that was started with it closed.
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """What is still buffered must not be tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
