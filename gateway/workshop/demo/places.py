"""Where the demo may send, and on which ports it stands."""

import errno
import os
import socket
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from adapters import Api
from gateway.config.model import Config, ConfiguredSource
from gateway.config.urls import INTAKE_PATH, embedded_tenant, is_loopback, origin_of
from gateway.errors import ConfigError, Fault
from gateway.serving import listen

PORTS_FILE: Final = "demo.yaml"


class StandIn(msgspec.Struct, frozen=True):
    """Where the stand-in for Ongoing's API is to be, by the first source that asks there; and who asks elsewhere."""

    api: Api
    sources: tuple[str, ...]
    elsewhere: tuple[str, ...]

    @property
    def host(self) -> str:
        """Its host."""
        return urlsplit(self.api.base_url).hostname or ""

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.api.base_url).port or 80

    @property
    def root(self) -> str:
        """What its paths begin with."""
        return urlsplit(self.api.base_url).path.rstrip("/")


def standin_of(config: Config) -> StandIn | None:
    """The stand-in that the configuration asks for, or None where every source asks elsewhere, or nobody."""
    apis = {name: api for name, source in config.sources.items() if (api := _api(source)) is not None}
    ours = [name for name, api in apis.items() if _may_be_ours(config.sources[name], api)]
    if not ours:
        return None
    api = apis[ours[0]]
    same = tuple(name for name in ours if urlsplit(apis[name].base_url) == urlsplit(api.base_url))
    return StandIn(api, same, tuple(name for name in apis if name not in same))


def elsewhere_of(config: Config) -> tuple[str, ...]:
    """The sources whose API is not the stand-in."""
    standin = standin_of(config)
    return standin.elsewhere if standin else tuple(name for name, each in config.sources.items() if _api(each))


def _api(source: ConfiguredSource) -> Api | None:
    return source.adapter.api(source.options) if source.adapter.api is not None else None


def _may_be_ours(source: ConfiguredSource, api: Api) -> bool:
    place = urlsplit(api.base_url)
    return source.adapter.name == "ongoing" and place.scheme == "http" and is_loopback(place.hostname or "")


def refuse_others(file: Path, config: Config) -> None:
    """Raise ConfigError unless made-up orders stay here: every tenant's intake is the embedded one."""
    settings = config.settings
    begin = origin_of(settings.server.host, settings.server.port) + INTAKE_PATH
    words = (
        f"the demo's orders are made up and go to the embedded intake alone: expected a URL that begins with {begin}"
    )
    faults = [
        Fault(str(file), f"tenants.{name}.intake_url", words)
        for name, tenant in settings.tenants.items()
        if tenant.delivery != "push"
        or embedded_tenant(tenant.intake_url, settings.server.host, settings.server.port) is None
    ]
    if not settings.intake.embedded:
        faults.append(Fault(str(file), "intake.embedded", "the demo needs the embedded intake: expected true"))
    if faults:
        raise ConfigError(faults)


def on_free_ports(file: Path, config: Config) -> Path | None:
    """A file beside the store that includes `file` and says free ports where one of its own is taken; else None."""
    server, standin = config.settings.server, standin_of(config)
    wanted = {"server": (server.host, server.port)}
    if server.admin is not None:
        wanted["admin"] = (server.admin.host, server.admin.port)
    if standin is not None:
        wanted["standin"] = (standin.host, standin.port)
    if not any(_is_taken(*place) for place in wanted.values()):
        return None
    ports = free_ports([host for host, _ in wanted.values()])
    said = _said(config, standin, dict(zip(wanted, ports, strict=True)))
    written = Path(config.store_path).parent / PORTS_FILE
    include = os.path.relpath(file.resolve(), written.parent)
    content = msgspec.json.format(msgspec.json.encode({"include": include, **said}), indent=2)
    written.write_bytes(b"# Written by `gateway demo`: a port of the included file was taken.\n" + content + b"\n")
    return written


def _said(config: Config, standin: StandIn | None, ports: dict[str, int]) -> dict[str, Any]:
    """The configuration's own places on these ports."""
    server = config.settings.server
    begin = origin_of(server.host, ports["server"]) + INTAKE_PATH
    names = {
        name: embedded_tenant(tenant.intake_url, server.host, server.port)
        for name, tenant in config.settings.tenants.items()
    }
    said: dict[str, Any] = {
        "store": f"sqlite:///{config.store_path}",
        "server": {"port": ports["server"], **({"admin": {"port": ports["admin"]}} if "admin" in ports else {})},
        "tenants": {name: {"intake_url": f"{begin}{tenant}"} for name, tenant in names.items()},
    }
    if standin is not None:
        url = f"{origin_of(standin.host, ports['standin'])}{standin.root}/"
        said["sources"] = {name: {"options": {"api": {"base_url": url}}} for name in standin.sources}
    return said


def _is_taken(host: str, port: int) -> bool:
    try:
        listen(host, port).close()
    except OSError as error:
        # Why else it cannot be had is for whoever listens there to say.
        return error.errno == errno.EADDRINUSE
    return False


def free_ports(hosts: list[str]) -> list[int]:
    """As many, all of them different."""
    held: list[socket.socket] = []
    try:
        held += [listen(host, 0) for host in hosts]
        return [int(each.getsockname()[1]) for each in held]
    finally:
        for each in held:
            each.close()
