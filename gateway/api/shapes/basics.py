"""What every answer is made of: moments, reasons, canonical orders."""

from datetime import datetime
from typing import Annotated, TypeAlias

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
