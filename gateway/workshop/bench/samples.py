"""Hooks of any size, made after the vendors' samples."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

MARK: Final = b"@" * 24
"""Stands for an event's own number in a template, and is as wide."""

ORDER_MARK: Final = b"#" * 24
"""Stands for its order's number, likewise."""

_LINE_BYTES: Final = 150
"""About as many has a line."""

_WORDS: Final = ("brass", "cable", "cover", "desk", "frame", "glass", "hook", "lamp", "oak", "shade", "spare", "steel")


def _line(number: int) -> dict[str, Any]:
    """A line that is like no other: bodies are compressed, and an order is seldom one article over and over."""
    drawn = number * 2_654_435_761 % 2**32
    words = [_WORDS[(drawn >> shift) % len(_WORDS)] for shift in (3, 8, 13, 18)]
    return {
        "lineNumber": f"{number}",
        "externalLineReference": f"{number:03d}",
        "productCode": f"{words[0].upper()}-{drawn % 9973}",
        "quantity": drawn % 499 + 1,
        "quantityUnit": "UNT",
        "description": " ".join(words),
    }


def _planned() -> str:
    """A day to come: most orders are planned for one, and those whose day is over are doubted."""
    return (datetime.now(UTC) + timedelta(days=3)).date().isoformat()


def template(size: int) -> bytes:
    """A Logistics Plus Order of about `size` bytes (at least some 700), with a mark for each number."""
    mark = MARK.decode()
    order: dict[str, Any] = {
        "id": mark,
        "dateCreated": "2026-05-12T16:20:05+00:00",
        "dateSent": "2026-05-12T16:20:06+00:00",
        "entityType": "Order",
        "topic": "WAREHOUSE_ORDER",
        "data": {
            "id": "645e64b1dd3283f909d1c001",
            "dateLastUpdated": "2026-05-12T16:10:00+00:00",
            "warehouseCode": "LAW",
            "primaryReference": ORDER_MARK.decode(),
            "secondaryReference": "PO-5512",
            "status": "PRO",
            "shipToAddress": {
                "address": {
                    "organization": "Harbor Supply Co",
                    "addressLine1": "77 Pier Road",
                    "country": "US",
                    "state": "CA",
                    "city": "Long Beach",
                    "postalCode": "90802",
                },
                "contact": {"personName": "Dana Reyes", "emailAddress": "dana@harborsupply.example"},
            },
            "requiredShipDate": f"{_planned()}T00:00:00+00:00",
            "orderLines": [],
        },
    }
    lines = order["data"]["orderLines"]
    missing = size - len(msgspec.json.encode(order))
    while missing > _LINE_BYTES / 2:
        lines.append(_line(len(lines) + 1))
        missing -= len(msgspec.json.encode(lines[-1])) + 1
    return msgspec.json.encode(order)


def numbered(made: bytes, run: int, number: int) -> bytes:
    """One hook of a template; `run` keeps the numbers of two runs apart."""
    of = b"%08x%016d" % (run & 0xFFFFFFFF, number)
    return made.replace(MARK, of).replace(ORDER_MARK, of)
