"""What of a library is not loaded."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def leaving_out(*modules: str) -> Iterator[None]:
    """Within it these are as if they were not installed, unless they are loaded already; afterwards they are there."""
    left_out = [module for module in modules if module not in sys.modules]
    for module in left_out:
        # So the import system is told: https://docs.python.org/3/reference/import.html#the-module-cache
        sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for module in left_out:
            del sys.modules[module]
