"""A day's orders, as they are shown."""

from gateway.api.shapes.basics import Reason, Shape, Shown


class LedgerRow(Shape, frozen=True, kw_only=True):
    """An order of the day: what the vendor's list had of it, what was received, delivered or served, and confirmed.

    `difference` is empty, or what is amiss. `event` is the one that tells why. `changedAt` and `listedAt`: when it
    changed at the vendor, and when the list last named it; null where it did not. `recovered`: reconciliation brought
    it in, no webhook told of it.
    """

    source: str
    tenant: str | None
    external_order_id: str | None
    difference: str
    status: str
    reason: Reason | None
    received_at: Shown | None
    recovered: bool
    delivered_at: Shown | None
    order_id: str | None
    confirmed_at: Shown | None
    changed_at: Shown | None
    listed_at: Shown | None
    event: str | None


class VendorList(Shape, frozen=True, kw_only=True):
    """What a vendor's list had of the day when it was last asked for; `askedAt` null: never."""

    asked_at: Shown | None
    orders: int


class LedgerSums(Shape, frozen=True, kw_only=True):
    """How many rows, and how many of them are what. `statuses` are those of orders that there are."""

    rows: int
    listed: int
    received: int
    recovered: int
    delivered: int
    confirmed: int
    differences: dict[str, int]
    statuses: dict[str, int]


class LedgerSource(Shape, frozen=True, kw_only=True):
    """One source's part of the day; `vendorList` null: nobody can be asked."""

    source: str
    vendor_list: VendorList | None
    sums: LedgerSums


class Ledger(Shape, frozen=True, kw_only=True):
    """A day, from `since` to `until` in a time zone: a row an order, and sums of all, those that are not shown too.

    `sums`: null where they were not asked for; then there are no `sources` and no `vendorList` either.
    `truncated`: there are more rows than were asked for. `vendorList` is of all sources that can be asked: the oldest
    answer of them.
    """

    ledger: tuple[LedgerRow, ...]
    day: str
    zone: str
    since: Shown
    until: Shown
    truncated: bool
    vendor_list: VendorList | None
    sources: tuple[LedgerSource, ...]
    sums: LedgerSums | None


class Looked(Shape, frozen=True, kw_only=True):
    """How many records a source's vendor named, asked just now."""

    source: str
    listed: int


class Refreshed(Shape, frozen=True, kw_only=True):
    """Whose lists were read."""

    refreshed: tuple[Looked, ...]
