"""What an adapter's shapes know of a vendor's JSON: which members, and of which types.

A path is written `$.orders[].shipTo.city`; any item of a list is `[]`.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import inspect

from adapters import Adapter

JsonType: TypeAlias = Literal["text", "number", "boolean", "object", "list", "null"]

ITEM: Final = "[]"
DEEPEST: Final = 16

_ANY = (inspect.AnyType, inspect.RawType, inspect.CustomType)
_TYPES: Final[dict[type[inspect.Type], frozenset[JsonType]]] = {
    inspect.StrType: frozenset({"text"}),
    inspect.EnumType: frozenset({"text", "number"}),
    inspect.LiteralType: frozenset({"text", "number"}),
    inspect.DateTimeType: frozenset({"text"}),
    inspect.DateType: frozenset({"text"}),
    inspect.TimeType: frozenset({"text"}),
    inspect.UUIDType: frozenset({"text"}),
    inspect.BytesType: frozenset({"text"}),
    inspect.IntType: frozenset({"number"}),
    inspect.FloatType: frozenset({"number"}),
    inspect.DecimalType: frozenset({"number", "text"}),
    inspect.BoolType: frozenset({"boolean"}),
    inspect.NoneType: frozenset({"null"}),
    inspect.StructType: frozenset({"object"}),
    inspect.DictType: frozenset({"object"}),
    inspect.ListType: frozenset({"list"}),
    inspect.VarTupleType: frozenset({"list"}),
    inspect.TupleType: frozenset({"list"}),
}


class Shapes:
    """The shapes that an adapter decodes, as one: what any of them reads is known."""

    def __init__(self, roots: Sequence[Any]) -> None:
        found = _alternatives(inspect.multi_type_info(roots)) if roots else []
        # What is decoded as it comes, such as an object's members unread, is no knowledge of it.
        self._roots = [kind for kind in found if not isinstance(kind, (*_ANY, inspect.DictType))]
        self._found: dict[tuple[str, ...], list[inspect.Type]] = {(): self._roots}

    @property
    def are_known(self) -> bool:
        """Whether there is anything to go by: an adapter may decode in a way of its own."""
        return bool(self._roots)

    def knows(self, steps: tuple[str, ...]) -> bool:
        """Whether a member is read, or stands below something that is taken as it comes."""
        return bool(self._at(steps))

    def takes(self, steps: tuple[str, ...], what: JsonType) -> bool:
        """Whether a member may be of this type; null may stand anywhere that is read."""
        return any(isinstance(kind, _ANY) or what in _TYPES.get(type(kind), frozenset()) for kind in self._at(steps))

    def members(self) -> list[tuple[str, ...]]:
        """The steps to every member that is read, in the shapes' order."""
        return list(dict.fromkeys(steps for root in self._roots for steps in _members(root, (), ())))

    def _at(self, steps: tuple[str, ...]) -> list[inspect.Type]:
        found = self._found.get(steps)
        if found is None:
            found = [kind for above in self._at(steps[:-1]) for kind in _below(above, steps[-1])]
            # A vendor's maps keyed by data must not fill the memory.
            if len(self._found) < 10_000:  # noqa: PLR2004 - see above
                self._found[steps] = found
        return found


def shapes_of(adapter: Adapter) -> Shapes:
    """The shapes that the adapter's module decodes."""
    module = sys.modules.get(getattr(adapter.translate, "__module__", ""))
    return shapes_in({} if module is None else vars(module))


def shapes_in(namespace: Mapping[str, Any]) -> Shapes:
    """The shapes that the decoders of a module are for."""
    roots = []
    for value in namespace.values():
        if isinstance(value, FunctionType) and value.__qualname__.startswith("decoder."):
            shape = value.__annotations__.get("return")
            if value.__module__ == "adapters.contract" and shape is not None:
                roots.append(shape)
    return Shapes(roots)


@lru_cache(8192)
def written(steps: tuple[str, ...]) -> str:
    """Steps as a path."""
    return "$" + "".join(step if step == ITEM else f".{step}" for step in steps)


_JSON_TYPES: Final[dict[type, JsonType]] = {
    bool: "boolean",
    str: "text",
    dict: "object",
    list: "list",
    type(None): "null",
    int: "number",
    float: "number",
}


def json_type(value: Any) -> JsonType:
    """The type of a decoded JSON value."""
    return _JSON_TYPES[type(value)]


def _alternatives(kinds: Sequence[inspect.Type]) -> list[inspect.Type]:
    flat: list[inspect.Type] = []
    for kind in kinds:
        if isinstance(kind, inspect.UnionType):
            flat += _alternatives(kind.types)
        elif isinstance(kind, inspect.Metadata):
            flat += _alternatives([kind.type])
        else:
            flat.append(kind)
    return flat


def _below(kind: inspect.Type, step: str) -> list[inspect.Type]:
    found: list[inspect.Type] = []
    match kind:
        case inspect.AnyType() | inspect.RawType() | inspect.CustomType():
            found = [kind]
        case inspect.ListType() | inspect.VarTupleType() if step == ITEM:
            found = [kind.item_type]
        case inspect.TupleType() if step == ITEM:
            found = list(kind.item_types)
        case inspect.StructType():
            found = [field.type for field in kind.fields if field.encode_name == step]
        case inspect.DictType() if step != ITEM:
            found = [kind.value_type]
    return _alternatives(found)


def _members(
    kind: inspect.Type, steps: tuple[str, ...], above: tuple[type[msgspec.Struct], ...]
) -> Iterator[tuple[str, ...]]:
    match kind:
        case inspect.StructType() if kind.cls not in above and len(steps) < DEEPEST:
            for field in kind.fields:
                below = (*steps, field.encode_name)
                yield below
                for alternative in _alternatives([field.type]):
                    yield from _members(alternative, below, (*above, kind.cls))
        case inspect.ListType() | inspect.VarTupleType():
            for alternative in _alternatives([kind.item_type]):
                yield from _members(alternative, (*steps, ITEM), above)
