"""SQL in named statements: each file holds statements headed by `-- name: the_name`."""

from importlib import resources
from types import SimpleNamespace


def named(file: str) -> SimpleNamespace:
    """The statements of a file of this folder, by name."""
    text = resources.files(__name__).joinpath(f"{file}.sql").read_text("utf-8")
    statements = {}
    for part in text.split("-- name: ")[1:]:
        name, _, statement = part.partition("\n")
        statements[name.strip()] = statement.strip().rstrip(";")
    return SimpleNamespace(**statements)
