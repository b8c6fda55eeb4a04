"""Counts the fdatasyncs of a program and its threads, as strace would: `python tracing.py COUNTS COMMAND...`.

Here because strace is not on every machine. Each fdatasync that is entered adds a byte to the file COUNTS. SIGTERM is
passed on; the exit code is the program's.
"""

import ctypes
import os
import platform
import signal
import sys

FDATASYNC = {"x86_64": 75, "aarch64": 83}[platform.machine()]
TRACEME, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO = 0, 24, 0x4200, 0x420E
# Stops of system calls are marked; threads and children are followed; nobody outlives the tracer.
OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100000
WALL = 0x40000000
ENTRY = 1

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class SyscallInfo(ctypes.Structure):
    _fields_ = (
        ("op", ctypes.c_uint8),
        ("padding", ctypes.c_uint8 * 3),
        ("arch", ctypes.c_uint32),
        ("instruction_pointer", ctypes.c_uint64),
        ("stack_pointer", ctypes.c_uint64),
        ("number", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
    )


def ptrace(request, pid, address=0, value=0):
    """0 or more, unless the thread has gone."""
    if libc.ptrace(request, pid, address, value) < 0 and ctypes.get_errno() != 3:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}: {os.strerror(ctypes.get_errno())}")


def is_fdatasync(thread):
    info = SyscallInfo()
    ptrace(GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
    return info.op == ENTRY and info.number == FDATASYNC


def follow(leader, counts):
    """Until the leader has ended; its exit code."""
    os.waitpid(leader, WALL)
    ptrace(SETOPTIONS, leader, 0, OPTIONS)
    ptrace(SYSCALL, leader)
    while True:
        thread, status = os.waitpid(-1, WALL)
        if not os.WIFSTOPPED(status):
            if thread == leader:
                return os.waitstatus_to_exitcode(status)
            continue
        reason = os.WSTOPSIG(status)
        if reason == signal.SIGTRAP | 0x80 and is_fdatasync(thread):
            os.write(counts, b".")
        is_ours = reason in (signal.SIGTRAP, signal.SIGTRAP | 0x80, signal.SIGSTOP)
        ptrace(SYSCALL, thread, 0, 0 if is_ours else reason)


def main(path, *command):
    leader = os.fork()
    if leader == 0:
        ptrace(TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execv(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(leader, signal.SIGTERM))
    counts = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    code = follow(leader, counts)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
