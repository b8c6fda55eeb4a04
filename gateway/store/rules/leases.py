"""Open leases: a row a batch that is being sent, by a number that rises with each, which fences.

No order's row tells that it is in flight: whoever places a state, or acts on an order, looks here in its transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from gateway.events import Micros, OrderStatus
from gateway.store.rules.lifecycle import OrderRow
from gateway.store.rules.transactions import Transaction


class Sent(NamedTuple):
    """An order of a lease, its state that is sent, and that state's digest in hexadecimal."""

    order: int
    state: int
    digest: str


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[Sent]).decode


class Open(NamedTuple):
    """A lease that is not settled whole."""

    number: int
    sent: dict[int, Sent]


def begin(transaction: Transaction, tenant: str, sent: Sequence[Sent], until: Micros) -> int:
    """Lease these; the lease's number, greater than any before."""
    (number,) = transaction.execute("ledger.draw", ("lease", 0)).fetchone()
    transaction.execute("leases.begin", (number, tenant, until, _encode(sent).decode()))
    return int(number)


def held(transaction: Transaction, number: int) -> dict[int, Sent]:
    """What of a lease is unsettled; nothing where it has run out and was put back."""
    found = transaction.execute("leases.held", (number,)).fetchone()
    return _by_order(found[0]) if found else {}


def extend(transaction: Transaction, number: int, orders: Collection[int], until: Micros) -> bool:
    """Prolong the lease; False: it does not hold all of these orders any more."""
    return held(transaction, number).keys() >= set(orders) and transaction.changed("leases.extend", (until, number)) > 0


def end(transaction: Transaction, number: int, left: Collection[Sent]) -> None:
    """End a lease but for what is left of it."""
    if left:
        transaction.execute("leases.keep", (_encode(list(left)).decode(), number))
    else:
        transaction.execute("leases.end", (number,))


def over(transaction: Transaction, now: Micros, but: Collection[str]) -> list[Open]:
    """The leases that have run out, those of some tenants left out."""
    return _open(transaction, "leases.expired", now, list(but))


def of(transaction: Transaction, tenant: str | None) -> list[Open]:
    """All leases of a tenant; None: of all."""
    return _open(transaction, "leases.all") if tenant is None else _open(transaction, "leases.of_tenant", tenant)


def _open(transaction: Transaction, name: str, *values: object) -> list[Open]:
    return [Open(number, _by_order(sent)) for number, sent in transaction.execute(name, values).fetchall()]


def noted(transaction: Transaction, orders: Iterable[OrderRow]) -> list[OrderRow]:
    """Orders just read, with what of them is in flight."""
    read = list(orders)
    tenants: Any = {order.tenant for order in read if order.status == OrderStatus.PENDING}
    if tenants:
        found = transaction.execute("leases.of_tenants", (sorted(tenants),)).fetchall()
        in_flight = {order: sent for (each,) in found for order, sent in _by_order(each).items()}
        for order in read:
            if (sent := in_flight.get(order.id)) is not None:
                note(order, sent)
    return read


def note(order: OrderRow, sent: Sent) -> None:
    """Note in an order which state of it is in flight."""
    order.leased_state, order.leased_digest = sent.state, bytes.fromhex(sent.digest)


def _by_order(sent: str) -> dict[int, Sent]:
    return {each.order: each for each in _decode(sent)}
