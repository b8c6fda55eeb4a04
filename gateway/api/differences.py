"""What is amiss with a row of the day ledger: what a person would do something about, or nothing."""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from gateway.events import SECOND, Micros, OrderStatus, Reason
from gateway.orders import TenantState, TenantStatus
from gateway.records import Asking, DayRow

MARGIN: Final = 86_400 * SECOND
"""A state that is looked up bears the time of the asking: its change at the vendor may be so much older."""


class Surroundings(msgspec.Struct, frozen=True):
    """What a row is judged by: how its tenant stands, whether that one pulls, and which lists were read."""

    states: Mapping[str, TenantState]
    pulled: Collection[str]
    askings: Mapping[str, Collection[Asking]]


def confirmed_at(row: DayRow, around: Surroundings) -> Micros | None:
    """When Trackely said that it has the order: its answer to a push, or the pull after the one that served it."""
    at = row.delivered_at
    if at is None or row.order_id is not None or row.tenant not in around.pulled:
        return at
    pulls = around.states.get(row.tenant or "", TenantState()).pulls
    return min((pull for pull in pulls if pull > at), default=None)


def difference_of(row: DayRow, around: Surroundings) -> str:
    """One name, with what helps to tell which of a kind; empty: all is as it should be."""
    match row.kind:
        case "listed":
            return _of_listed(row)
        case "event":
            return _of_event(row)
        case _:
            return _of_order(row, around)


def _of_listed(row: DayRow) -> str:
    if row.is_cancelled:
        return "ignored: cancelled before anything of it was received"
    return _ignored(row) if _code(row) == "ignored" else "never_received"


def _of_event(row: DayRow) -> str:
    match row.status:
        case "ignored":
            return _ignored(row)
        case "waiting":
            return "pending: the vendor's API has not answered"
        case "received":
            return "pending: not translated yet"
        case _:
            return f"dead: {_code(row) or row.status}"


def _of_order(row: DayRow, around: Surroundings) -> str:
    status = row.status
    if status == OrderStatus.WITHDRAWN:
        return "never_received" if row.is_behind else ""
    is_late = status != OrderStatus.DELIVERED or row.is_overtaken or row.is_behind
    if row.delivered_at is not None and is_late and not row.is_cancelled:
        return "delivered_older_state"
    if status in (OrderStatus.DEAD, OrderStatus.DISCARDED):
        return f"dead: {_code(row) or status}"
    if status in (OrderStatus.PENDING, OrderStatus.LEASED):
        return "not_confirmed" if row.unconfirmed else f"pending: {_why_pending(row, around)}"
    return _of_delivered(row, around)


def _of_delivered(row: DayRow, around: Surroundings) -> str:
    if confirmed_at(row, around) is None:
        return "not_confirmed"
    return "only_here" if _is_only_here(row, around) else ""


def _why_pending(row: DayRow, around: Surroundings) -> str:
    if row.status == OrderStatus.LEASED:
        return "being sent"
    state = around.states.get(row.tenant or "", TenantState())
    why = f", {state.reason.code}" if isinstance(state.reason, Reason) else ""
    if state.status is TenantStatus.HALTED:
        return f"the tenant is halted{why}"
    if row.tenant in around.pulled:
        return "not pulled yet"
    if state.status is TenantStatus.BACKING_OFF:
        return f"the intake is failing{why}"
    return "not sent yet"


def _is_only_here(row: DayRow, around: Surroundings) -> bool:
    """Whether the vendor's list, read whole since the order surely changed, does not name it."""
    asked = [each for each in around.askings.get(row.source, ()) if _is_of_turn(row, each.turn)]
    if row.asked_at is not None or row.clock is None or row.received_at is None:
        return False
    return any(each.since + MARGIN <= row.clock and row.received_at <= each.asked_at for each in asked)


def _is_of_turn(row: DayRow, turn: str) -> bool:
    """Whether the order's owner, where it names somebody, is the one whose list it is."""
    _, slash, who = (row.owner or "").rpartition("/")
    return not slash or who == turn


def _code(row: DayRow) -> str:
    return "" if row.reason is None else row.reason.code


def _ignored(row: DayRow) -> str:
    return f"ignored: {row.reason.detail if row.reason else 'for no reason given'}"
