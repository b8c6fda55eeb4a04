"""The call that says who did what when."""

from gateway.api import shapes
from gateway.api.access import Role
from gateway.api.call import Ask, Call
from gateway.api.doors import Doors
from gateway.api.requests.queries import AuditQuery
from gateway.api.requests.reading import text_or_none


async def list_acts(doors: Doors, ask: Ask) -> shapes.AuditList:
    """Acts that fit, newest first."""
    query: AuditQuery = ask.query
    page = await doors.trail.acts(query.filter(), limit=query.limit, cursor=text_or_none(query.cursor))
    return shapes.AuditList(audit=tuple(shapes.shown(shapes.Act, row) for row in page.rows), next=page.next)


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
