"""SQL that lies beside its code: statements headed by `-- name: the_name`, and migrations by number."""

import re
from collections.abc import Mapping
from importlib import resources
from typing import Final

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_NUMBERED = re.compile(r"(\d{4})_.*\.sql$")

_TESTED: Final = ":named:"
"""Before and after a column: the statement is one for each of some tests of it."""


def statements(package: str, file: str) -> dict[str, str]:
    """The statements of a file of the package, by name."""
    _, *parts = _NAME.split(resources.files(package).joinpath(file).read_text("utf-8"))
    return {name: text.strip().rstrip(";") for name, text in zip(parts[::2], parts[1::2], strict=True)}


def all_statements(package: str, folder: str = "") -> dict[str, str]:
    """The statements of all files in a folder of the package, as `file.name`."""
    files = [file.name for file in resources.files(package).joinpath(folder).iterdir() if file.name.endswith(".sql")]
    return {
        f"{file.removesuffix('.sql')}.{name}": text
        for file in files
        for name, text in statements(package, f"{folder}/{file}" if folder else file).items()
    }


def tested(texts: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, str]:
    """Statements, those that stand for several written out: each by its name and its test's."""
    found: dict[str, str] = {}
    for name, text in texts.items():
        if _TESTED not in text:
            found[name] = text
            continue
        before, column, after = text.split(_TESTED)
        found |= {f"{name}_{how}": before + test.format(column) + after for how, test in tests.items()}
    return found


def migrations(package: str, folder: str = "") -> list[tuple[int, str]]:
    """Number and text of each migration in a folder of the package, in order."""
    files = resources.files(package)
    found = [
        (int(numbered[1]), file)
        for file in (files.joinpath(folder) if folder else files).iterdir()
        if (numbered := _NUMBERED.match(file.name))
    ]
    return [(number, file.read_text("utf-8")) for number, file in sorted(found, key=lambda pair: pair[0])]
