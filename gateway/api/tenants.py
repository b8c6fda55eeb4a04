"""Calls about tenants: list, halt, resume."""

from gateway.api import shapes
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.bodies import Because
from gateway.api.requests.reading import text_or_none
from gateway.api.shapes import moment_or_none
from gateway.errors import ConflictingRequest, UnknownRecord
from gateway.events import SECOND, Reason
from gateway.orders import TenantState, TenantStatus
from gateway.records import TenantFigures


async def list_tenants(doors: Doors, _ask: Ask) -> shapes.TenantList:
    """How deliveries to each tenant go."""
    figures = await doors.records.tenant_figures(doors.config.belonging)
    return shapes.TenantList(tenants=tuple(_tenant_of(doors, name, figures) for name in doors.config.settings.tenants))


async def halt_tenant(doors: Doors, ask: Ask) -> shapes.Tenant:
    """Send nothing to the tenant until it is resumed by hand."""
    name = _pushed(doors, ask)
    body: Because = ask.body or Because()
    said = text_or_none(body.reason)
    state = doors.deliveries.states().get(name, TenantState())
    if said is None and state.is_halted_by_hand and state.reason is not None:
        # Who halts it once more has nothing better to say.
        said = state.reason.detail
    words = said or f"halted by hand by {ask.operator.name}"
    act = ask.act(doors, "halt", f"tenant {name}", said)
    await doors.deliveries.halt(name, Reason(code="halted_by_hand", detail=words), act)
    doors.audit(act.by, act.act, act.what)
    return await _tenant(doors, name)


async def resume_tenant(doors: Doors, ask: Ask) -> shapes.Tenant:
    """Lift a halt or a back-off and try at once."""
    name = ask.path["name"]
    # A tenant that is pulled from is halted by a restore alone.
    if doors.deliveries.states().get(name, TenantState()).status is not TenantStatus.HALTED:
        name = _pushed(doors, ask)
    act = ask.act(doors, "resume", f"tenant {name}")
    await doors.deliveries.resume(name, act)
    doors.audit(act.by, act.act, act.what)
    return await _tenant(doors, name)


def _pushed(doors: Doors, ask: Ask) -> str:
    """The name of a configured tenant that is pushed to."""
    name = ask.path["name"]
    tenant = doors.config.settings.tenants.get(name)
    if tenant is None:
        raise UnknownRecord("no such tenant")
    if tenant.delivery == "pull":
        raise ConflictingRequest("the tenant is pulled from: there is no delivery of ours to halt or resume")
    return name


async def _tenant(doors: Doors, name: str) -> shapes.Tenant:
    return _tenant_of(doors, name, await doors.records.tenant_figures(doors.config.belonging))


def _tenant_of(doors: Doors, name: str, figures: dict[str, TenantFigures]) -> shapes.Tenant:
    state = doors.deliveries.states().get(name, TenantState())
    figure = figures.get(name, TenantFigures())
    oldest = figure.oldest_pending_at
    tenant = doors.config.settings.tenants[name]
    return shapes.Tenant(
        name=name,
        delivery=tenant.delivery,
        intake_url=None if tenant.intake_url is None else tenant.intake_url.partition("?")[0],
        status=state.status,
        reason=shapes.reason_or_none(state.reason),
        pending=figure.pending,
        oldest_pending_seconds=None if oldest is None else max(0.0, (doors.clock() - oldest) / SECOND),
        dead_letters=figure.dead_letters,
        last_delivered_at=moment_or_none(state.last_delivered_at),
        last_answer=state.last_answer,
        next_attempt_at=moment_or_none(state.next_attempt_at),
    )


CALLS = (
    Call(
        method="GET",
        path="tenants",
        summary="How deliveries to each tenant go.",
        does=list_tenants,
        answer=shapes.TenantList,
    ),
    Call(
        method="POST",
        path="tenants/{name}/halt",
        summary="Send nothing to the tenant until it is resumed by hand.",
        does=halt_tenant,
        answer=shapes.Tenant,
        body=Because,
        statuses=(409,),
    ),
    Call(
        method="POST",
        path="tenants/{name}/resume",
        summary="Lift a halt or a back-off of the tenant and try at once.",
        does=resume_tenant,
        answer=shapes.Tenant,
        statuses=(409,),
    ),
)
