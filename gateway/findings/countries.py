"""Countries by what a vendor writes for them, and what their postal codes look like."""

import re
from functools import lru_cache
from importlib import resources
from typing import Final

from adapters.addresses import CONTINENT_AND_NORDICS

_ELSEWHERE: Final = (
    "AE ARE UNITED ARAB EMIRATES",
    "AR ARG ARGENTINA",
    "AU AUS AUSTRALIA",
    "BR BRA BRAZIL",
    "BR BRA BRASIL",
    "CA CAN CANADA",
    "CL CHL CHILE",
    "CN CHN CHINA",
    "CO COL COLOMBIA",
    "CY CYP CYPRUS",
    "EG EGY EGYPT",
    "GB GBR UNITED KINGDOM",
    "GB GBR GREAT BRITAIN",
    "HK HKG HONG KONG",
    "ID IDN INDONESIA",
    "IE IRL IRELAND",
    "IL ISR ISRAEL",
    "IN IND INDIA",
    "JP JPN JAPAN",
    "KR KOR SOUTH KOREA",
    "KR KOR KOREA",
    "MA MAR MOROCCO",
    "MT MLT MALTA",
    "MX MEX MEXICO",
    "MY MYS MALAYSIA",
    "NZ NZL NEW ZEALAND",
    "PE PER PERU",
    "PH PHL PHILIPPINES",
    "SA SAU SAUDI ARABIA",
    "SG SGP SINGAPORE",
    "TH THA THAILAND",
    "TR TUR TURKEY",
    "TR TUR TÜRKIYE",
    "TW TWN TAIWAN",
    "US USA UNITED STATES",
    "US USA UNITED STATES OF AMERICA",
    "UY URY URUGUAY",
    "VN VNM VIETNAM",
    "ZA ZAF SOUTH AFRICA",
)
_CODES: Final = {name: row[:2] for row in (*CONTINENT_AND_NORDICS, *_ELSEWHERE) for name in row.split(" ", 2)} | {
    "UK": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "DEUTSCHLAND": "DE",
    "NORGE": "NO",
    "SVERIGE": "SE",
}

_SHAPES: Final = {
    line[:2]: re.compile(line[3:])
    for line in resources.files("gateway.findings").joinpath("postcodes.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
}
_SIGN: Final = re.compile(r"[A-Z]{1,3}[- ]+(?=\d)")
"""A country's sign before a code, as the continent still writes it: `D-10117`, `SE-111 22`."""


@lru_cache(maxsize=1024)
def code_of(country: str | None) -> str | None:
    """A country's two letters by its code of two or three letters or its English name; None: unknown."""
    return None if country is None else _CODES.get(country.strip().upper().replace(".", ""))


@lru_cache(maxsize=4096)
def is_possible(postcode: str, country: str) -> bool:
    """Whether a country (its two letters) has postal codes of this shape, however they are written; unknown: yes."""
    shape = _SHAPES.get(country)
    text = " ".join(postcode.upper().split())
    return shape is None or any(
        shape.fullmatch(re.sub(r"[\s.-]", "", spelling)) for spelling in (text, _SIGN.sub("", text, count=1))
    )
