"""Bodies as they came: the beginning, and line by line with each value's JSON path, every number as it was written."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

SHOWN_BODY: Final = 64 * 1024
MOST_LINES: Final = 4_000

_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)


class Line(msgspec.Struct, frozen=True):
    """A line of a body: how deep, the member's name, its value or bracket as it was written, and where it is."""

    depth: int
    name: str | None
    text: str
    path: str | None = None
    comma: bool = False


def beginning(body: str | None) -> tuple[str | None, bool]:
    """As much of a body as is shown, and whether that is not all."""
    if body is None:
        return None, False
    raw = body.encode()
    return raw[:SHOWN_BODY].decode(errors="ignore"), len(raw) > SHOWN_BODY


def lines(body: str) -> list[Line] | None:
    """A JSON text a value a line; None for what is no JSON, or too long for a page."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
        found = list(_lines(_Tokens(body), 0, None, "$"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, StopIteration):
        return None
    return found if len(found) <= MOST_LINES else None


def nearest(lines: Sequence[Line], path: str | None) -> int | None:
    """Which line is meant by a path: its own, or where it would have to be; None where that says nothing."""
    while path and path != "$":
        for place, line in enumerate(lines):
            if line.path == path:
                return place
        path = path[: max(path.rfind("."), path.rfind("["))]
    return None


class _Tokens:
    def __init__(self, text: str) -> None:
        self._found = (match[1] for match in _TOKEN.finditer(text.lstrip("\ufeff")))
        self._next = next(self._found, "")

    @property
    def peek(self) -> str:
        return self._next

    def take(self) -> str:
        token, self._next = self._next, next(self._found, "")
        return token


def _lines(tokens: _Tokens, depth: int, name: str | None, path: str) -> Iterator[Line]:
    first = tokens.take()
    if first not in ("{", "["):
        yield Line(depth, name, first, path, comma=tokens.peek == ",")
        return
    end = "}" if first == "{" else "]"
    if tokens.peek == end:
        tokens.take()
        yield Line(depth, name, first + end, path, comma=tokens.peek == ",")
        return
    yield Line(depth, name, first, path)
    place = 0
    while tokens.peek not in (end, ""):
        member = None
        here = f"{path}[{place}]"
        if first == "{":
            member = tokens.take()
            tokens.take()
            here = f"{path}.{_plain(member)}"
        yield from _lines(tokens, depth + 1, member, here)
        place += 1
        if tokens.peek == ",":
            tokens.take()
    tokens.take()
    yield Line(depth, None, end, comma=tokens.peek == ",")


def _plain(member: str) -> str:
    """A member's name as a path says it."""
    text: str = msgspec.json.decode(member)
    return text
