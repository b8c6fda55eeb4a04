"""Strict YAML, read on PyYAML's nodes: PyYAML's own values would turn a warehouse `NO` into false and `0123` into 83.

A duplicate key is a fault; keys are text as written; a scalar stays text until a type is known; expansions happen
inside scalars, so that no secret can change the document's shape.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from gateway.config.expansion import NotExpandable, expand
from gateway.config.nodes import Faults, Items, KeyPath, Node, Table, Text

_CORE = "tag:yaml.org,2002:"
_NULL = f"{_CORE}null"
_MERGE = f"{_CORE}merge"
_KNOWN_TAGS = {_CORE + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")}
_CONTAINER_TAGS = {f"{_CORE}map", f"{_CORE}seq"}
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
_TOKEN = re.compile(r"<[a-z ]+>|\\?.")

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one file, and of a file that `${file:}` brings in."""

MOST_NODES: Final = 100_000
"""Values of a file and all that it includes, each counted as often as an alias repeats it."""

MOST_FILES: Final = 100


class _Include(NamedTuple):
    written: Text
    path: KeyPath


class _TooMuch(Exception):  # noqa: N818 - says what happened
    """The files hold more than a configuration does."""


class _Reading:
    """One reading of a file and of what it includes: a small file can name itself, or its own anchors, a million times.

    Nothing that a file holds gets into a fault: whoever may name a file here need not be allowed to read it.
    """

    def __init__(self, environ: Mapping[str, str], faults: Faults) -> None:
        self.environ = environ
        self.faults = faults
        self._nodes = 0
        self._files = 0

    def count(self) -> None:
        """One more value. Raises _TooMuch."""
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _TooMuch(f"more than {MOST_NODES:,} values, those that aliases repeat counted in")

    def content_of(self, path: Path) -> bytes:
        """A file's bytes. Raises OSError, ValueError, _TooMuch."""
        self._files += 1
        if self._files > MOST_FILES:
            raise _TooMuch(f"more than {MOST_FILES} files are included")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise _TooMuch(f"larger than {MOST_BYTES:,} bytes")
        return content


def read_yaml(path: Path, environ: Mapping[str, str], faults: Faults) -> Node:
    """The file with its includes merged into it; an unreadable one is a fault and an empty table."""
    reading = _Reading(environ, faults)
    try:
        return _whole(path, reading.content_of(path), reading, (path.resolve(),))
    except OSError as error:
        faults.add(str(path), (), f"cannot be read: {error.strerror}")
    except _TooMuch as error:
        faults.add(str(path), (), str(error))
    return Table({}, str(path))


def _whole(path: Path, content: bytes, reading: _Reading, parents: tuple[Path, ...]) -> Node:
    faults = reading.faults
    own = _Reader(path, reading).document(content)
    if not isinstance(own, Table) or "include" not in own.entries:
        return own
    included = own.entries["include"]
    own = Table({key: node for key, node in own.entries.items() if key != "include"}, own.file)
    under = Table({}, str(path))
    for include in _includes(included, faults):
        further = path.parent / include.written.text
        if further.resolve() in parents:
            faults.add_of(include.written, include.path, f"{include.written.text} includes itself in the end")
            continue
        try:
            inner = reading.content_of(further)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a path"
            faults.add_of(include.written, include.path, f"{include.written.text} cannot be read: {reason}")
            continue
        below = _whole(further, inner, reading, (*parents, further.resolve()))
        if isinstance(below, Table):
            under = _merged(under, below)
        else:
            faults.add(str(further), (), "expected a mapping")
    return _merged(under, own)


def _includes(node: Node, faults: Faults) -> list[_Include]:
    found = []
    places = enumerate(node.items) if isinstance(node, Items) else [(None, node)]
    for place, item in places:
        path: KeyPath = ("include",) if place is None else ("include", place)
        if not isinstance(item, Text) or (item.is_null and place is not None):
            faults.add(item.file, path, "expected a file's path, or a list of them")
        elif item.fault:
            faults.add(item.file, path, item.fault)
        elif not item.is_null:
            found.append(_Include(item, path))
    return found


def _merged(under: Table, over: Table) -> Table:
    entries = dict(under.entries)
    for key, node in over.entries.items():
        below = entries.get(key)
        entries[key] = _merged(below, node) if isinstance(below, Table) and isinstance(node, Table) else node
    return Table(entries, over.file)


def _unquoted(quoted: re.Match[str]) -> str:
    """PyYAML's names of tokens, and single characters; the rest that it quotes is the file's own."""
    return quoted[0] if _TOKEN.fullmatch(quoted[0][1:-1]) else "a name"


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, reading: _Reading) -> None:
        self._file = str(path)
        self._directory = path.parent
        self._reading = reading
        self._faults = reading.faults
        self._open: set[int] = set()

    def document(self, content: bytes) -> Node:
        """The file's one document; an empty one is an empty table."""
        try:
            root = yaml.compose(content, Loader=yaml.SafeLoader)
            return Table({}, self._file) if root is None else self._node(root, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            problem = _QUOTED.sub(_unquoted, error.problem or error.context or "")
            self._faults.add(self._file, (), f"not YAML: {problem}{where}")
        except yaml.YAMLError:
            self._faults.add(self._file, (), "not YAML: not UTF-8 text, or characters that YAML does not allow")
        except RecursionError:
            self._faults.add(self._file, (), "nested too deeply")
        return Table({}, self._file)

    def _node(self, node: yaml.Node, path: KeyPath) -> Node:
        self._reading.count()
        if isinstance(node, yaml.ScalarNode):
            return self._text(node)
        if id(node) in self._open:
            return Text("", self._file, fault="an anchor that holds itself")
        if node.tag not in _CONTAINER_TAGS:
            return Text("", self._file, fault="a tag is not known here")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return Table(self._entries(node, path), self._file)
            return Items([self._node(item, (*path, place)) for place, item in enumerate(node.value)], self._file)
        finally:
            self._open.discard(id(node))

    def _text(self, node: yaml.ScalarNode) -> Text:
        if node.tag not in _KNOWN_TAGS:
            return Text("", self._file, fault="a tag is not known here")
        if "${" not in node.value:
            return Text(node.value, self._file, is_null=node.tag == _NULL)
        try:
            text = expand(node.value, self._reading.environ, self._directory)
        except NotExpandable as error:
            return Text("", self._file, fault=str(error))
        return Text(text, self._file, is_expanded=True)

    def _entries(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._faults.add(self._file, path, f"expected text as a key, line {line}")
            elif key.tag == _MERGE:
                merged |= self._merge_key(value, path)
            elif key.value in lines:
                detail = f"duplicate key, line {line}; first on line {lines[key.value]}"
                self._faults.add(self._file, (*path, key.value), detail)
            else:
                lines[key.value] = line
                if not key.value.startswith("x-"):
                    entries[key.value] = self._node(value, (*path, key.value))
        return merged | entries

    def _merge_key(self, value: yaml.Node, path: KeyPath) -> dict[str, Node]:
        """What `<<: *anchor` or `<<: [*one, *two]` brings in: the earlier wins, the mapping's own keys win over all."""
        entries: dict[str, Node] = {}
        for node in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            table = self._node(node, path)
            if isinstance(table, Table):
                entries = table.entries | entries
            else:
                self._faults.add(self._file, (*path, "<<"), "expected a mapping, or a list of them")
        return entries
