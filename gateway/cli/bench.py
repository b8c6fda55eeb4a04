"""`gateway bench …`: figures of this machine."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
import typer

from gateway.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from gateway.cli.show import note, progress, show_bytes, show_facts, show_table

bench = typer.Typer(
    help="Figures of this machine: measured, never assumed, each beside what it is compared with.",
    no_args_is_help=True,
)

Rounds: TypeAlias = Annotated[int, typer.Option("--rounds", min=1, help="Rounds; the median counts.")]
Seconds: TypeAlias = Annotated[float, typer.Option("--seconds", min=0.1, help="How long each run of load lasts.")]
Connections: TypeAlias = Annotated[int, typer.Option("--connections", min=1, help="Connections at once.")]
BodySize: TypeAlias = Annotated[int, typer.Option("--body", min=1, help="Bytes of a hook's body, about.")]
PendingOrders: TypeAlias = Annotated[int, typer.Option("--pending", min=0, help="Orders that wait for delivery.")]


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
def ingest(  # noqa: PLR0913 - each is an option of its own
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    connections: Annotated[
        list[int] | None, typer.Option("--connections", min=1, help="Connections at once; may be given again.")
    ] = None,
    body: Annotated[
        list[int] | None, typer.Option("--body", min=1, help="Bytes of a hook's body, about; may be given again.")
    ] = None,
    rounds: Rounds = 3,
    seconds: Seconds = 2.0,
    random_ids: Annotated[bool, typer.Option("--random-ids", help="Event IDs in no order, as UUIDs are.")] = False,
    peer: Annotated[
        list[str] | None, typer.Option("--peer", metavar="NAME", help="Another program, in the same run.")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Draw an SVG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Durable 200s a second, in turn with the same server answering bare 200s."""
    from gateway.workshop.bench import ingest as measurement  # noqa: PLC0415 - the other commands start without it
    from gateway.workshop.bench.machine import describe  # noqa: PLC0415 - as above
    from gateway.workshop.bench.peers import PEERS  # noqa: PLC0415 - as above
    from gateway.workshop.bench.picture import draw  # noqa: PLC0415 - as above

    unknown = [name for name in peer or () if name not in PEERS]
    if unknown:
        raise typer.BadParameter(f"no peer {unknown[0]}; there are {', '.join(PEERS)}")
    plan = measurement.Plan(
        connections=connections or [1, 16, 64, 256],
        bodies=body or [1000, 3000, 30000],
        rounds=rounds,
        seconds=seconds,
        peers=list(dict.fromkeys(peer or ())),
        ids="random" if random_ids else "rising",
    )
    machine = describe()
    _say_load(machine.load)
    with progress("ingesting", plan.runs) as done:
        rows = measurement.measure(plan, lambda: done(1))
    if picture is not None:
        picture.write_text(draw(rows, machine), "utf-8")
    if as_json:
        show_bytes(msgspec.json.encode({"machine": machine, "rounds": rounds, "seconds": seconds, "rows": rows}))
        return
    show_facts(msgspec.to_builtins(machine))
    _show(rows)


@bench.command()
def drain(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    connections: Connections = 64,
    body: BodySize = 3000,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Orders in one request to the intake.")] = 500,
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
    _tell(found, as_json=as_json)


@bench.command()
def backlog(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a store of its own
    pending: Annotated[
        list[int] | None, typer.Option("--pending", min=100, help="Orders that wait; may be given again.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Batches of 100 measured at each size.")] = 8,
    as_json: AsJson = False,
) -> None:
    """What storing, claiming and settling cost as the outbox grows."""
    from gateway.workshop.bench import backlog as measurement  # noqa: PLC0415 - the other commands start without it

    sizes = pending or [1_000, 100_000, 1_000_000]
    _fill_and_tell(max(sizes), partial(measurement.measure, sizes, rounds=rounds), as_json=as_json)


@bench.command()
def memory(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    events: Annotated[int, typer.Option("--events", min=0, help="Events stored.")] = 1_000_000,
    pending: PendingOrders = 100_000,
    connections: Connections = 64,
    seconds: Seconds = 5.0,
    as_json: AsJson = False,
) -> None:
    """Resident memory: idle, under load, and with many events stored; and the rate of durable 200s with these."""
    from gateway.workshop.bench import lives  # noqa: PLC0415 - the other commands start without it

    measure = partial(lives.memory, events=events, pending=pending, connections=connections, seconds=seconds)
    _fill_and_tell(events, measure, as_json=as_json)


@bench.command()
def start(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    pending: PendingOrders = 1_000_000,
    rounds: Rounds = 3,
    seconds: Seconds = 1.0,
    as_json: AsJson = False,
) -> None:
    """Seconds until ready: empty, and with many pending orders, after a stop and after a kill under load."""
    from gateway.workshop.bench import lives  # noqa: PLC0415 - the other commands start without it

    measure = partial(lives.start, pending=pending, rounds=rounds, seconds=seconds)
    _fill_and_tell(pending, measure, as_json=as_json)


@bench.command()
def outage(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    pending: PendingOrders = 100_000,
    connections: Connections = 16,
    rounds: Rounds = 3,
    seconds: Seconds = 2.0,
    as_json: AsJson = False,
) -> None:
    """Time acknowledgements while the intake is down and a backlog waits, beside those of a gateway without one."""
    from gateway.workshop.bench import steadiness  # noqa: PLC0415 - the other commands start without it

    measure = partial(steadiness.outage, pending=pending, connections=connections, rounds=rounds, seconds=seconds)
    _fill_and_tell(pending, measure, as_json=as_json)


@bench.command()
def pull(
    *,
    config: ConfigFile = DEFAULT_CONFIG,  # noqa: ARG001 - it makes a configuration of its own
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders in a pull.")] = 100_000,
    connections: Connections = 16,
    rounds: Rounds = 3,
    seconds: Seconds = 4.0,
    as_json: AsJson = False,
) -> None:
    """Time acknowledgements while Trackely pulls everything, beside those without, and the memory that it takes."""
    from gateway.workshop.bench import steadiness  # noqa: PLC0415 - the other commands start without it

    measure = partial(steadiness.pull, orders=orders, connections=connections, rounds=rounds, seconds=seconds)
    _fill_and_tell(orders, measure, as_json=as_json)


def _fill_and_tell(
    events: int,
    measure: Callable[..., Coroutine[Any, Any, msgspec.Struct | Sequence[msgspec.Struct]]],
    *,
    as_json: bool,
) -> None:
    """Show what is measured in a store that is filled first."""
    import asyncio  # noqa: PLC0415 - the other commands start without it

    with progress("filling", events) as done:
        found = asyncio.run(measure(on_events=done))
    _tell(found, as_json=as_json)


def _say_load(load: str) -> None:
    if load == "bundled":
        note("wrk is not installed: the bundled sender is slower, and its share of the machine is in the figures")


def _tell(found: msgspec.Struct | Sequence[msgspec.Struct], *, as_json: bool) -> None:
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
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
