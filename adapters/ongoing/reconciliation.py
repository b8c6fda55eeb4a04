"""How Ongoing's REST API is asked for orders whose webhooks never came."""

from datetime import UTC, datetime
from functools import partial

import msgspec

from adapters.asking import Listed, ListPage, Lookup, Reconciliation
from adapters.contract import VendorModel, decoder
from adapters.errors import MalformedPayload
from adapters.moments import moment
from adapters.ongoing.options import Options, Reconcile
from adapters.reading import BOM

PAGE = 100
"""Orders to ask for at once."""


class ListedInfo(VendorModel, frozen=True):
    """`orderInfo`."""

    order_id: int | None = None
    created_date: str | None = None


class ListedOwner(VendorModel, frozen=True):
    """`goodsOwner`."""

    id: int | None = None


class ListedOrder(VendorModel, frozen=True):
    """What names a listed order."""

    order_info: ListedInfo | None = None
    goods_owner: ListedOwner | None = None


read_list, read_wrapped = decoder(list[msgspec.Raw]), decoder(dict[str, msgspec.Raw])
read_listed = decoder(ListedOrder)


def reconciliation_of(options: Options) -> Reconciliation | None:
    """By option `reconcile`."""
    asked = options.reconcile
    if asked is None:
        return None
    return Reconciliation(
        every=asked.every,
        horizon=asked.horizon,
        look_back=asked.look_back or 0.0,
        turns=tuple(str(owner) for owner in asked.goods_owners),
        page=page,
        read=read,
        body=partial(body, asked),
    )


def page(turn: str, since: datetime, after: str | None) -> Lookup:
    """`GET orders`; in ranges of ids until a page is empty."""
    return Lookup(
        path="orders",
        turn=turn,
        parameters={
            "goodsOwnerId": turn,
            "orderUpdatedTimeFrom": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "orderIdFrom": after or "0",
            "maxOrdersToGet": str(PAGE),
        },
    )


def read(answer: bytes, _turn: str, after: str | None) -> ListPage:
    """The orders of a page.

    One without an id cannot be told from another, and is left out; one that cannot be read, too, while others can.
    """
    records, unreadable = [], None
    for raw in _orders(answer):
        try:
            info = read_listed(bytes(raw)).order_info or ListedInfo()
        except MalformedPayload as fault:
            unreadable = fault
            continue
        if (order_id := info.order_id) is not None:
            # The list tells no time of change: what was never received had its first when it was made.
            path, made_at = f"orders/{order_id}", moment(info.created_date)
            records.append((order_id, Listed(str(order_id), bytes(raw), path=path, changed_at=made_at)))
    if not records and unreadable is not None:
        raise unreadable
    if not records:
        return ListPage(())
    listed = tuple(each for _, each in records)
    asked, highest = int(after or 0), max(order_id for order_id, _ in records)
    if highest < asked or (highest == asked and len(records) > 1):
        # The vendor does not heed `orderIdFrom`: the same page again, and no other.
        if len(records) >= PAGE:
            raise MalformedPayload("the list does not go on behind orderIdFrom")
        return ListPage(listed)
    # Whether `orderIdFrom` counts itself in is not documented: asked again from the highest, it shows.
    following = highest if highest > asked else asked + 1
    return ListPage(listed, after=str(following))


def _orders(answer: bytes) -> list[msgspec.Raw]:
    """The orders, as a list or as an object's first list."""
    if answer.removeprefix(BOM).lstrip()[:1] != b"{":
        return read_list(answer)
    members = read_wrapped(answer)
    lists = (bytes(member) for member in members.values() if bytes(member)[:1] == b"[")
    orders = next(lists, b"[]" if "orders" in members else None)
    if orders is None:
        # Such as an error object: nothing is known of the orders, least of all that there are none.
        raise MalformedPayload("no list of orders")
    return read_list(orders)


def body(asked: Reconcile, listed: Listed, turn: str, run: str) -> bytes:
    """The event's body, with the order as it was listed."""
    owner = (read_listed(listed.record).goods_owner or ListedOwner()).id
    return msgspec.json.encode(
        {
            "reconcile": {
                "run": run,
                "system": asked.system,
                "goodsOwnerId": int(turn) if owner is None else owner,
                "orderId": int(listed.subject),
                "order": msgspec.Raw(listed.record),
            }
        }
    )
