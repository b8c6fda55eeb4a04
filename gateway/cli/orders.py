"""`gateway orders …` and `gateway erase`: where an order is, and why; and what it says of anybody, gone."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.events import is_erased, show_event_of, show_events
from gateway.cli.finding import found_by
from gateway.cli.moments import ahead, later
from gateway.cli.options import (
    DEFAULT_CONFIG,
    DEFAULT_LIMIT,
    AsJson,
    ConfigFile,
    Cursor,
    Limit,
    TenantOf,
    Url,
    Why,
)
from gateway.cli.reaching import operators_api
from gateway.cli.show import many, next_page, show_bytes, show_facts, show_line, show_table, shown
from gateway.events import OrderStatus
from gateway.orders import TenantStatus

if TYPE_CHECKING:
    from gateway.cli.client import Client

orders = typer.Typer(help="Where an order is, and why.", no_args_is_help=True)

TenantName = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's name.")]
OrderName = Annotated[str, typer.Argument(metavar="ORDER", help="The order's externalOrderId.")]


@orders.command("list")
def list_orders(
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    tenant: TenantOf = None,
    status: Annotated[OrderStatus | None, typer.Option("--status", help="In this status.")] = None,
    q: Annotated[
        str | None, typer.Option("--q", metavar="TEXT", help="A part of the externalOrderId, or a vendor's reference.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List orders, the last changed first."""
    client = operators_api(config, url)
    answer = client.get("orders", tenant=tenant, status=status, q=q, limit=limit, cursor=cursor)
    if as_json:
        show_bytes(answer.content)
        return
    show_table(
        ("tenant", "order", "status", "order at Trackely", "changed at", "delivered at", "reason"),
        (
            (
                row["tenant"] + (" (orphaned)" if row.get("orphaned") else ""),
                row["externalOrderId"],
                row["status"],
                row["orderId"],
                row["changedAt"],
                row["deliveredAt"],
                row["reason"],
            )
            for row in answer.value["orders"]
        ),
        nothing="no orders",
    )
    next_page(answer.value)


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
    value = answer.value
    # What holds a pending order up is mostly its tenant's trouble, which the order does not know of.
    is_pending = value["status"] == OrderStatus.PENDING
    tenants = client.get("tenants").value["tenants"] if is_pending else []
    holder: dict[str, Any] = next((row for row in tenants if row["name"] == value["tenant"]), {})
    show_facts(
        {
            "order": value["externalOrderId"],
            "tenant": value["tenant"],
            "status": value["status"],
            "reason": value["reason"],
            "order at Trackely": value["orderId"],
            "created there": value["created"],
            "changed at": value["changedAt"],
            "delivered at": value["deliveredAt"],
            **(_waiting(value, holder) if is_pending else {}),
        }
    )
    if value["order"] is None:
        is_gone = is_erased(value["status"], value["reason"])
        show_line("\nits newest state was erased" if is_gone else "\nits newest state is a cancellation")
    else:
        show_line("")
        show_facts({f"  {name}": content for name, content in value["order"].items()})
    show_events(value["events"])
    show_table(
        ("at", "kind", "status", "outcome", "batch", "ms", "the intake's words"),
        (
            (
                row["at"],
                row["kind"],
                row["httpStatus"],
                row["outcome"],
                row["batchSize"],
                row["milliseconds"],
                shown(row["detail"])[:200],
            )
            for row in value["attempts"]
        ),
        nothing="no attempts",
    )


def _waiting(order: dict[str, Any], tenant: dict[str, Any]) -> dict[str, str | None]:
    """What a pending order waits for, and until when; `tenant` is empty where none is configured."""
    name, reason = shown(order["tenant"]), shown(tenant.get("reason"))
    own, common = ahead(order["nextAttemptAt"]), ahead(tenant.get("nextAttemptAt"))
    if not tenant:
        return {"waits because": f"tenant {name} is not configured"}
    if tenant["status"] == TenantStatus.HALTED:
        return {"waits because": f"tenant {name} is halted: {reason}", "next probe at": common}
    if tenant["status"] == TenantStatus.BACKING_OFF:
        until = f" until {common}" if common else ""
        # An order that is tried alone waits for the tenant's moment as well: said once.
        return {
            "waits because": f"tenant {name} is backing off{until}: {reason}",
            "next attempt at": later(own, common),
        }
    if tenant["delivery"] == "pull":
        return {"waits because": f"tenant {name} is pulled from: the next pull takes it"}
    return {"next attempt at": own}


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


def erase(
    *,
    tenant: TenantName,
    order: OrderName,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Remove for good what an order's whole story says of anybody; its skeleton stays."""
    answer = operators_api(config, url).post("orders", tenant, order, "erase")
    if as_json:
        show_bytes(answer.content)
    else:
        events = many(answer.value["erased"], "event")
        show_line(f"order {shown(order)} of {shown(tenant)} is erased, and {events} with it")
