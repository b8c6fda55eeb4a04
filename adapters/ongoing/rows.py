"""What an order's way bill rows add up to: kilograms, cubic metres, pallets; they are a best effort."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple, TypeVar

import msgspec

from adapters.contract import decoder
from adapters.errors import MalformedPayload
from adapters.ongoing.shapes import Rows, WayBillRow, code_of
from adapters.reading import BOM
from adapters.units import Amount, cubic_metres, decimal_of, kilograms, total, whole

read_rows, read_members = decoder(Rows), decoder(dict[str, msgspec.Raw])


class Totals(NamedTuple):
    """What an order's way bill rows add up to."""

    weight: float | None = None
    volume: float | None = None
    pallets: int | None = None


def totals_of(answer: bytes | None, pallet_types: tuple[str, ...]) -> Totals:
    """What the rows add up to; what cannot be read is left out, each figure by itself: rows are a best effort."""
    try:
        rows = [row for row in _rows(answer or b"[]") if row is not None]
    except MalformedPayload:
        return Totals()
    weights, volumes = [_fit(row.weight) for row in rows], [_fit(row.volume) for row in rows]
    counts = [row.number_of_packages for row in rows if code_of(row.parcel_type) in pallet_types]
    return Totals(
        _figure(lambda: kilograms(kilograms=total(weights))),
        _figure(lambda: cubic_metres(cubic_metres=total(volumes))),
        _figure(lambda: whole(total(_fit(count) for count in counts))),
    )


Figure = TypeVar("Figure", int, float)


def _figure(figure: Callable[[], Figure | None]) -> Figure | None:
    try:
        return figure()
    except MalformedPayload:
        return None


def _fit(amount: Amount) -> Decimal | None:
    """An amount that is no number, or negative, counts as none."""
    try:
        number = decimal_of(amount)
    except MalformedPayload:
        return None
    return None if number is None or number < 0 else number


def _rows(answer: bytes) -> Rows:
    """The rows, which come as a list or as an object's list of what has a weight or a volume."""
    if answer.removeprefix(BOM).lstrip().startswith(b"["):
        return read_rows(answer)
    lists = [read_rows(raw) for member in read_members(answer).values() if (raw := bytes(member)).startswith(b"[")]
    return next((rows for rows in lists if any(_is_measured(row) for row in rows)), [])


def _is_measured(row: WayBillRow | None) -> bool:
    return row is not None and (row.weight is not None or row.volume is not None)
