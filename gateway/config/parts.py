"""A part of the configuration, for a command that needs no more: a secret that the rest lacks is not missed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.config.convert import HOLE, convert
from gateway.config.model import DEFAULT_STORE, ApiAccess, ApiToken, Server, Source
from gateway.config.nodes import Faults, Items, KeyPath, Table, nearest
from gateway.config.store_url import DATABASE, STORE_EXPECTED, store_path
from gateway.config.yaml import read_yaml
from gateway.errors import ConfigError, Fault

_RANKS: Final = ("read", "operate", "admin")


class Parts:
    """A file's parts, each read when it is asked for. Raises ConfigError, then too, for what is wrong with it."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        faults = Faults()
        self._tree = read_yaml(path, environ, faults)
        faults.settle_unread(str(path))

    @property
    def server(self) -> Server:
        """Where the gateway listens."""
        server: Server = self._part(Server, "server")
        return server

    @property
    def access(self) -> ApiAccess:
        """Whom the operators' API lets in."""
        access: ApiAccess = self._part(ApiAccess, "api")
        return access

    @property
    def token(self) -> str:
        """The token that may do most, of those that can be read here."""
        listed = nearest(self._tree, ("api", "tokens"))
        if not isinstance(listed, Items):
            return self.access.token or ""
        faults = Faults()
        read = [convert(node, ApiToken, ("api", "tokens", place), faults) for place, node in enumerate(listed.items)]
        tokens = sorted((each for each in read if each is not HOLE), key=lambda each: _RANKS.index(each.role))
        if not tokens:
            faults.settle()
        return tokens[-1].token if tokens else ""

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return DEFAULT_STORE if nearest(self._tree, ("store",)) is self._tree else str(self._part(str, "store"))

    @property
    def store(self) -> Path:
        """The store's file."""
        node, text = nearest(self._tree, ("store",)), self.store_url
        found = store_path(text, Path(node.file).resolve().parent)
        if found is None:
            raise ConfigError([Fault(node.file, "store", STORE_EXPECTED)])
        if text.startswith(DATABASE):
            detail = (
                "is a database, which is backed up and restored by its own tools (pg_dump, a base backup and its log)"
            )
            raise ConfigError([Fault(node.file, "store", detail)])
        return Path(found)

    @property
    def tenants(self) -> list[str]:
        """The tenants' names."""
        return self._names("tenants")

    @property
    def sources(self) -> list[str]:
        """The sources' names."""
        return self._names("sources")

    def source(self, name: str) -> Source:
        """A source, and what proves who sends to it."""
        source: Source = self._part(Source, "sources", name)
        return source

    def _names(self, of: str) -> list[str]:
        found = nearest(self._tree, (of,))
        return list(found.entries) if isinstance(found, Table) and found is not self._tree else []

    def _part(self, kind: type[Any], *path: str) -> Any:
        found = nearest(self._tree, path)
        where: KeyPath = path
        node = found if found is not nearest(self._tree, path[:-1]) else Table({}, found.file)
        faults = Faults()
        value = convert(node, kind, where, faults)
        faults.settle()
        return value
