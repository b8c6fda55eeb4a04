"""An order's story: what the vendor and people said of it, each as a difference to the state before, and each try."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from gateway.console.telling import Row, differences

VERDICTS: Final = {
    "pending": "It waits to be sent.",
    "leased": "It is being sent at this moment.",
    "delivered": "Trackely has it.",
    "withdrawn": "It was cancelled before Trackely had it.",
    "dead": "It was set aside for a person.",
    "discarded": "A person set it aside.",
}


def next_step(order: Row, tenant: Row | None) -> str | None:
    """What helps with an order now."""
    if order["reason"] is not None:
        return str(order["reason"]["remedy"])
    if order["status"] == "pending" and tenant is not None and tenant["reason"] is not None:
        return f"Its tenant is {tenant['status'].replace('_', ' ')}: {tenant['reason']['remedy']}"
    return None


def timeline(order: Row, states: Mapping[str, Row]) -> list[Row]:
    """An order's events and attempts by time; `states` are what events said of it, by their ids."""
    tried = [{"kind": "attempt", "at": each["at"], "attempt": each} for each in order["attempts"]]
    steps = sorted([*_said(order["events"], states), *tried], key=lambda each: datetime.fromisoformat(each["at"]))
    return [step for _, run in groupby(steps, key=_alike) for step in _as_one(list(run))]


def delivered_last(order: Row, states: Mapping[str, Row]) -> Row | None:
    """What Trackely had last, if that is something else than what it should have."""
    had = max((state for state in states.values() if state["status"] == "delivered"), key=_version, default=None)
    return had["order"] if had is not None and had["order"] != order["order"] else None


def _version(state: Row) -> tuple[datetime, int, int]:
    """Which state is the newest: an old event that was replayed as such is newer than those after it."""
    version = state["version"]
    return datetime.fromisoformat(version["clock"]), version["tie"], version["arrival"]


def _said(events: Sequence[Row], states: Mapping[str, Row]) -> Iterator[Row]:
    before: Row | None = None
    is_first = True
    for event in events:
        state = states.get(event["id"])
        step: dict[str, Any] = {"kind": "event", "at": event["receivedAt"], "event": event, "state": state}
        if state is not None:
            step["first"], step["differences"] = is_first, list(differences(before, state["order"]))
            before, is_first = state["order"], False
        yield step


def _alike(step: Row) -> Any:
    """Equal attempts with nothing between them are one; an event is like no other."""
    if step["kind"] == "event":
        return step["event"]["id"]
    attempt = step["attempt"]
    return tuple(attempt[name] for name in ("kind", "outcome", "httpStatus", "detail"))


def _as_one(run: Sequence[Row]) -> Iterator[Row]:
    first, last = run[0], run[-1]
    if first["kind"] == "event":
        yield first
    else:
        count = sum(step["attempt"]["times"] for step in run)
        yield {**last, "at": first["at"], "until": last["attempt"]["lastAt"], "count": count}
