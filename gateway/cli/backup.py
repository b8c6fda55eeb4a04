"""`gateway backup` and `gateway restore`: the whole store as one file, and back."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from gateway.cli.show import many, note, show_bytes, show_line

BackupName = Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The backup.")]
Registers = Annotated[
    list[Path] | None,
    typer.Option(
        "--erasures",
        metavar="FILE",
        readable=False,
        help="Apply the erasures of this register, too: gateway.db.erasures of the place where they were made.",
    ),
]


def backup(*, file: BackupName, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Copy the store, in use or not, into one file that holds all that was acknowledged before."""
    from gateway.config.parts import Parts  # noqa: PLC0415 - the other commands start without it
    from gateway.store.sqlite.backup import back_up  # noqa: PLC0415 - as above

    made = back_up(Parts(config, os.environ).store, file, now=datetime.now(UTC))
    if as_json:
        show_bytes(msgspec.json.encode(made))
        return
    show_line(f"{made.file}: {many(made.events, 'event')}, {many(made.orders, 'order')}, {made.size} bytes")
    note("it is not encrypted: whoever reads it reads names and addresses")


def restore(
    *, file: BackupName, erasures: Registers = None, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False
) -> None:
    """Make the store of a backup, where none is; every tenant stands still until it is resumed by hand."""
    from gateway.config.parts import Parts  # noqa: PLC0415 - as above
    from gateway.store.sqlite.restoring import restore  # noqa: PLC0415 - as above

    parts, now = Parts(config, os.environ), int(datetime.now(UTC).timestamp() * 1e6)
    made = asyncio.run(restore(file, parts.store, tenants=parts.tenants, registers=erasures or (), now=now))
    if as_json:
        show_bytes(msgspec.json.encode(made))
        return
    at = made.made_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    events, orders = many(made.events, "event"), many(made.orders, "order")
    show_line(f"{made.store}: {events}, {orders}, as of {at}; {many(made.erased, 'order')} erased again")
    show_line(f"nothing is sent until it is resumed by hand: {', '.join(made.halted) or 'no tenants'}")
    note(f"what came after {at} comes again only by vendors' retries, and by `gateway reconcile SOURCE`")
