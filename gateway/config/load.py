"""Reading the configuration as a whole: the file, its types, its adapters and how they fit together."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters import Adapter, Secret
from gateway.config.checks import Checks
from gateway.config.code import digest_of
from gateway.config.convert import HOLE, convert
from gateway.config.model import Config, ConfiguredSource, Server, Settings, Source, Tenant
from gateway.config.nodes import Faults, Items, KeyPath, Node, Table, Text, expanded_in, nearest, written
from gateway.config.store_url import DATABASE, STORE_EXPECTED, store_path
from gateway.config.urls import INTAKE_PATH, embedded_tenant, is_loopback, origin_of
from gateway.config.yaml import read_yaml

SHORTEST_SECRET: Final = 16
"""Of what nobody guesses; and a shorter one may stand in an answer by chance, where it would be struck out."""


def load(path: Path, environ: Mapping[str, str], find_adapter: Callable[[str, Path], Adapter]) -> Config:
    """The configuration of a file.

    `find_adapter` takes an adapter's reference and the directory of the file that names it; it raises LookupError with
    words for the operator. Raises ConfigError with every fault at once.
    """
    faults = Faults()
    tree = read_yaml(path, environ, faults)
    faults.settle_unread(str(path))
    tree = _with_auth_said(tree, faults)
    settings = convert(tree, Settings, (), faults)
    if settings is HOLE:
        faults.settle()
    checks = Checks(settings, tree, faults)
    checks.run()
    directory = path.resolve().parent
    store = store_path(settings.store, Path(nearest(tree, ("store",)).file).resolve().parent)
    if store is None and faults.is_clear("store"):
        faults.add(nearest(tree, ("store",)).file, ("store",), STORE_EXPECTED)
    sources = {}
    for name, source in (settings.sources or {}).items():
        configured = _configured(name, source, tree, faults, find_adapter)
        if configured is not None:
            checks.options(name, configured.adapter, configured.options)
            sources[name] = configured
    faults.settle()
    settings = msgspec.structs.replace(settings, sources={name: each.settings for name, each in sources.items()})
    return Config(
        settings=settings,
        sources=sources,
        store_path=str(store),
        database=settings.store if settings.store.startswith(DATABASE) else None,
        directory=str(directory),
        expanded=frozenset(expanded_in(tree)),
    )


def load_options(adapter: Adapter, path: Path, environ: Mapping[str, str] = os.environ) -> Any:
    """An adapter's options from a YAML (or JSON) file of their own. Raises ConfigError with every fault at once."""
    faults = Faults()
    tree = read_yaml(path, environ, faults)
    options = convert(tree, adapter.options, (), faults)
    faults.settle()
    return options


def options_of_source(adapter: Adapter, name: str, path: Path, environ: Mapping[str, str]) -> Any:
    """What a file gives a source as options, read as another adapter's. Raises ConfigError with every fault at once."""
    faults = Faults()
    tree = read_yaml(path, environ, faults)
    source: KeyPath = ("sources", name)
    given = nearest(tree, (*source, "options"))
    node = given if given is not nearest(tree, source) else Table({}, given.file)
    options = convert(node, adapter.options, (*source, "options"), faults)
    faults.settle()
    return options


def warnings_of(config: Config) -> list[str]:
    """What is allowed, and yet worth a second look."""
    settings = config.settings
    warnings = []
    if settings.server.admin is None and not is_loopback(settings.server.host):
        warnings.append(
            f"server: the operators' doors (/api/v1, /metrics) are open on {settings.server.host} together "
            "with the hooks; server.admin gives them an address of their own"
        )
    elif settings.server.admin is not None and not is_loopback(settings.server.admin.host):
        warnings.append(f"server.admin: the operators' doors are open on {settings.server.admin.host}")
    if settings.intake.embedded and not any(
        _may_feed_it(tenant, settings.server) for tenant in settings.tenants.values()
    ):
        begin = origin_of(settings.server.host, settings.server.port) + INTAKE_PATH
        # Port 0 is another port at every start.
        what = (
            f"no tenant's intake_url begins with {begin}" if settings.server.port else "server.port is not a fixed one"
        )
        warnings.append(f"intake.embedded: no order gets to the embedded intake: {what}")
    for name, tenant in settings.tenants.items():
        if tenant.allow_http and (tenant.intake_url or "").lower().startswith("http:"):
            warnings.append(f"tenants.{name}.intake_url: orders and the secret travel unencrypted")
    for name, source in settings.sources.items():
        if source.auth == "none":
            warnings.append(f"sources.{name}.auth: anyone who knows the URL can send events")
    # An address without a password, such as that of `notify`, holds nothing to guess.
    secrets = [(path, secret) for path, secret in _secrets_by_path(config) if "://" not in secret]
    short = [written(path) for path, secret in secrets if len(secret) < SHORTEST_SECRET]
    return warnings + [f"{path}: a secret of less than {SHORTEST_SECRET} characters can be guessed" for path in short]


