"""`gateway events …`: what came in and what became of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gateway.cli import bulk
from gateway.cli.filters import EVENTS, Which, filtered
from gateway.cli.finding import found_by
from gateway.cli.lists import Row, listed
from gateway.cli.moments import when
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
from gateway.cli.show import show_bytes, show_facts, show_line, show_table, shown
from gateway.events import ERASED, OrderStatus

if TYPE_CHECKING:
    from gateway.cli.client import Client

events = typer.Typer(help="What came in, and what became of it.", no_args_is_help=True)


EVENT_COLUMNS: Final = ("id", "received at", "source", "event ID", "topic", "status", "orders", "reason")


@events.command("list")
@listed("events", *EVENTS, columns=EVENT_COLUMNS, nothing="no events")
def list_events(row: Row) -> Sequence[Any]:
    """List events, newest first."""
    return _cells(row)


@events.command("show")
def show_event(
    *,
    event: Annotated[
        str, typer.Argument(metavar="ID", help="The event's id, as the list shows it; or what finds one.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an event: its raw body, what it was translated to by which adapter version, and why."""
    client = operators_api(config, url)
    found = found_by(client, event, "event", as_json=as_json)
    show_event_of(client, found.event, as_json=as_json)


def show_event_of(client: "Client", event: dict[str, Any], *, as_json: bool) -> None:
    """An event that was found, why it is where it is, and the command that helps."""
    answer = client.get("events", event["id"])
    if as_json:
        show_bytes(answer.content)
        return
    value = answer.value
    show_facts(
        {
            "id": value["id"],
            "source": value["source"],
            "event ID": value["eventId"],
            "topic": value["topic"],
            "status": value["status"],
            "reason": value["reason"],
            "what helps": (value["reason"] or {}).get("remedy"),
            "next": event["next"]["command"] if value["reason"] else None,
            "received at": when(value["receivedAt"]),
            "occurred at": when(value["occurredAt"]),
            "duplicates": value["duplicates"],
            "conflicts": value["conflicts"],
            "references": value["references"],
            "adapter version": value["adapterVersion"],
        }
    )
    show_table(
        ("tenant", "order", "status", "reason", "as translated"),
        (
            (row["tenant"], row["externalOrderId"], row["status"], row["reason"], _translated(row, value["body"]))
            for row in value["translation"]
        ),
        nothing="\nno orders",
    )
    show_line(value["body"] if value["body"] is not None else "the body was pruned or erased")
    if value["traceback"]:
        show_line("\n" + value["traceback"])


@events.command("replay")
@filtered(*EVENTS)
def replay(  # noqa: PLR0913 - which, and how
    *,
    which: Which,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="The events' ids.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    dry_run: DryRun = False,
    force: Force = False,
    wait: Wait = False,
    reason: Why = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Translate stored events again with today's adapter and options, by ids or by what fits the options."""
    selection = bulk.Selection(ids, which)
    flags = {"dryRun": dry_run, "force": force, "reason": reason}
    client = operators_api(config, url)
    bulk.do(client, ("events", "replay"), selection, flags=flags, done="replayed", as_json=as_json, wait=wait)


def show_events(rows: list[Row]) -> None:
    """Events as a table."""
    show_table(EVENT_COLUMNS, map(_cells, rows), nothing="no events")


def _cells(row: Row) -> Sequence[Any]:
    orders = [order["externalOrderId"] for order in row["orders"]]
    told = (row["topic"], row["status"], orders, row["reason"])
    return (row["id"], when(row["receivedAt"]), _whose(row), row["eventId"], *told)


def _whose(event: dict[str, Any]) -> str:
    said = f"a person, of {event['source']}" if event["kind"] == "person" else str(event["source"])
    return said + (" (orphaned)" if event.get("orphaned") else "")


def is_erased(status: str, reason: dict[str, Any] | None) -> bool:
    """Whether a state without content was erased: no cancellation is ever delivered, and an erased reason says so."""
    return status == OrderStatus.DELIVERED or (reason is not None and reason["detail"] == ERASED.detail)


def _translated(state: dict[str, Any], body: str | None) -> str:
    """The order's members but its id, on one line; or why there are none. What was erased left no body either."""
    order = state["order"]
    if order is None:
        if is_erased(state["status"], state["reason"]):
            return "erased"
        return "cancelled" if body is not None else "cancelled or erased"
    return ", ".join(f"{name}: {shown(value)}" for name, value in order.items() if name != "externalOrderId")
