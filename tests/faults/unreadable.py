"""Runs the gateway, whose SQLite cannot read while a file exists: `python unreadable.py FLAG serve --config ...`.

The store's process, as ever but for SQLite's own system calls: what reads fails with EIO, as from a disk that breaks.
"""

import _sqlite3
import ctypes
import errno
import sys
from pathlib import Path

from gateway.cli import tree
from gateway.ground import child
from gateway.ground.hosting import host

POINTERS_BEFORE, SET, GET = 3, 13, 14
"""Of `struct sqlite3_vfs`: pointers before its functions, and which of these replace and find a system call."""

READS = {
    b"read": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t),
    b"pread": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
    b"pread64": (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64),
}


class Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("size", ctypes.c_int),
        ("longest", ctypes.c_int),
        ("pointers", ctypes.c_void_p * POINTERS_BEFORE),
        ("functions", ctypes.c_void_p * 16),
    )


def failing(real, flag):
    def read(*arguments):
        if flag.exists():
            ctypes.set_errno(errno.EIO)
            return -1
        return real(*arguments)

    return read


def take_over(flag):
    """The functions in SQLite's hands; they must live as long as it."""
    sqlite = ctypes.CDLL(_sqlite3.__file__)
    sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    vfs = sqlite.sqlite3_vfs_find(None)
    find = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(vfs.contents.functions[GET])
    replace = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
        vfs.contents.functions[SET]
    )
    held = []
    for name, arguments in READS.items():
        if (found := find(vfs, name)) is not None:
            kind = ctypes.CFUNCTYPE(ctypes.c_ssize_t, *arguments, use_errno=True)
            held.append(kind(failing(kind(found), flag)))
            assert replace(vfs, name, ctypes.cast(held[-1], ctypes.c_void_p)) == 0
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
