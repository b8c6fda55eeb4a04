"""Bodies that come compressed, and the cap that holds for them."""

import zlib
from typing import Final

_CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})


class CodedBody:
    """The bytes of an answer up to a cap, which holds for those that came and for what they inflate to.

    Attributes:
        read: what came, without its coding.
        is_undone: whether its coding is one that can be undone.
    """

    def __init__(self, most_read: int, coding: str | None) -> None:
        self.read = bytearray()
        self._most_read = most_read
        self._came = 0
        self.is_undone = (coding or "").strip().lower() in _CODINGS
        # 32: by its head either gzip or zlib, which is what `deflate` means.
        self._inflater = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS) if self.is_undone else None

    def take(self, chunk: bytes) -> bool:
        """Add a piece; False: there is no use in more of them."""
        self._came += len(chunk)
        room = self._most_read - len(self.read)
        try:
            piece = self._undone(chunk, room + 1)
        except zlib.error:
            return False
        self.read += piece[:room]
        return len(piece) <= room and self._came <= self._most_read

    @property
    def is_whole(self) -> bool:
        """Whether its coding has come to its end."""
        return self._inflater is None or self._inflater.eof or not self._came

    def _undone(self, chunk: bytes, most: int) -> bytes:
        if self._inflater is None:
            return chunk
        try:
            return self._inflater.decompress(chunk, most)
        except zlib.error:
            if self._came > len(chunk):
                raise
            # Some send `deflate` without zlib's head.
            self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
            return self._inflater.decompress(chunk, most)
