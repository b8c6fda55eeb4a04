"""What every answer is made of: moments, reasons, canonical orders."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

import schemas
from gateway.api.remedies import remedy_of
from gateway.events import Micros
from gateway.events import Reason as Why
from gateway.ground.clock import moment


def moment_or_none(at: Micros | None) -> datetime | None:
    """A stored moment as it is shown, if there is one."""
    return None if at is None else moment(at)


Shown = Annotated[datetime, Meta(tz=True)]
"""A moment on the wire: RFC 3339 in UTC, with Z."""

CanonicalOrder: TypeAlias = Annotated[
    msgspec.Raw, Meta(extra_json_schema=msgspec.json.schema_components([schemas.Order])[1]["Order"])
]
"""The stored bytes of an order, embedded as they are."""


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An answer. Members with a default are left out where they have it."""


class ErrorReply(Shape, frozen=True, kw_only=True):
    """Why a request was not done: a short code and words for a person."""

    error: str
    detail: str


class Reason(Shape, frozen=True, kw_only=True):
    """Why something is where it is: a documented code, words for a person, a JSON path, and what helps."""

    code: str
    detail: str
    path: str | None
    remedy: str


def reason_of(told: Why) -> Reason:
    """A reason as it is shown."""
    return Reason(code=told.code, detail=told.detail, path=told.path, remedy=remedy_of(told).words)


def reason_or_none(told: Why | None) -> Reason | None:
    """A reason as it is shown, if there is one."""
    return None if told is None else reason_of(told)


Shaped = TypeVar("Shaped", bound=Shape)


def shown(shape: type[Shaped], record: msgspec.Struct, **others: Any) -> Shaped:
    """A record as it is shown: members of one name alike, moments, reasons and ids in the API's form."""
    alike = {name: form(getattr(record, name)) for name, form in _alike(shape, type(record)) if name not in others}
    return shape(**alike, **others)


@cache
def _alike(shape: type[Shape], record: type[msgspec.Struct]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The names that both have, and how each is shown."""
    hints = get_type_hints(shape, include_extras=True)
    return tuple(
        (name, _form(name, hints[name])) for name in shape.__struct_fields__ if name in record.__struct_fields__
    )


def _form(name: str, hint: Any) -> Callable[[Any], Any]:
    kinds = get_args(hint) if isinstance(hint, UnionType) or get_origin(hint) is Union else (hint,)
    if Shown in kinds:
        return moment_or_none
    if Reason in kinds:
        return reason_or_none
    return str if name == "id" else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
