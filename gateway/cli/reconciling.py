"""`gateway reconcile`: asks a vendor for what no webhook told."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.moments import moment
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, SinceOption, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, show_bytes, show_line

if TYPE_CHECKING:
    from gateway.cli.client import Answer, Client

LOOK_SECONDS: Final = 1.0

Name = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's name.")]


def reconcile(
    *,
    name: Name,
    config: ConfigFile = DEFAULT_CONFIG,
    since: SinceOption = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Ask a source's vendor for what no webhook told, and take in what differs."""
    client = operators_api(config, url)
    body = {"since": moment(since, "--since")}
    started = datetime.now(UTC)
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(lambda: client.post("sources", name, "reconcile", body=body))
        _show_progress(answer, lambda: _came_in(client, name, started), started)
    if as_json:
        show_bytes(answer.result().content)
    else:
        show_line(f"{many(answer.result().value['reconciled'], 'order')} differed and came in")


def _show_progress(answer: "Future[Answer]", came_in: Callable[[], str], started: datetime) -> None:
    """Say how far it is, until there is an answer; only to people."""
    from rich.console import Console  # noqa: PLC0415 - costs what no other command should pay

    if not sys.stderr.isatty():
        return
    with Console(stderr=True).status("asking the vendor …") as status:
        while True:
            try:
                answer.exception(LOOK_SECONDS)
            except StillRunning:
                seconds = (datetime.now(UTC) - started).total_seconds()
                status.update(f"asking the vendor for {seconds:.0f} s; {came_in()} came in so far …")
            else:
                return


def _came_in(client: "Client", name: str, started: datetime) -> str:
    found = client.get("events", source=name, since=started.isoformat().replace("+00:00", "Z"), limit=1000).value
    count = sum(1 for event in found["events"] if event["eventId"].startswith("reconcile:"))
    return f"more than {count}" if found["next"] else str(count)
