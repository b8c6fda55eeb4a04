"""What the stand-in knows: its users, its orders, the faults that were asked for, and who asked what."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec


class User(msgspec.Struct, frozen=True):
    """A user of the API; it serves one goods owner, or all where there is none."""

    password: str
    goods_owner: int | None = None


class Fault(msgspec.Struct):
    """What the next requests whose path fits `match` are answered instead, `times` of them.

    `delay` seconds pass before; a status of 0 only delays.
    """

    match: str
    status: int = 503
    times: int = 1
    retry_after: str | None = None
    delay: float = 0.0


class Asked(msgspec.Struct):
    """One request: its path and query below the API's root, who asked, and how many of theirs were in flight."""

    path: str
    query: str
    username: str | None
    in_flight: int
    status: int = 0


class StoredOrder(msgspec.Struct):
    """An order, its way bill rows, and when it was last changed."""

    order: dict[str, Any]
    rows: Any
    updated_at: datetime

    @property
    def goods_owner(self) -> int | None:
        """Whose it is."""
        return (self.order.get("goodsOwner") or {}).get("id")


class Warehouse:
    """An instance of the vendor's system. Change it as it runs."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self.users = dict(users)
        self.orders: dict[int, StoredOrder] = {}
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.in_flight: dict[str | None, int] = {}

    def put(self, order: dict[str, Any], rows: Any = (), updated_at: datetime | None = None) -> None:
        """Make or change an order; its id is its `orderInfo.orderId`. It changes now, unless told otherwise."""
        self.orders[order["orderInfo"]["orderId"]] = StoredOrder(order, rows, updated_at or datetime.now(UTC))

    def listed(
        self, goods_owner: int | None, updated_from: datetime | None, id_from: int, most: int
    ) -> list[dict[str, Any]]:
        """Orders by rising id, from `id_from` on, at most so many, changed since a moment."""
        found: Sequence[int] = sorted(
            order_id
            for order_id, stored in self.orders.items()
            if order_id >= id_from
            and (goods_owner is None or stored.goods_owner == goods_owner)
            and (updated_from is None or stored.updated_at >= updated_from)
        )
        return [self.orders[order_id].order for order_id in found[:most]]

    def fault_for(self, path: str) -> Fault | None:
        """The first fault that fits, used up by one."""
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.match, path):
                fault.times -= 1
                return fault
        return None
