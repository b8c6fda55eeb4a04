"""Where an order goes, from the members that say it: an address object's, or flat ones that share a prefix."""

from collections.abc import Iterable

from adapters.addresses import one_line
from adapters.contract import Parts
from adapters.errors import IncompletePayload


def destination(
    lines: Iterable[str | None],
    *,
    path: str,
    house_number: str | None = None,
    city: str | None = None,
    post_code: str | None = None,
    state: str | None = None,
    country: str | None = None,
) -> str:
    """The address on one line, by `addresses.one_line`; a house number of its own follows the first line.

    Raises:
        IncompletePayload: there is no address, or a street without its town: goods would go astray.
        MalformedPayload: a part is absurdly long.
    """
    # Some vendors write the town among the lines, or as the region, as well.
    town = (city or "").strip().casefold()
    first, *rest = [*(line for line in lines if line and line.strip().casefold() != town), None]
    region = None if (state or "").strip().casefold() == town else state
    street = " ".join(part for part in (first, house_number) if part)
    address = one_line((street, *rest), city=city, post_code=post_code, state=region, country=country, path=path)
    if address is None:
        raise IncompletePayload("no address: nowhere to deliver", path=path)
    if not (city or "").strip() and not (post_code or "").strip():
        raise IncompletePayload("a street without its town: nowhere to deliver", path=path)
    return address


def in_parts(
    lines: Iterable[str | None],
    *,
    house_number: str | None = None,
    city: str | None = None,
    post_code: str | None = None,
    state: str | None = None,
    country: str | None = None,
) -> Parts:
    """The same members as a State's `parts`, by which findings are judged."""
    return Parts(
        street=", ".join(filter(None, lines)) or None,
        house_number=house_number,
        postcode=post_code,
        town=city,
        region=state,
        country=country,
    )
