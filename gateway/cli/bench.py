"""`gateway bench …`: figures of this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
import typer

from gateway.cli.failure import Failure
from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from gateway.cli.show import note, progress, show_bytes, show_facts, show_table

if TYPE_CHECKING:
    from gateway.workshop.bench.ingest import Plan, Row
    from gateway.workshop.bench.machine import Machine

bench = typer.Typer(
    help="Figures of this machine: measured, never assumed, each beside what it is compared with.",
    no_args_is_help=True,
)

Rounds: TypeAlias = Annotated[int, typer.Option("--rounds", min=1, help="Rounds; the median counts.")]
Seconds: TypeAlias = Annotated[float, typer.Option("--seconds", min=0.1, help="How long each run of load lasts.")]
SeveralConnections: TypeAlias = Annotated[
    list[int] | None, typer.Option("--connections", min=1, help="Connections at once; may be given again.")
]
SeveralBodies: TypeAlias = Annotated[
    list[int] | None, typer.Option("--body", min=1, help="Bytes of a hook's body, about; may be given again.")
]
RandomIds: TypeAlias = Annotated[bool, typer.Option("--random-ids", help="Event IDs in no order, as UUIDs are.")]
Connections: TypeAlias = Annotated[int, typer.Option("--connections", min=1, help="Connections at once.")]
BodySize: TypeAlias = Annotated[int, typer.Option("--body", min=1, help="Bytes of a hook's body, about.")]

Batch: TypeAlias = Annotated[int, typer.Option("--batch", min=1, help="Orders in one request to the intake, at most.")]


@bench.command()
def translate(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - every command takes it; this one reads none
    rounds: Rounds = 15,
    runs: Annotated[int, typer.Option("--runs", min=5, help="Translations a round.")] = 5000,
    as_json: AsJson = False,
) -> None:
    """Time each adapter on its vendor's sample, bytes to canonical bytes, against json.loads of the same bytes."""
    from gateway.workshop.bench.translate import cases, measure  # noqa: PLC0415 - the other commands start without it

    with progress("translating", rounds * len(cases())) as done:
        costs = measure(rounds, runs, lambda: done(1))
    if as_json:
        show_bytes(msgspec.json.encode(costs))
        return
    show_table(
        ("adapter", "microseconds", "ratio to json.loads"),
        ((name, f"{cost.microseconds:.1f}", f"{cost.ratio_to_json_loads:.2f}") for name, cost in costs.items()),
        nothing="no adapters",
    )


@bench.command()
def ingest(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    connections: SeveralConnections = None,
    body: SeveralBodies = None,
    rounds: Rounds = 3,
    seconds: Seconds = 2.0,
    random_ids: RandomIds = False,
    as_json: AsJson = False,
) -> None:
    """Durable 200s a second, in turn with the same server answering bare 200s."""
    from gateway.workshop.bench.ingest import plan_of  # noqa: PLC0415 - the other commands start without it

    take(plan_of(connections, body, rounds=rounds, seconds=seconds, has_random_ids=random_ids), as_json=as_json)


def take(plan: "Plan", *, as_json: bool) -> "tuple[list[Row], Machine]":
    """Measure and show a plan of ingesting; the figures and what they were measured on."""
    from gateway.workshop.bench.ingest import measure  # noqa: PLC0415 - the other commands start without it
    from gateway.workshop.bench.machine import describe  # noqa: PLC0415 - as above

    machine = describe()
    _say_load(machine.load)
    with progress("ingesting", plan.runs) as done:
        rows = measure(plan, lambda: done(1))
    if as_json:
        told = {"machine": machine, "rounds": plan.rounds, "seconds": plan.seconds, "rows": rows}
        show_bytes(msgspec.json.encode(told))
    else:
        show_facts(msgspec.to_builtins(machine))
        _show(rows)
    return rows, machine


