"""The file that a gateway is started with, which it may read again."""

from collections.abc import Callable, Mapping
from pathlib import Path

from adapters import Adapter
from gateway.config.load import load
from gateway.config.model import ApiAccess, Config
from gateway.config.parts import Parts


class ConfigurationFile:
    """Reads the file at `path` and those that it includes, whenever it is asked to."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ

    def load(self, find_adapter: Callable[[str, Path], Adapter]) -> Config:
        """All of it, as it is now. Raises ConfigError with every fault."""
        return load(self._path, self._environ, find_adapter)

    def access(self) -> ApiAccess:
        """Whom the operators' API lets in by it, as it is now. Raises ConfigError."""
        return Parts(self._path, self._environ).access
