"""The configuration in force as it may be shown: each key with its value and default, nothing secret."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec

from adapters import Secret
from gateway.config.model import Config
from gateway.config.nodes import KeyPath, written

CONCEALED: Final = "***"


class Setting(msgspec.Struct, frozen=True):
    """A key. `default` None: it has none, or it is null."""

    key: str
    value: Any
    default: Any
    is_default: bool


def shown(config: Config) -> list[Setting]:
    """Every key: `***` for a secret, for what came from `${…}`, for what a URL says of users and in its query."""
    settings = config.settings
    sources = {name: each.without_options() for name, each in settings.sources.items()}
    found = [*_walk((), msgspec.structs.replace(settings, sources=sources), config.expanded)]
    for name, source in config.sources.items():
        for key, options in source.typed_options().items():
            found += _walk(("sources", name, key), options, config.expanded)
    return found


def _walk(path: KeyPath, value: Any, expanded: frozenset[KeyPath]) -> Iterator[Setting]:
    """A structure's members with their defaults; a mapping's and a list's by their keys."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            member, default = getattr(value, field.name), _default(field)
            yield from _member((*path, field.name), member, default, expanded)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _member((*path, str(key)), member, msgspec.NODEFAULT, expanded)


def _member(path: KeyPath, value: Any, default: Any, expanded: frozenset[KeyPath]) -> Iterator[Setting]:
    if isinstance(value, msgspec.Struct) or (isinstance(value, Mapping) and value):
        yield from _walk(path, value, expanded)
        return
    if isinstance(value, list | tuple) and any(isinstance(each, msgspec.Struct | Mapping) for each in value):
        for place, each in enumerate(value):
            yield from _member((*path, place), each, msgspec.NODEFAULT, expanded)
        return
    has_none = default is msgspec.NODEFAULT
    yield Setting(
        key=written(path),
        value=_told(path, value, expanded),
        default=None if has_none else _told((), default, frozenset()),
        is_default=not has_none and value == default,
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _told(path: KeyPath, value: Any, expanded: frozenset[KeyPath]) -> Any:
    if path in expanded or isinstance(value, Secret):
        return CONCEALED
    if isinstance(value, list | tuple):
        return [_told((*path, place), each, expanded) for place, each in enumerate(value)]
    if isinstance(value, str):
        return _url(str(value)) if "://" in value else str(value)
    return value if isinstance(value, bool | int | float | None) else str(value)


def _url(text: str) -> str:
    """A URL without its users, its query and its fragment."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return CONCEALED
    place = parts.netloc.rpartition("@")
    users = f"{CONCEALED}@" if place[1] else ""
    query, fragment = (CONCEALED if each else "" for each in (parts.query, parts.fragment))
    return urlunsplit((parts.scheme, users + place[2], parts.path, query, fragment))
