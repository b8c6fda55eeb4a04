"""Doubts about an address, by country, on its parts; of one line, on what that alone shows."""

import re
import string
from importlib import resources
from typing import Final

from adapters import Parts
from adapters.addresses import CODE_BEFORE_CITY, STATE_AND_CODE_LAST
from gateway.findings.codes import Finding
from gateway.findings.countries import code_of, is_possible

NUMBERED: Final = frozenset(
    {
        *("AR", "AT", "AU", "BE", "BG", "BR", "CA", "CH", "CL", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR"),
        *("HU", "IT", "JP", "KR", "LT", "LU", "LV", "MX", "NL", "NO", "NZ", "PE", "PL", "PT", "RO", "RS", "SE", "SI"),
        *("SK", "US", "UY"),
    }
)
"""Countries where a street without a number is rarely an address. Elsewhere houses have names, or places suffice."""

_SECTIONS: Final = resources.files("gateway.findings").joinpath("words.txt").read_text(encoding="utf-8").split("\n\n")


def _words(section: str) -> list[str]:
    """The patterns of a section of words.txt."""
    lines = next(each for each in _SECTIONS if each.startswith(f"[{section}]")).splitlines()
    return [line for line in lines[1:] if line and not line.startswith("#")]


_WITHOUT_NUMBER: Final = re.compile("|".join(_words("without number")), re.IGNORECASE)
_PO_BOX: Final = re.compile("|".join(_words("box")), re.IGNORECASE)
_PO_BOX_FIRST: Final = re.compile("|".join(_words("box at the beginning")), re.IGNORECASE)
_BOX_INITIALS: Final = frozenset(words[0] for words in _words("box at the beginning"))
"""Each of these patterns begins with a letter: most streets need no look at more."""

_BOX_HINT: Final = re.compile("|".join(map(re.escape, (
    *("box", "p.o", "p o", "pob", "fach", "bus", "boks", "ilokero", "boit", "boît", "casella", "apartado", "apdo"),
    *("casilla", "caixa", "skrytka", "skr.", "hrádka", "hradka", "prie", "pretinac", "predal", "dėžut", "dezut"),
    *("abonenta", "fiók", "fiok", "căsu", "casut", "kutusu", "bag", "θυρ", "/я", "私書箱", "사서함", "信箱", "邮箱"),
))))  # fmt: skip
"""Without one of these no pattern of a box fits: most streets need no search for one."""

_MASKED: Final = re.compile(
    r"\*{2,}|[•●█]{2,}|#{3,}|_{4,}|(?<![^\W_])(?:x{4,}|xxx(?=\s|$))|\b(?:redacted|anonymi[sz]ed|masked)\b"
)
_DIGITS: Final = frozenset(string.digits)
_DIGIT: Final = re.compile(r"\d")


def findings_of_parts(parts: Parts) -> list[Finding]:
    """Doubts about an address in parts, each code once."""
    found = []
    country = code_of(parts.country)
    street = _filled(parts.street)
    if number := _filled(parts.house_number):
        street = f"{street} {number}" if street else number
    is_box = is_po_box(street)
    if is_box:
        found.append(Finding("po_box", "a box at a post office: goods cannot be delivered there"))
    if street and not _filled(parts.town):
        found.append(Finding("no_town", "a street, and no town"))
    if country is None:
        return found
    if (code := _filled(parts.postcode)) and not is_possible(code, country):
        found.append(Finding("impossible_postcode", f"no postal code of {country} looks like this one"))
    if street and not is_box and country in NUMBERED and not _has_number(street):
        found.append(Finding("no_house_number", f"a street of {country} without a number"))
    return found


def _filled(text: str | None) -> str:
    return text if text and not text.isspace() else ""


def is_po_box(street: str) -> bool:
    """Whether a street is a box at a post office, in the words of some thirty countries."""
    folded = street.lower()
    if _BOX_HINT.search(folded) is not None and _PO_BOX.search(street) is not None:
        return True
    for line in street.split(", "):  # noqa: SIM110 - half the cost
        if line[:1].lower() in _BOX_INITIALS and _PO_BOX_FIRST.match(line):
            return True
    return False


def is_masked(text: str) -> bool:
    """Whether a part of a text was made unreadable."""
    folded = text.lower()
    if (
        # One after the other, as written here, costs a third of what a loop over them does.
        ("**" in folded or "###" in folded or "____" in folded)
        or ("xxx" in folded or "redacted" in folded or "anonymi" in folded or "masked" in folded)
        or (not folded.isascii() and ("••" in folded or "●●" in folded or "██" in folded))
    ):
        return _MASKED.search(text) is not None or "[redacted" in folded
    return False


def _has_number(street: str) -> bool:
    return (
        not _DIGITS.isdisjoint(street)
        or _DIGIT.search(street) is not None
        or _WITHOUT_NUMBER.search(street) is not None
    )


_CODE_FIRST: Final = re.compile(r"((?:[A-Z]{1,3}[- ])?\d[\dA-Z-]*(?: \d{2,3}| [A-Z]{2})?) +(\D.*)")
_STATE_LAST: Final = re.compile(r"(\D*?) ?([A-Z]\d[A-Z] ?\d[A-Z]\d|\d[\d-]*)")


def parts_of(line: str) -> Parts:
    """What one line shows of its parts, where it ends in a country that is known; what it does not show is None.

    It is read as `adapters.addresses.one_line` writes it. A street alone has a town of "", which is none.
    """
    *rest, last = line.split(", ")
    if not rest or code_of(last) is None:
        return Parts(street=line if is_po_box(line) else None, town="?")
    key = last.upper().replace(".", "")
    if key in CODE_BEFORE_CITY:
        for at in range(len(rest) - 1, -1, -1):
            if found := _CODE_FIRST.fullmatch(rest[at]):
                street = ", ".join(rest[:at])
                return Parts(street=street, postcode=found[1], town=found[2], country=last)
    elif key in STATE_AND_CODE_LAST and len(rest) > 2 and (found := _STATE_LAST.fullmatch(rest[-1])):  # noqa: PLR2004
        return Parts(street=", ".join(rest[:-2]), postcode=found[2], town=rest[-2], region=found[1], country=last)
    elif len(rest) > 2 and any(each.isdigit() for each in rest[-1]):  # noqa: PLR2004
        return Parts(street=", ".join(rest[:-2]), postcode=rest[-1], town=rest[-2], country=last)
    if len(rest) == 1:
        return Parts(street=rest[0], town="", country=last)
    # Which of them is the town cannot be told.
    return Parts(street=", ".join(rest) if is_po_box(", ".join(rest)) else None, town="?", country=last)
