"""From nodes to typed values by a type's own annotations, every fault collected with its key's path.

Understood: msgspec Structs (unknown keys refused), unions (tagged ones by their tag), Literal, list, set, tuple, dict,
Secret and other subclasses of str, Any, the scalars of `quantities.py`, `Annotated` with `"span"`, `"size"` or a
`msgspec.Meta`; whatever else msgspec can convert is left to it.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from adapters import Secret
from gateway.config.kinds import expected, is_kind, is_struct, suggestion, takes
from gateway.config.nodes import Faults, Items, KeyPath, Node, Table, Text, nearest
from gateway.config.quantities import MARKS, READERS
from gateway.ground.watchdog import FAILURES

HOLE: Final = object()
"""Stands for a value that could not be read; its fault has been noted."""


def convert(node: Node, kind: Any, path: KeyPath, faults: Faults) -> Any:  # noqa: PLR0911 - a dispatch, one return a kind
    """The node as a value of `kind`, or HOLE with the faults noted.

    A struct that has no `__post_init__` is built even where members are missing (as None), so that one look finds
    all faults; its reader settles the faults before it trusts the value.
    """
    if isinstance(node, Text) and node.fault:
        return _fault(node, path, faults, node.fault)
    origin = get_origin(kind) or kind
    if origin is Annotated:
        return _annotated(node, kind, path, faults)
    if origin is Any:
        return plain(node, path, faults)
    if origin in (Union, UnionType):
        return _union(node, kind, path, faults)
    if is_struct(origin):
        return _struct(node, origin, path, faults)
    if is_kind(origin, Mapping):
        return _table(node, kind, path, faults)
    if is_kind(origin, Sequence, AbstractSet) and not is_kind(origin, str, bytes):
        return _items(node, kind, path, faults)
    return _scalar(node, kind, path, faults)


def plain(node: Node, path: KeyPath, faults: Faults) -> Any:  # noqa: PLR0911 - a dispatch, one return a kind
    """The node as YAML's own few types, text as written; what was expanded is a Secret, since it may be one."""
    if isinstance(node, Table):
        found = {key: plain(entry, (*path, key), faults) for key, entry in node.entries.items()}
        return {key: value for key, value in found.items() if value is not HOLE}
    if isinstance(node, Items):
        listed = [plain(item, (*path, place), faults) for place, item in enumerate(node.items)]
        return [value for value in listed if value is not HOLE]
    if node.fault:
        return _fault(node, path, faults, node.fault)
    if node.is_null:
        return None
    if node.is_expanded:
        return Secret(node.text)
    if node.text.lower() in {"true", "false"}:
        return node.text.lower() == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            number = READERS[kind][0](node.text)
            if str(number) == node.text:  # `0123` and `1.10` are codes, not numbers
                return number
    return node.text


def _fault(node: Node, path: KeyPath, faults: Faults, detail: str) -> Any:
    faults.add(node.file, path, detail)
    return HOLE


def _annotated(node: Node, kind: Any, path: KeyPath, faults: Faults) -> Any:
    base, *marks = get_args(kind)
    read = next((MARKS[mark] for mark in marks if isinstance(mark, str) and mark in MARKS), None)
    if read is not None:
        return _read(node, *read, path, faults)
    value = convert(node, base, path, faults)
    limits = tuple(mark for mark in marks if isinstance(mark, msgspec.Meta))
    if value is not HOLE and limits:
        text_or_value, checked = (str(value), str) if isinstance(value, str) else (value, base)
        try:
            msgspec.convert(text_or_value, Annotated[checked, *limits])
        except msgspec.ValidationError as error:
            return _fault(node, path, faults, _first_lower(str(error)))
    return value


def _first_lower(words: str) -> str:
    return words[:1].lower() + words[1:]


def _read(node: Node, reader: Any, words: str, path: KeyPath, faults: Faults) -> Any:
    if isinstance(node, Text) and not node.is_null:
        try:
            return reader(node.text)
        except (ValueError, KeyError):
            pass
    return _fault(node, path, faults, f"expected {words}")


