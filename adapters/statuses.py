"""What a word of a vendor's says of an order: go on, it is off, it waits, it is fetched by the customer."""

import re
from collections.abc import Collection
from typing import Final, Literal

_MARKS: Final = re.compile(r"[\W_]+")
_FETCHED: Final = re.compile(
    r"((local|customer|(in )?store|instore|curb ?side|warehouse) )?(pick ?up|collect|collection|click and collect)"
    r"( in store| at store| point)?( \d+)?"
)


def status(
    word: str | None, *, cancels: Collection[str], waits: Collection[str] = ()
) -> Literal["order", "cancelled", "waits"]:
    """What an order's status means; words are compared without regard to case, blanks, dashes and underscores."""
    said = folded(word)
    if said and said in {folded(each) for each in cancels}:
        return "cancelled"
    return "waits" if said and said in {folded(each) for each in waits} else "order"


def pickup(way: object) -> bool:
    """Whether a way of delivery says that the customer fetches the order: `Local pickup`, `click_and_collect`, true."""
    return _FETCHED.fullmatch(folded(way)) is not None if isinstance(way, str) else bool(way)


def folded(word: str | None) -> str:
    """A word without case, its marks as single blanks: `On-Hold` is `on hold`."""
    return _MARKS.sub(" ", (word or "").replace("&", " and ")).strip().casefold()
