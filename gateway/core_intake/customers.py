"""Customers: those of the configuration, those that an id names, and each new address."""

import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import msgspec
import structlog

from gateway.core_intake.database import Database, Transaction
from gateway.core_intake.payload import refused_item
from gateway.errors import UnknownRecord
from gateway.ground.clock import Clock
from schemas import Order

log = structlog.get_logger("core_intake")

DEFAULT_NAME = "WMS Customer"
DEFAULT_CONTACT = "N/A"

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


class CustomerPage(msgspec.Struct, frozen=True):
    """Customers, oldest first; `next` is the cursor of the following page."""

    customers: list[Customer]
    next: str | None


class Customers:
    """The intake's customers, by tenant.

    Args:
        database: the intake's file.
        clock: tells the time in microseconds.
        geocode: finds the place of an address; by default nobody does.
    """

    def __init__(self, database: Database, clock: Clock, geocode: Geocoder | None = None) -> None:
        self._database = database
        self._clock = clock
        self._geocode = geocode

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

    async def page(self, tenant: str, *, after: int, limit: int) -> CustomerPage:
        """A page of the tenant's and the configuration's customers after the cursor."""
        rows = await self._database.read("customers", tenant=tenant, after=after, limit=limit)
        return CustomerPage([shown_customer(row) for row in rows], cursor(rows, limit))

    async def show(self, tenant: str, customer_id: str) -> Customer:
        """One customer. Raises UnknownRecord."""
        for row in await self._database.read("customer", tenant=tenant, customer_id=customer_id):
            return shown_customer(row)
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


async def known_customers(transaction: Transaction, tenant: str, start: int, orders: list[Order]) -> dict[str, int]:
    """The numbers of the customers that are named, by destination. Raises PayloadRefused for an unknown one."""
    ids = {order.customer_id for order in orders if _names_customer(order)}
    if not ids:
        return {}
    rows = await transaction.rows("customers_by_id", tenant=tenant, ids=json_text(ids))
    known = {f"id:{row['customer_id']}": row["number"] for row in rows}
    for index, order in enumerate(orders, start):
        if _names_customer(order) and destination(order) not in known:
            raise refused_item(index, order.external_order_id, "customer not found", "$.customerId")
    return known


async def customers_by_address(transaction: Transaction, tenant: str, orders: list[Order], now: int) -> dict[str, int]:
    """The numbers of those at an address, by destination; a new address is a new customer."""
    # The first order of the part that names a new address names the customer.
    firsts: dict[str, Order] = {}
    for order in orders:
        if not _names_customer(order):
            firsts.setdefault(_address_key(order.delivery_address), order)
    if not firsts:
        return {}
    keys = json_text(firsts)
    rows = await transaction.rows("customers_by_address", tenant=tenant, keys=keys)
    known = {row["address_key"] for row in rows}
    if missing := [key for key in firsts if key not in known]:
        additions = (_new_customer(tenant, key, firsts[key], now) for key in missing)
        await transaction.run_many("add_customer", additions)
        rows = await transaction.rows("customers_by_address", tenant=tenant, keys=keys)
    return {f"at:{row['address_key']}": row["number"] for row in rows}


def _names_customer(order: Order) -> bool:
    return bool((order.customer_id or "").strip())


def destination(order: Order) -> str:
    """What tells an order's customer: its id, or its address however it is written."""
    if _names_customer(order):
        return f"id:{order.customer_id}"
    return f"at:{_address_key(order.delivery_address)}"


def _address_key(address: str | None) -> str:
    return " ".join((address or "").split()).casefold()


def json_text(texts: Iterable[str | None]) -> str:
    """A list for a statement."""
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


def cursor(rows: list[sqlite3.Row], limit: int) -> str | None:
    """Where the next page begins, if there may be one."""
    return str(rows[-1]["number"]) if len(rows) == limit else None


def shown_customer(row: sqlite3.Row) -> Customer:
    """A customer of a row."""
    return Customer(row["customer_id"], row["name"], row["contact"], row["address"], row["latitude"], row["longitude"])
