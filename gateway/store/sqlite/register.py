"""The register of erasures: a file beside the store, so that a restored backup forgets whom the store had forgotten."""

import os
from pathlib import Path
from typing import Final

import msgspec

from gateway.errors import StoreUnavailable
from gateway.store.rules.transactions import Erasure

_encode: Final = msgspec.json.Encoder().encode


_decode: Final = msgspec.json.Decoder(Erasure).decode


def register_of(store: Path) -> Path:
    """Where a store's register stands."""
    return store.with_name(f"{store.name}.erasures")


def record(register: Path, erasure: Erasure) -> None:
    """Add an erasure; on disk when this returns.

    Raises:
        StoreUnavailable: it could not be written.
    """
    try:
        descriptor = os.open(register, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line that was cut off stands alone, whatever comes after it.
            os.write(descriptor, b"\n" + _encode(erasure) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreUnavailable(f"the erasure cannot be recorded: {error.strerror}") from error


def erasures_in(register: Path) -> list[Erasure]:
    """What a register holds; a line that was cut off was never acknowledged. Raises OSError."""
    found = []
    for line in register.read_bytes().splitlines():
        try:
            found.append(_decode(line))
        except msgspec.DecodeError:
            continue
    return found
