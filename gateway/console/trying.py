"""From a body to its orders: of a stored event, and of a payload that somebody only tries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from gateway.console import bodies
from gateway.console.fields import form_of
from gateway.console.frame import Frame, Visit
from gateway.console.inside import OPERATE
from gateway.console.telling import Row
from gateway.errors import ConflictingRequest, RoleTooSmall, UnknownRecord

MOST_PAYLOAD: Final = 1024 * 1024
MOST_FORM: Final = 3 * MOST_PAYLOAD + 4_096
"""Each byte of a payload may take three in a form."""


class Trying:
    """Shows it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """Both pages."""
        return [
            self._frame.route("/console/events/{event}/trace", self.trace),
            self._frame.route("/console/try", self.attempt, ("GET", "POST")),
        ]

    async def trace(self, visit: Visit) -> Response:
        """Where each member of an event's orders came from."""
        named = {"id": visit.part("event")}
        event, tried = await visit.ask("show_event", named), await visit.ask("trace_event", named)
        parts = [_part("The body", "", event["body"] or "", tried["orders"])]
        parts += [
            _part(f"What {path} answered", f"{path} ", body or "", tried["orders"])
            for path, body in (event["answers"] or {}).items()
        ]
        return self._frame.page(visit, "trace.html", event=event, tried=tried, parts_of=parts)

    async def attempt(self, visit: Visit) -> Response:
        """What would come of a payload."""
        if visit.bearer.role < OPERATE:
            raise RoleTooSmall("the token's role is too small for this: it needs operate")
        sources = [each["name"] for each in (await visit.ask("list_sources"))["sources"]]
        values: dict[str, Any] = {
            "sources": sources,
            "source": visit.query.get("source", ""),
            "body": "",
            "problem": None,
        }
        values |= {"tried": None, "parts_of": []}
        if visit.request.method != "POST":
            return self._frame.page(visit, "try.html", **values)
        form = await form_of(visit.request, MOST_FORM)
        values |= {"source": form.one("source"), "body": form.one("body")}
        try:
            values |= await self._tried(visit, values["source"], values["body"])
        except (ConflictingRequest, UnknownRecord, ValueError) as error:
            values["problem"] = str(error)
        return self._frame.page(visit, "try.html", 400 if values["problem"] else 200, **values)

    async def _tried(self, visit: Visit, source: str, body: str) -> dict[str, Any]:
        if not body:
            raise ValueError("paste a payload first")
        if len(body.encode()) > MOST_PAYLOAD:
            raise ValueError("the payload is larger than 1 MiB")
        tried = await visit.ask("try_payload", {"name": source}, body={"body": body})
        return {"tried": tried, "parts_of": [_part("The payload", "", body, tried["orders"])]}


def _part(title: str, prefix: str, body: str, orders: Sequence[Row]) -> Mapping[str, Any]:
    """A body line by line, each value with the path by which orders name it, where one does."""
    used = {path for order in orders for paths in order["cameFrom"].values() for path in paths}
    raw, is_cut = bodies.beginning(body)
    found = None if is_cut else bodies.lines(body)
    told = [(line, f"{prefix}{line.path}" if f"{prefix}{line.path}" in used else None) for line in found or ()]
    return {"title": title, "lines": told if found is not None else None, "raw": raw, "is_cut": is_cut}
