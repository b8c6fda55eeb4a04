"""The day ledger's page: sums by source, and what is amiss, by name."""

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from gateway.console.fields import form_of
from gateway.console.frame import Frame, Visit
from gateway.console.inside import OPERATE, Pairs
from gateway.errors import RoleTooSmall

MOST_SHOWN: Final = 200
"""Rows of a page; the table has all."""

SOON: Final = 0.5
"""Seconds after which the first rows are shown without the sums, which the page then asks for."""

_ASKED: Final = ("day", "source", "zone")


class Ledger:
    """Shows a day."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """The page, its table, and asking the vendors anew."""
        return [
            self._frame.route("/console/ledger", self.page),
            self._frame.route("/console/ledger.csv", self.table),
            self._frame.route("/console/ledger/refresh", self.refresh, ("POST",)),
        ]

    async def page(self, visit: Visit) -> Response:
        """A day, of a source or of all; where none is named, today in the ledger's own zone, not the reader's."""
        sources = [each["name"] for each in (await visit.ask("list_sources"))["sources"]]
        asked = _asked(visit.query)
        difference = visit.query.get("difference") or "any"
        values: dict[str, Any] = {"sources": sources, "asked": {"day": "", "source": "", **dict(asked)}, "told": None}
        values |= {"difference": difference, "did": visit.query.get("did")}
        try:
            query = [*asked, ("difference", difference), ("limit", str(MOST_SHOWN))]
            told = await self._told(visit, query)
        except ValueError as error:
            return self._frame.page(visit, "ledger.html", 400, problem=str(error), **values)
        asked = _asked({**visit.query, "day": told["day"]})
        values |= {"told": told, "asked": {**values["asked"], "day": told["day"]}}
        values |= {"whole": urlencode([*asked, ("difference", difference), ("sums", "whole")])}
        values |= {"csv": urlencode(asked), "can_ask": visit.bearer.role >= OPERATE and told["vendorList"] is not None}
        return self._frame.page(visit, "ledger.html", problem=None, **values)

    async def _told(self, visit: Visit, query: Pairs) -> Any:
        """The day with its sums, where they are there soon or were asked for by themselves."""
        within = {"whole": None, "later": 0.0}.get(visit.query.get("sums", ""), SOON)
        try:
            async with asyncio.timeout(within):
                return await visit.ask("show_ledger", query=query)
        except TimeoutError:
            return await visit.ask("show_ledger", query=[*query, ("sums", "false")])

    async def table(self, visit: Visit) -> Response:
        """All rows of the day, as CSV."""
        return await visit.table("show_ledger", _asked(visit.query), "ledger")

    async def refresh(self, visit: Visit) -> Response:
        """Have the vendors' lists read anew, and show the day again."""
        if visit.bearer.role < OPERATE:
            raise RoleTooSmall("the token's role is too small for this: it needs operate")
        form = await form_of(visit.request)
        asked = _asked({name: form.one(name) for name in ("day", "source")})
        await visit.ask("refresh_ledger", body=dict(asked))
        return self._frame.to(f"/console/ledger?{urlencode([*asked, ('did', 'asked')])}")


def _asked(given: dict[str, str]) -> Pairs:
    return [(name, given[name]) for name in _ASKED if given.get(name)]