def _scalar(node: Node, kind: Any, path: KeyPath, faults: Faults) -> Any:  # noqa: PLR0911 - a dispatch, one return a kind
    if kind in READERS:
        return _read(node, *READERS[kind], path, faults)
    if is_kind(kind, Secret):
        return _secret(node, kind, path, faults)
    if get_origin(kind) is Literal:
        return _read(node, {str(choice): choice for choice in get_args(kind)}.__getitem__, expected(kind), path, faults)
    if is_kind(kind, str) and not is_kind(kind, Enum):
        return _read(node, kind, "text", path, faults)
    if kind is NoneType:
        return None if isinstance(node, Text) and node.is_null else _fault(node, path, faults, "expected null")
    try:
        return msgspec.convert(plain(node, path, faults), kind, strict=False)
    except (msgspec.ValidationError, TypeError):  # its own words may show the value
        return _fault(node, path, faults, f"expected {expected(kind)}")


def _secret(node: Node, kind: type[Secret], path: KeyPath, faults: Faults) -> Any:
    if not isinstance(node, Text):
        return _fault(node, path, faults, "expected a secret, as text")
    if node.is_null or not node.text.strip():
        return _fault(node, path, faults, "a secret may not be empty")
    faults.conceal(node.text)
    return kind(node.text)


def _union(node: Node, kind: Any, path: KeyPath, faults: Faults) -> Any:
    members = get_args(kind)
    if isinstance(node, Text):
        return _union_of_text(node, kind, path, faults)
    fitting = [member for member in members if takes(member, node)]
    if len(fitting) > 1 and isinstance(node, Table):
        return _tagged(node, fitting, path, faults)
    if len(fitting) != 1:
        return _fault(node, path, faults, f"expected {expected(kind)}")
    return convert(node, fitting[0], path, faults)


def _union_of_text(node: Text, kind: Any, path: KeyPath, faults: Faults) -> Any:
    members = get_args(kind)
    texts = [member for member in members if member is not NoneType and takes(member, node)]
    texts.sort(key=lambda member: is_kind(member, str))
    is_secret = any(is_kind(member, Secret) for member in texts)
    if NoneType in members and _means_null(node, texts):
        return None
    for member in texts:
        value = convert(node, member, path, attempt := Faults())
        if value is not HOLE and attempt.is_clear():
            if is_secret:
                faults.conceal(node.text)
            return value
    if is_secret and not node.text.strip():
        return _fault(node, path, faults, "a secret may not be empty")
    if node.is_null and not texts:
        containers = [member for member in members if member is not NoneType]
        return convert(node, containers[0], path, faults)
    return _fault(node, path, faults, f"expected {expected(kind)}")


def _means_null(node: Text, texts: list[Any]) -> bool:
    """A plain null, but for a secret left empty by mistake; what was expanded to nothing, unless it may be text."""
    if node.is_null:
        return bool(node.text) or not any(is_kind(member, Secret) for member in texts)
    return node.is_expanded and node.text in {"", "~", "null"} and not any(is_kind(member, str) for member in texts)


def _tagged(node: Table, kinds: list[Any], path: KeyPath, faults: Faults) -> Any:
    by_tag = {str(kind.__struct_config__.tag): kind for kind in kinds}
    field = str(kinds[0].__struct_config__.tag_field)
    tag = node.entries.get(field)
    if not isinstance(tag, Text) or tag.is_null:
        return _fault(tag or node, (*path, field), faults, f"missing: expected one of {', '.join(sorted(by_tag))}")
    if tag.fault:
        return _fault(tag, (*path, field), faults, tag.fault)
    if tag.text not in by_tag:
        return _fault(tag, (*path, field), faults, f"not known: {suggestion(tag.text, by_tag)}")
    return convert(node, by_tag[tag.text], path, faults)


def _entries(node: Node, path: KeyPath, faults: Faults) -> dict[str, Node] | None:
    """A table's entries; a key whose members are all commented out leaves a null, which is an empty table."""
    if isinstance(node, Table):
        return node.entries
    if isinstance(node, Text) and node.is_null:
        return {}
    _fault(node, path, faults, "expected a mapping")
    return None


