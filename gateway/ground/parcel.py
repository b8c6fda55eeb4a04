"""What passes through us as it came: packed, opened only where somebody looks into it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar, overload

import msgspec

Item = TypeVar("Item")

_FEW, _MORE, _MANY = 0x90, 0xDC, 0xDD
"""How MessagePack begins an array: its length in four bits, in two bytes, in four."""


class Parcel(Sequence[Item], Generic[Item]):
    """A packed list. Its length is known; whoever asks for an item has all of it unpacked, once.

    Attributes:
        raw: the list in MessagePack, whose first bytes tell its length, or in something else of a given `length`.
    """

    def __init__(
        self, raw: bytes | memoryview, unpack: Callable[[bytes | memoryview], list[Item]], length: int | None = None
    ) -> None:
        self.raw: Final = raw
        self._unpack = unpack
        self._length = length
        self._items: list[Item] | None = None

    def __len__(self) -> int:
        """How many items."""
        if self._length is not None:
            return self._length
        first = self.raw[0]
        if first == _MANY:
            return int.from_bytes(self.raw[1:5])
        return int.from_bytes(self.raw[1:3]) if first == _MORE else first - _FEW

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        """An item, or some."""
        return self._opened()[place]

    def __iter__(self) -> Iterator[Item]:
        """The items."""
        return iter(self._opened())

    def _opened(self) -> list[Item]:
        if self._items is None:
            self._items = self._unpack(self.raw)
        return self._items


def head_of(length: int) -> bytes:
    """How a packed list of so many items begins; the items follow, each packed by itself."""
    return bytes((_MANY,)) + length.to_bytes(4)


def relayed(value: Any) -> msgspec.Raw:
    """A parcel within what is packed, as an `enc_hook`."""
    if isinstance(value, Parcel):
        return msgspec.Raw(value.raw)
    raise TypeError(f"a {type(value).__name__} cannot be packed")
