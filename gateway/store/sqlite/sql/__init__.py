"""The engine's SQL in named statements."""

from types import SimpleNamespace

from gateway.ground.statements import statements


def named(file: str) -> SimpleNamespace:
    """The statements of a file of this folder, by name."""
    return SimpleNamespace(**statements(__name__, f"{file}.sql"))
