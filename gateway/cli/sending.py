"""`gateway send`: posts payloads as the vendor would."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gateway.cli.failure import FAILED, Failure
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, fit_origin
from gateway.cli.show import show_bytes, show_table

if TYPE_CHECKING:
    from gateway.cli.posting import Sent

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", callback=fit_origin, help="Another gateway than the configured one."),
]


def send(
    *,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The source's name.")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", readable=False, help="The payloads, or captured requests.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    header: Annotated[
        list[str] | None, typer.Option("--header", metavar="NAME:VALUE", help="A further header, such as a topic's.")
    ] = None,
    path: Annotated[str, typer.Option("--path", metavar="PATH", help="What follows the source in the URL.")] = "",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Post payloads to a source with the source's own credentials; with --json an answer a line."""
    from gateway.cli import posting  # noqa: PLC0415 - the rooms that it needs are slow to load

    target = posting.target_of(config, source, url=url)
    payloads = [(file, _read(file)) for file in files]
    sent = []
    for each in posting.post(target, payloads, dict(_header(text) for text in header or []), path=path):
        sent.append(each)
        if as_json:
            show_bytes(each.content)
    if not as_json:
        _show(sent)
    if not all(200 <= each.status < 300 for each in sent):  # noqa: PLR2004 - the range of success
        raise typer.Exit(FAILED)


def _show(sent: list["Sent"]) -> None:
    rows = []
    for each in sent:
        try:
            value = msgspec.json.decode(each.content)
        except msgspec.DecodeError:
            value = None
        known = value if isinstance(value, dict) else {}
        told = known.get("problem") or known.get("detail") or (None if known else each.content.decode(errors="replace"))
        rows.append((each.file, each.status, known.get("eventId"), known.get("duplicate"), told))
    show_table(("file", "status", "event ID", "duplicate", "told"), rows, nothing="nothing was sent")


def _header(text: str) -> tuple[str, str]:
    name, found, value = text.partition(":")
    if not found:
        raise typer.BadParameter("expected NAME:VALUE", param_hint="--header")
    return name.strip(), value.strip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from None
