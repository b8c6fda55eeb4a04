"""`gateway ledger`: did all of a day's orders go out?"""

import sys
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer

from gateway.cli.moments import when
from gateway.cli.naming import note_strangers
from gateway.cli.options import DEFAULT_CONFIG, DEFAULT_LIMIT, AsJson, ConfigFile, Source, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, note, show_line, show_table, shown

Day = Annotated[str, typer.Argument(metavar="DAY", help="Such as 2026-11-24.")]
Zone = Annotated[
    str | None, typer.Option("--zone", metavar="NAME", help="The day's time zone, other than the source's.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print all rows as CSV.")]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Ask the vendors for their lists first; nothing comes in by it.")
]


def ledger(
    *,
    day: Day,
    config: ConfigFile = DEFAULT_CONFIG,
    source: Source = None,
    zone: Zone = None,
    refresh: Refresh = False,
    as_csv: AsCsv = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Tell of a day's orders what the vendor had, what was received, what Trackely confirmed, and what is amiss."""
    if as_csv and as_json:
        raise typer.BadParameter("one of --json and --csv", param_hint="--csv")
    try:
        day = date.fromisoformat(day).isoformat()
    except ValueError:
        raise typer.BadParameter("expected a day such as 2026-11-24", param_hint="DAY") from None
    client = operators_api(config, url)
    note_strangers(client, {"source": source})
    asked = {"day": day, "source": source, "zone": zone}
    if refresh:
        for looked in client.post("ledger", "refresh", body=asked).value["refreshed"]:
            note(f"{looked['source']}: the vendor named {many(looked['listed'], 'order')}")
    if as_json or as_csv:
        for piece in client.pieces("ledger", **asked, format="csv" if as_csv else None):
            sys.stdout.buffer.write(piece)
        if as_json:
            sys.stdout.buffer.write(b"\n")
        return
    _show(client.get("ledger", **asked, difference="any", limit=DEFAULT_LIMIT).value)


def _show(told: Mapping[str, Any]) -> None:
    sums, listed = told["sums"], told["vendorList"]
    show_line(f"{told['day']} in {told['zone']}: {many(sums['rows'], 'order')}")
    if listed is not None:
        show_line(f"on the vendor's list: {listed['orders']}, asked {when(listed['askedAt']) or 'never'}")
    recovered = f", {sums['recovered']} by reconciliation alone" if sums["recovered"] else ""
    show_line(f"received: {sums['received']}{recovered}")
    show_line(f"delivered or served: {sums['delivered']}, confirmed: {sums['confirmed']}")
    amiss = ", ".join(f"{count} {name}" for name, count in sorted(sums["differences"].items()))
    show_line(f"amiss: {amiss or 'nothing'}")
    if told["ledger"]:
        show_table(
            ("source", "order", "received", "delivered", "difference", "event"),
            (
                (
                    row["source"], row["externalOrderId"], when(row["receivedAt"]), when(row["deliveredAt"]),
                    shown(row["difference"]), row["event"],
                )
                for row in told["ledger"]
            ),
            nothing="",
        )  # fmt: skip
    if told["truncated"]:
        note("there are more: --csv prints all")
