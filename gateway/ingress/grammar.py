"""Whether bytes are JSON by its grammar (RFC 8259): strictly, in linear time, to a depth of 512.

msgspec decides. It refuses one thing that is JSON: a lone surrogate escape (backslash, ud800), which is hidden from it.
The depth is found before, piece by piece: a body too deep is known by its first bytes, and never makes msgspec recurse.
"""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from adapters.reading import BOM

DEEPEST: Final = 512
PIECE: Final = 64 * 1024

_scan = msgspec.json.Decoder(msgspec.Raw).decode

_OPEN: Final = b"["
_NO_BRACKET: Final = bytes(set(range(256)) - set(b'"[]{}'))
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_STEPS: Final = bytes.maketrans(b"[]", b"\x01\xff")
_FEWEST: Final = 64
_escape = re.compile(rb"\\*+.?", re.DOTALL)
"""What a piece ends with: an escape is not cut."""


class Fault(NamedTuple):
    """What keeps a body from being taken: the answer's `error` and `detail`."""

    error: str
    detail: str


TOO_DEEP: Final = Fault("too_deep", f"nested deeper than {DEEPEST} levels")


def fault_in(body: bytes) -> Fault | None:
    """What keeps `body` from being JSON that we take, or None. A leading BOM is skipped."""
    if not _may_be_too_deep(body):
        # One look finds nearly every body good.
        try:
            if not body.isascii():
                body.decode()
            _scan(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        else:
            return None
    return next((fault for fault in faults_in(body) if fault is not None), None)


def faults_in(body: bytes) -> Iterator[Fault | None]:
    """The same in steps of a few milliseconds, so that others may have a turn: None, or the fault, which ends it."""
    if _may_be_too_deep(body):
        for is_too_deep in _descents(body):
            yield TOO_DEEP if is_too_deep else None
            if is_too_deep:
                return
    if not body.isascii():
        if body.startswith(BOM):
            body = body[3:]
        try:
            body.decode()
        except UnicodeDecodeError as error:
            yield Fault("not_json", f"not UTF-8 (byte {error.start})")
            return
        yield None
    words = _fault_of(body)
    if words is not None and (b"\\ud" in body or b"\\uD" in body):
        yield None
        # Another character's escape in each surrogate's place: as good a JSON as it was, or as bad.
        words = _fault_of(body.replace(b"\\ud", b"\\u0").replace(b"\\uD", b"\\u0"))
    yield None if words is None else Fault("not_json", words)


def _may_be_too_deep(body: bytes) -> bool:
    """Whether it has brackets enough for it."""
    # To take them out, as many as matter, is three times as fast as to count them: these are searched for.
    without = len(body.replace(b"{", b"", DEEPEST + 1)) + len(body.replace(b"[", b"", DEEPEST + 1))
    return 2 * len(body) - without > DEEPEST


def _fault_of(body: bytes) -> str | None:
    try:
        _scan(body)
    except msgspec.DecodeError as error:
        if not body or body.isspace():
            return "empty"
        return str(error).removeprefix("JSON is malformed: ").removeprefix("Input data was ")
    return None


def _descents(body: bytes) -> Iterator[bool]:
    """Whether it is too deep by the end of each piece. What is no JSON may be misjudged, and is none either way."""
    depth = 0
    is_in_text = False
    start = 0
    while start < len(body):
        whole = _escape.match(body, start + PIECE - 1)
        piece = body[start : whole.end()] if whole else body[start:]
        start += len(piece)
        brackets, is_in_text = _brackets(piece, is_in_text=is_in_text)
        depth = _depth_after(brackets, depth)
        yield depth > DEEPEST


def _brackets(piece: bytes, *, is_in_text: bool) -> tuple[bytes, bool]:
    """The brackets outside of texts, all of one kind, and whether a text goes on behind the piece."""
    if b"\\" in piece:
        piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Two quotes with nothing left between them open and close, or close and open: neither changes what is outside.
    marks = piece.translate(_ONE_KIND, _NO_BRACKET).replace(b'""', b"")
    parts = marks.split(b'"')
    return b"".join(parts[is_in_text::2]), is_in_text ^ (len(parts) % 2 == 0)


def _depth_after(brackets: bytes, depth: int, deepest: int = DEEPEST) -> int:
    """The depth behind these, or a greater one than the deepest where that is passed."""
    inner = brackets.replace(b"[]", b"")
    if 4 * len(inner) <= 3 * len(brackets) > 0:
        # Many siblings: without their innermost pairs they are at most one level less deep.
        after = _depth_after(inner, depth, deepest - 1)
        if after < deepest:
            return after
    place = 0
    while place < len(brackets):
        run = brackets[place : place + max(deepest - depth, _FEWEST)]
        opened = run.count(_OPEN)
        if depth + opened > deepest:
            steps = memoryview(run.translate(_STEPS)).cast("b")
            if (highest := depth + max(accumulate(steps))) > deepest:
                return highest
        depth += 2 * opened - len(run)
        place += len(run)
    return depth
