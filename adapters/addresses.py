"""A postal address on one line, its parts in the order of its country.

- the United States, Canada, Australia: `1234 Main Street, Los Angeles, CA 90012, US`
- the continent and the Nordics: `Storgata 1, 0155 Oslo, NO`
- all others, and an address without a country: `12 Elm Street, Leeds, LS1 4AP, GB`

The country stands as the vendor wrote it; for the order its two-letter code, its three-letter code and its English
name are known.
"""

from collections.abc import Iterable

from adapters.texts import LONGEST_TEXT, is_masked, plain

STATE_AND_CODE_LAST = frozenset(
    {"US", "USA", "UNITED STATES", "UNITED STATES OF AMERICA", "CA", "CAN", "CANADA", "AU", "AUS", "AUSTRALIA"}
)
"""Countries that write the state and then the postal code after the city."""

CONTINENT_AND_NORDICS = (
    "AD AND ANDORRA",
    "AL ALB ALBANIA",
    "AT AUT AUSTRIA",
    "AX ALA ALAND ISLANDS",
    "BA BIH BOSNIA AND HERZEGOVINA",
    "BE BEL BELGIUM",
    "BG BGR BULGARIA",
    "BY BLR BELARUS",
    "CH CHE SWITZERLAND",
    "CZ CZE CZECHIA",
    "CZ CZE CZECH REPUBLIC",
    "DE DEU GERMANY",
    "DK DNK DENMARK",
    "EE EST ESTONIA",
    "ES ESP SPAIN",
    "FI FIN FINLAND",
    "FO FRO FAROE ISLANDS",
    "FR FRA FRANCE",
    "GL GRL GREENLAND",
    "GR GRC GREECE",
    "HR HRV CROATIA",
    "HU HUN HUNGARY",
    "IS ISL ICELAND",
    "IT ITA ITALY",
    "LI LIE LIECHTENSTEIN",
    "LT LTU LITHUANIA",
    "LU LUX LUXEMBOURG",
    "LV LVA LATVIA",
    "MC MCO MONACO",
    "MD MDA MOLDOVA",
    "ME MNE MONTENEGRO",
    "MK MKD NORTH MACEDONIA",
    "NL NLD NETHERLANDS",
    "NL NLD THE NETHERLANDS",
    "NO NOR NORWAY",
    "PL POL POLAND",
    "PT PRT PORTUGAL",
    "RO ROU ROMANIA",
    "RS SRB SERBIA",
    "SE SWE SWEDEN",
    "SI SVN SLOVENIA",
    "SJ SJM SVALBARD",
    "SK SVK SLOVAKIA",
    "SM SMR SAN MARINO",
    "UA UKR UKRAINE",
    "VA VAT VATICAN CITY",
    "XK XKX KOSOVO",
)

CODE_BEFORE_CITY = frozenset(name for row in CONTINENT_AND_NORDICS for name in row.split(" ", 2))
"""Countries that write the postal code before the city: the continent from Portugal to Ukraine, and the Nordics."""


def one_line(
    lines: Iterable[str | None],
    *,
    city: str | None = None,
    post_code: str | None = None,
    state: str | None = None,
    country: str | None = None,
    path: str | None = None,
) -> str | None:
    """The parts that are there on one line, in the country's order; blank parts and repeated lines are left out.

    None where there is neither a line nor a city nor a postal code: a country alone is no address. None, too, where its
    lines are redaction marks alone: nobody can deliver to a town.

    Raises:
        MalformedPayload: a part is absurdly long; with `path`.
    """
    street, town, code, region, land = [line for line in lines if line], city, post_code, state, country
    # One look at them all: most are plain as they are.
    whole = f" {' '.join(street)} {town or '-'} {code or '-'} {region or '-'} {land or '-'} "
    if "  " in whole or not whole.isprintable() or len(whole) > LONGEST_TEXT:
        street = [part for line in street if (part := plain(line, path)) is not None]
        town, code, region, land = plain(city, path), plain(post_code, path), plain(state, path), plain(country, path)
    if not street and not town and not code:
        return None
    if all([is_masked(part) for part in street or (town or code or "",)]):  # noqa: C419 - cheaper
        return None
    key = land.upper().replace(".", "") if land else ""
    place: tuple[str | None, ...]
    if key in STATE_AND_CODE_LAST:
        place = (town, _joined(region, code))
    elif key in CODE_BEFORE_CITY:
        place = (_joined(code, town), region)
    else:
        place = (town, region, code)
    return ", ".join([part for part in (*dict.fromkeys(street), *place, land) if part])


def _joined(first: str | None, second: str | None) -> str | None:
    return f"{first} {second}" if first and second else first or second
