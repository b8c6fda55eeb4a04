"""The pages that show one thing, or the state of all."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from gateway.console import bodies, door, figures, letters, replicas, story, wellness
from gateway.console.frame import Frame, Visit
from gateway.console.inside import ADMIN
from gateway.console.telling import Row
from gateway.errors import UnknownRecord

MOST_STATES: Final = 30
"""Of an order's story: the newest so many are told as differences."""

LONGEST_NAME: Final = 1_000
"""Characters; a longer one nothing bears."""

SOME_LETTERS, MOST_REASONS = 100, 3
"""Of the newest dead letters the overview tells the commonest reasons."""


class Showing:
    """Shows them."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """Each page."""
        pages = {
            "": self.overview, "/find": self.find, "/orders/{tenant}/{order:path}": self.order,
            "/events/{event}": self.event, "/events/{event}/body": self.body, "/operations/{operation}": self.operation,
            "/tenants": self.tenants, "/tenants/{name:path}": self.tenant, "/sources": self.sources,
            "/sources/{name:path}": self.source, "/drift": self.drift,
            "/replicas": self.replicas, "/configuration": self.configuration, "/keys": self.keys,
        }  # fmt: skip
        return [self._frame.route(f"/console{path}", page) for path, page in pages.items()]

    async def overview(self, visit: Visit) -> Response:
        """All is well, or what is not."""
        of_tenants, of_sources, stats, dead, of_replicas, of_operations, told, problems = await asyncio.gather(
            visit.ask("list_tenants"),
            visit.ask("list_sources"),
            visit.ask("show_stats"),
            letters.by_reason(visit, [], SOME_LETTERS),
            visit.ask("list_replicas"),
            visit.ask("list_operations", query=[("limit", "20")]),
            visit.ask("show_hours", query=[("hours", "720")]),
            self._frame.inside.problems(),
        )
        tenants, sources = of_tenants["tenants"], of_sources["sources"]
        seen = wellness.Seen(
            problems=problems,
            tenants=tenants,
            sources=sources,
            groups=dead["groups"][:MOST_REASONS],
            drift=await _drift(visit, sources),
            replicas=replicas.told(of_replicas["replicas"]),
            operations=of_operations["operations"],
        )
        oldest = max((tenant["oldestPendingSeconds"] or 0 for tenant in tenants), default=0)
        values = {"tenants": tenants, "sources": sources, "stats": stats, "oldest": oldest}
        values["troubles"] = wellness.troubles(seen)
        values["live"] = "event order tenant source operation"
        zone, hours = self._frame.zone(visit.request), told["hours"]
        values |= {"since": told["since"], "chart": figures.bars(hours[-24:], zone), "day": figures.sums(hours[-24:])}
        values |= {"hour": figures.sums(hours[-1:]), "days": figures.by_day(hours, zone)}
        return self._frame.page(visit, "overview.html", **values)

    async def find(self, visit: Visit) -> Response:
        """Whatever bears a text; a single hit opens at once."""
        text = visit.query.get("q", "")
        if not text:
            return self._frame.page(visit, "find.html", found=None, truncated=False)
        answer = await visit.ask("find", query=[("q", text), ("limit", "100")])
        exact = [row for row in answer["found"] if row["how"] == "exact"] or answer["found"]
        if len(exact) == 1:
            return self._frame.to(place_of(exact[0]))
        return self._frame.page(visit, "find.html", q=text, found=answer["found"], truncated=answer["truncated"])

    async def order(self, visit: Visit) -> Response:
        """An order's story, the verdict and the next step first."""
        name = {"tenant": visit.part("tenant"), "externalOrderId": visit.part("order")}
        try:
            order, of_tenants = await asyncio.gather(visit.ask("show_order", name), visit.ask("list_tenants"))
        except UnknownRecord:
            # Of what is held, or was never valid, there is the event alone.
            found = (await visit.ask("find", query=[("q", name["externalOrderId"][:LONGEST_NAME])]))["found"]
            if not any(each["externalOrderId"] == name["externalOrderId"] for each in found):
                raise
            return self._frame.to(f"/console/find?q={quote(name['externalOrderId'], safe='')}")
        tenant = next((each for each in of_tenants["tenants"] if each["name"] == order["tenant"]), None)
        states = await _states(visit, order)
        values = {
            "order": order,
            "story": story.timeline(order, states),
            "had": story.delivered_last(order, states),
            "verdict": story.VERDICTS[order["status"]],
            "step": story.next_step(order, tenant),
            "live": f"order:{order['tenant']}/{order['externalOrderId']}",
            "untold": max(0, len(order["events"]) - MOST_STATES),
        }
        return self._frame.page(visit, "order.html", **values)

    async def event(self, visit: Visit) -> Response:
        """An event, what it was translated to, and the body as it came."""
        event = await visit.ask("show_event", {"id": visit.part("event")})
        raw, is_cut = bodies.beginning(event["body"])
        lines = None if raw is None or is_cut else bodies.lines(raw)
        fault = bodies.nearest(lines or (), (event["reason"] or {}).get("path"))
        values = {"event": event, "raw": raw, "is_cut": is_cut, "lines": lines, "fault": fault}
        values["live"] = f"event:{event['id']}"
        return self._frame.page(visit, "event.html", did=visit.query.get("did"), **values)

    async def body(self, visit: Visit) -> Response:
        """The whole body, to be kept, not shown."""
        event = await visit.ask("show_event", {"id": visit.part("event")})
        if event["body"] is None:
            raise UnknownRecord("the body was pruned by retention, or erased")
        name = f'attachment; filename="event-{event["id"]}.json"'
        headers = {**door.HEADERS, "Content-Disposition": name}
        return Response(event["body"].encode(), headers=headers, media_type="application/octet-stream")

    async def operation(self, visit: Visit) -> Response:
        """An operation, how far it is, and what became of its events."""
        operation = (await visit.ask("show_operation", {"id": visit.part("operation")}))["operation"]
        return self._frame.page(visit, "operation.html", each=operation, live=f"operation:{operation['id']}")

    async def tenants(self, visit: Visit) -> Response:
        """How deliveries go."""
        return self._frame.page(visit, "tenants.html", live="tenant order", **await visit.ask("list_tenants"))

    async def tenant(self, visit: Visit) -> Response:
        """One tenant: status, why, since when, and when it is tried again."""
        tenant = _named(visit.part("name"), (await visit.ask("list_tenants"))["tenants"], "tenant")
        of = [("tenant", tenant["name"]), ("limit", "10")]
        stats, letters, waiting, of_sources = await asyncio.gather(
            visit.ask("show_stats"),
            visit.ask("list_dead_letters", query=of),
            visit.ask("list_orders", query=[*of, ("status", "pending")]),
            visit.ask("list_sources"),
        )
        sources = [each for each in of_sources["sources"] if each["tenant"] == tenant["name"]]
        values = {"tenant": tenant, "counts": stats["tenants"].get(tenant["name"], {}), "sources": sources}
        values["live"] = f"tenant:{tenant['name']}"
        return self._frame.page(
            visit, "tenant.html", letters=letters["deadLetters"], waiting=waiting["orders"], **values
        )

    async def sources(self, visit: Visit) -> Response:
        """How the sources are doing."""
        return self._frame.page(visit, "sources.html", live="source event", **await visit.ask("list_sources"))

    async def source(self, visit: Visit) -> Response:
        """One source: when it was last heard, what was turned away, what has drifted, and the URL for the vendor."""
        source = _named(visit.part("name"), (await visit.ask("list_sources"))["sources"], "source")
        of, path = [("source", source["name"]), ("limit", "10")], {"name": source["name"]}
        stats, dead, refusals, events, drift, losses = await asyncio.gather(
            visit.ask("show_stats"),
            letters.by_reason(visit, of[:1], SOME_LETTERS),
            visit.ask("list_refusals", query=of),
            visit.ask("list_events", query=of),
            visit.ask("show_drift", path),
            visit.ask("show_losses", path),
        )
        values = {
            "source": source,
            "silent_helps": wellness.SILENT,
            "live": f"source:{source['name']}",
            "counts": stats["sources"].get(source["name"], {}),
            "groups": dead["groups"][:MOST_REASONS],
            "refusals": refusals["refusals"],
            "events": events["events"],
            "drift": drift["drift"],
            "losses": losses["losses"],
            "shadow": await visit.ask("show_shadow", path) if source["hasShadow"] else None,
            "origin": door.origin(visit.request) if visit.inside.is_public else None,
        }
        return self._frame.page(visit, "source.html", **values)

    async def drift(self, visit: Visit) -> Response:
        """What vendors send that nobody expected, by source."""
        found = await _drift(visit, (await visit.ask("list_sources"))["sources"])
        return self._frame.page(visit, "drift.html", found=[(name, rows) for name, rows in found.items() if rows])

    async def replicas(self, visit: Visit) -> Response:
        """The gateways that serve the store."""
        found = replicas.told((await visit.ask("list_replicas"))["replicas"])
        return self._frame.page(visit, "replicas.html", replicas=found, helps=replicas.HELPS)

    async def configuration(self, visit: Visit) -> Response:
        """The configuration in force, without its secrets."""
        return self._frame.page(
            visit, "configuration.html", changed=visit.query.get("changed"), **await visit.ask("show_configuration")
        )

    async def keys(self, visit: Visit) -> Response:
        """What the keyboard does."""
        return self._frame.page(visit, "keys.html", is_admin=visit.bearer.role >= ADMIN)


