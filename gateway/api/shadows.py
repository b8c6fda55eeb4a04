"""Calls about what looks on in shadow: how it compares, and letting it take over."""

from gateway.api import shapes, views
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.operations import shown_operation
from gateway.api.sources import configured
from gateway.ground.clock import moment


async def show_shadow(doors: Doors, ask: Ask) -> shapes.Shadow:
    """How the shadow of a source compares."""
    found = await doors.shadows.verdicts(configured(doors, ask).name, doors.clock())
    mode = found.mode
    examples = tuple(
        shapes.ShadowExample(
            tenant=each.tenant,
            external_order_id=each.external_order_id,
            verdict=each.verdict,
            event=None if each.event is None else str(each.event),
            difference=views.differences_of(each.difference),
        )
        for each in found.examples
    )
    return shapes.Shadow(
        mode=mode.mode, replaces=mode.replaces, second_adapter=mode.second, since=moment(mode.since), equal=found.equal,
        differ=found.differ, only_here=found.only_here, only_there=found.only_there, settling=found.settling,
        asks=found.asks, members=found.members, reasons=found.reasons, examples=examples,
    )  # fmt: skip


async def promote_source(doors: Doors, ask: Ask) -> shapes.OperationMade:
    """Let a source in shadow deliver from now on; whom it replaces looks on."""
    source = configured(doors, ask)
    act = ask.act(doors, "promote", f"source {source.name}")
    operation = await doors.shadows.promote(source.name, act)
    doors.audit(act.by, act.act, act.what)
    await doors.look_at_modes()
    doors.wake_operations()
    return shapes.OperationMade(operation=shown_operation(operation))


CALLS = (
    Call(
        method="GET",
        path="sources/{name}/shadow",
        summary="How what looks on in shadow compares with what is live: one verdict an order, and examples.",
        does=show_shadow,
        answer=shapes.Shadow,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="sources/{name}/promote",
        summary="Let a source in shadow deliver from now on, and whom it replaces look on.",
        does=promote_source,
        answer=shapes.OperationMade,
        statuses=(409,),
        done=202,
    ),
)
