"""SQL that lies beside its code: statements headed by `-- name: the_name`, and migrations by number."""

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_NUMBERED = re.compile(r"(\d{4})_.*\.sql$")


def statements(package: str, file: str) -> dict[str, str]:
    """The statements of a file of the package, by name."""
    _, *parts = _NAME.split(resources.files(package).joinpath(file).read_text("utf-8"))
    return {name: text.strip().rstrip(";") for name, text in zip(parts[::2], parts[1::2], strict=True)}


def migrations(package: str, folder: str = "") -> list[tuple[int, str]]:
    """Number and text of each migration in a folder of the package, in order."""
    files = resources.files(package)
    found = [
        (int(numbered[1]), file)
        for file in (files.joinpath(folder) if folder else files).iterdir()
        if (numbered := _NUMBERED.match(file.name))
    ]
    return [(number, file.read_text("utf-8")) for number, file in sorted(found, key=lambda pair: pair[0])]
