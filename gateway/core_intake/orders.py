"""Orders: a payload is applied whole, in one transaction, or not at all, with the customers that it brings."""

import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.core_intake.customers import (
    Customer,
    cursor,
    customers_by_address,
    destination,
    json_text,
    known_customers,
    shown_customer,
)
from gateway.core_intake.database import Database, Transaction
from gateway.core_intake.errors import DatesRefused, Unauthorized
from gateway.core_intake.moments import as_text
from gateway.core_intake.payload import Payload
from gateway.errors import UnknownRecord
from gateway.ground.clock import Clock
from schemas import IntakeReply, Order, OrderResult

_PART = 500


class StoredOrder(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An order as shown; `delivery_address` is the order's own or else its customer's."""

    external_order_id: str
    order_id: str
    customer: Customer
    delivery_address: str | None = None
    total_weight: float | None = None
    volume: float | None = None
    pallet_count: int | None = None
    special_handling: list[str] | None = None
    planned_date: str | None = None
    created_at: str
    updated_at: str


class OrderPage(msgspec.Struct, frozen=True):
    """Orders, oldest first; `next` is the cursor of the following page."""

    orders: list[StoredOrder]
    next: str | None


class Orders:
    """The intake's orders, by tenant; `clock` tells the time in microseconds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def accept(self, tenant: str, payload: Payload, *, secret_hash: bytes | None = None) -> IntakeReply:
        """Creates or updates every order of the payload in turn, or none.

        With the `secret_hash` of a push, the webhook's `lastReceivedAt` moves with the orders. Raises PayloadRefused
        for an unknown customer, DatesRefused, and Unauthorized where the secret stopped working in the meantime.
        """
        now = self._clock()

        async def work(transaction: Transaction) -> list[OrderResult]:
            if secret_hash is not None and not await transaction.rows(
                "mark_received", tenant=tenant, secret_hash=secret_hash, now=now
            ):
                raise Unauthorized
            known: dict[str, int] = {}
            for start, part in _parts(payload.orders):
                known |= await known_customers(transaction, tenant, start, part)
            if payload.date_faults:
                raise DatesRefused(payload.date_faults)
            results: list[OrderResult] = []
            for _, part in _parts(payload.orders):
                found = await customers_by_address(transaction, tenant, part, now)
                results += await self._put_orders(transaction, tenant, part, known | found, now)
            return results

        results = await self._database.write(work)
        return IntakeReply(accepted=True, processed=len(results), orders=results)

    async def _put_orders(
        self, transaction: Transaction, tenant: str, orders: list[Order], customers: dict[str, int], now: int
    ) -> list[OrderResult]:
        ids = json_text(order.external_order_id for order in orders)
        rows = await transaction.rows("orders_by_external_id", tenant=tenant, ids=ids)
        order_ids: dict[str, str] = {row["external_order_id"]: row["order_id"] for row in rows}
        results = []
        for order in orders:
            created = order.external_order_id not in order_ids
            order_id = order_ids.setdefault(order.external_order_id, f"ord_{uuid.uuid4().hex}")
            results.append(OrderResult(order.external_order_id, order_id, created))
        rows_to_put = (
            _order_row(tenant, order, order_ids[order.external_order_id], customers[destination(order)], now)
            for order in orders
        )
        await transaction.run_many("put_order", rows_to_put)
        return results

    async def list_orders(self, tenant: str, *, planned_date: str | None, after: int, limit: int) -> OrderPage:
        """A page of orders, of one planned date or all, after the cursor."""
        if planned_date is None:
            rows = await self._database.read("orders", tenant=tenant, after=after, limit=limit)
        else:
            rows = await self._database.read(
                "orders_planned", tenant=tenant, planned_date=planned_date, after=after, limit=limit
            )
        return OrderPage([_stored_order(row) for row in rows], cursor(rows, limit))

    async def show_order(self, tenant: str, external_order_id: str) -> StoredOrder:
        """One order. Raises UnknownRecord."""
        for row in await self._database.read("order", tenant=tenant, external_order_id=external_order_id):
            return _stored_order(row)
        raise UnknownRecord("no such order")


def _parts(orders: list[Order]) -> Iterator[tuple[int, list[Order]]]:
    # A pull may bring 100,000 orders in one payload: between two parts the loop serves others.
    for start in range(0, len(orders), _PART):
        yield start, orders[start : start + _PART]


def _order_row(tenant: str, order: Order, order_id: str, customer: int, now: int) -> dict[str, Any]:
    handling = order.special_handling
    return {
        "tenant": tenant,
        "external_order_id": order.external_order_id,
        "order_id": order_id,
        "customer": customer,
        "delivery_address": (order.delivery_address or "").strip() or None,
        "total_weight": order.total_weight,
        "volume": order.volume,
        "pallet_count": order.pallet_count,
        "special_handling": None if handling is None else json_text(handling),
        "planned_date": order.planned_date,
        "now": now,
    }


def _stored_order(row: sqlite3.Row) -> StoredOrder:
    handling = row["special_handling"]
    return StoredOrder(
        external_order_id=row["external_order_id"],
        order_id=row["order_id"],
        customer=shown_customer(row),
        delivery_address=row["delivery_address"] or row["address"],
        total_weight=row["total_weight"],
        volume=row["volume"],
        pallet_count=row["pallet_count"],
        special_handling=None if handling is None else msgspec.json.decode(handling),
        planned_date=row["planned_date"],
        created_at=as_text(row["created_at"]),
        updated_at=as_text(row["updated_at"]),
    )
