"""`gateway intake …`: the embedded intake's Settings → Integrations, and the contract's suite."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer

from gateway.cli.failure import FAILED, Failure
from gateway.cli.moments import when
from gateway.cli.options import DEFAULT_CONFIG, DEFAULT_LIMIT, AsJson, ConfigFile, Cursor, Limit, Url
from gateway.cli.reaching import intake_settings
from gateway.cli.show import many, next_page, show_bytes, show_facts, show_line, show_table, shown

if TYPE_CHECKING:
    from gateway.cli.client import Client

intake = typer.Typer(help="The embedded intake's Settings → Integrations.", no_args_is_help=True)

TenantName = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's ID at the intake.")]
Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The pull endpoint's id.")]


@intake.command("list")
def list_integrations(*, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False) -> None:
    """List the connected tenants, whether they are active, and when they last received."""
    answer = intake_settings(config, url).get()
    if as_json:
        show_bytes(answer.content)
    else:
        _show_integrations(answer.value["integrations"])


def _acting(act: str, words: str) -> Callable[..., None]:
    """The command that does this to a tenant's webhook."""

    def command(
        *, tenant: TenantName, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False
    ) -> None:
        _act(config, url, (tenant, act), as_json=as_json)

    command.__doc__ = words
    return command


for name, does in {
    "connect": "Connect a tenant: makes its webhook's URL and its secret, which is shown this once.",
    "regenerate": "Make a tenant's new secret, shown this once; the old one stops working at once.",
    "deactivate": "Answer 401 to a tenant's webhook until it is activated.",
    "activate": "Let a deactivated webhook receive again.",
}.items():
    intake.command(name)(_acting(name, does))


