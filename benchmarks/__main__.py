"""`make bench ARGS=…`: the shipped figures, and those that only whoever changes the gateway asks for."""

import asyncio
import secrets
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
import typer

from benchmarks import backlog as growth
from benchmarks import cells as paper
from benchmarks import drafts as drafting
from benchmarks import findings as doubts
from benchmarks import flood as flooding
from benchmarks import ledger as days
from benchmarks import lives, steadiness
from benchmarks import silence as silences
from benchmarks.peers import PEERS
from benchmarks.picture import draw
from gateway.cli import bench as shipped
from gateway.cli.bench import BodySize, Connections, RandomIds, Rounds, Seconds, SeveralBodies, SeveralConnections, tell
from gateway.cli.failure import FAILED
from gateway.cli.options import AsJson
from gateway.cli.show import progress, show_bytes, show_facts
from gateway.cli.tree import run
from gateway.workshop.bench.ingest import plan_of

figures = typer.Typer(
    help="Figures of this machine, each beside what it is compared with.", no_args_is_help=True, add_completion=False
)
figures.command()(shipped.translate)
figures.command()(shipped.drain)
figures.command()(shipped.cost)

CORPUS = Path(__file__).parents[1] / "tests" / "drafts"
ADDRESSES = Path(__file__).parents[1] / "tests" / "findings"
COSTS = paper.Costs()
PendingOrders: TypeAlias = Annotated[int, typer.Option("--pending", min=0, help="Orders that wait for delivery.")]


@figures.command()
def drafts(*, as_json: AsJson = False) -> None:
    """Draft an adapter for each payload shape of tests/drafts, and compare it with what a right one makes."""
    found = {folder.name: drafting.measure(folder) for folder in sorted(CORPUS.glob("*/"))}
    if as_json:
        show_bytes(msgspec.json.encode(found))
    else:
        for name, each in found.items():
            show_facts({"shapes": f"{each.shapes}, {name.replace('_', ' ')}", **each.told()})
    if not found or not all(each.is_good for each in found.values()):
        raise typer.Exit(FAILED)


@figures.command()
def findings(*, as_json: AsJson = False) -> None:
    """Judge the good addresses of tests/findings, those that the rules were made on and others, and planted faults."""
    boxes = ADDRESSES / "boxes.txt"
    files = [file for file in sorted(ADDRESSES.glob("*.txt")) if file != boxes]
    found = {file.stem: doubts.measure(file, boxes) for file in files}
    if as_json:
        show_bytes(msgspec.json.encode(found))
    else:
        for name, each in found.items():
            show_facts({"file": name.replace("_", " "), **each.told()})
    if not found or not all(each.is_good for each in found.values()):
        raise typer.Exit(FAILED)


