"""Calls about the whole: figures, retention."""

from gateway.api import shapes
from gateway.api.access import Role
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.queries import HoursQuery
from gateway.config.shown import shown
from gateway.ground.clock import moment


async def show_stats(doors: Doors, _ask: Ask) -> shapes.Stats:
    """How many events and orders are in which status."""
    counts = await doors.records.counts()
    return shapes.Stats(events=counts.events, orders=counts.orders, sources=counts.sources, tenants=counts.tenants)


async def list_replicas(doors: Doors, _ask: Ask) -> shapes.ReplicaList:
    """Which gateways serve the store, and what each does alone."""
    replicas = await doors.duties.replicas()
    return shapes.ReplicaList(replicas=tuple(shapes.shown(shapes.Replica, each) for each in replicas))


async def prune(doors: Doors, ask: Ask) -> shapes.Pruned:
    """Remove what is older than its retention, now."""
    act = ask.act(doors, "prune", "what is past its retention")
    now = act.at if doors.trusted is None else min(act.at, doors.trusted())
    pruned = await doors.acts.prune(doors.config.settings.retention.spans(), now, act)
    doors.audit(act.by, act.act, f"{pruned} rows past their retention")
    return shapes.Pruned(pruned=pruned)


async def reload(doors: Doors, ask: Ask) -> shapes.Reloaded:
    """Read the whole configuration again, and go on with it; all or nothing."""
    done = await doors.reloading.reload(ask.operator.name)
    return shapes.Reloaded(changed=done.changed, unchanged=done.unchanged, needs_restart=done.needs_restart)


async def show_hours(doors: Doors, ask: Ask) -> shapes.HourList:
    """How much was received and delivered, hour by hour."""
    query: HoursQuery = ask.query
    hours = (
        shapes.Hour(at=moment(each.at), received=each.received, delivered=each.delivered)
        for each in doors.hours.last(query.hours)
    )
    return shapes.HourList(since=moment(doors.hours.since), hours=tuple(hours))


async def show_configuration(doors: Doors, _ask: Ask) -> shapes.Configuration:
    """The configuration in force, each key with its value and default."""
    rows = (
        shapes.Setting(key=each.key, value=each.value, default=each.default, is_default=each.is_default)
        for each in shown(doors.config)
    )
    return shapes.Configuration(configuration=tuple(rows))


CALLS = (
    Call(
        method="GET",
        path="configuration",
        summary="The configuration in force, each key with its value and default; never a secret.",
        does=show_configuration,
        answer=shapes.Configuration,
        least_role=Role.ADMIN,
    ),
    Call(
        method="POST",
        path="reload",
        summary="Read the whole configuration again, and go on with it; all or nothing.",
        does=reload,
        answer=shapes.Reloaded,
        least_role=Role.ADMIN,
        statuses=(409,),
    ),
    Call(
        method="GET",
        path="stats",
        summary="How many events and orders are in which status.",
        does=show_stats,
        answer=shapes.Stats,
    ),
    Call(
        method="GET",
        path="hours",
        summary="How many events were received and orders delivered, hour by hour, since the start.",
        does=show_hours,
        answer=shapes.HourList,
        query=HoursQuery,
    ),
    Call(
        method="GET",
        path="replicas",
        summary="Which gateways serve the store, and what each does alone.",
        does=list_replicas,
        answer=shapes.ReplicaList,
    ),
    Call(
        method="POST",
        path="prune",
        summary="Remove what is older than its retention, now.",
        does=prune,
        answer=shapes.Pruned,
    ),
)
