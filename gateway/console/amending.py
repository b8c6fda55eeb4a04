"""Amending an order by hand: its members in a form, as the state that Trackely gets."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from gateway.console.acts import Act, Told, because, key_of, order_of
from gateway.console.fields import Fields
from gateway.console.frame import Visit
from gateway.console.showing import order_place
from gateway.console.telling import Row
from gateway.errors import ConflictingRequest
from gateway.events import HELD

_KINDS: Final = {
    "deliveryAddress": "text", "customerId": "text", "customerName": "text", "customerContact": "text",
    "totalWeight": "number", "volume": "number", "palletCount": "number", "specialHandling": "lines",
    "plannedDate": "date",
}  # fmt: skip
"""The members of the canonical order but its id."""


class Member(NamedTuple):
    """A field of the form."""

    name: str
    kind: str
    text: str


async def _held(visit: Visit, fields: Fields) -> tuple[str, Row] | None:
    """The event of the order's newest state, and its members, where it is held."""
    key = key_of(fields)
    found = await visit.ask("list_dead_letters", query=[("code", HELD), *key.items(), ("limit", "1")])
    for letter in found["deadLetters"]:
        event = await visit.ask("show_event", {"id": letter["id"].removeprefix("event-")})
        for state in event["translation"]:
            if {name: state[name] for name in key} == key and state["order"]:
                return event["id"], state["order"]
    return None


async def _tell(visit: Visit, fields: Fields) -> Told:
    held, given = await _held(visit, fields), dict(fields.pairs)
    order = await visit.ask("show_order", key_of(fields)) if held is None else {"order": held[1]}
    was = order["order"] or {}
    members = [Member(name, kind, given.get(name, _text(was.get(name)))) for name, kind in _KINDS.items()]
    lines = [
        "1 order goes to Trackely with the members below, as a state of your own, shown as a person's in its story.",
        "A member that is left empty is removed. The vendor's next newer state wins over it.",
    ]
    hidden = list(key_fields(fields).items())
    if held is not None:
        what, back = f"order {fields.one('order')}", f"/console/events/{held[0]}"
        lines.append("It takes the place of what is held.")
        return Told(what=what, lines=lines, seen=f"held {held[0]}", back=back, members=members, hidden=hidden)
    cannot = None if order["order"] else "It was cancelled or erased: there is nothing to amend."
    return await order_of(visit, fields, lambda _order: lines, cannot=cannot, members=members, hidden=hidden)


def key_fields(fields: Fields) -> Mapping[str, str]:
    """The hidden fields that name the order."""
    return {"tenant": fields.one("tenant"), "order": fields.one("order")}


async def _amend(visit: Visit, fields: Fields) -> str:
    held = await _held(visit, fields)
    was = (await visit.ask("show_order", key_of(fields)))["order"] if held is None else held[1]
    changed = dict(_changed(was or {}, fields))
    if not changed:
        raise ValueError("nothing was changed: the order is as it was")
    amended = await visit.ask("amend_order", key_of(fields), body={**changed, **because(fields)})
    if amended["status"] == "superseded":
        raise ConflictingRequest(
            "nothing was changed: what the vendor said last is of a time that is still to come, and so it counts as "
            "newer; amend the order again then, five minutes from now at the latest"
        )
    return order_place(*key_of(fields).values())


def _changed(was: Row, fields: Fields) -> Sequence[tuple[str, Any]]:
    given = dict(fields.pairs)
    read = [(name, _read(name, kind, given[name].strip())) for name, kind in _KINDS.items() if name in given]
    return [(name, value) for name, value in read if value != was.get(name)]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _read(name: str, kind: str, text: str) -> Any:
    """A field's value; None: the member is removed. Raises ValueError for a number that is none."""
    if not text:
        return None
    if kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if kind != "number":
        return text
    try:
        return msgspec.json.decode(text, type=int | float)
    except msgspec.DecodeError:
        raise ValueError(f"{name}: expected a number such as 12.5") from None


AMENDING: Final = {
    "amend-order": Act(title="Amend", button="Send it to Trackely", tell=_tell, do=_amend, says_why="must")
}
"""By its name in the address."""
