"""`gateway translate` and `gateway schemas`: adapters and shapes, offline."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
import typer

from adapters import Hook
from gateway.cli.failure import FAILED, Failure
from gateway.cli.options import DEFAULT_CONFIG, AdapterOptions, AnswerFiles, AsJson, ConfigFile
from gateway.cli.show import note, show_bytes, show_facts, show_line, show_table, shown
from gateway.events import EventStatus, Reason, TranslatedEvent
from gateway.ground.clock import moment

if TYPE_CHECKING:
    from gateway.cli.offline import Workbench
    from gateway.rehearsal.provenance import Outcome, Provenance

OUTCOMES = {
    EventStatus.TRANSLATED: "orders",
    EventStatus.IGNORED: "ignored",
    EventStatus.WAITING: "lookups",
    EventStatus.DEAD: "dead",
}

TRACING_SECONDS = 5.0
"""For so long each member's origin is looked for, which takes a translation for each member of the payload."""

Headers: TypeAlias = Annotated[
    list[str] | None, typer.Option("--header", metavar="NAME:VALUE", help="A header of the request.")
]
Parameters: TypeAlias = Annotated[
    list[str] | None, typer.Option("--parameter", metavar="NAME=VALUE", help="A query parameter of the request.")
]


def translate(  # noqa: PLR0913 - what a request may hold
    *,
    adapter: Annotated[str, typer.Argument(metavar="ADAPTER", help="The adapter's name, or a path such as ./acme.py.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", readable=False, help="The payload, or a captured request; - reads standard input."
        ),
    ],
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - every command takes it; this one reaches no gateway
    options: AdapterOptions = None,
    header: Headers = None,
    parameter: Parameters = None,
    path: Annotated[str, typer.Option("--path", metavar="PATH", help="What follows the source in the URL.")] = "",
    answer: AnswerFiles = None,
    as_json: AsJson = False,
) -> None:
    """Show what an adapter makes of a payload, offline: event ID, topic, outcome, orders, and where each comes from."""
    from gateway.cli import offline  # noqa: PLC0415 - the rooms that it needs are slow to load

    headers = {name.strip().lower(): value.strip() for name, value in _pairs(header, ":", "--header").items()}
    hook = _with(_read(file), headers, _pairs(parameter, "=", "--parameter"), path)
    if (fault := offline.fault_of(hook.body)) is not None:
        name = "standard input" if str(file) == "-" else file
        raise Failure(f"{name} is refused: {fault}; a source answers 400 and stores nothing")
    answers: dict[str, bytes | None] = dict(read_answers(answer))
    with offline.Workbench(offline.source_of(adapter, options)) as bench:
        told = _told(bench, hook, answers)
    if as_json:
        values = [_value(*each) for each in told]
        show_bytes(msgspec.json.encode(values[0] if len(values) == 1 else {"events": values}))
    for number, each in enumerate(() if as_json else told):
        show_line("") if number else None
        _show(*each)
    states = [state for _, _, translated, _ in told for state in translated.states]
    if any(each[2].status == EventStatus.DEAD for each in told) or any(state.dead for state in states):
        raise typer.Exit(FAILED)


def _told(bench: "Workbench", hook: Hook, answers: dict[str, bytes | None]) -> "list[tuple[*Outcome, Provenance]]":
    """What becomes of each event of a request, and where that came from; an answer that nobody asks for is noted."""
    from gateway.rehearsal.provenance import trace  # noqa: PLC0415 - the rooms that it needs are slow to load

    events = bench.take_apart(hook).events
    outcomes = [(part, bench.told(part, found, answers)) for part, found in events]
    strange = set.intersection(*(bench.unasked(part, answers) for part, _ in events)) if answers else ()
    for key in sorted(strange):
        note(f"gateway: no lookup asks for {shown(key)}: its answer is not read")
    until = time.monotonic() + TRACING_SECONDS
    return [
        (*outcome, trace(outcome, bench.translate, part, answers, lambda: time.monotonic() < until))
        for part, outcome in outcomes
    ]


def _with(read: bytes, headers: dict[str, str], parameters: dict[str, str], path: str) -> Hook:
    """The request in a file, captured or a body alone, and above it what the options say."""
    from gateway.workshop.kit.samples import captured  # noqa: PLC0415 - the rooms that it needs are slow to load

    request = captured(read) or Hook(read)
    return Hook(request.body, request.headers | headers, request.parameters | parameters, path or request.path)


