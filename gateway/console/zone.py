"""The zone in which a person reads times."""

from datetime import timedelta
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from starlette.responses import Response
from starlette.routing import Route

from gateway.console import door, telling
from gateway.console.fields import form_of
from gateway.console.frame import Frame, Visit

KEPT: Final = int(timedelta(days=400).total_seconds())


@cache
def _names() -> list[str]:
    """Those that people live in, by name; found among hundreds of files, when somebody wants to choose."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))


class Zone:
    """Asks for it, and keeps it in a cookie of the browser's."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """One page."""
        return [self._frame.route("/console/zone", self.page, ("GET", "POST"))]

    async def page(self, visit: Visit) -> Response:
        """The choice; or the way back, once it is made."""
        if visit.request.method != "POST":
            return self._frame.page(visit, "zone.html", names=_names(), problem=None)
        name = (await form_of(visit.request)).one("zone")
        if telling.zone_named(name) is None:
            return self._frame.page(visit, "zone.html", 400, names=_names(), problem="That is no zone's name.")
        answer = self._frame.to("/console")
        answer.set_cookie(door.ZONE_COOKIE, name, max_age=KEPT, path="/console", samesite="strict")
        return answer
