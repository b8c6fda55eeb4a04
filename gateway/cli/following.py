"""`gateway follow`: what changes, as it changes."""

import time
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
import typer

from gateway.cli.failure import Lost
from gateway.cli.naming import note_strangers
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Source, TenantOf, Url
from gateway.cli.reaching import operators_api
from gateway.cli.show import note, show_bytes, show_line, shown

AGAIN_SECONDS: Final = 1.0
GAPS: Final = {
    "older": "more has changed meanwhile than is remembered",
    "unknown": "the gateway was started anew, or followed by nobody meanwhile",
    "behind": "more changes than can be told",
}


class Of(StrEnum):
    """What changes."""

    EVENT = "event"
    ORDER = "order"
    TENANT = "tenant"
    SOURCE = "source"
    OPERATION = "operation"


def follow(
    *,
    kind: Annotated[Of | None, typer.Option("--kind", help="Of this kind.")] = None,
    source: Source = None,
    tenant: TenantOf = None,
    status: Annotated[str | None, typer.Option("--status", metavar="STATUS", help="Into this status.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print a line for each change of an event, an order, a tenant, a source or an operation, until Ctrl-C.

    A gateway that is started anew is waited for.
    """
    client, has_begun, last = operators_api(config, url), False, None
    note_strangers(client, {"source": source, "tenant": tenant})
    while True:
        try:
            for place, data in client.stream(
                "stream", last=last, kind=kind, source=source, tenant=tenant, status=status
            ):
                has_begun, last = True, place or last
                if data and as_json:
                    show_bytes(data)
                elif data:
                    _show(msgspec.json.decode(data))
        except Lost:
            # Who never was there is not waited for.
            if not has_begun:
                raise
        time.sleep(AGAIN_SECONDS)


def _show(told: dict[str, Any]) -> None:
    if told["kind"] == "gap":
        note(f"gateway: some changes are missing: {GAPS[told['why']]}")
        return
    named = [
        told[name] for name in ("id", "source", "eventId", "tenant", "externalOrderId", "operation") if name in told
    ]
    counted = f" {told['done']}/{told['total']}" if "total" in told else ""
    because = f" ({told['code']})" if "code" in told else ""
    show_line(f"{told['at']} {told['kind']} {' '.join(map(shown, named))}: {told['status']}{counted}{because}")