@intake.command("pull")
def add_pull(
    *,
    tenant: TenantName,
    wms_url: Annotated[str, typer.Argument(metavar="WMS_URL", help="Where the orders are pulled from.")],
    config: ConfigFile = DEFAULT_CONFIG,
    method: Annotated[Literal["GET", "POST"], typer.Option("--method", help="How it is asked.")] = "GET",
    every: Annotated[
        str | None, typer.Option("--every", metavar="SPAN", help="Pull on a schedule too, such as every 15m.")
    ] = None,
    allow_http: Annotated[bool, typer.Option("--allow-http", help="Allow plain http beyond this machine.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Add a pull endpoint to a tenant; its secret, to be stored in the WMS, is shown this once."""
    from gateway.config.quantities import span  # noqa: PLC0415 - the configuration's room is slow to load

    try:
        seconds = None if every is None else span(every)
    except ValueError:
        raise typer.BadParameter("expected a span such as 15m", param_hint="--every") from None
    body = {"url": wms_url, "method": method, "everySeconds": seconds, "allowHttp": allow_http or None}
    _act(config, url, (tenant, "pull-endpoints"), body=body, as_json=as_json)


@intake.command("pulls")
def list_pulls(
    *, tenant: TenantName, config: ConfigFile = DEFAULT_CONFIG, url: Url = None, as_json: AsJson = False
) -> None:
    """List a tenant's pull endpoints with their last results."""
    settings = intake_settings(config, url)
    answer = settings.get(tenant, "pull-endpoints")
    if not answer.value["pullEndpoints"]:
        _must_know(settings, tenant)
    if as_json:
        show_bytes(answer.content)
        return
    show_table(
        ("endpoint", "method", "URL", "every (s)", "last tried at", "last succeeded at", "orders", "last error"),
        (
            (
                row["id"],
                row["method"],
                row["url"],
                row["everySeconds"],
                when(row["lastAttemptAt"]),
                when(row["lastSucceededAt"]),
                row["lastProcessed"],
                row["lastError"],
            )
            for row in answer.value["pullEndpoints"]
        ),
        nothing="no pull endpoints",
    )


@intake.command("pull-regenerate")
def regenerate_pull(
    *,
    tenant: TenantName,
    endpoint: Endpoint,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make a pull endpoint's new secret, shown this once."""
    _act(config, url, (tenant, "pull-endpoints", endpoint, "regenerate"), as_json=as_json)


@intake.command("pull-remove")
def remove_pull(
    *,
    tenant: TenantName,
    endpoint: Endpoint,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Remove a pull endpoint; its orders stay."""
    answer = intake_settings(config, url).delete(tenant, "pull-endpoints", endpoint)
    if as_json:
        show_bytes(answer.content)
    else:
        show_line(f"pull endpoint {endpoint} is removed")


@intake.command("sync")
def sync(
    *,
    tenant: TenantName,
    endpoint: Annotated[
        str | None, typer.Argument(metavar="ENDPOINT", help="The pull endpoint's id, where there are several.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Pull a tenant's orders now."""
    settings = intake_settings(config, url)
    if endpoint is None:
        rows = settings.get(tenant, "pull-endpoints").value["pullEndpoints"]
        if len(rows) != 1:
            raise Failure(
                f"tenant {tenant} has {len(rows)} pull endpoints: expected one, or an ENDPOINT that says which"
            )
        endpoint = rows[0]["id"]
    answer = settings.post(tenant, "pull-endpoints", str(endpoint), "sync")
    if as_json:
        show_bytes(answer.content)
    else:
        created = sum(order["created"] for order in answer.value["orders"])
        show_line(f"{many(len(answer.value['orders']), 'order')} pulled, {created} of them new")


@intake.command("orders")
def list_orders(
    *,
    tenant: TenantName,
    config: ConfigFile = DEFAULT_CONFIG,
    planned_date: Annotated[
        str | None, typer.Option("--planned-date", metavar="DAY", help="In Planning for this day, YYYY-MM-DD.")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the orders that the embedded intake has of a tenant."""
    settings = intake_settings(config, url)
    answer = settings.get(tenant, "orders", plannedDate=planned_date, limit=limit, cursor=cursor)
    if not answer.value["orders"]:
        _must_know(settings, tenant)
    if as_json:
        show_bytes(answer.content)
        return
    show_table(
        ("order", "id", "planned", "customer", "delivery address", "weight", "volume", "pallets", "handling"),
        (
            (
                row["externalOrderId"],
                row["orderId"],
                row.get("plannedDate"),
                row["customer"]["name"],
                row.get("deliveryAddress") or row["customer"].get("address"),
                row.get("totalWeight"),
                row.get("volume"),
                row.get("palletCount"),
                row.get("specialHandling"),
            )
            for row in answer.value["orders"]
        ),
        nothing=f"the intake has no orders of {tenant}",
    )
    next_page(answer.value)


@intake.command("customers")
def list_customers(
    *,
    tenant: TenantName,
    config: ConfigFile = DEFAULT_CONFIG,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the customers that the embedded intake has of a tenant."""
    settings = intake_settings(config, url)
    answer = settings.get(tenant, "customers", limit=limit, cursor=cursor)
    if not answer.value["customers"]:
        _must_know(settings, tenant)
    if as_json:
        show_bytes(answer.content)
        return
    show_table(
        ("customer", "name", "contact", "address"),
        ((row["customerId"], row["name"], row["contact"], row.get("address")) for row in answer.value["customers"]),
        nothing=f"the intake has no customers of {tenant}",
    )
    next_page(answer.value)


@intake.command("verify")
def verify(
    *,
    webhook: Annotated[str, typer.Argument(metavar="URL", help="The webhook's URL, of any implementation.")],
    secret: Annotated[str, typer.Option("--secret", envvar="TRACKELY_SECRET", metavar="TEXT", help="Its secret.")],
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - every command takes it; this one may be far from a gateway
    settings: Annotated[
        str | None,
        typer.Option("--settings", metavar="ORIGIN", help="Where Settings is; its token: $GATEWAY_API_TOKEN."),
    ] = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="A customer that the tenant has.")
    ] = None,
    callback_host: Annotated[
        str, typer.Option("--callback-host", metavar="HOST", help="This machine, as the implementation reaches it.")
    ] = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Check an intake against the contract, a clause a line; 1 if a clause fails."""
    import asyncio  # noqa: PLC0415 - only this command needs it

    from gateway.workshop.conformance import SettingsAccess  # noqa: PLC0415 - only this command needs it
    from gateway.workshop.conformance import verify as run  # noqa: PLC0415 - as above

    token = os.environ.get("GATEWAY_API_TOKEN", "")
    if settings is not None and not token:
        raise Failure("--settings needs its token in $GATEWAY_API_TOKEN")
    access = None if settings is None else SettingsAccess(settings, token, callback_host)
    results = asyncio.run(run(webhook, secret, settings=access, customer_id=customer))
    if as_json:
        show_bytes(msgspec.json.encode({"clauses": results}))
    else:
        show_table(
            ("clause", "outcome", "the contract's sentence", "detail"),
            ((each.name, each.outcome, each.sentence, each.detail) for each in results),
            nothing="no clauses",
        )
    if any(each.outcome == "failed" for each in results):
        raise typer.Exit(FAILED)


def _must_know(settings: "Client", tenant: str) -> None:
    """Raise Failure for a tenant of whom nothing is there because nobody is called so."""
    from gateway.config.kinds import suggestion  # noqa: PLC0415 - only then

    known = [row["tenant"] for row in settings.get().value["integrations"]]
    if tenant not in known and not settings.get(tenant, "pull-endpoints").value["pullEndpoints"]:
        raise Failure(f"the intake knows no tenant {shown(tenant)}: {suggestion(tenant, known)}")


def _act(
    config: Path, url: str | None, path: tuple[str, ...], *, body: dict[str, Any] | None = None, as_json: bool
) -> None:
    answer = intake_settings(config, url).post(*path, body=body or {})
    if as_json:
        show_bytes(answer.content)
        return
    value = {**answer.value.pop("endpoint", {}), **answer.value}
    show_facts({_spaced(name): content for name, content in value.items()})
    if "secret" in value:
        show_line("keep the secret: it is not shown again")


def _show_integrations(rows: list[dict[str, Any]]) -> None:
    show_table(
        ("tenant", "active", "connected at", "last received at", "webhook URL"),
        (
            (row["tenant"], row["active"], when(row["connectedAt"]), when(row["lastReceivedAt"]), row["webhookUrl"])
            for row in rows
        ),
        nothing="no tenant is connected",
    )


def _spaced(name: str) -> str:
    """A member's name in words."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
