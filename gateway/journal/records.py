"""A record: its head with length and checksum, and a group of arrivals."""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

import msgspec

from gateway.events import Arrival

ARRIVALS: Final = 1
"""The kind of a record that holds arrivals, each of a key that was nowhere before."""

_CHECKSUM: Final = Struct("<I")
_HEAD: Final = Struct("<IQIQIIB")
HEAD_BYTES: Final = _CHECKSUM.size + _HEAD.size

encode: Final = msgspec.msgpack.Encoder().encode
decode: Final = msgspec.msgpack.Decoder(list[Arrival]).decode


class Head(NamedTuple):
    """What stands before a record's payload.

    `writer` says whose journal it is, `epoch` which life of it, `number` is the first entry's, rising through all
    lives, `generation` says which use of a segment, rising too.
    """

    size: int
    writer: int
    epoch: int
    number: int
    entries: int
    generation: int
    kind: int = ARRIVALS

    def packed(self, payload: bytes) -> bytes:
        """The head's bytes, a checksum of itself and its payload before it."""
        head = _HEAD.pack(*self)
        return _CHECKSUM.pack(zlib.crc32(payload, zlib.crc32(head))) + head


class Record(NamedTuple):
    """A head, and where in its file the record ends; `payload` are its arrivals, packed."""

    head: Head
    payload: memoryview
    end: int


def record_at(data: memoryview, start: int, *, is_checked: bool) -> Record | None:
    """The record that begins there; None: none does, or none that was written whole, as far as it is checked."""
    begin = start + HEAD_BYTES
    if begin > len(data):
        return None
    head = Head(*_HEAD.unpack_from(data, start + _CHECKSUM.size))
    end = begin + head.size
    if not head.size or end > len(data):
        return None
    (checksum,) = _CHECKSUM.unpack_from(data, start)
    if is_checked and zlib.crc32(data[start + _CHECKSUM.size : end]) != checksum:
        return None
    return Record(head, data[begin:end], end)


def records_in(data: memoryview) -> Iterator[Record]:
    """The records of one use of a segment, as far as they are whole and follow one another: a torn tail is cut."""
    before: Record | None = None
    while (record := record_at(data, 0 if before is None else before.end, is_checked=True)) is not None:
        if before is not None:
            last = before.head
            # What an earlier use of the segment left behind the tail is whole, too.
            if (record.head.generation, record.head.number) != (last.generation, last.number + last.entries):
                return
        yield record
        before = record
