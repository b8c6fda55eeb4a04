"""`gateway`, and `python -m gateway`."""

import os
import signal
import sys

# As the command line's own, which is not loaded yet.
INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:
        # An interrupt that comes out of an import is a traceback, or is swallowed there. Nothing is open yet: just end.
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from gateway.cli.tree import run  # noqa: PLC0415 - see above

    signal.signal(signal.SIGINT, heard)
    sys.exit(run())


if __name__ == "__main__":
    main()
