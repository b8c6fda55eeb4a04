"""What a person may do here: each act with what its page says before, in numbers, and the call that does it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

import msgspec

from gateway.console.fields import Fields
from gateway.console.frame import Visit
from gateway.console.inside import ADMIN, OPERATE
from gateway.console.showing import order_place
from gateway.console.telling import Row, span
from gateway.errors import UnknownRecord


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What will happen: sentences with numbers, and the preview of effects where there is one.

    `seen` is the present state in a word or two: an act that was confirmed upon another one is not done. `back` is the
    page of the thing. `members` are fields to be filled in. `cannot` says why there is nothing to confirm.
    """

    what: str
    lines: Sequence[str]
    seen: str
    back: str
    status: str | None = None
    effects: Row = msgspec.field(default_factory=dict)
    cannot: str | None = None
    hidden: Sequence[tuple[str, str]] = ()
    members: Sequence[tuple[str, str, str]] = ()


Tell: TypeAlias = Callable[[Visit, Fields], Awaitable[Told]]
Do: TypeAlias = Callable[[Visit, Fields], Awaitable[str]]
"""Does it; the page that shows what became of it."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act.

    `says_why`: a reason may be given, or must be; `typed`: the field that must be typed once more; `is_grave`: it
    stops or ends something.
    """

    title: str
    button: str
    tell: Tell
    do: Do
    role: int = OPERATE
    says_why: Literal["may", "must"] | None = None
    typed: str | None = None
    is_grave: bool = False


# ---- operations


async def _operation(visit: Visit, fields: Fields) -> Row:
    answer = await visit.ask("show_operation", {"id": fields.one("id")})
    operation: Row = answer["operation"]
    return operation


def _of_operation(act: str, consequence: Callable[[Row, int], str]) -> Tell:
    async def tell(visit: Visit, fields: Fields) -> Told:
        operation = await _operation(visit, fields)
        left = operation["total"] - operation["done"] - operation["failed"] - operation["skipped"]
        done = f"{operation['done']} of {operation['total']} are done."
        return Told(
            what=f"{operation['kind']} {operation['id']}",
            lines=[done, consequence(operation, left)],
            seen=operation["status"],
            status=operation["status"],
            back=f"/console/operations/{operation['id']}",
            cannot=None if _can(act, operation["status"]) else f"The operation is {operation['status']}.",
        )

    return tell


def _can(act: str, status: str) -> bool:
    return status in {"pause": ("running",), "resume": ("paused",), "cancel": ("running", "paused")}[act]


def _turn(call: str) -> Do:
    async def do(visit: Visit, fields: Fields) -> str:
        await visit.ask(call, {"id": fields.one("id")})
        return f"/console/operations/{quote(fields.one('id'), safe='')}"

    return do


# ---- tenants and sources


async def _tenant(visit: Visit, fields: Fields) -> Row:
    return _named(fields.one("name"), (await visit.ask("list_tenants"))["tenants"], "tenant")


def _waiting(tenant: Row) -> str:
    count, oldest = tenant["pending"], tenant["oldestPendingSeconds"]
    words = "1 order waits" if count == 1 else f"{count} orders wait"
    return f"{words} now." if oldest is None else f"{words} now, the oldest for {span(oldest)}."


async def _tell_halt(visit: Visit, fields: Fields) -> Told:
    tenant = await _tenant(visit, fields)
    lines = [
        _waiting(tenant),
        "Nothing more is sent to Trackely for this tenant until somebody resumes it by hand; it is not probed.",
        "Hooks are taken and translated meanwhile: nothing is lost, it comes later.",
    ]
    is_halted = tenant["status"] == "halted" and tenant["reason"]["code"] == "halted_by_hand"
    cannot = "The tenant is halted by hand already." if is_halted else None
    return _of_tenant(tenant, lines, cannot)


async def _tell_resume(visit: Visit, fields: Fields) -> Told:
    tenant = await _tenant(visit, fields)
    lines = [_waiting(tenant), "They are tried at once, and go on by themselves if Trackely takes them."]
    if tenant["reason"]:
        lines.append(f"It rests because: {tenant['reason']['detail']}. What helps: {tenant['reason']['remedy']}.")
    return _of_tenant(tenant, lines, "The tenant is active already." if tenant["status"] == "active" else None)


