"""What of a configuration that was read again is another: its secrets, or more than these."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

import msgspec

from adapters import Adapter, Secret
from gateway.config.code import is_another_on_disk, source_of
from gateway.config.model import Config
from gateway.config.nodes import KeyPath

_FIXED: Final = ("server", "store", "allow_unsafe", "replica", "intake")
"""What counts from a start to the next."""


class Change(msgspec.Struct, frozen=True):
    """What a configuration that was read again changes.

    `config`: what there is to go on with, the sections that need a restart as they were; `changed`: its dotted keys
    that are others; `needs_restart`: keys that count from the next start on; `unchanged`: how many sources, tenants and
    further sections are as they were.
    """

    config: Config
    changed: list[str]
    needs_restart: list[str]
    unchanged: int
    is_of_secrets_alone: bool

    @classmethod
    def between(cls, running: Config, read: Config) -> Self:
        """From the one that runs to the one that was read."""
        kept = {name: getattr(running.settings, name) for name in _FIXED}
        config = msgspec.structs.replace(
            read,
            settings=msgspec.structs.replace(read.settings, **kept),
            store_path=running.store_path,
            database=running.database,
            expanded=read.expanded | running.expanded,
        )
        is_moved = (running.store_path, running.database) != (read.store_path, read.database)
        waiting = [*restart_keys(running, read), *(["store"] if is_moved else [])]
        others, secrets = _keys(running, config, of_secrets=False), _keys(running, config, of_secrets=True)
        touched = {_part_of(key) for key in (*others, *secrets, *waiting)}
        return cls(
            config=config,
            changed=sorted({*others, *secrets}),
            needs_restart=sorted({*waiting}),
            unchanged=len(_parts(read) - touched),
            is_of_secrets_alone=not others,
        )


def restart_keys(running: Config, read: Config) -> list[str]:
    """The keys, dotted, that differ and count from the next start on; and of installed adapters, whose code does."""
    found = (*_keys(running, read, of_secrets=False), *_keys(running, read, of_secrets=True))
    upgraded = (f"sources.{name}.adapter" for name, each in read.sources.items() if is_another_on_disk(each.adapter))
    return sorted({*(key for key in found if key.split(".")[0] in _FIXED), *upgraded})


def _parts(config: Config) -> set[str]:
    settings = config.settings
    named = {f"{section}.{name}" for section in ("sources", "tenants") for name in getattr(settings, section)}
    return named | ({*settings.__struct_fields__} - {"sources", "tenants"})


def _part_of(key: str) -> str:
    section, _, rest = key.partition(".")
    return f"{section}.{rest.split('.')[0]}" if section in ("sources", "tenants") else section


def _keys(running: Config, read: Config, *, of_secrets: bool) -> list[str]:
    found = [
        *_differing((), _without_options(running), _without_options(read)),
        *_differing(("sources",), _typed(running), _typed(read)),
    ]
    return sorted({".".join(str(key) for key in path) for path, is_secret in found if is_secret is of_secrets})


def _without_options(config: Config) -> Any:
    # As they were written they are all veiled; as the adapter typed them they can be told apart.
    settings = config.settings
    sources = {name: source.without_options() for name, source in settings.sources.items()}
    return msgspec.structs.replace(settings, sources=sources)


def _typed(config: Config) -> dict[str, Any]:
    return {
        name: {
            **each.typed_options(),
            "adapter": each.adapter,
            **({} if each.second is None else {"shadow_adapter": each.second.adapter}),
        }
        for name, each in config.sources.items()
    }


def _differing(path: KeyPath, one: Any, other: Any) -> Iterator[tuple[KeyPath, bool]]:
    """Where the two differ, and whether in a secret."""
    if _is_secret(one) and _is_secret(other):
        if one != other:
            yield path, True
        return
    if isinstance(one, Adapter) and isinstance(other, Adapter):
        if (one.name, one.version, source_of(one)) != (other.name, other.version, source_of(other)):
            yield path, False
        return
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
