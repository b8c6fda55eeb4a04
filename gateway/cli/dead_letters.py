"""`gateway dead-letters …`: what was set aside for a person."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gateway.cli import bulk
from gateway.cli.failure import FAILED
from gateway.cli.filters import DEAD_LETTERS, Which, filtered
from gateway.cli.lists import Row, listed
from gateway.cli.moments import when
from gateway.cli.naming import note_strangers
from gateway.cli.options import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
    DryRun,
    Force,
    Url,
    Wait,
    Why,
)
from gateway.cli.reaching import operators_api
from gateway.cli.show import note, show_bytes, show_line, shown

dead_letters = typer.Typer(help="What was set aside for a person.", no_args_is_help=True)


Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="The dead letters' ids, such as event-12.")]


@dead_letters.command("list")
@listed(
    "dead-letters",
    *DEAD_LETTERS,
    member="deadLetters",
    columns=("id", "at", "source", "event ID", "tenant", "order", "reason"),
    nothing="no dead letters",
)
def list_dead_letters(row: Row) -> Sequence[Any]:
    """List dead letters, newest first."""
    names = ("source", "eventId", "tenant", "externalOrderId", "reason")
    return [row["id"], when(row["at"]), *(row[name] for name in names)]


@dead_letters.command("replay")
@filtered(*DEAD_LETTERS)
def replay(  # noqa: PLR0913 - which, and how
    *,
    which: Which,
    ids: Ids = None,
    config: ConfigFile = DEFAULT_CONFIG,
    dry_run: DryRun = False,
    force: Force = False,
    wait: Wait = False,
    reason: Why = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Translate again what was set aside, by ids or by what fits the options."""
    selection = bulk.Selection(ids, which)
    flags: dict[str, object] = {"dryRun": dry_run, "force": force, "reason": reason}
    _do(config, url, "replay", selection, flags, as_json=as_json, wait=wait)


@dead_letters.command("discard")
@filtered(*DEAD_LETTERS)
def discard(
    *,
    which: Which,
    ids: Ids = None,
    config: ConfigFile = DEFAULT_CONFIG,
    dry_run: DryRun = False,
    reason: Why = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Set dead letters aside for good, by ids or by what fits the options."""
    selection = bulk.Selection(ids, which)
    _do(config, url, "discard", selection, {"dryRun": dry_run, "reason": reason}, as_json=as_json)


@dead_letters.command("release")
@filtered(*DEAD_LETTERS)
def release(
    *,
    which: Which,
    ids: Ids = None,
    config: ConfigFile = DEFAULT_CONFIG,
    dry_run: DryRun = False,
    reason: Why = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Let held states go as they are, by ids or by what fits the options."""
    client, selection = operators_api(config, url), bulk.Selection(ids, which)
    note_strangers(client, selection.filter)
    body = {**selection.body, "dryRun": dry_run, "reason": reason}
    answer = client.post("dead-letters", "release", body=body)
    if as_json:
        show_bytes(answer.content)
    else:
        show_line(f"{answer.value['released']} {'would be ' if dry_run else ''}released")
    if missing := answer.value.get("missing"):
        note(f"gateway: not held: {shown(missing)}")
        raise typer.Exit(FAILED)


def _do(
    config: ConfigFile,
    url: str | None,
    act: str,
    selection: bulk.Selection,
    flags: dict[str, object],
    *,
    as_json: bool,
    wait: bool = False,
) -> None:
    client = operators_api(config, url)
    done = f"{act}ed"
    bulk.do(client, ("dead-letters", act), selection, flags=flags, done=done, as_json=as_json, wait=wait)
