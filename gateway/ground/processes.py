"""Which process this is, so that others of its machine can tell whether it has ended."""

import os
import time
from pathlib import Path


def this_process() -> str:
    """This process: whoever shares its machine and its sight of processes can tell whether it is gone."""
    try:
        machine = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{machine} {Path('/proc/self/ns/pid').readlink()} {os.getpid()} {_begun(os.getpid())}"
    except OSError:
        return f"unknown {os.getpid()} {time.time_ns()}"


def has_ended(other: str) -> bool:
    """Whether it was surely a process of this machine that has ended."""
    mine, parts = this_process().split(), other.split()
    if len(parts) != len(mine) or parts[:2] != mine[:2] or parts[0] == "unknown":
        return False
    try:
        return _begun(int(parts[2])) != parts[3]
    except (OSError, ValueError):
        return True


def _begun(process: int) -> str:
    """When a process began, by the kernel's count."""
    return Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[19]