def schemas(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - every command takes it; this one reads nothing
    as_json: AsJson = False,  # noqa: ARG001 - schemas are JSON anyway
) -> None:
    """Print the JSON Schemas of the canonical shapes."""
    from schemas import IntakeReply, Order, OrderResult  # noqa: PLC0415 - only this command needs them

    _, components = msgspec.json.schema_components([Order, OrderResult, IntakeReply], ref_template="#/$defs/{name}")
    for component in components.values():
        component["description"] = " ".join(component["description"].split())
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": components}
    show_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2))


def _value(event_id: str, topic: str | None, translated: TranslatedEvent, origin: "Provenance") -> dict[str, Any]:
    return {
        "adapterVersion": translated.adapter_version,
        "eventId": event_id,
        "topic": topic,
        "outcome": OUTCOMES[translated.status],
        "reason": translated.reason,
        "references": translated.references,
        "orders": [
            {
                "tenant": state.tenant or None,
                "externalOrderId": state.external_order_id,
                "owner": state.owner,
                "clock": moment(state.clock),
                "tie": state.tie,
                "record": state.record,
                "cancelled": state.body is None,
                "order": None if state.body is None else msgspec.Raw(state.body),
                "reason": state.dead,
            }
            for state in translated.states
        ],
        "lookups": [
            {
                "key": each.answer_key,
                "path": each.path,
                "parameters": each.parameters,
                "posts": msgspec.Raw(each.body) if each.body else None,
                "turn": each.turn,
                "bestEffort": each.best_effort,
            }
            for each in translated.lookups
        ],
        "traceback": translated.traceback,
        "from": origin,
    }


def _show(event_id: str, topic: str | None, translated: TranslatedEvent, origin: "Provenance") -> None:
    reason = translated.reason
    show_facts(
        {
            "event ID": _sided(event_id, origin.event_id),
            "topic": topic and _sided(topic, origin.topic),
            "outcome": OUTCOMES[translated.status],
            "reason": _words(reason),
            "references": translated.references,
        }
    )
    # Where a request could not be taken apart there are no states of it, whatever would come of it as one event.
    for state, paths in zip(translated.states, origin.orders, strict=False):
        show_line("")
        order = {} if state.body is None else msgspec.json.decode(state.body)
        named = state.external_order_id or f"the order of record {state.record}"
        what = {"cancelled": named} if state.body is None else {}
        order = {name: _sided(value, paths.get(name, ())) for name, value in order.items()}
        show_facts({**what, **order, "owner": state.owner, "tenant": state.tenant, "never sent": _words(state.dead)})
    if translated.lookups:
        show_table(
            ("asks the vendor's API for", "posts", "turn", "best effort"),
            ((each.answer_key, each.body.decode() or None, each.turn, each.best_effort) for each in translated.lookups),
            nothing="",
        )
        show_line("give what it answers with --answer KEY=FILE")
    if translated.traceback:
        show_line("\n" + translated.traceback)


def _sided(value: Any, paths: tuple[str, ...]) -> str:
    """A value with where it came from beside it."""
    return f"{shown(value)}  <- {', '.join(paths)}" if paths else shown(value)


def _words(reason: Reason | None) -> str | None:
    return None if reason is None else shown(msgspec.structs.asdict(reason))


def _pairs(given: list[str] | None, separator: str, option: str) -> dict[str, str]:
    pairs = {}
    for text in given or []:
        name, found, value = text.partition(separator)
        if not found:
            raise typer.BadParameter(f"expected NAME{separator}VALUE", param_hint=option)
        pairs[name] = value
    return pairs


def read_answers(given: list[str] | None) -> dict[str, bytes]:
    """What `--answer KEY=FILE` gives; a key may hold the sign, a file's name may not."""
    answers = {}
    for text in given or []:
        key, found, file = text.rpartition("=")
        if not found:
            raise typer.BadParameter("expected KEY=FILE", param_hint="--answer")
        answers[key] = _read(Path(file))
    return answers


def _read(path: Path) -> bytes:
    try:
        return typer.get_binary_stream("stdin").read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from None
