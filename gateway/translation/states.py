"""What one state of an order says, as an adapter made it: its bytes, its time, its doubts."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Final

import msgspec

from adapters import Cancellation, Fault, Order, State
from adapters.moments import FIRST_YEAR, LAST_YEAR
from gateway.events import HELD, SECOND, Micros, Reason, told_by
from gateway.findings import findings_of
from gateway.ground.clock import micros_at, moment
from schemas import encode_order, faults_of

DAY: Final = 86_400 * SECOND

_decode_order = msgspec.json.Decoder(Order).decode


class AdapterDefect(Exception):  # noqa: N818 - the dead letter's own name
    """An adapter did what no adapter may."""


@lru_cache(maxsize=16)
def day_of(number: int) -> date:
    """A day by its number since 1970, in UTC."""
    return moment(number * DAY).date()


@lru_cache(maxsize=16)
def _written(day: date) -> str:
    return day.isoformat()


def said_of(state: State | Cancellation | Fault, adapter: str) -> tuple[bytes | None, Reason | None]:
    """What a state says of its order, None: it is off; and why it can never leave the gateway, if so."""
    if isinstance(state, State):
        return _encoded(state.order, adapter)
    if isinstance(state, Cancellation):
        return None, None
    return encode_order(Order(external_order_id=state.external_order_id)), told_by(state)


def doubts_about(state: State, received_on: date) -> tuple[tuple[str, str], ...]:
    """Doubts about an order, which change nothing of it."""
    found = findings_of(state.order, state.parts, received_on)
    return tuple([(each.code, each.detail) for each in found]) if found else ()


def is_on_receipt(state: State | Cancellation | Fault, received_on: date) -> bool | None:
    """Whether an order is planned for the day on which it came; None: for none."""
    planned = state.order.planned_date if isinstance(state, State) else None
    return None if planned is None else planned == _written(received_on)


def held(findings: Sequence[tuple[str, str]], hold: Sequence[str]) -> Reason | None:
    """Why a tenant that would rather have a person look first is not sent an order."""
    words = [f"{code}: {detail}" for code, detail in findings if code in hold]
    return Reason(HELD, "; ".join(words)) if words else None


def _encoded(order: Order, adapter: str) -> tuple[bytes, Reason | None]:
    body = encode_order(order)
    try:
        # Structs do not check what they are made of: what cannot be read back was never an order.
        order = _decode_order(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AdapterDefect(f"adapter {adapter} made an order of wrong types: {error}") from None
    fault = faults_of(order)
    if fault is None and b"\\u0000" in body:
        fault = "$", "text with a NUL character"
    return body, None if fault is None else Reason("invalid_order", fault[1], fault[0])


def vendors_time(clock: datetime | None) -> Micros | None:
    """A vendor's time of change; None where it gives none, or says so by a year that means none."""
    if clock is not None and clock.tzinfo is None:
        raise AdapterDefect("a state's clock has no time zone")
    return None if clock is None or not FIRST_YEAR <= clock.year <= LAST_YEAR else micros_at(clock)
