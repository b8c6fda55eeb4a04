"""Spans (`90s`, `15m`, `2h`, `30d`), sizes (`8MiB`, `100kB`) and plain numbers, read from text."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

_NUMBER = r"(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)"
_SPAN = re.compile(rf"({_NUMBER}) ?(s|m|h|d)?")
_SIZE = re.compile(rf"({_NUMBER}) ?(B|[kMGT]B|[KMGT]iB)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(rf"[+-]?{_NUMBER}(?:[eE][+-]?[0-9]{{1,2}})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_SECONDS: Final = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_BYTES: Final = {None: 1, "B": 1} | {
    f"{letter}{'i' * binary}B": (1024 if binary else 1000) ** power
    for binary in (0, 1)
    for power, letter in enumerate("KMGT" if binary else "kMGT", start=1)
}
_LONGEST: Final = 36_500 * 86_400  # a century; more would overflow a date


def span(text: str) -> float:
    """Seconds, from `90s`, `15m`, `2h`, `30d` or a plain number of seconds. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if found is None or (seconds := float(Decimal(found[1]) * _SECONDS[found[2]])) > _LONGEST:
        raise ValueError
    return seconds


def size(text: str) -> int:
    """Bytes, from `8MiB`, `100kB` or a plain number of bytes. Raises ValueError."""
    found = _SIZE.fullmatch(text)
    if found is None or (count := Decimal(found[1]) * _BYTES[found[2]]) != int(count):
        raise ValueError
    return int(count)


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _day(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise ValueError
    return date.fromisoformat(text)


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError
    return text.lower() == "true"


READERS: Final[dict[type, tuple[Callable[[str], object], str]]] = {
    bool: (_truth, "true or false"),
    int: (_integer, "a whole number"),
    float: (lambda text: float(_decimal(text)), "a number"),
    Decimal: (_decimal, "a number"),
    date: (_day, "a day as YYYY-MM-DD"),
}
"""A scalar's type -> how to read it, raising ValueError, and what was expected."""

MARKS: Final[dict[str, tuple[Callable[[str], float | int], str]]] = {
    "span": (span, "a span: seconds, or such as 90s, 15m, 2h, 30d"),
    "size": (size, "a size: bytes, or such as 8MiB, 100kB"),
}
"""As READERS, for `Annotated[float, "span"]` and `Annotated[int, "size"]`."""