def _of_tenant(tenant: Row, lines: Sequence[str], cannot: str | None) -> Told:
    back = f"/console/tenants/{quote(tenant['name'], safe='')}"
    status = tenant["status"]
    return Told(what=f"tenant {tenant['name']}", lines=lines, seen=status, status=status, back=back, cannot=cannot)


async def _source(visit: Visit, fields: Fields) -> Row:
    return _named(fields.one("name"), (await visit.ask("list_sources"))["sources"], "source")


async def _tell_lookups(visit: Visit, fields: Fields) -> Told:
    source = await _source(visit, fields)
    halts, waiting = len(source["lookupHalts"]), source["waiting"]
    lines = [
        f"{halts} of its lookups {'is' if halts == 1 else 'are'} halted; {waiting} events wait for the vendor's API.",
        "The vendor's API is asked again at once.",
    ]
    return _of_source(source, lines, None if halts else "None of its lookups is halted.")


async def _tell_reconcile(visit: Visit, fields: Fields) -> Told:
    source = await _source(visit, fields)
    lines = [
        "The vendor's API is asked for everything that changed within the configured horizon.",
        (
            "What no webhook told becomes an event; what is known already stays as it is. How many there are, only the "
            "vendor knows."
        ),
    ]
    return _of_source(source, lines, None)


async def _tell_promote(visit: Visit, fields: Fields) -> Told:
    source = await _source(visit, fields)
    if source["mode"] != "shadow":
        return _of_source(source, [], "The source is live already.")
    shadow = await visit.ask("show_shadow", {"name": source["name"]})
    replaces = shadow["replaces"]
    lines = [
        (
            f"{shadow['equal']} orders are equal, {shadow['differ']} differ, {shadow['onlyHere']} are only in shadow, "
            f"and {shadow['onlyThere']} only live."
        ),
        "It delivers from now on. The newest state of each order is judged as if it arrived.",
        f"Source {replaces} is in shadow from then on, and hands its orders over."
        if replaces
        else "It replaces nobody.",
    ]
    return _of_source(source, lines, None)


async def _promote(visit: Visit, fields: Fields) -> str:
    made = await visit.ask("promote_source", {"name": fields.one("name")})
    return f"/console/operations/{made['operation']['id']}"


def _of_source(source: Row, lines: Sequence[str], cannot: str | None) -> Told:
    back = f"/console/sources/{quote(source['name'], safe='')}"
    seen = f"{len(source['lookupHalts'])} halted"
    return Told(what=f"source {source['name']}", lines=lines, seen=seen, back=back, cannot=cannot)


def _by_name(call: str, place: str, body: Callable[[Fields], Any] = lambda _fields: None) -> Do:
    async def do(visit: Visit, fields: Fields) -> str:
        await visit.ask(call, {"name": fields.one("name")}, body=body(fields))
        return f"/console/{place}/{quote(fields.one('name'), safe='')}"

    return do


def because(fields: Fields) -> dict[str, str]:
    """The reason, where one was given."""
    reason = fields.one("reason")
    return {"reason": reason} if reason else {}


def _named(name: str, rows: Sequence[Row], what: str) -> Row:
    found = next((row for row in rows if row["name"] == name), None)
    if found is None:
        raise UnknownRecord(f"no {what} of this name is configured")
    return found


# ---- orders


def key_of(fields: Fields) -> dict[str, str]:
    """Which order, as the API names it."""
    return {"tenant": fields.one("tenant"), "externalOrderId": fields.one("order")}


async def order_of(visit: Visit, fields: Fields, lines: Callable[[Row], Sequence[str]], **more: Any) -> Told:
    """What will happen to an order."""
    order = await visit.ask("show_order", key_of(fields))
    return Told(
        what=f"order {order['externalOrderId']}",
        lines=lines(order),
        seen=f"{order['status']} {order['changedAt']}",
        status=order["status"],
        back=order_place(order["tenant"], order["externalOrderId"]),
        **more,
    )


