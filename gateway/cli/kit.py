"""`gateway adapter …`: the integrators' kit."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
import typer

from gateway.cli.failure import FAILED, Failure, of_file
from gateway.cli.options import DEFAULT_CONFIG, AdapterOptions, AnswerFiles, AsJson, ConfigFile
from gateway.cli.payloads import read_answers
from gateway.cli.show import note, show_bytes, show_facts, show_line, show_table

if TYPE_CHECKING:
    from adapters import Adapter
    from gateway.workshop.kit.making import Place
    from gateway.workshop.kit.scorecard import Scorecard

adapter = typer.Typer(help="The integrators' kit: make an adapter, check it, list what there is.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(metavar="ADAPTER", help="The adapter's name, or a path such as ./acme.py.")]
Cases = Annotated[
    Path | None, typer.Option("--cases", metavar="DIR", help="Golden cases elsewhere than beside the adapter.")
]
MOST_PATHS = 12
NO_CASES = "none here: not judged"


@adapter.command("list")
def list_adapters(*, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List every adapter that can be named: where it is from, its version, and its place on the scale of quality."""
    from gateway.registry import named_adapters  # noqa: PLC0415 - as above
    from gateway.workshop.kit.scorecard import assess  # noqa: PLC0415 - only these commands load adapters

    rows: list[dict[str, Any]] = []
    for each in named_adapters(_files_beside(config)):
        card = None if each.adapter is None else assess(each.adapter, is_thorough=False)
        rows.append(
            {
                "name": each.name,
                "reference": each.reference,
                "version": each.version,
                "origin": each.origin,
                "scale": None if card is None else card.scale,
                "cases": None if card is None else card.cases,
                "fault": each.fault,
            }
        )
    if as_json:
        show_bytes(msgspec.json.encode({"adapters": rows}))
        return
    show_table(
        ("adapter", "version", "where from", "scale", "golden cases", "fault"),
        (
            (row["reference"], row["version"], row["origin"], row["scale"], row["cases"] or NO_CASES, row["fault"])
            for row in rows
        ),
        nothing="no adapters",
    )


