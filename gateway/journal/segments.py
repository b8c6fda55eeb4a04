"""The journal's files: how one is made before it is owed, and what an earlier life left in them."""

import contextlib
import glob
import os
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

from gateway.errors import ConfigError, Fault
from gateway.ground.files import PRIVATE_FILE
from gateway.journal.records import Record, records_in

SEGMENT_BYTES: Final = 4 << 20
_PIECE: Final = bytes(1 << 20)
_SUFFIX: Final = ".journal-"


class Origin(NamedTuple):
    """Whose journal it is, and after which number, epoch and generation it goes on."""

    writer: int
    number: int
    epoch: int = 0
    generation: int = 0


class Left(NamedTuple):
    """What an earlier life left: the records with entries that the ledger does not have, and where to go on."""

    records: list[Record]
    origin: Origin


def segments_of(store: Path) -> list[Path]:
    """The files of a store's journal, in the order of their indices."""
    return sorted(store.parent.glob(f"{glob.escape(store.name)}{_SUFFIX}*"))


def segment_path(store: Path, index: int) -> Path:
    """The file of a segment."""
    return store.with_name(f"{store.name}{_SUFFIX}{index:02}")


def prepare(path: Path) -> int:
    """Open a segment's file, written in full and synced before anybody is owed anything; its descriptor.

    A file that grows at each sync costs twice as much, and meets a full disk in the middle of a record.

    Raises:
        OSError: there is no room, or no right.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        # Somebody else's file keeps its mode: whoever gave it to us knows why.
        with contextlib.suppress(PermissionError):
            os.fchmod(descriptor, PRIVATE_FILE)
        size = os.fstat(descriptor).st_size
        for offset in range(size - size % len(_PIECE), SEGMENT_BYTES, len(_PIECE)):
            os.pwrite(descriptor, _PIECE, offset)
        if size < SEGMENT_BYTES:
            os.fsync(descriptor)
            _sync_names(path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _sync_names(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def uses_of(store: Path) -> list[list[Record]]:
    """What is in each segment, the one that was begun first first."""
    uses = [list(records_in(memoryview(path.read_bytes()))) for path in segments_of(store)]
    return sorted((use for use in uses if use), key=lambda use: use[0].head.generation)


def left_of(uses: Sequence[Sequence[Record]], store: Path, origin: Origin, *, is_live: bool = False) -> Left:
    """What the ledger, which has all entries up to the origin's number, does not have; in their order.

    Where a write failed, its numbers were used again in the next segment: there the earlier record does not count.
    `is_live`: it was written to while it was read, and is taken as far as it was written before.

    Raises:
        ConfigError: it is another store's journal, or acknowledged entries in it cannot be read.
    """
    for use in uses:
        if use[0].head.writer != origin.writer:
            raise _unusable(store, "is another store's journal: move it away, or put its store back")
    wanted: list[Record] = []
    number = origin.number
    for use, after in zip_longest(uses, uses[1:]):
        for record in use:
            head = record.head
            if head.number + head.entries - 1 <= origin.number or (after and head.number >= after[0].head.number):
                continue
            if head.number > number + 1:
                if is_live:
                    return Left(wanted, origin)
                lost = f"the entries {number + 1} to {head.number - 1} cannot be read"
                raise _unusable(store, f"is damaged: {lost}: restore a backup, or move it away to go on without them")
            wanted.append(record)
            number = head.number + head.entries - 1
    newest = uses[-1][-1].head if uses else None
    epoch, generation = (newest.epoch, newest.generation) if newest else (0, 0)
    return Left(wanted, Origin(origin.writer, number, epoch, generation))


def _unusable(store: Path, what: str) -> ConfigError:
    return ConfigError([Fault(f"{store}{_SUFFIX}*", "store", what)])
