"""The pages that are lists: filtered by words, paged by cursors, and the same as CSV."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from gateway.console import letters
from gateway.console.frame import Frame, Page, Visit
from gateway.console.words import words_of

_SPAN: Final = {"since": "since", "until": "until"}
_EVENT_WORDS: Final = {
    "status": "status", "source": "source", "tenant": "tenant", "code": "code", "id": "eventId",
    "reference": "reference", "order": "externalOrderId", **_SPAN,
}  # fmt: skip


class Shown(msgspec.Struct, frozen=True):
    """A list: the call, the member of its answer, the words of its filter, and what a word without a name is.

    `live` names the kinds of changes that concern it.
    """

    call: str
    member: str
    words: Mapping[str, str]
    rest: str | None = None
    live: str = ""


LISTS: Final = {
    "orders": Shown("list_orders", "orders", {"status": "status", "tenant": "tenant"}, "q", "order"),
    "events": Shown("list_events", "events", _EVENT_WORDS, "eventId", "event"),
    "dead-letters": Shown("list_dead_letters", "deadLetters", letters.WORDS, live="event order"),
    "refusals": Shown("list_refusals", "refusals", {"source": "source"}),
    "operations": Shown("list_operations", "operations", {}, live="operation"),
    "audit": Shown("list_acts", "audit", {"by": "by", "act": "act", **_SPAN}),
}

Beside: TypeAlias = Callable[[Visit, list[tuple[str, str]]], Awaitable[Mapping[str, Any]]]
"""What a list's page shows besides its rows."""


class Lists:
    """Shows them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """Each list and its CSV."""
        return [
            route
            for name in LISTS
            for route in (
                self._frame.route(f"/console/{name}", self._page(name)),
                self._frame.route(f"/console/{name}.csv", self._csv(name)),
            )
        ]

    def _page(self, name: str) -> Page:
        shown, beside = LISTS[name], _BESIDE.get(name, _nothing)

        async def page(visit: Visit) -> Response:
            text, cursor = visit.query.get("filter", ""), visit.query.get("cursor", "")
            try:
                pairs = words_of(text, shown.words, shown.rest, visit.now)
                asked = visit.ask(shown.call, query=[*pairs, *([("cursor", cursor)] if cursor else [])])
                answer, values = await asyncio.gather(asked, beside(visit, pairs))
            except ValueError as error:
                # What was not understood is not left out: another list than the one asked for would mislead.
                return self._unread(visit, name, text, str(error))
            more = answer["next"] and "?" + urlencode({"filter": text, "cursor": answer["next"]})
            told = {"rows": answer[shown.member], "more": more, "is_first": not cursor, "did": visit.query.get("did")}
            values = {
                **values,
                **told,
                "live": "" if cursor else shown.live,
                "text": text,
                "words": shown.words,
                "problem": None,
            }
            return self._frame.page(visit, f"{name}.html", **values)

        return page

    def _unread(self, visit: Visit, name: str, text: str, problem: str) -> Response:
        shown = LISTS[name]
        values: dict[str, Any] = {"rows": [], "more": None, "is_first": True, "groups": [], "counts": {}}
        values |= {"text": text, "words": shown.words, "problem": problem}
        return self._frame.page(visit, f"{name}.html", 400, **values)

    def _csv(self, name: str) -> Page:
        shown = LISTS[name]

        async def page(visit: Visit) -> Response:
            pairs = words_of(visit.query.get("filter", ""), shown.words, shown.rest, visit.now)
            return await visit.table(shown.call, pairs, name)

        return page


async def _nothing(_visit: Visit, _pairs: list[tuple[str, str]]) -> Mapping[str, Any]:
    return {}


async def _counts(visit: Visit, pairs: list[tuple[str, str]]) -> Mapping[str, Any]:
    """How many orders are in which status, of the tenant that is asked for."""
    stats, tenant = await visit.ask("show_stats"), dict(pairs).get("tenant")
    return {"counts": stats["orders"] if tenant is None else stats["tenants"].get(tenant, {})}


async def _events_counts(visit: Visit, pairs: list[tuple[str, str]]) -> Mapping[str, Any]:
    stats, source = await visit.ask("show_stats"), dict(pairs).get("source")
    return {"counts": stats["events"] if source is None else stats["sources"].get(source, {})}


_BESIDE: Final[Mapping[str, Beside]] = {"orders": _counts, "events": _events_counts, "dead-letters": letters.by_reason}
