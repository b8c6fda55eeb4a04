"""The webhook's payload: bytes in, orders out, or the refusal that names the item at fault."""

import asyncio
import re
from typing import Any

import msgspec

from gateway.core_intake.errors import DateFault, PayloadRefused
from schemas import Order, faults_of

_MEMBERS = tuple(field.encode_name for field in msgspec.structs.fields(Order))
_BOM = b"\xef\xbb\xbf"
_LARGE = 256 * 1024


class Payload(msgspec.Struct, frozen=True):
    """Orders whose shape is right, and those of their dates that are no days.

    The dates are judged last: whoever finds another fault, such as an unknown customer, refuses with that.
    """

    orders: list[Order]
    date_faults: list[DateFault]


def read_payload(body: bytes) -> Payload:
    """The orders of a body that holds one order object or an array of them. Raises PayloadRefused."""
    try:
        value = msgspec.json.decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadRefused("invalid JSON", {"message": _reason(error)}) from error
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise PayloadRefused("the payload is neither an order object nor an array of order objects")
    orders: list[Order] = []
    date_faults: list[DateFault] = []
    for index, item in enumerate(value):
        order = _read_order(index, item)
        match faults_of(order):
            case None:
                pass
            case "$.plannedDate", message:
                date_faults.append(DateFault(index, order.external_order_id, message))
            case path, message:
                raise refused_item(index, order.external_order_id, message, path)
        orders.append(order)
    return Payload(orders, date_faults)


async def read_payload_aside(body: bytes) -> Payload:
    """The same, a large body in a thread, so that the loop serves others meanwhile. Raises PayloadRefused."""
    if len(body) < _LARGE:
        return read_payload(body)
    return await asyncio.to_thread(read_payload, body)


def refused_item(index: int, external_order_id: Any, error: str, path: str) -> PayloadRefused:
    """The refusal of a payload for one of its items, the path being relative to the item."""
    details: dict[str, Any] = {"index": index, "path": path}
    if isinstance(external_order_id, str):
        details["externalOrderId"] = external_order_id
    return PayloadRefused(error, details)


def _read_order(index: int, item: Any) -> Order:
    if not isinstance(item, dict):
        raise refused_item(index, None, "not an order object", "$")
    # Members that the contract does not name are the sender's own affair.
    members = {name: item[name] for name in _MEMBERS if name in item}
    external_order_id = members.get("externalOrderId")
    for name, value in members.items():
        if value is None:
            raise refused_item(index, external_order_id, f"{name} is null: leave it out", f"$.{name}")
    pallets = members.get("palletCount")
    if isinstance(pallets, float) and pallets.is_integer():
        members["palletCount"] = int(pallets)  # JSON knows one kind of number: 2.0 is 2
    try:
        order = msgspec.convert(members, Order)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        fault = reason.replace(" | null", "").replace("Expected", "expected", 1)
        raise refused_item(index, external_order_id, fault, path.strip("`") or "$") from error
    for name, value in members.items():
        if _holds_nul(value):
            raise refused_item(index, external_order_id, f"{name} holds a NUL character", f"$.{name}")
    return order


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    return isinstance(value, list) and any("\0" in text for text in value)


def _reason(error: Exception) -> str:
    match error:
        case UnicodeDecodeError():
            return "not UTF-8"
        case RecursionError():
            return "nested too deeply"
        case _:
            return re.sub(r"^JSON is malformed: ", "", str(error))
