"""JSON as others write it: a BOM before it is skipped, half a surrogate pair (an emoji cut in two) spoils nothing."""

import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

BOM: Final = b"\xef\xbb\xbf"

_HALF: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_SUBSTITUTE: Final = rb"\\u001a"
"""ASCII's own character in the place of one that cannot be represented; no identifier may hold it."""

Shape = TypeVar("Shape")


def reader(shape: type[Shape]) -> Callable[[bytes], Shape]:
    """A function from JSON to `shape`. Half a surrogate pair is read as the control character SUBSTITUTE.

    It raises as msgspec does: DecodeError, UnicodeDecodeError, RecursionError.
    """
    decode = msgspec.json.Decoder(shape).decode

    def read(body: bytes) -> Shape:
        plain = body[3:] if body.startswith(BOM) else body
        try:
            return decode(plain)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            # The one thing that msgspec refuses and RFC 8259 does not.
            if b"\\ud" not in plain and b"\\uD" not in plain:
                raise
            return decode(_without_halves(plain))

    return read


def _without_halves(text: bytes) -> bytes:
    # With no escaped backslash left, every backslash begins an escape.
    return _HALF.sub(_SUBSTITUTE, text.replace(rb"\\", rb"\u005c"))
