"""One gateway a database: its lease, taken over only by one that itself saw it unrenewed for its whole span.

No times are compared: a holder's renewals are counted, and whoever waits measures by its own monotonic clock. The
number of the lease rises with each holder, and every transaction of the rules' looks whether it is still the one.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.errors import ConfigError, Fault
from gateway.store.postgresql.connection import Connection

SPAN_SECONDS: Final = 15.0
"""An unrenewed lease ends after so long."""

RENEW_SECONDS: Final = 3.0
LOOK_SECONDS: Final = 0.5


def holder() -> str:
    """This process: whoever shares its machine and its sight of processes can tell whether it is gone."""
    try:
        machine = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{machine} {Path('/proc/self/ns/pid').readlink()} {os.getpid()} {_begun(os.getpid())}"
    except OSError:
        return f"unknown {os.getpid()} {time.time_ns()}"


def _begun(process: int) -> str:
    """When a process began, by the kernel's count."""
    return Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]


def is_gone(other: str) -> bool:
    """Whether a holder was surely a process of this machine that has ended."""
    mine, parts = holder().split(), other.split()
    if len(parts) != len(mine) or parts[:2] != mine[:2] or parts[0] == "unknown":
        return False
    try:
        return _begun(int(parts[2])) != parts[3]
    except (OSError, ValueError):
        return True


def take(connection: Connection, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> int:
    """Take the lease; its number.

    Raises:
        ConfigError: another gateway serves the database.
    """
    name, waited_since, seen = holder(), monotonic(), None
    while True:
        ((number, other, beats),) = connection.execute("duty.look").fetchall()
        if other is None or is_gone(other) or monotonic() - waited_since >= SPAN_SECONDS:
            taken = connection.execute("duty.take", (name, number, beats)).fetchone()
            if taken is not None:
                return int(taken[0])
        if seen is not None and seen != (number, beats):
            raise ConfigError([Fault("", "store", "another gateway uses its database")])
        seen = number, beats
        sleep(LOOK_SECONDS)
