"""`gateway orders …` and `gateway erase`: where an order is, and why; and what it says of anybody, gone."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from gateway.cli.events import show_event_of
from gateway.cli.failure import Failure
from gateway.cli.finding import found_by
from gateway.cli.lists import Row, listed
from gateway.cli.moments import when
from gateway.cli.options import (
    DEFAULT_CONFIG,
    AsJson,
    ConfigFile,
    Url,
    Why,
)
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, show_bytes, show_line, shown
from gateway.cli.story import tell

if TYPE_CHECKING:
    from gateway.cli.client import Client

_NO_TEXTS: Final = frozenset({"totalWeight", "volume", "palletCount", "specialHandling"})

orders = typer.Typer(help="Where an order is, and why.", no_args_is_help=True)

TenantName = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's name.")]
OrderName = Annotated[str, typer.Argument(metavar="ORDER", help="The order's externalOrderId.")]


@orders.command("list")
@listed(
    "orders",
    *("tenant", "order_status", "q"),
    columns=("tenant", "order", "status", "order at Trackely", "changed at", "delivered at", "reason"),
    nothing="no orders",
)
def list_orders(row: Row) -> Sequence[Any]:
    """List orders, the last changed first."""
    tenant = row["tenant"] + (" (orphaned)" if row.get("orphaned") else "")
    told = (when(row["changedAt"]), when(row["deliveredAt"]), row["reason"])
    return (tenant, row["externalOrderId"], row["status"], row["orderId"], *told)


@orders.command("show")
def show_order(
    *,
    name: Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's name; or, alone, whatever finds one.")],
    order: Annotated[str | None, typer.Argument(metavar="ORDER", help="The order's externalOrderId.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an order as the intake should have it, with every event and attempt behind it, oldest first.

    A text alone may be all that finds one: an order's number, a vendor's reference, an event's ID. Where no order came
    of it, the event is shown that named it.
    """
    client = operators_api(config, url)
    if order is not None:
        show_story(client, name, order, as_json=as_json)
        return
    found = found_by(client, name, "order", as_json=as_json)
    if found.order is not None:
        show_story(client, *found.order, as_json=as_json)
    else:
        show_event_of(client, found.event, as_json=as_json)
    if not as_json:
        found.say_beside()


def show_story(client: "Client", tenant: str, order: str, *, as_json: bool) -> None:
    """An order's whole story."""
    answer = client.get("orders", tenant, order)
    if as_json:
        show_bytes(answer.content)
        return
    tell(client, answer.value)


@orders.command("discard")
def discard_order(
    *,
    tenant: TenantName,
    order: OrderName,
    config: ConfigFile = DEFAULT_CONFIG,
    reason: Why = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Never send the order's present state; a newer one revives it."""
    answer = operators_api(config, url).post("orders", tenant, order, "discard", body={"reason": reason})
    if as_json:
        show_bytes(answer.content)
    else:
        show_line(f"order {shown(order)} of {shown(tenant)} is discarded")


@orders.command("amend")
def amend_order(
    *,
    tenant: TenantName,
    order: OrderName,
    said: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="MEMBER=VALUE", help="A member as it should be; as JSON where it is no text."),
    ] = None,
    absent: Annotated[list[str] | None, typer.Option("--unset", metavar="MEMBER", help="Should be absent.")] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever looks later.")],
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Give an order a state by hand; it goes out like any other, and the vendor's next newer one wins."""
    given = [*map(_member, said or ()), *((name, None) for name in absent or ())]
    members = dict(given)
    if len(members) < len(given):
        raise typer.BadParameter("each member once: --set and --unset name one twice")
    body = {**members, "reason": reason}
    answer = operators_api(config, url).post("orders", tenant, order, "amend", body=body, with_nulls=True)
    if as_json:
        show_bytes(answer.content)
        return
    status = answer.value["status"]
    show_line(f"order {shown(order)} of {shown(tenant)} is amended: event {answer.value['event']} is {status}")
    if status == "superseded":
        show_line("what the vendor said of it is newer than now, and stays")


def _member(said: str) -> tuple[str, Any]:
    """`MEMBER=VALUE` in parts; a value that no text member has is JSON."""
    name, is_given, value = said.partition("=")
    if not is_given:
        raise typer.BadParameter(f"expected MEMBER=VALUE, not {said}")
    if name not in _NO_TEXTS:
        return name, value
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise typer.BadParameter(f'{name} is no text: expected JSON, such as 12.5 or ["fragile"]') from None


def erase(
    *,
    tenant: TenantName,
    order: OrderName,
    config: ConfigFile = DEFAULT_CONFIG,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Remove for good what an order's whole story says of anybody; its skeleton stays. Asks first."""
    if not is_sure:
        if not sys.stdin.isatty():
            raise Failure("nobody is there to be asked, and what is erased is gone for good: --yes")
        typer.confirm(
            f"Erase for good what order {shown(order)} of {shown(tenant)} says of anybody?", abort=True, err=True
        )
    answer = operators_api(config, url).post("orders", tenant, order, "erase")
    if as_json:
        show_bytes(answer.content)
    else:
        events = many(answer.value["erased"], "event")
        show_line(f"order {shown(order)} of {shown(tenant)} is erased, and {events} with it")
