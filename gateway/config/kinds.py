"""What a type's annotations ask for: which sort of node takes them, and how they are said in words."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

import msgspec

from gateway.config.nodes import Items, Node, Table
from gateway.config.quantities import MARKS, READERS


def is_kind(origin: Any, *kinds: type) -> bool:
    """Whether this is a class, and of one of these kinds."""
    return isinstance(origin, type) and issubclass(origin, kinds)


def is_struct(origin: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Whether this is a Struct's class."""
    return is_kind(origin, msgspec.Struct)


def takes(kind: Any, node: Node) -> bool:
    """Whether a value of `kind` is written as this sort of node."""
    origin = get_origin(kind) or kind
    if origin is Annotated:
        return takes(get_args(kind)[0], node)
    if origin is Any:
        return True
    is_table = is_struct(origin) or is_kind(origin, Mapping)
    is_list = is_kind(origin, Sequence, AbstractSet) and not is_kind(origin, str, bytes)
    if isinstance(node, Table):
        return is_table
    return is_list if isinstance(node, Items) else not is_table and not is_list


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """What to say after a name that is not known: the nearest one, else all there are."""
    names = sorted(known)
    near = difflib.get_close_matches(wrong, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"expected one of {', '.join(names)}" if names else "none is known"


def expected(kind: Any) -> str:  # noqa: PLR0911 - a dispatch, one return a kind
    """What a value of `kind` looks like, in words."""
    origin = get_origin(kind) or kind
    if origin is Annotated:
        base, *marks = get_args(kind)
        return next((MARKS[mark][1] for mark in marks if isinstance(mark, str) and mark in MARKS), expected(base))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(expected(member) for member in get_args(kind)))
    if origin is Literal:
        return " or ".join(str(choice) for choice in get_args(kind))
    if origin is NoneType:
        return "null"
    if is_kind(origin, Enum):
        return " or ".join(str(member.value) for member in origin)
    if is_kind(origin, str):
        return "text"
    if is_struct(origin) or is_kind(origin, Mapping):
        return "a mapping"
    if is_kind(origin, Sequence, AbstractSet) and not is_kind(origin, bytes):
        return "a list"
    return READERS[origin][1] if origin in READERS else f"a {getattr(origin, '__name__', origin)}"
