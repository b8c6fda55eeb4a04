"""A port as calls into the store's process."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

Call = Callable[..., Coroutine[Any, Any, Any]]
"""Given `port.method` and the arguments: what it returns or raises."""


class _Port:
    def __init__(self, name: str, call: Call) -> None:
        self._name = name
        self._call = call

    def __getattr__(self, method: str) -> Call:
        return partial(self._call, f"{self._name}.{method}")


def called(name: str, call: Call) -> Any:
    """The port of this name, whichever methods it has: whoever holds it says by its type."""
    return _Port(name, call)
