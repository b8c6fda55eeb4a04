"""Runs the gateway, whose SQLite cannot read while a file exists: `python unreadable.py FLAG serve --config ...`.

The store's process, as ever but for SQLite's own system calls: what reads fails with EIO, as from a disk that breaks.
"""

import ctypes
import errno
import sys
from pathlib import Path

import apsw

from gateway.cli import tree
from gateway.ground import child
from gateway.ground.hosting import host

READS = {
    "read": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t),
    "pread": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    "pread64": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
}


def failing(real, flag):
    def read(*arguments):
        if flag.exists():
            ctypes.set_errno(errno.EIO)
            return -1
        return real(*arguments)

    return read


def take_over(flag):
    """The functions in SQLite's hands; they must live as long as it."""
    # Stands in front of the one that every connection uses, and hands these two on to it.
    calls = apsw.VFS("calls", base="")
    held = []
    for name, arguments in READS.items():
        if (found := calls.xGetSystemCall(name)) is not None:
            kind = ctypes.CFUNCTYPE(ctypes.c_ssize_t, *arguments, use_errno=True)
            held.append(kind(failing(kind(found), flag)))
            assert calls.xSetSystemCall(name, ctypes.cast(held[-1], ctypes.c_void_p).value)
    assert held
    return held


def main(flag, *arguments):
    if arguments[0] == "serve":
        child.COMMAND[:] = [sys.executable, "-P", __file__, flag]
        sys.exit(tree.run(list(arguments)))
    # A child's command line: a module, and what is its own.
    held = take_over(Path(flag))
    host(*arguments)
    del held


if __name__ == "__main__":
    main(*sys.argv[1:])
