"""`gateway`, and `python -m gateway`."""

import sys

from gateway.cli.tree import run


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run())


if __name__ == "__main__":
    main()
