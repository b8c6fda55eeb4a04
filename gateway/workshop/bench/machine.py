"""What a figure was measured on."""

import os
import platform
import subprocess
from pathlib import Path

import apsw
import msgspec

from gateway.workshop.bench.load import tool


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A figure without its machine says nothing. `busy` is how many processes wanted a core in the last minute."""

    processor: str
    cores: int
    system: str
    python: str
    sqlite: str
    load: str
    busy: float | None


def describe() -> Machine:
    """This one, now."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        sqlite=apsw.sqlite_lib_version(),
        load=_tool_version(),
        busy=round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _tool_version() -> str:
    if tool() == "bundled":
        return "bundled"
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout  # noqa: S607 - found on the path
    return " ".join(said.split()[:2]) or "wrk"