@bench.command()
def drain(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    connections: Connections = 64,
    body: BodySize = 3000,
    batch: Batch = 100,
    rounds: Rounds = 3,
    seconds: Seconds = 5.0,
    as_json: AsJson = False,
) -> None:
    """Orders a second from accept to delivered, against an intake in another process."""
    from gateway.workshop.bench import drain as measurement  # noqa: PLC0415 - the other commands start without it
    from gateway.workshop.bench.load import tool  # noqa: PLC0415 - as above

    _say_load(tool())
    with progress("draining", rounds) as done:
        found = measurement.measure(
            connections=connections, body=body, batch=batch, rounds=rounds, seconds=seconds, on_run=lambda: done(1)
        )
    tell(found, as_json=as_json)


@bench.command()
def cost(  # noqa: PLR0913 - one option each
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    connections: Connections = 64,
    body: BodySize = 3000,
    batch: Batch = 100,
    rounds: Rounds = 5,
    seconds: Seconds = 2.0,
    keys: Annotated[int, typer.Option("--keys", min=0, help="Event IDs that the store has already.")] = 0,
    within: Annotated[
        Path | None, typer.Option("--within", metavar="FILE", help="Fail beyond 1.25 times what this file says.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Processor time of a hook and of a delivered order, as multiples of a bare server's; and bytes written."""
    from gateway.workshop.bench import cost as measurement  # noqa: PLC0415 - the other commands start without it
    from gateway.workshop.bench.load import tool  # noqa: PLC0415 - as above

    plan = measurement.Plan(connections=connections, body=body, batch=batch, rounds=rounds, seconds=seconds, keys=keys)
    _say_load(tool())
    with progress("measuring", plan.runs) as done:
        found = measurement.measure(plan, lambda: done(1))
    if as_json:
        show_bytes(msgspec.json.encode(found))
    else:
        show_facts({**msgspec.to_builtins(plan), "bare, microseconds": found.bare})
        _show(found.costs)
    if within is not None:
        committed = msgspec.json.decode(within.read_bytes(), type=measurement.Costs)
        if said := measurement.beyond(found, committed):
            raise Failure("; ".join(said))


@bench.command()
def console(  # noqa: PLR0913 - one option each
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    events: Annotated[int, typer.Option("--events", min=10, help="Events in the store.")] = 1_000_000,
    dead: Annotated[int, typer.Option("--dead", min=1, help="Dead letters among them.")] = 100_000,
    pending: Annotated[int, typer.Option("--pending", min=1, help="Orders among them that wait.")] = 1_000,
    streams: Annotated[int, typer.Option("--streams", min=1, max=100, help="Open streams.")] = 10,
    database: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="An empty PostgreSQL database; no streams."),
    ] = None,
    rounds: Rounds = 5,
    seconds: Seconds = 2.0,
    as_json: AsJson = False,
) -> None:
    """What looking costs: calls and pages over a busy year's store, and hooks while streams are open."""
    from gateway.workshop.bench import console as measurement  # noqa: PLC0415 - the other commands start without it
    from gateway.workshop.bench.load import tool  # noqa: PLC0415 - as above

    few = events // 2
    plan = measurement.Plan(
        events=events, dead=min(dead, few), pending=min(pending, few), streams=streams, rounds=rounds, seconds=seconds
    )
    _say_load(tool())
    with progress("filling", events) as done:
        found = measurement.measure(plan, done, database)
    if as_json:
        show_bytes(msgspec.json.encode(found))
    else:
        _show(found.looks)
        if found.streams is not None:
            _show([found.streams])


def _say_load(load: str) -> None:
    if load == "bundled":
        note("wrk is not installed: the bundled sender is slower, and its share of the machine is in the figures")


def tell(found: msgspec.Struct | Sequence[msgspec.Struct], *, as_json: bool) -> None:
    """Show what was measured."""
    if as_json:
        show_bytes(msgspec.json.encode(found))
    else:
        _show([found] if isinstance(found, msgspec.Struct) else found)


def _show(rows: Sequence[msgspec.Struct]) -> None:
    columns = rows[0].__struct_fields__
    show_table(
        tuple(column.replace("_", " ") for column in columns),
        (tuple(_cell(getattr(row, column)) for column in columns) for row in rows),
        nothing="nothing was measured",
    )


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {share.cpu:,.1f} and {share.written:,}" for name, share in value.items())
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
