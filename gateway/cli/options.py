"""The options that commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

import typer

from gateway.cli import serving
from gateway.events import EventStatus, OrderStatus

# `readable=False` wherever a file is named: what cannot be read is no wrong usage, and whoever reads it says so.
ConfigFile: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--config", envvar=serving.CONFIG_VARIABLE, metavar="FILE", readable=False, help="The configuration file."
    ),
]
DEFAULT_CONFIG = serving.DEFAULT_CONFIG

AnswerFiles: TypeAlias = Annotated[
    list[str] | None, typer.Option("--answer", metavar="KEY=FILE", help="What the vendor's API answers to a lookup.")
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the answer as it is, for machines.")]


def fit_origin(url: str | None) -> str | None:
    """An address that can be asked; its words do not repeat it, since it may hold a password."""
    try:
        parts = urlsplit(url or "http://x")
        is_fit = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_fit = False
    if not is_fit or url == "":
        raise typer.BadParameter("expected a gateway's address, such as http://127.0.0.1:8080")
    return url


Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        callback=fit_origin,
        help="Another gateway than the configured one; its token: $GATEWAY_API_TOKEN.",
    ),
]

AdapterOptions: TypeAlias = Annotated[
    Path | None,
    typer.Option("--options", metavar="FILE", readable=False, help="The adapter's options, as YAML or JSON."),
]

Limit: TypeAlias = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many rows at most.")]
DEFAULT_LIMIT = 100

Cursor: TypeAlias = Annotated[
    str | None, typer.Option("--cursor", metavar="CURSOR", help="Go on where the page before ended.")
]
SinceOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="From then on: 2026-02-01T08:00:00Z, or a span such as 2h ago."),
]
UntilOption: TypeAlias = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="Before then: a moment, or a span such as 30m ago.")
]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Do nothing; say what would come of it.")]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Make each the newest state of its orders.")]
Wait: TypeAlias = Annotated[
    bool, typer.Option("--wait", help="Wait until all are translated, and say what became of them.")
]
Why: TypeAlias = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for whoever looks later.")]

Source: TypeAlias = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Of this source.")]
TenantOf: TypeAlias = Annotated[str | None, typer.Option("--tenant", metavar="NAME", help="Of this tenant.")]
EventIdOf: TypeAlias = Annotated[
    str | None, typer.Option("--event-id", metavar="ID", help="With this event ID of the vendor's.")
]
ReferenceOf: TypeAlias = Annotated[
    str | None, typer.Option("--reference", metavar="TEXT", help="With this reference of the vendor's.")
]
OrderOf: TypeAlias = Annotated[
    str | None, typer.Option("--order", metavar="ID", help="Of the order with this externalOrderId.")
]


class Kind(StrEnum):
    """What was set aside."""

    EVENT = "event"
    ORDER = "order"


KindOf: TypeAlias = Annotated[Kind | None, typer.Option("--kind", help="Of this kind.")]
StatusOf: TypeAlias = Annotated[EventStatus | None, typer.Option("--status", help="In this status.")]
CodeOf: TypeAlias = Annotated[str | None, typer.Option("--code", metavar="CODE", help="With this reason's code.")]
OrderStatusOf: TypeAlias = Annotated[OrderStatus | None, typer.Option("--status", help="In this status.")]
PartOf: TypeAlias = Annotated[
    str | None, typer.Option("--q", metavar="TEXT", help="A part of the externalOrderId, or a vendor's reference.")
]
ByOf: TypeAlias = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Done with this token.")]
ActOf: TypeAlias = Annotated[str | None, typer.Option("--act", metavar="ACT", help="Of this kind, such as replay.")]
