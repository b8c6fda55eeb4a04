"""A list's filter: words in one field, such as `status:dead source:lp since:2d "SO-20417"`; `""` in quotes is one."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

_WORD: Final = re.compile(r'(?:(?P<name>[A-Za-z]+):)?(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>\S+))')
_BARE: Final = re.compile(r'[^\s"]+')
_AGE: Final = re.compile(r"(\d{1,6})(s|min|m|h|d|w)")
_UNITS: Final = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_MOMENTS: Final = frozenset({"since", "until"})


def words_of(text: str, names: Mapping[str, str], rest: str | None, now: datetime) -> list[tuple[str, str]]:
    """The filter as parameters; words without a name are `rest`'s.

    Spans count back from `now`, moments are of its zone.

    Raises:
        ValueError: a name that this list has none of, or given twice, or a moment that is none.
    """
    pairs: dict[str, str] = {}
    free: list[str] = []
    for found in _WORD.finditer(text):
        quoted = found["quoted"]
        name, value = found["name"], found["bare"] if quoted is None else quoted.replace('""', '"')
        if name in names:
            if names[name] in pairs:
                raise ValueError(f"{name}: is given twice")
            pairs[names[name]] = _moment(value, now) if name in _MOMENTS else value
        elif name is not None and rest is None:
            raise ValueError(f"{name}: expected {_expected(names)}")
        else:
            free.append(value if name is None else found[0])
    if free and rest is None:
        raise ValueError(f"{free[0]}: expected {_expected(names)}")
    return [*pairs.items(), *([(str(rest), " ".join(free))] if free else [])]


def text_of(pairs: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Parameters, each of which has a name, as a filter that says them."""
    called = {parameter: name for name, parameter in names.items()}
    return " ".join(f"{called[parameter]}:{_quoted(value)}" for parameter, value in pairs.items())


def _quoted(value: str) -> str:
    return value if _BARE.fullmatch(value) else '"' + value.replace('"', '""') + '"'


def _expected(names: Mapping[str, str]) -> str:
    return ", ".join(f"{each}:" for each in names) or "no filter here"


def _moment(text: str, now: datetime) -> str:
    """`2d` as the moment that is so long ago; a day or a moment of its own as it is."""
    if age := _AGE.fullmatch(text):
        return (now - timedelta(seconds=int(age[1]) * _UNITS[age[2]])).isoformat()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text}: expected a span such as 2d or 12h, or a moment such as 2026-02-01T08:00Z") from None
    return (at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).isoformat()
