"""Reading a question strictly, and refusing it with what was expected."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.events import Micros
from gateway.ground.clock import micros_at

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset, such as 2026-02-01T08:00:00Z")]
Text = str | UnsetType


class BadRequest(Exception):  # noqa: N818 - named by its answer
    """The request says something that cannot be meant: 400."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Something asked for: an unknown member is refused, a null too."""


class Nothing(Asked, frozen=True, kw_only=True):
    """No parameters."""


def _given(which: Asked, target: type[msgspec.Struct]) -> dict[str, Any]:
    """The members that were given and that the store's filter has, times as it stores them."""
    given = {name: getattr(which, name, UNSET) for name in target.__struct_fields__}
    return {
        name: micros_at(value) if isinstance(value, datetime) else value
        for name, value in given.items()
        if value is not UNSET
    }


def micros_or_none(at: datetime | UnsetType) -> Micros | None:
    """A moment as it is stored, if one was given."""
    return None if at is UNSET else micros_at(at)


def text_or_none(text: Text) -> str | None:
    """A text, if one was given."""
    return None if text is UNSET else text


Wanted = TypeVar("Wanted", bound=Asked)


def read_query(pairs: Iterable[tuple[str, str]], shape: type[Wanted]) -> Wanted:
    """Query parameters as `shape`. Raises BadRequest with what was expected."""
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in given:
            raise BadRequest(f"the parameter {name!r} is given twice")
        given[name] = text
    types = _types(shape)
    for name, text in given.items():
        if types.get(name) is bool:
            given[name] = {"true": True, "false": False}.get(text, text)
        elif types.get(name) is int and text.isascii() and text.isdigit() and len(text) < 10:  # noqa: PLR2004
            given[name] = int(text)
    # In a query "+" means a space: an offset that was not percent-encoded arrives as one.
    for name in ("since", "until"):
        if name in given:
            given[name] = given[name].replace(" ", "+") if "T" in given[name] else given[name]
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise BadRequest(_explained(error, shape)) from None


def read_body(body: bytes, shape: type[Wanted]) -> Wanted:
    """A JSON body as `shape`. Raises BadRequest with what was expected."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise BadRequest(_explained(error, shape)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body is not readable as JSON: {error}") from None


def _types(shape: type[Asked]) -> dict[str, Any]:
    """Each member's type by its name on the wire, without what says that it may be missing."""
    hints = get_type_hints(shape)
    names = zip(shape.__struct_encode_fields__, shape.__struct_fields__, strict=True)
    return {
        wire: _first(hints[name]) if get_origin(hints[name]) in {Union, UnionType} else hints[name]
        for wire, name in names
    }


def _first(union: Any) -> Any:
    return get_args(union)[0]


def _explained(error: msgspec.ValidationError, shape: type[Asked]) -> str:
    """The words of msgspec, with the members or the values that would have done."""
    words, _, path = str(error).partition(" - at `")
    path = path.removesuffix("`")
    words = words[:1].lower() + words[1:]
    owner = shape
    if path.startswith("$.filter"):
        owner = next(part for part in get_args(get_type_hints(shape)["filter"]) if part is not UnsetType)
    if "unknown field" in words:
        words += f"; expected one of {', '.join(sorted(owner.__struct_encode_fields__)) or 'none'}"
    kind = _types(owner).get(path.rpartition(".")[2])
    if isinstance(kind, type) and issubclass(kind, Enum):
        words += f"; expected one of {', '.join(str(member.value) for member in kind)}"
    elif get_origin(kind) is Literal:
        words += f"; expected one of {', '.join(get_args(kind))}"
    return f"{path}: {words}" if path else words
