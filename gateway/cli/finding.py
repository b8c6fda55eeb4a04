"""`gateway find`, and what `orders show` and `events show` take for a name."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from gateway.cli.failure import FAILED, Failure
from gateway.cli.options import DEFAULT_CONFIG, DEFAULT_LIMIT, AsJson, ConfigFile, Limit, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import note, show_bytes, show_line, show_table, shown

if TYPE_CHECKING:
    from gateway.cli.client import Client

NOTHING = "nothing bears {}: see `gateway refusals`, whether the vendor's request was turned away"


def find(
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="An order's number, a reference, an event's ID, a part.")],
    config: ConfigFile = DEFAULT_CONFIG,
    limit: Limit = DEFAULT_LIMIT,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Find orders and events by a text, and say what to do next about each; exit code 1 where there are none."""
    answer = operators_api(config, url).get("find", q=text, limit=limit)
    if as_json:
        show_bytes(answer.content)
    elif answer.value["found"]:
        _show(answer.value)
    else:
        note(f"gateway: {NOTHING.format(shown(text))}")
    if not answer.value["found"]:
        raise typer.Exit(FAILED)


class OneFound(msgspec.Struct, frozen=True):
    """What one text means: an order by its tenant and name, or an event; and the events beside that died of it."""

    order: tuple[str, str] | None
    event: dict[str, Any]
    beside: list[dict[str, Any]] = []

    def say_beside(self) -> None:
        """Name the events that bear the text and came to no order."""
        for event in self.beside:
            show_line(
                f"\nevent {event['id']} names it too and is {event['status']}: {shown(event['reason'])}\n"
                f"  {event['next']['what']}: {event['next']['command']}"
            )


def found_by(client: "Client", text: str, wanted: Literal["order", "event"], *, as_json: bool) -> OneFound:
    """The one thing that a text means. Several: they are listed, and the command ends with exit code 1."""
    answer = client.get("find", q=text)
    rows: list[dict[str, Any]] = answer.value["found"]
    best = [row for row in rows if row["how"] == "exact"] or rows
    # A number is an event's id, before anybody's number of an order.
    if wanted == "event":
        best = [row for row in best if row["matched"] == "id"] or best
    preferred = [row for row in best if row["kind"] == wanted] or best
    if not preferred:
        raise Failure(NOTHING.format(shown(text)))
    if len(preferred) > 1:
        if as_json:
            show_bytes(answer.content)
        else:
            _show({**answer.value, "found": best})
        raise typer.Exit(FAILED)
    [only] = preferred
    beside = [row for row in best if row is not only and row["kind"] == "event"]
    return _one(client, only, beside, wanted)


def _one(client: "Client", only: dict[str, Any], beside: list[dict[str, Any]], wanted: str) -> OneFound:
    if only["kind"] == "order":
        key = (only["tenant"], only["externalOrderId"])
        if wanted == "order":
            return OneFound(key, {}, beside)
        events = client.get("orders", *key).value["events"]
        if not events:
            raise Failure(f"the events of order {shown(key[1])} are past their retention: {only['next']['command']}")
        return OneFound(None, {"id": events[-1]["id"], "next": only["next"]})
    if wanted == "order" and only["status"] not in ("dead", "ignored", "received", "waiting"):
        orders = client.get("events", only["id"]).value["orders"]
        keys = list(dict.fromkeys((order["tenant"], order["externalOrderId"]) for order in orders))
        if len(keys) == 1:
            return OneFound(keys[0], {}, beside)
    return OneFound(None, only, beside)


def _show(value: dict[str, Any]) -> None:
    show_table(
        (
            "what",
            "tenant",
            "order",
            "order at Trackely",
            "source",
            "event ID",
            "found by",
            "status",
            "together with",
            "reason",
            "next",
        ),
        (
            (
                f"{row['kind']} {row['id'].removeprefix('order-')}",
                row["tenant"],
                row["externalOrderId"],
                row["orderId"],
                row["source"],
                row["eventId"],
                row["matched"] + {"exact": "", "case": ", ignoring case", "beginning": ", its beginning"}[row["how"]],
                row["status"],
                row["siblings"],
                row["reason"],
                f"{row['next']['what']}: {row['next']['command']}",
            )
            for row in value["found"]
        ),
        nothing="nothing",
    )
    if value["truncated"]:
        note("there is more: a longer text finds less")