def _may_feed_it(tenant: Tenant, server: Server) -> bool:
    """Whether the embedded intake may get the tenant's orders: they are pushed there, or it may be what pulls them."""
    return tenant.delivery == "pull" or embedded_tenant(tenant.intake_url, server.host, server.port) is not None


def secrets_of(config: Config) -> list[str]:
    """Every secret of the configuration, adapters' options included: what no log, page or error may show."""
    return list(dict.fromkeys(str(secret) for _, secret in _secrets_by_path(config)))


def _secrets_by_path(config: Config) -> Iterator[tuple[KeyPath, Secret]]:
    """A source's options as the adapter typed them: as they were written, any text of theirs may be one."""
    sources = config.sources
    raw = {name: each.without_options() for name, each in config.settings.sources.items()}
    yield from _secrets((), msgspec.structs.replace(config.settings, sources=raw))
    yield from _secrets((), {"sources": {name: each.typed_options() for name, each in sources.items()}})


def _secrets(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Secret]]:
    members: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        members = ((field, getattr(value, field)) for field in value.__struct_fields__)
    elif isinstance(value, Mapping):
        members = ((str(key), member) for key, member in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        members = enumerate(value)
    for key, member in members:
        yield from _secrets((*path, key), member)


def _with_auth_said(tree: Node, faults: Faults) -> Node:
    """A source without credentials is told how to say so; it reads as `none` then, for the sake of its other faults."""
    sources = nearest(tree, ("sources",))
    for name, source in sources.entries.items() if isinstance(sources, Table) and sources is not tree else ():
        if not isinstance(source, Table):
            continue
        auth = source.entries.get("auth")
        if auth is None or (isinstance(auth, Text) and auth.is_null) or (isinstance(auth, Items) and not auth.items):
            detail = "a source without credentials is refused: list some, or say `auth: none` in so many words"
            faults.add(source.file, ("sources", name, "auth"), detail)
            source.entries["auth"] = Text("none", source.file)
    return tree


def _configured(
    name: str, source: Source, tree: Node, faults: Faults, find_adapter: Callable[[str, Path], Adapter]
) -> ConfiguredSource | None:
    """The source with its adapter and typed options, or None with the faults noted."""
    found = _with_adapter(name, source, tree, faults, find_adapter, ("adapter", "options"))
    if found is None or source.shadow_adapter is None:
        return found
    looking = msgspec.structs.replace(source, adapter=source.shadow_adapter, options=source.shadow_options)
    second = _with_adapter(name, looking, tree, faults, find_adapter, ("shadow_adapter", "shadow_options"))
    return msgspec.structs.replace(found, second=second)


def _with_adapter(
    name: str,
    source: Source,
    tree: Node,
    faults: Faults,
    find_adapter: Callable[[str, Path], Adapter],
    keys: tuple[str, str],
) -> ConfiguredSource | None:
    """The source with the adapter and the options under these keys."""
    path: KeyPath = ("sources", name)
    if not faults.is_clear(*path, keys[0]):
        return None
    named = nearest(tree, (*path, keys[0]))
    directory = Path(named.file).resolve().parent
    try:
        adapter = find_adapter(source.adapter, directory)
        digest_of(adapter)
    except LookupError as error:
        faults.add_of(named, (*path, keys[0]), str(error.args[0] if error.args else error))
        return None
    given = nearest(tree, (*path, keys[1]))
    node = given if given is not nearest(tree, path) else Table({}, given.file)
    options = convert(node, adapter.options, (*path, keys[1]), faults)
    if options is HOLE or not faults.is_clear(*path, keys[1]):
        return None
    veiled = msgspec.structs.replace(
        source, options=_veiled(source.options), shadow_options=_veiled(source.shadow_options)
    )
    return ConfiguredSource(
        name=name, settings=veiled, adapter=adapter, options=options, directory=str(directory), given=node
    )


def _veiled(raw: Any) -> Any:
    """Raw options as texts that do not print themselves: any of them may be a secret, written out in the file."""
    if isinstance(raw, dict):
        return {key: _veiled(value) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_veiled(value) for value in raw]
    return Secret(raw) if isinstance(raw, str) else raw
