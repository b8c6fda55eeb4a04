"""What of a configuration that was read again is another: its secrets, or more than these."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from adapters import Adapter, Secret
from gateway.config.model import Config
from gateway.config.nodes import KeyPath


def restart_needed(running: Config, read: Config) -> list[str]:
    """The keys, dotted, that differ in more than the secrets they hold, so that they count from the next start on."""
    return _keys(running, read, of_secrets=False)


def secrets_changed(running: Config, read: Config) -> list[str]:
    """The keys, dotted, of the secrets that differ."""
    return _keys(running, read, of_secrets=True)


def _keys(running: Config, read: Config, *, of_secrets: bool) -> list[str]:
    found = [
        *_differing((), _without_options(running), _without_options(read)),
        *_differing(("sources",), _typed(running), _typed(read)),
    ]
    return sorted({".".join(str(key) for key in path) for path, is_secret in found if is_secret is of_secrets})


def _without_options(config: Config) -> Any:
    # As they were written they are all veiled; as the adapter typed them they can be told apart.
    settings = config.settings
    sources = {name: msgspec.structs.replace(source, options={}) for name, source in settings.sources.items()}
    return msgspec.structs.replace(settings, sources=sources)


def _typed(config: Config) -> dict[str, Any]:
    return {name: {"adapter": each.adapter, "options": each.options} for name, each in config.sources.items()}


def _differing(path: KeyPath, one: Any, other: Any) -> Iterator[tuple[KeyPath, bool]]:
    """Where the two differ, and whether in a secret."""
    if _is_secret(one) and _is_secret(other):
        if one != other:
            yield path, True
        return
    if isinstance(one, Adapter) and isinstance(other, Adapter):
        one, other = (one.name, one.version), (other.name, other.version)
    # By name: an adapter's file that is read again makes its types anew.
    if type(one).__qualname__ != type(other).__qualname__:
        yield path, False
    elif (members := _members(one)) is not None:
        others = _members(other) or {}
        for key in {*members, *others}:
            if key in members and key in others:
                yield from _differing((*path, key), members[key], others[key])
            else:
                yield (*path, key), False
    elif one != other:
        yield path, False


def _members(value: Any) -> Mapping[Any, Any] | None:
    """What a structure, a mapping or a list holds, by key; None for what holds nothing."""
    if isinstance(value, msgspec.Struct):
        return {field: getattr(value, field) for field in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    return value if isinstance(value, Mapping) else None


def _is_secret(value: Any) -> bool:
    """A secret, or several: the number of those that are live at once is no setting."""
    members = value if isinstance(value, list) and value else [value]
    return all(isinstance(each, Secret) for each in members)
