"""`gateway operations …`: replays, discards and previews of many, which go on by themselves."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli.lists import Row, listed
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import progress, show_bytes, show_facts, show_line

if TYPE_CHECKING:
    from gateway.cli.client import Client

operations = typer.Typer(
    help="Replays, discards and previews of many, which go on by themselves.", no_args_is_help=True
)

OperationId = Annotated[str, typer.Argument(metavar="ID", help="The operation's id.")]

LOOK_SECONDS = 0.1


COLUMNS: Final = ("id", "kind", "of", "status", "total", "done", "failed", "skipped", "by", "startedAt", "endedAt")


@operations.command("list")
@listed("operations", columns=COLUMNS, nothing="no operations")
def list_operations(row: Row) -> Sequence[Any]:
    """List operations, newest first."""
    return [row[name] for name in COLUMNS]


@operations.command("show")
def show_operation(
    *, operation: OperationId, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False
) -> None:
    """Show an operation: how far it is, and what became of its events."""
    _ask(operation, None, config, url, as_json=as_json)


@operations.command("pause")
def pause_operation(
    *, operation: OperationId, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False
) -> None:
    """Let an operation rest until it is resumed."""
    _ask(operation, "pause", config, url, as_json=as_json)


@operations.command("resume")
def resume_operation(
    *, operation: OperationId, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False
) -> None:
    """Let an operation go on."""
    _ask(operation, "resume", config, url, as_json=as_json)


@operations.command("cancel")
def cancel_operation(
    *, operation: OperationId, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False
) -> None:
    """End an operation; what it has done stays."""
    _ask(operation, "cancel", config, url, as_json=as_json)


def _ask(operation: str, act: str | None, config: ConfigFile, url: str | None, *, as_json: bool) -> None:
    client = operators_api(config, url)
    answer = client.post("operations", operation, act) if act else client.get("operations", operation)
    if as_json:
        show_bytes(answer.content)
    else:
        _show(answer.value["operation"])


def _show(operation: dict[str, Any]) -> None:
    counts = {name: operation.get(name) or {} for name in ("effects", "became")}
    told = {name: [f"{count} {what}" for what, count in found.items() if count] for name, found in counts.items()}
    show_facts({**operation, **told})


def follow_to_its_end(client: "Client", operation: dict[str, Any]) -> dict[str, Any]:
    """An operation once it rests or has ended, with a progress bar until then; Ctrl-C leaves it running."""
    done = 0
    with progress(f"operation {operation['id']}: {operation['kind']} …", operation["total"]) as advance:
        while True:
            reached = operation["done"] + operation["failed"] + operation["skipped"]
            advance(reached - done)
            done = reached
            if operation["status"] != "running":
                return operation
            time.sleep(LOOK_SECONDS)
            operation = client.get("operations", operation["id"]).value["operation"]


def become(client: "Client", operation: dict[str, Any]) -> None:
    """Wait until an operation's events are translated, and say what became of them."""
    while {"received"} & operation["became"].keys():
        time.sleep(LOOK_SECONDS)
        operation = client.get("operations", operation["id"]).value["operation"]
    show_line(", ".join(f"{count} {status}" for status, count in sorted(operation["became"].items())))