async def _drift(visit: Visit, sources: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    """What each source sends that nobody expected."""
    return {each["name"]: (await visit.ask("show_drift", {"name": each["name"]}))["drift"] for each in sources}


async def _states(visit: Visit, order: Row) -> Mapping[str, Row]:
    """What each of the order's newest events said of it, by their ids."""
    newest = [event["id"] for event in order["events"]][-MOST_STATES:]
    told = await asyncio.gather(*(visit.ask("show_event", {"id": event}) for event in newest))
    key = order["tenant"], order["externalOrderId"]
    return {
        event["id"]: state
        for event in told
        for state in event["translation"]
        if (state["tenant"], state["externalOrderId"]) == key
    }


def _named(name: str, rows: list[Any], what: str) -> Row:
    found: Row | None = next((row for row in rows if row["name"] == name), None)
    if found is None:
        raise UnknownRecord(f"no {what} of this name is configured")
    return found


def place_of(row: Row) -> str:
    """The page of something that was found."""
    if row["kind"] == "order":
        return order_place(row["tenant"], row["externalOrderId"])
    return f"/console/events/{row['id']}"


def order_place(tenant: str, order: str) -> str:
    """An order's page."""
    return f"/console/orders/{quote(tenant, safe='')}/{quote(order, safe='')}"
