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
    steps = [*_said(order["events"], states), *_tried(order["attempts"])]
    return sorted(steps, key=lambda each: datetime.fromisoformat(each["at"]))


def delivered_last(order: Row, states: Mapping[str, Row]) -> Row | None:
    """What Trackely had last, if that is something else than what it should have."""
    had = [state["order"] for state in states.values() if state["status"] == "delivered"]
    return had[-1] if had and had[-1] != order["order"] else None


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


def _tried(attempts: Sequence[Row]) -> Iterator[Row]:
    """Equal attempts in a row as one."""
    for _, run in groupby(
        attempts, key=lambda each: (each["kind"], each["outcome"], each["httpStatus"], each["detail"])
    ):
        tries = list(run)
        first, last = tries[0], tries[-1]
        yield {"kind": "attempt", "at": first["at"], "until": last["at"], "count": len(tries), "attempt": last}
