"""How every command ends: with a code, and words instead of a traceback."""

import errno
import os
import sys
from collections.abc import Callable

from gateway.cli.failure import BAD_CONFIGURATION, DONE, FAILED, INTERRUPTED, WRONG_USAGE
from gateway.cli.show import note
from gateway.errors import ConfigError, GatewayError

UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a disk says that takes no more."""


def code_of(command: Callable[[], object]) -> int:
    """Run a command; its exit code, and words instead of a traceback."""
    try:
        code = _code_of(command)
        # At the exit it would be too late to say that the output is not whole.
        _flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        _drop_output()
        return FAILED
    except OSError as error:
        # Of a file that a command names, it says so itself.
        if error.errno not in UNWRITTEN or error.filename is not None:
            raise
        _drop_output()
        note(f"gateway: cannot write: {error.strerror}")
        return FAILED
    return code


def _code_of(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    except (GatewayError, KeyboardInterrupt, UnicodeEncodeError) as error:
        return _told(error)
    return DONE


def _told(error: BaseException) -> int:
    """Say why a command failed; its exit code."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED
        case ConfigError():
            for fault in error.faults:
                note(f"gateway: {fault}")
            return BAD_CONFIGURATION
        case UnicodeEncodeError(reason="surrogates not allowed"):
            # So Python keeps bytes that are no text; the name of a file may well have them.
            note("gateway: not UTF-8 text: an argument, or the token")
            return WRONG_USAGE
        case UnicodeEncodeError():
            raise error
    note(f"gateway: {error}")
    return FAILED


def _flush() -> None:
    # There is no standard output in a process that was started with it closed.
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """What is still buffered must not be tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
