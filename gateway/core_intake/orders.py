"""Orders and their customers: a payload is applied whole, in one transaction, or not at all."""

import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Protocol

import msgspec
import structlog

from gateway.core_intake.database import Database, Transaction
from gateway.core_intake.errors import DatesRefused, Unauthorized
from gateway.core_intake.moments import as_text
from gateway.core_intake.payload import Payload, refused_item
from gateway.errors import UnknownRecord
from gateway.ground.clock import Clock
from schemas import IntakeReply, Order, OrderResult

log = structlog.get_logger("core_intake")

DEFAULT_NAME = "WMS Customer"
DEFAULT_CONTACT = "N/A"

_PART = 500

Geocoder = Callable[[str], Awaitable[tuple[float, float] | None]]
"""Answers the latitude and longitude of an address, or None where it knows none."""


class KnownCustomer(Protocol):
    """A customer that the configuration names; every tenant may order for it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def contact(self) -> str: ...  # noqa: D102
    @property
    def address(self) -> str | None: ...  # noqa: D102


class Customer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A customer as shown."""

    customer_id: str
    name: str
    contact: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


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


class CustomerPage(msgspec.Struct, frozen=True):
    """Customers, oldest first; `next` is the cursor of the following page."""

    customers: list[Customer]
    next: str | None


class OrderPage(msgspec.Struct, frozen=True):
    """Orders, oldest first; `next` is the cursor of the following page."""

    orders: list[StoredOrder]
    next: str | None


class Orders:
    """The intake's orders and customers, by tenant.

    Args:
        database: the intake's file.
        clock: tells the time in microseconds.
        geocode: finds the place of an address; by default nobody does.
    """

    def __init__(self, database: Database, clock: Clock, geocode: Geocoder | None = None) -> None:
        self._database = database
        self._clock = clock
        self._geocode = geocode

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
                known |= await self._known_customers(transaction, tenant, start, part)
            if payload.date_faults:
                raise DatesRefused(payload.date_faults)
            results: list[OrderResult] = []
            for _, part in _parts(payload.orders):
                found = await self._customers_by_address(transaction, tenant, part, now)
                results += await self._put_orders(transaction, tenant, part, known | found, now)
            return results

        results = await self._database.write(work)
        return IntakeReply(accepted=True, processed=len(results), orders=results)

    async def _known_customers(
        self, transaction: Transaction, tenant: str, start: int, orders: list[Order]
    ) -> dict[str, int]:
        ids = {order.customer_id for order in orders if _names_customer(order)}
        if not ids:
            return {}
        rows = await transaction.rows("customers_by_id", tenant=tenant, ids=_json_text(ids))
        known = {f"id:{row['customer_id']}": row["number"] for row in rows}
        for index, order in enumerate(orders, start):
            if _names_customer(order) and _destination(order) not in known:
                raise refused_item(index, order.external_order_id, "customer not found", "$.customerId")
        return known

    async def _customers_by_address(
        self, transaction: Transaction, tenant: str, orders: list[Order], now: int
    ) -> dict[str, int]:
        # The first order of the part that names a new address names the customer.
        firsts: dict[str, Order] = {}
        for order in orders:
            if not _names_customer(order):
                firsts.setdefault(_address_key(order.delivery_address), order)
        if not firsts:
            return {}
        keys = _json_text(firsts)
        rows = await transaction.rows("customers_by_address", tenant=tenant, keys=keys)
        known = {row["address_key"] for row in rows}
        if missing := [key for key in firsts if key not in known]:
            additions = (_new_customer(tenant, key, firsts[key], now) for key in missing)
            await transaction.run_many("add_customer", additions)
            rows = await transaction.rows("customers_by_address", tenant=tenant, keys=keys)
        return {f"at:{row['address_key']}": row["number"] for row in rows}

    async def _put_orders(
        self, transaction: Transaction, tenant: str, orders: list[Order], customers: dict[str, int], now: int
    ) -> list[OrderResult]:
        ids = _json_text(order.external_order_id for order in orders)
        rows = await transaction.rows("orders_by_external_id", tenant=tenant, ids=ids)
        order_ids: dict[str, str] = {row["external_order_id"]: row["order_id"] for row in rows}
        results = []
        for order in orders:
            created = order.external_order_id not in order_ids
            order_id = order_ids.setdefault(order.external_order_id, f"ord_{uuid.uuid4().hex}")
            results.append(OrderResult(order.external_order_id, order_id, created))
        rows_to_put = (
            _order_row(tenant, order, order_ids[order.external_order_id], customers[_destination(order)], now)
            for order in orders
        )
        await transaction.run_many("put_order", rows_to_put)
        return results

    async def put_configured(self, customers: Iterable[KnownCustomer]) -> None:
        """Makes the configuration's customers known, or brings them up to date; none is removed."""
        now = self._clock()
        rows = [
            {
                "customer_id": customer.id,
                "name": customer.name,
                "contact": customer.contact,
                "address": customer.address,
                "address_key": _address_key(customer.address) if customer.address else None,
                "now": now,
            }
            for customer in customers
        ]
        await self._database.write(lambda transaction: transaction.run_many("put_configured_customer", rows))

    async def list_orders(self, tenant: str, *, planned_date: str | None, after: int, limit: int) -> OrderPage:
        """A page of orders, of one planned date or all, after the cursor."""
        if planned_date is None:
            rows = await self._database.read("orders", tenant=tenant, after=after, limit=limit)
        else:
            rows = await self._database.read(
                "orders_planned", tenant=tenant, planned_date=planned_date, after=after, limit=limit
            )
        return OrderPage([_stored_order(row) for row in rows], _cursor(rows, limit))

    async def show_order(self, tenant: str, external_order_id: str) -> StoredOrder:
        """One order. Raises UnknownRecord."""
        for row in await self._database.read("order", tenant=tenant, external_order_id=external_order_id):
            return _stored_order(row)
        raise UnknownRecord("no such order")

    async def list_customers(self, tenant: str, *, after: int, limit: int) -> CustomerPage:
        """A page of the tenant's and the configuration's customers after the cursor."""
        rows = await self._database.read("customers", tenant=tenant, after=after, limit=limit)
        return CustomerPage([_customer(row) for row in rows], _cursor(rows, limit))

    async def show_customer(self, tenant: str, customer_id: str) -> Customer:
        """One customer. Raises UnknownRecord."""
        for row in await self._database.read("customer", tenant=tenant, customer_id=customer_id):
            return _customer(row)
        raise UnknownRecord("no such customer")

    async def geocode_pending(self) -> None:
        """Finds the places of addresses that nobody looked up yet, each asked for once: an order never waits for it."""
        if self._geocode is None:
            return
        for row in await self._database.read("customers_not_geocoded"):
            try:
                place = await self._geocode(row["address"]) or (None, None)
            except Exception as error:  # noqa: BLE001 - the geocoder is somebody else's code
                log.warning("geocoding_failed", error=type(error).__name__)
                place = (None, None)
            latitude, longitude = place
            await self._database.write_one(
                "place_customer",
                number=row["number"],
                address=row["address"],
                latitude=latitude,
                longitude=longitude,
                now=self._clock(),
            )


