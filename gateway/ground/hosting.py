"""A process beside the gateway, from its first line: `python -P -m gateway.ground.hosting MODULE FD,FD ...`.

The module's `main` is given its end of each channel, and what else it is started with.
"""

import contextlib
import ctypes
import importlib
import signal
import socket
import sys
from typing import Final

from gateway.ground import collector
from gateway.ground.printing import tell_what_is_printed

_PR_SET_PDEATHSIG: Final = 1


def host(module: str, descriptors: str, *arguments: str) -> None:
    """Run a module to its end."""
    with contextlib.suppress(OSError, AttributeError):
        # Linux: a parent that is killed takes us with it, before the next one comes. Elsewhere the channels' ends do.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    ends = [_end_of(int(each)) for each in descriptors.split(",")]
    tell_what_is_printed(module.split(".")[1])
    collector.slow_down()
    importlib.import_module(module).main(*ends, *arguments)


def _end_of(descriptor: int) -> socket.socket:
    end = socket.socket(fileno=descriptor)
    # Whatever the gateway's default time-out is: an adapter may have set one.
    end.setblocking(True)  # noqa: FBT003 - the standard library's
    return end


if __name__ == "__main__":
    host(*sys.argv[1:])
