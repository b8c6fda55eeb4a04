"""The page before an act, which says what will happen in numbers, and the act itself."""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from gateway.console.acts import ACTS, Act, Told
from gateway.console.amending import AMENDING
from gateway.console.bulk import BULK
from gateway.console.fields import Fields, form_of
from gateway.console.frame import Frame, Visit
from gateway.errors import ConflictingRequest, RoleTooSmall, UnknownRecord

ALL: Final = {**ACTS, **BULK, **AMENDING}
_OURS: Final = ("seen", "reason", "typed")
"""Fields of the page itself."""


class Acting:
    """Shows the page, and does what was confirmed."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """One path an act."""
        return [self._frame.route("/console/acts/{act}", self.page, ("GET", "POST"))]

    async def page(self, visit: Visit) -> Response:
        """What will happen; what was done, or why not."""
        name = visit.part("act")
        act = ALL.get(name)
        if act is None:
            raise UnknownRecord("there is no such act")
        if visit.bearer.role < act.role:
            raise RoleTooSmall("the token's role is too small for this")
        if visit.request.method != "POST":
            return await self._before(visit, act, Fields(visit.request.query_params.multi_items()))
        fields = await form_of(visit.request)
        return await self._do(visit, act, fields)

    async def _do(self, visit: Visit, act: Act, fields: Fields) -> Response:
        told = await act.tell(visit, fields)
        if told.cannot is not None:
            return self._shown(visit, act, told, fields, 409, told.cannot)
        if fields.one("seen") != told.seen:
            words = "Somebody was faster: this has changed since the page was made. Below is how it stands now."
            return self._shown(visit, act, told, fields, 409, words)
        if act.says_why == "must" and not fields.one("reason"):
            return self._shown(visit, act, told, fields, 400, "Say why, for the audit: nothing was done.")
        if act.typed is not None and fields.one("typed") != fields.one(act.typed):
            return self._shown(visit, act, told, fields, 400, "What was typed is not the same: nothing was done.")
        try:
            place = await act.do(visit, fields)
        except (ConflictingRequest, ValueError) as error:
            return self._shown(visit, act, await act.tell(visit, fields), fields, 409, str(error))
        return self._frame.to(place)

    async def _before(self, visit: Visit, act: Act, fields: Fields) -> Response:
        return self._shown(visit, act, await act.tell(visit, fields), fields, 200, None)

    def _shown(self, visit: Visit, act: Act, told: Told, fields: Fields, status: int, problem: str | None) -> Response:
        hidden = list(told.hidden) or fields.without(*_OURS)
        return self._frame.page(
            visit,
            "confirm.html",
            status,
            act=act,
            told=told,
            hidden=hidden,
            problem=problem,
            reason=fields.one("reason"),
            typed=fields.one(act.typed) if act.typed else None,
        )
