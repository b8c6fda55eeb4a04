"""Bodies as the file keeps them: compressed by LZ4 where that makes them shorter, so that less is written and kept."""

from typing import Final

import lz4.block  # type: ignore[import-untyped]

LEAST: Final = 256
"""Bytes of a body; what is shorter is kept as it is."""

_PLAIN: Final = b"\x00"
"""Before a body that begins with one of these two marks, as no JSON does."""

_LZ4: Final = b"\x01"
"""Before the body's length in seven digits, which a statement reads, and its LZ4 block."""

_HEAD: Final = 8
_LONGEST: Final = 10**7 - 1


def compressed(body: bytes) -> bytes:
    """What the file keeps of a body. One that it has from an earlier version stands there as it is, marked or not."""
    if LEAST <= len(body) <= _LONGEST:
        block: bytes = lz4.block.compress(body, store_size=False)
        if _HEAD + len(block) < len(body):
            return b"%b%07d%b" % (_LZ4, len(body), block)
    return _PLAIN + body if body[:1] in (_PLAIN, _LZ4) else body


def decompressed(kept: bytes) -> bytes:
    """The body again. Damaged, it is what is kept: no JSON, so that the event dies of it and nothing else does."""
    mark = kept[:1]
    if mark == _LZ4:
        try:
            length = int(kept[1:_HEAD])
            body: bytes = lz4.block.decompress(memoryview(kept)[_HEAD:], uncompressed_size=length)
        except (lz4.block.LZ4BlockError, ValueError):
            return kept
        # A block that is cut off may well be one of less.
        return body if len(body) == length else kept
    return kept[1:] if mark == _PLAIN else kept
