"""What a configuration file says before it has types: texts, tables and items, each knowing its file; and faults."""

import re
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from gateway.errors import ConfigError, Fault

_SHORTEST_CONCEALED = 4
_CONCEALED = "***"
_KEY = re.compile(r"[\w ./<-]{1,80}")

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a node stands: keys as text, places in a list as numbers."""


class Text(msgspec.Struct, frozen=True):
    """A scalar as written, `${…}` expanded; `is_null` if it is a plain null; `fault` if it cannot be read at all."""

    text: str
    file: str
    is_null: bool = False
    is_expanded: bool = False
    fault: str | None = None


class Items(msgspec.Struct, frozen=True):
    """A list."""

    items: "list[Node]"
    file: str


class Table(msgspec.Struct, frozen=True):
    """A mapping; its keys are text as written, those beginning with `x-` left out."""

    entries: "dict[str, Node]"
    file: str


Node: TypeAlias = Text | Items | Table


def written(path: KeyPath) -> str:
    """A path as an operator reads it: `sources.acme.auth[0].password`.

    A key that is none of a configuration's is not shown: it may be a line of a file that was included by mistake.
    """
    return "".join(f"[{key}]" if isinstance(key, int) else f".{_shown(key)}" for key in path).removeprefix(".")


def _shown(key: str) -> str:
    return key if _KEY.fullmatch(key) else f"(a key of {len(key)} characters)"


def nearest(node: Node, path: KeyPath) -> Node:
    """The node at `path`, or the deepest one there is on the way to it."""
    for key in path:
        below: Node | None = None
        if isinstance(node, Table) and isinstance(key, str):
            below = node.entries.get(key)
        elif isinstance(node, Items) and isinstance(key, int) and key < len(node.items):
            below = node.items[key]
        if below is None:
            return node
        node = below
    return node


def expanded_in(node: Node, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Where what is written came from `${…}`."""
    if isinstance(node, Text):
        if node.is_expanded:
            yield path
        return
    members = node.entries.items() if isinstance(node, Table) else enumerate(node.items)
    for key, below in members:
        yield from expanded_in(below, (*path, key))


class Faults:
    """Everything that is wrong, in the order of its finding, so that it can be said all at once."""

    def __init__(self) -> None:
        self._faults: dict[Fault, KeyPath] = {}
        self._secrets: list[str] = []

    def add(self, file: str, path: KeyPath, detail: str) -> None:
        """Note a fault; the same one twice counts once."""
        self._faults[Fault(file=file, path=written(path), detail=detail)] = path

    def add_of(self, node: Node, path: KeyPath, detail: str) -> None:
        """Note a fault of a node; what was expanded in it is not shown: a secret may stand at a wrong key."""
        for place in expanded_in(node):
            expanded = nearest(node, place)
            if isinstance(expanded, Text) and len(expanded.text) >= _SHORTEST_CONCEALED:
                detail = detail.replace(expanded.text, _CONCEALED)
        self.add(node.file, path, detail)

    def __iter__(self) -> Iterator[tuple[Fault, KeyPath]]:
        return iter(self._faults.items())

    def conceal(self, secret: str) -> None:
        """No fault will show this text, whoever worded it; one of less than four characters would garble them all."""
        if len(secret) >= _SHORTEST_CONCEALED:
            self._secrets.append(secret)

    def is_clear(self, *path: str | int) -> bool:
        """Whether nothing is wrong at, below or right above `path`, so that what stands there can be judged."""
        return not any(
            found[: len(path)] == path or (found and found == path[: len(found)]) for found in self._faults.values()
        )

    def settle_unread(self, file: str) -> None:
        """Raise ConfigError if nothing of `file` could be read: what it lacks besides would be noise."""
        if any(fault.file == file and not path for fault, path in self._faults.items()):
            self.settle()

    def settle(self) -> None:
        """Raise ConfigError if anything is wrong."""
        if self._faults:
            raise ConfigError([self._concealed(fault) for fault in self._faults])

    def _concealed(self, fault: Fault) -> Fault:
        detail = fault.detail
        for secret in self._secrets:
            detail = detail.replace(secret, _CONCEALED)
        return msgspec.structs.replace(fault, detail=detail)