def _parts(orders: list[Order]) -> Iterator[tuple[int, list[Order]]]:
    # A pull may bring 100,000 orders in one payload: between two parts the loop serves others.
    for start in range(0, len(orders), _PART):
        yield start, orders[start : start + _PART]


def _names_customer(order: Order) -> bool:
    return bool((order.customer_id or "").strip())


def _destination(order: Order) -> str:
    if _names_customer(order):
        return f"id:{order.customer_id}"
    return f"at:{_address_key(order.delivery_address)}"


def _address_key(address: str | None) -> str:
    return " ".join((address or "").split()).casefold()


def _json_text(texts: Iterable[str | None]) -> str:
    return msgspec.json.encode(list(texts)).decode()


def _new_customer(tenant: str, key: str, order: Order, now: int) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "customer_id": f"cus_{uuid.uuid4().hex}",
        "name": order.customer_name or DEFAULT_NAME,
        "contact": order.customer_contact or DEFAULT_CONTACT,
        "address": order.delivery_address,
        "address_key": key,
        "now": now,
    }


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
        "special_handling": None if handling is None else _json_text(handling),
        "planned_date": order.planned_date,
        "now": now,
    }


def _cursor(rows: list[sqlite3.Row], limit: int) -> str | None:
    return str(rows[-1]["number"]) if len(rows) == limit else None


def _customer(row: sqlite3.Row) -> Customer:
    return Customer(row["customer_id"], row["name"], row["contact"], row["address"], row["latitude"], row["longitude"])


def _stored_order(row: sqlite3.Row) -> StoredOrder:
    handling = row["special_handling"]
    return StoredOrder(
        external_order_id=row["external_order_id"],
        order_id=row["order_id"],
        customer=_customer(row),
        delivery_address=row["delivery_address"] or row["address"],
        total_weight=row["total_weight"],
        volume=row["volume"],
        pallet_count=row["pallet_count"],
        special_handling=None if handling is None else msgspec.json.decode(handling),
        planned_date=row["planned_date"],
        created_at=as_text(row["created_at"]),
        updated_at=as_text(row["updated_at"]),
    )
