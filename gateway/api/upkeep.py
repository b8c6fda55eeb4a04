"""Calls about the whole: figures, retention."""

from gateway.api import shapes
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.config.model import Retention
from gateway.events import SECOND
from gateway.records import RetentionSpans


def spans_of(retention: Retention) -> RetentionSpans:
    """The configured retention as the store counts it."""
    return RetentionSpans(
        bodies=round(retention.bodies * SECOND),
        dead_letters=round(retention.dead_letters * SECOND),
        keys=round(retention.keys * SECOND),
        orders=round(retention.orders * SECOND),
        attempts=round(retention.attempts * SECOND),
    )


async def show_stats(doors: Doors, _ask: Ask) -> shapes.Stats:
    """How many events and orders are in which status."""
    counts = await doors.records.counts()
    return shapes.Stats(events=counts.events, orders=counts.orders, sources=counts.sources, tenants=counts.tenants)


async def prune(doors: Doors, ask: Ask) -> shapes.Pruned:
    """Remove what is older than its retention, now."""
    pruned = await doors.operations.prune(spans_of(doors.config.settings.retention), doors.clock())
    doors.audit(ask.operator.name, "prune", f"{pruned} rows past their retention")
    return shapes.Pruned(pruned=pruned)


CALLS = (
    Call(
        method="GET",
        path="stats",
        summary="How many events and orders are in which status.",
        does=show_stats,
        answer=shapes.Stats,
    ),
    Call(
        method="POST",
        path="prune",
        summary="Remove what is older than its retention, now.",
        does=prune,
        answer=shapes.Pruned,
    ),
)
