"""`gateway`, and `python -m gateway`."""

import importlib
import os
import signal
import sys

from gateway.ground import collector

# As the command line's own, which is not loaded yet.
INTERRUPTED = 130
_REMEDY = "install trackely-gateway into a virtual environment of its own, and start it outside of that folder"


def foreign_package() -> str | None:
    """Which of the packages beside ours is another program's, in words; None: all are ours.

    Their names are such as others take, too, and an installer overwrites files without a word.
    """
    for name, member in (("schemas", "encode_order"), ("adapters", "VendorModel")):
        try:
            found = importlib.import_module(name)
        except ImportError as error:
            return f"the package `{name}` cannot be loaded ({error}): {_REMEDY}"
        if not hasattr(found, member):
            where = found.__file__ or ", ".join(getattr(found, "__path__", ()))
            return f"the package `{name}` in {where} is another program's: {_REMEDY}"
    return None


def main() -> None:
    """Run the command line and exit with its code."""
    collector.slow_down()
    heard = signal.getsignal(signal.SIGINT)
    if heard is signal.default_int_handler:
        # An interrupt that comes out of an import is a traceback, or is swallowed there. Nothing is open yet: just end.
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    if (foreign := foreign_package()) is not None:
        sys.exit(f"gateway: {foreign}")
    from gateway.cli.serving import asked_plainly  # noqa: PLC0415 - see above

    run = asked_plainly(sys.argv[1:], os.environ)
    if run is None:
        from gateway.cli import tree  # noqa: PLC0415 - see above

        run = tree.run
    signal.signal(signal.SIGINT, heard)
    code = run()
    # The interpreter walks over everything once more at its end.
    collector.rest()
    sys.exit(code)


if __name__ == "__main__":
    main()
