"""Hooks of any size, made after the vendors' samples."""

from typing import Any, Final

import msgspec

MARK: Final = b"@" * 24
"""Stands for an event's own number in a template, and is as wide."""

_LINE: Final = {
    "lineNumber": "1",
    "externalLineReference": "001",
    "productCode": "LAMP-3",
    "quantity": 100,
    "quantityUnit": "UNT",
    "description": "Desk lamp, brass, with a spare shade",
}


def template(size: int) -> bytes:
    """A Logistics Plus Order of about `size` bytes (at least some 700), with `MARK` where an event has its number."""
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
            "primaryReference": mark,
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
            "requiredShipDate": "2026-05-15T00:00:00+00:00",
            "orderLines": [],
        },
    }
    missing = size - len(msgspec.json.encode(order))
    order["data"]["orderLines"] = [_LINE] * max(0, round(missing / (len(msgspec.json.encode(_LINE)) + 1)))
    return msgspec.json.encode(order)


def numbered(made: bytes, run: int, number: int) -> bytes:
    """One hook of a template; `run` keeps the numbers of two runs apart."""
    return made.replace(MARK, b"%08x%016d" % (run & 0xFFFFFFFF, number))