@figures.command()
def silence(
    *,
    years: Annotated[int, typer.Option("--years", min=1, help="How many years are drawn.")] = 50,
    seed: Annotated[int | None, typer.Option("--seed", help="The first year's; drawn where none is given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge simulated years with planted silences: those found, and the false alarms."""
    first = secrets.randbelow(1_000_000) if seed is None else seed
    found = []
    for each in range(first, first + years):
        found.append(silences.measure(each))
        if not as_json:
            show_facts(found[-1].shown())
    if as_json:
        show_bytes(msgspec.json.encode(found))
    if not all(each.is_good for each in found):
        raise typer.Exit(FAILED)


@figures.command()
def ingest(
    *,
    connections: SeveralConnections = None,
    body: SeveralBodies = None,
    rounds: Rounds = 3,
    seconds: Seconds = 2.0,
    random_ids: RandomIds = False,
    peer: Annotated[
        list[str] | None, typer.Option("--peer", metavar="NAME", help="Another program, in the same run.")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Draw an SVG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Durable 200s a second, in turn with the same server answering bare 200s, and with other programs."""
    unknown = [name for name in peer or () if name not in PEERS]
    if unknown:
        raise typer.BadParameter(f"no peer {unknown[0]}; there are {', '.join(PEERS)}")
    plan = plan_of(connections, body, rounds=rounds, seconds=seconds, has_random_ids=random_ids)
    plan = msgspec.structs.replace(plan, peers={name: PEERS[name] for name in peer or ()})
    rows, machine = shipped.take(plan, as_json=as_json)
    if picture is not None:
        picture.write_text(draw(rows, machine), "utf-8")


@figures.command()
def backlog(
    *,
    pending: Annotated[
        list[int] | None, typer.Option("--pending", min=100, help="Orders that wait; may be given again.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Batches of 100 measured at each size.")] = 8,
    as_json: AsJson = False,
) -> None:
    """What storing, claiming and settling cost as the outbox grows."""
    sizes = pending or [1_000, 100_000, 1_000_000]
    _fill_and_tell(max(sizes), partial(growth.measure, sizes, rounds=rounds), as_json=as_json)


@figures.command()
def memory(
    *,
    events: Annotated[int, typer.Option("--events", min=0, help="Events stored.")] = 1_000_000,
    pending: PendingOrders = 100_000,
    connections: Connections = 64,
    seconds: Seconds = 5.0,
    as_json: AsJson = False,
) -> None:
    """Resident memory: idle, under load, and with many events stored; and the rate of durable 200s with these."""
    measure = partial(lives.memory, events=events, pending=pending, connections=connections, seconds=seconds)
    _fill_and_tell(events, measure, as_json=as_json)


@figures.command()
def start(
    *,
    pending: PendingOrders = 1_000_000,
    rounds: Rounds = 3,
    seconds: Seconds = 1.0,
    as_json: AsJson = False,
) -> None:
    """Seconds until ready: empty, and with many pending orders, after a stop and after a kill under load."""
    measure = partial(lives.start, pending=pending, rounds=rounds, seconds=seconds)
    _fill_and_tell(pending, measure, as_json=as_json)


@figures.command()
def outage(
    *,
    pending: PendingOrders = 100_000,
    connections: Connections = 16,
    rounds: Rounds = 3,
    seconds: Seconds = 2.0,
    as_json: AsJson = False,
) -> None:
    """Time acknowledgements while the intake is down and a backlog waits, beside those of a gateway without one."""
    measure = partial(steadiness.outage, pending=pending, connections=connections, rounds=rounds, seconds=seconds)
    _fill_and_tell(pending, measure, as_json=as_json)


@figures.command()
def flood(
    *,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders of one tenant that wait.")] = 100_000,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Orders of the other, one after another.")] = 10,
    connections: Connections = 16,
    as_json: AsJson = False,
) -> None:
    """Time one tenant's orders from their 200 to their delivery, in the middle of another tenant's flood."""
    measure = partial(flooding.measure, orders=orders, samples=samples, connections=connections)
    _fill_and_tell(orders, measure, as_json=as_json)


@figures.command()
def pull(
    *,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders in a pull.")] = 100_000,
    connections: Connections = 16,
    rounds: Rounds = 3,
    seconds: Seconds = 4.0,
    as_json: AsJson = False,
) -> None:
    """Time acknowledgements while Trackely pulls everything, beside those without, and the memory that it takes."""
    measure = partial(steadiness.pull, orders=orders, connections=connections, rounds=rounds, seconds=seconds)
    _fill_and_tell(orders, measure, as_json=as_json)


@figures.command()
def ledger(
    *,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders of the day.")] = 100_000,
    as_json: AsJson = False,
) -> None:
    """Time the ledger of a day of many orders, and as many events of which none came: whole, as CSV, as a page."""
    _fill_and_tell(2 * orders, partial(days.measure, orders=orders), as_json=as_json)


@figures.command()
def cells(
    *,
    gateway: Annotated[float, typer.Option("--gateway", help="Microseconds of gateways, an event.")] = COSTS.gateway,
    database: Annotated[
        float, typer.Option("--database", help="Microseconds of databases, an event.")
    ] = COSTS.database,
    alone: Annotated[float, typer.Option("--alone", help="Microseconds of both in the rules.")] = COSTS.alone,
    commit: Annotated[float, typer.Option("--commit", help="Milliseconds of a commit, with a standby.")] = COSTS.commit,
) -> None:
    """No speed: how many databases with their gateways a load needs on paper, from what was measured."""
    costs = paper.Costs(gateway=gateway, database=database, alone=alone, commit=commit)
    show_bytes(paper.told(costs).encode())


@figures.command()
def replicas(
    *,
    count: Annotated[
        list[int] | None, typer.Option("--replicas", min=1, max=9, help="How many; may be given again.")
    ] = None,
    connections: Connections = 64,
    body: BodySize = 3000,
    rounds: Rounds = 3,
    seconds: Seconds = 3.0,
    snapshot: Annotated[
        float | None,
        typer.Option("--snapshot", metavar="MINUTES", help="Only draining, beside a snapshot held so long."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Gateways on one PostgreSQL of the bench's own, beside stock uvicorn: rates, processor time and log an event."""
    from benchmarks import replicas as several  # noqa: PLC0415 - its packages are an extra's

    plan = several.Plan(replicas=count or (1, 2, 3), connections=connections, body=body, rounds=rounds, seconds=seconds)
    if snapshot is not None:
        with progress("draining", 2) as done:
            tell(several.held(plan, snapshot, lambda: done(1)), as_json=as_json)
        return
    with progress("measuring", len(plan.replicas) * rounds) as done:
        tell(several.measure(plan, lambda: done(1)), as_json=as_json)


@figures.command()
def history(
    *,
    events: Annotated[int, typer.Option("--events", min=1, help="Delivered events of former days.")] = 10_000_000,
    minutes: Annotated[float, typer.Option("--minutes", help="How long retention is measured.")] = 10.0,
    connections: Connections = 64,
    body: BodySize = 3000,
    rounds: Rounds = 3,
    seconds: Seconds = 3.0,
    as_json: AsJson = False,
) -> None:
    """A gateway on a PostgreSQL with many events, beside an empty one, and while 10^7 a day of them are removed."""
    from benchmarks import history as long  # noqa: PLC0415 - its packages are an extra's
    from benchmarks.replicas import Plan  # noqa: PLC0415 - as above

    plan = Plan(replicas=(1,), connections=connections, body=body, rounds=rounds, seconds=seconds)
    with progress("measuring", rounds + 2) as done:
        tell(long.measure(plan, events, minutes, lambda: done(1)), as_json=as_json)


@figures.command()
def large(
    *,
    senders: Annotated[int, typer.Option("--senders", min=1, help="Senders of 8 MiB bodies.")] = 8,
    connections: Connections = 4,
    seconds: Seconds = 10.0,
    as_json: AsJson = False,
) -> None:
    """Time small hooks beside senders of the largest and costliest bodies."""
    measure = partial(steadiness.large, senders=senders, connections=connections, seconds=seconds)
    tell([measure(kind) for kind in ("rim", "gateway")], as_json=as_json)


def _fill_and_tell(
    events: int,
    measure: Callable[..., Coroutine[Any, Any, msgspec.Struct | Sequence[msgspec.Struct]]],
    *,
    as_json: bool,
) -> None:
    """Show what is measured in a store that is filled first."""
    with progress("filling", events) as done:
        found = asyncio.run(measure(on_events=done))
    tell(found, as_json=as_json)


if __name__ == "__main__":
    sys.exit(run(tree=figures, name="make bench"))