def _struct(node: Node, kind: type[msgspec.Struct], path: KeyPath, faults: Faults) -> Any:
    entries = _entries(node, path, faults)
    if entries is None:
        return HOLE
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    tag_field = kind.__struct_config__.tag_field
    for key in [key for key in entries if key not in fields and key != tag_field]:
        faults.add(entries[key].file, (*path, key), f"unknown key: {suggestion(key, fields)}")
    members: dict[str, Any] = {}
    holes: set[str] = set()
    for key, field in fields.items():
        if key in entries:
            value = convert(entries[key], field.type, (*path, key), faults)
        elif field.required:
            value = _fault(node, (*path, key), faults, f"missing: expected {expected(field.type)}")
        else:
            continue
        if value is not HOLE:
            members[field.name] = value
        else:
            holes.add(key)
            if field.required:
                members[field.name] = None
    if not holes or not hasattr(kind, "__post_init__"):
        return _built(node, kind, members, path, faults)
    if not any(fields[key].required for key in holes):
        _check_the_rest(node, kind, members, path, faults, holes)
    return HOLE


def _check_the_rest(
    node: Node,
    kind: type[msgspec.Struct],
    members: dict[str, Any],
    path: KeyPath,
    faults: Faults,
    holes: Collection[str],
) -> None:
    """Note what the kind's own check finds in the other keys; what it says because of a hole would mislead."""
    _built(node, kind, members, path, found := Faults())
    for fault, at in found:
        key = at[len(path) : len(path) + 1]
        if key and not any(hole in key or hole in fault.detail for hole in holes):
            faults.add(fault.file, at, fault.detail)


def _built(node: Node, kind: type[msgspec.Struct], members: dict[str, Any], path: KeyPath, faults: Faults) -> Any:
    try:
        return kind(**members)
    except FAILURES as error:  # an integrator's check may fail in any way; each is a fault of the file
        keys = {field.encode_name for field in msgspec.structs.fields(kind)}
        for key_path, detail in _said_of_keys(str(error) or type(error).__name__, keys):
            faults.add_of(nearest(node, key_path), (*path, *key_path), detail)
        return HOLE


def _said_of_keys(words: str, keys: set[str]) -> list[tuple[KeyPath, str]]:
    """A check's message by the keys that it names, as in `api.base_url: …; time_zone: …`; whole if it names none."""
    said: list[tuple[KeyPath, str]] = []
    for part in words.split("; "):
        name, _, detail = part.partition(": ")
        if detail and name.split(".")[0] in keys:
            said.append((tuple(name.split(".")), detail))
        elif said:
            said[-1] = (said[-1][0], f"{said[-1][1]}; {part}")
        else:
            said.append(((), part))
    return said


def _table(node: Node, kind: Any, path: KeyPath, faults: Faults) -> Any:
    key_kind, value_kind = get_args(kind) or (str, Any)
    entries = _entries(node, path, faults)
    if entries is None:
        return HOLE
    found = {}
    for key, entry in entries.items():
        typed_key = convert(Text(key, entry.file), key_kind, (*path, key), faults)
        value = convert(entry, value_kind, (*path, key), faults)
        if typed_key is not HOLE and value is not HOLE:
            found[typed_key] = value
    return found


def _items(node: Node, kind: Any, path: KeyPath, faults: Faults) -> Any:
    if isinstance(node, Text) and node.is_null:
        node = Items([], node.file)
    if not isinstance(node, Items):
        return _fault(node, path, faults, "expected a list")
    origin, kinds = get_origin(kind) or kind, get_args(kind) or (Any,)
    if origin is tuple and kinds[-1:] != (...,) and get_args(kind):
        if len(node.items) != len(kinds):
            return _fault(node, path, faults, f"expected a list of {len(kinds)}")
    else:
        kinds = (kinds[0],) * len(node.items)
    pairs = enumerate(zip(node.items, kinds, strict=True))
    listed = [convert(item, item_kind, (*path, place), faults) for place, (item, item_kind) in pairs]
    if not listed and get_args(kind) == (Secret,):
        return _fault(node, path, faults, "expected at least one secret")
    found = [value for value in listed if value is not HOLE]
    return {tuple: tuple, set: set, frozenset: frozenset}.get(origin, list)(found)