@adapter.command("check")
def check(
    *,
    reference: Reference,
    cases: Cases = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="First take what comes out of each golden case for what is expected.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Check all that an adapter owes, on its golden cases and on hostile bodies, and say what would make it better."""
    from gateway.registry import find_adapter  # noqa: PLC0415 - as above
    from gateway.workshop.kit.scorecard import assess  # noqa: PLC0415 - only these commands load adapters

    if cases is not None and not cases.is_dir():
        raise Failure(f"{cases} is no directory of golden cases")
    try:
        found = find_adapter(reference, directory_of(reference, config))
    except LookupError as error:
        raise Failure(str(error.args[0])) from None
    if accept:
        _accept(found, cases)
    card = assess(found, directory=cases, tell=(lambda _: None) if as_json else (lambda words: note(f"… {words}")))
    if as_json:
        show_bytes(msgspec.json.encode(card))
    else:
        _show(card)
    if not card.is_good:
        raise typer.Exit(FAILED)


def _accept(adapter: "Adapter", cases: Path | None) -> None:
    """Take what comes out of the golden cases, and show the difference; what cannot come out is left as it is."""
    from gateway.workshop.kit import accepting  # noqa: PLC0415 - only these commands load adapters

    for name, difference in accepting.accept(adapter, cases):
        for line in difference:
            note(line)
        note(f"accepted {name}")


def directory_of(reference: str, config: Path) -> Path:
    """What a path to an adapter is relative to: here, else where the configuration is, as in the configuration."""
    here = Path.cwd()
    return here if (here / reference).exists() or not config.exists() else config.resolve().parent


def _show(card: "Scorecard") -> None:
    for mark in card.marks:
        show_line(f"{'FAILED' if mark.problems else 'ok    '}  {mark.check}")
        for problem in mark.problems:
            show_line(f"        {problem}")
        if mark.remedy is not None:
            show_line(f"        -> {mark.remedy}")
    show_line("")
    coverage = card.coverage
    show_facts(
        {
            "adapter": f"{card.adapter} {card.version}",
            "golden cases": f"{card.cases}, {card.captured} of them captured",
            "members read": f"{coverage.read}, {coverage.covered} of them in a golden case",
            "in no golden case": _some(coverage.uncovered),
            "never read": _some(coverage.never_read),
            "scale": card.scale or "not yet documented",
        }
    )
    if card.missing:
        show_line("\nmissing for the next step:")
        for words in card.missing[:MOST_PATHS]:
            show_line(f"  {words}")
        if len(card.missing) > MOST_PATHS:
            show_line(f"  and {len(card.missing) - MOST_PATHS} more; --json tells all")


def _some(paths: tuple[str, ...]) -> str | None:
    if not paths:
        return None
    more = f", and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else ""
    return ", ".join(paths[:MOST_PATHS]) + more


def _files_beside(config: Path) -> list[Path]:
    """The Python files next to the configuration that define an adapter."""
    directory = config.resolve().parent
    return [path for path in sorted(directory.glob("*.py")) if b"ADAPTER" in path.read_bytes()]


@adapter.command("try")
def try_adapter(
    *,
    reference: Reference,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Captured requests (*.http), bodies (*.json) or golden cases.")
    ],
    options: AdapterOptions = None,
    auth: Annotated[
        Path | None,
        typer.Option(
            "--auth", metavar="FILE", readable=False, help="The source's `auth` list; without it, none is asked."
        ),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Send captures, with the proofs they came with, through a throw-away gateway and intake, and show the orders."""
    from gateway.workshop.kit import trying  # noqa: PLC0415 - only these commands load the kit

    place = directory_of(reference, config) / reference
    if not folder.is_dir():
        raise Failure(f"{folder} is no directory of captures")
    try:
        captures = trying.read_captures(folder)
        given = [text if file is None else file.read_text("utf-8") for file, text in ((options, "{}"), (auth, "none"))]
    except OSError as error:
        raise of_file(error) from None
    if not captures:
        raise Failure(f"{folder} holds no captures: *.http, *.json, or golden cases")
    found = trying.try_out(str(place.resolve()) if place.exists() else reference, captures, *given)
    if as_json:
        show_bytes(msgspec.json.encode(found))
    else:
        rows = ((each.name, each.http_status, each.event_id, each.status, each.reason) for each in found.captures)
        show_table(("capture", "answer", "event ID", "status", "why"), rows, nothing="nothing was sent")
        for order in found.orders:
            show_line("")
            show_facts(order)
    if not found.is_good:
        raise typer.Exit(FAILED)


SampleFiles: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--sample",
        metavar="FILE",
        readable=False,
        help="A payload, or a captured request with its headers; again for more.",
    ),
]
SchemaFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--schema", metavar="FILE", readable=False, help="OpenAPI or JSON Schema, where there is no sample."),
]


@adapter.command("new")
def new(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The vendor's name: small letters, digits, underscores.")],
    sample: SampleFiles = None,
    schema: SchemaFile = None,
    answer: AnswerFiles = None,
    package: Annotated[
        bool, typer.Option("--package", help="Make an installable project with an entry point.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Draft an adapter from samples or a schema: module, golden cases and a page, with a mark at each guess."""
    from gateway.workshop.kit import making, samples  # noqa: PLC0415 - only these commands load the kit
    from gateway.workshop.kit.schema import read_schema  # noqa: PLC0415 - as above

    if not sample and schema is None:
        raise typer.BadParameter("expected --sample FILE, or --schema FILE")
    if (fault := making.fault_of_name(name)) is not None:
        raise Failure(f"{name}: {fault}")
    place = making.place_for(name, config.resolve().parent if config.exists() else Path.cwd(), is_package=package)
    try:
        read = [samples.read_sample(path) for path in sample or ()]
        read += [] if schema is None else read_schema(schema)
        drafted, files = making.make(name, read, read_answers(answer), place)
    except OSError as error:
        raise of_file(error) from None
    except ValueError as error:
        raise Failure(str(error)) from None
    if as_json:
        told = {"adapter": place.reference, "files": [str(path) for path in files], "guesses": drafted.guesses}
        show_bytes(msgspec.json.encode(told))
    else:
        _show_made(place, files, drafted.guesses)


def _show_made(place: "Place", files: Sequence[Path], guesses: Sequence[str]) -> None:
    for path in files:
        show_line(f"wrote {path}")
    if guesses:
        show_line("\nguessed, look at these:")
        for words in guesses:
            show_line(f"  {words}")
    # A project of its own is found by its name once it is installed.
    install = "" if place.project is None else f"pip install -e {_from_here(place.project)}, then "
    reference = place.reference
    show_line(f"\nnext: {install}gateway adapter check {reference}, then in config.yaml: adapter: {reference}")


def _from_here(path: Path) -> str:
    """A directory as it is typed in a shell that stands here."""
    here = Path.cwd()
    return shlex.quote(f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path))
