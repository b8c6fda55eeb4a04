"""The call that says who did what when."""

import msgspec

from gateway.api import shapes
from gateway.api.access import Role
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.queries import AuditQuery
from gateway.api.requests.reading import text_or_none
from gateway.ground.clock import moment


async def list_acts(doors: Doors, ask: Ask) -> shapes.AuditList:
    """Acts that fit, newest first."""
    query: AuditQuery = ask.query
    page = await doors.trail.acts(query.filter(), limit=query.limit, cursor=text_or_none(query.cursor))
    rows = (msgspec.structs.asdict(row) for row in page.rows)
    return shapes.AuditList(
        audit=tuple(shapes.Act(**{**row, "id": str(row["id"]), "at": moment(row["at"])}) for row in rows),
        next=page.next,
    )


CALLS = (
    Call(
        method="GET",
        path="audit",
        summary="Who did what when, newest first.",
        does=list_acts,
        answer=shapes.AuditList,
        query=AuditQuery,
        least_role=Role.ADMIN,
    ),
)
