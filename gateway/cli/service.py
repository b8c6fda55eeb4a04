"""`gateway serve`, `gateway demo` and `gateway check`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gateway.cli import serving
from gateway.cli.failure import BAD_CONFIGURATION, DONE, FAILED
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from gateway.cli.show import many, note, show_bytes, show_line
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.config.model import Config

Descriptors = Annotated[
    list[int] | None,
    typer.Option(
        "--fd", metavar="N", min=0, help="Listen on the socket of this descriptor; a second one is server.admin's."
    ),
]


def serve(*, config: ConfigFile = DEFAULT_CONFIG, fd: Descriptors = None) -> None:
    """Run the gateway until it is stopped by a signal."""
    serving.serve(config, fd or ())


def demo(
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    once: Annotated[bool, typer.Option("--once", help="End when all is delivered; 0 if so.")] = False,
    replicas: Annotated[
        int | None,
        typer.Option(
            "--replicas",
            min=2,
            max=9,
            help="So many gateways on a PostgreSQL of the demo's own, one of them killed in the middle.",
        ),
    ] = None,
) -> None:
    """Run the gateway with the embedded intake, and send it the vendors' samples."""
    try:
        from gateway.workshop.demo import run  # noqa: PLC0415 - the other commands start without the rooms

        code = run(config=config, once=once, replicas=replicas or 0)
    except KeyboardInterrupt:
        # It runs until Ctrl-C: also one that comes before it listens to signals is a good end.
        if once:
            raise
        code = DONE
    raise typer.Exit(code)


def check(
    *,
    config: ConfigFile = DEFAULT_CONFIG,
    reach: Annotated[
        bool,
        typer.Option(
            "--reach",
            help="Connect to every intake and vendor's API, too, and look at the store; no intake is sent anything.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read the configuration, load the adapters, and say everything that is wrong at once; offline without --reach."""
    from gateway.cli.settings import configuration  # noqa: PLC0415 - the configuration's room is slow to load
    from gateway.config.load import warnings_of  # noqa: PLC0415 - as above

    try:
        loaded = configuration(config)
    except ConfigError as error:
        if not as_json:
            raise
        show_bytes(msgspec.json.encode({"good": False, "faults": error.faults, "warnings": []}))
        raise typer.Exit(BAD_CONFIGURATION) from None
    warnings = [*warnings_of(loaded), *_decided(loaded)]
    reached: dict[str, str | None] = {}
    if reach:
        from gateway.cli.looking import findings_of_reaching  # noqa: PLC0415 - as above

        reached, doubts = findings_of_reaching(loaded)
        warnings += doubts
    if as_json:
        told = {"reach": [{"what": what, "fault": fault} for what, fault in reached.items()]} if reach else {}
        show_bytes(msgspec.json.encode({"good": True, "faults": [], "warnings": warnings, **told}))
    else:
        tenants, sources = len(loaded.settings.tenants), len(loaded.sources)
        _show_good(f"{Path(config)} is good: {many(tenants, 'tenant')}, {many(sources, 'source')}", warnings, reached)
    if any(reached.values()):
        raise typer.Exit(FAILED)


def _decided(config: "Config") -> list[str]:
    """Where the file says otherwise than a promotion decided; a database is asked with --reach."""
    if config.database is not None:
        return []
    from gateway.config.modes import decided_otherwise, modes_of  # noqa: PLC0415 - as above
    from gateway.store.sqlite.looking import modes_in  # noqa: PLC0415 - as above

    return decided_otherwise(modes_of(config), modes_in(Path(config.store_path)))


def _show_good(verdict: str, warnings: Sequence[str], reached: Mapping[str, str | None]) -> None:
    for warning in warnings:
        note(f"warning: {warning}")
    show_line(verdict)
    for what, fault in reached.items():
        show_line(f"{what}: {'reached' if fault is None else fault}")
