"""Which version this is."""

import tomllib
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def version() -> str:
    """The installed package's version; of a checkout that runs without being installed, its own."""
    try:
        return metadata.version("trackely-gateway")
    except metadata.PackageNotFoundError:
        project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["project"]["version"])