async def _tell_discard(visit: Visit, fields: Fields) -> Told:
    lines = [
        "1 order: its present state is never sent to Trackely, and its dead letter, if it is one, is closed.",
        "A newer state of the vendor's revives it; so does replaying its event.",
    ]
    return await order_of(visit, fields, lambda _order: lines)


async def _tell_erase(visit: Visit, fields: Fields) -> Told:
    def lines(order: Row) -> Sequence[str]:
        events = len(order["events"])
        return [
            (
                f"{events} {'event is' if events == 1 else 'events are'} emptied: bodies, references, what came "
                "of them, what the intake said of it."
            ),
            (
                "Its number, its statuses and its times stay. This cannot be taken back, and nothing of it can be "
                "replayed any more."
            ),
            "Trackely keeps what it has: erase it there as well.",
        ]

    return await order_of(visit, fields, lines)


async def _discard_order(visit: Visit, fields: Fields) -> str:
    await visit.ask("discard_order", key_of(fields), body=because(fields))
    return order_place(*key_of(fields).values())


async def _erase(visit: Visit, fields: Fields) -> str:
    await visit.ask("erase_order", key_of(fields))
    return order_place(*key_of(fields).values())


# ---- the whole


async def _tell_reload(visit: Visit, _fields: Fields) -> Told:
    tenants, sources = (await visit.ask("list_tenants"))["tenants"], (await visit.ask("list_sources"))["sources"]
    lines = [
        (
            "The configuration's files and secrets are read again, all or nothing: with a single fault everything "
            "stays as it is, and the faults are named here."
        ),
        f"{len(sources)} sources and {len(tenants)} tenants are in force now. No hook is refused meanwhile.",
    ]
    return Told(what="the configuration", lines=lines, seen="", back="/console/configuration")


async def _reload(visit: Visit, _fields: Fields) -> str:
    done = await visit.ask("reload")
    changed = ", ".join(done["changed"]) or "nothing"
    later = f"; with the next start: {', '.join(done['needsRestart'])}" if done["needsRestart"] else ""
    return f"/console/configuration?changed={quote(changed + later, safe='')}"


ACTS: Final[dict[str, Act]] = {
    "pause": Act(
        title="Pause", button="Pause it", do=_turn("pause_operation"),
        tell=_of_operation("pause", lambda _each, left: f"The other {left} rest until it is resumed."),
    ),
    "resume": Act(
        title="Resume", button="Resume it", do=_turn("resume_operation"),
        tell=_of_operation("resume", lambda _each, left: f"It goes on with the other {left}."),
    ),
    "cancel": Act(
        title="Cancel", button="Cancel it", do=_turn("cancel_operation"),
        tell=_of_operation("cancel", lambda _each, left: f"The other {left} stay as they are."), is_grave=True,
    ),
    "halt-tenant": Act(
        title="Halt", button="Halt it", tell=_tell_halt, do=_by_name("halt_tenant", "tenants", because), says_why="may",
        is_grave=True,
    ),
    "resume-tenant": Act(
        title="Resume", button="Resume it", tell=_tell_resume, do=_by_name("resume_tenant", "tenants")
    ),
    "resume-lookups": Act(
        title="Resume the lookups of", button="Ask again", tell=_tell_lookups, do=_by_name("resume_source", "sources")
    ),
    "promote": Act(
        title="Promote", button="Let it deliver", tell=_tell_promote, do=_promote
    ),
    "reconcile": Act(
        title="Reconcile", button="Ask the vendor", tell=_tell_reconcile,
        do=_by_name("reconcile_source", "sources", lambda _fields: {}),
    ),
    "discard-order": Act(
        title="Discard", button="Discard it", tell=_tell_discard, do=_discard_order, says_why="may", is_grave=True
    ),
    "erase-order": Act(
        title="Erase", button="Erase it for good", tell=_tell_erase, do=_erase, role=ADMIN, typed="order", is_grave=True
    ),
    "reload": Act(title="Reload", button="Read it again", tell=_tell_reload, do=_reload, role=ADMIN),
}  # fmt: skip
"""By their names in the address; those of many stand in `bulk`."""
