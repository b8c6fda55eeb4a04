"""What a server's processes have used, all together: Linux counts it for each, ended children included."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

from gateway.workshop.bench.load import LoadFailed

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_FIRST_TIME: Final = 11
"""Of the fields behind a process's name: user and system time, and those of its children that have ended."""

_LOOK_SECONDS: Final = 0.01


class Usage(NamedTuple):
    """Processor time, and bytes given to the kernel to write (`wchar`), answers over a socket included."""

    seconds: float
    written: int

    def __sub__(self, before: Self) -> "Usage":
        """What was used since."""
        return Usage(self.seconds - before.seconds, self.written - before.written)


def usage_of(pid: int) -> Usage:
    """What a server and its children have used so far. Raises LoadFailed where nobody tells."""
    parts = usage_by_process(pid).values()
    return Usage(sum(part.seconds for part in parts), sum(part.written for part in parts))


def usage_by_process(pid: int) -> dict[str, Usage]:
    """The same of each, by what it is: the `gateway` itself, its `store`, its `translation`."""
    try:
        while True:
            family = list(_family(pid))
            # A child that has just ended is among its parent's figures from now on.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                return {_name_of(each, pid): _of_one(each) for each in family}
    except OSError as error:
        raise LoadFailed(f"only Linux tells what a process has used: {error}") from error


def usage_at_end(pid: int, seconds: float) -> Usage:
    """What a child of ours that is ending has used in all, read between its end and its being waited for."""
    until = time.monotonic() + seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > until:
            raise LoadFailed("a server did not end")
        time.sleep(_LOOK_SECONDS)
    return usage_of(pid)


def _family(pid: int) -> Iterator[int]:
    yield pid
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    yield from map(int, tasks.read_text("ascii").split())


def _name_of(pid: int, parent: int) -> str:
    if pid == parent:
        return "gateway"
    modules = re.findall(rb"gateway\.([a-z]+)[.a-z]*\.host\0", Path(f"/proc/{pid}/cmdline").read_bytes())
    return modules[0].decode() if modules else str(pid)


def _of_one(pid: int) -> Usage:
    # A process's name may hold anything, and ends with the last bracket.
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    ticks = sum(map(int, fields[_FIRST_TIME : _FIRST_TIME + 4]))
    (written,) = (line for line in Path(f"/proc/{pid}/io").read_text("ascii").splitlines() if line.startswith("wchar"))
    return Usage(ticks / _TICKS, int(written.partition(":")[2]))
