"""`${NAME}`, `${NAME:-default}` and `${file:path}` inside a scalar; `$${` is a literal `${`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LONGEST_SECRET: Final = 65_536

_MARK = re.compile(
    r"(?P<escape>\$\$\{)"
    r"|\$\{file:(?P<file>(?:(?!\$\{)[^}])+)\}"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>(?:(?!\$\{)[^}])*))?\}"
    r"|(?P<stray>\$\{)"
)

_EXPECTED: Final = (
    "expected ${NAME}, ${NAME:-default} or ${file:path}, none inside another; a literal ${ is written $${"
)


class NotExpandable(ValueError):  # noqa: N818 - named by what it says of the scalar
    """The scalar cannot be expanded; the message says why and holds no secret."""


def expand(text: str, environ: Mapping[str, str], directory: Path) -> str:
    """The text with its expansions; what they bring in is taken as it is and not expanded again.

    Files are relative to `directory`; their trailing newlines and leading byte order mark are dropped. Raises
    NotExpandable.
    """

    def value_of(mark: re.Match[str]) -> str:
        if mark["escape"]:
            return "${"
        if mark["stray"]:
            raise NotExpandable(_EXPECTED)
        if mark["file"]:
            return _file_text(mark["file"], directory)
        found = environ.get(mark["name"])
        if mark["fallback"] and not found:
            return str(mark["default"])
        if found is None:
            raise NotExpandable(f"missing secret or variable {mark['name']}: it is not set in the environment")
        return found

    return _MARK.sub(value_of, text)


def _file_text(name: str, directory: Path) -> str:
    try:
        with (directory / name).open(encoding="utf-8-sig", newline="") as file:
            text = file.read(LONGEST_SECRET + 1)
    except OSError as error:
        raise NotExpandable(f"missing secret file {name}: {error.strerror or 'cannot be read'}") from None
    except ValueError:  # bytes that are no UTF-8, or a path that no system takes
        raise NotExpandable(f"secret file {name}: not readable as UTF-8 text") from None
    if len(text) > LONGEST_SECRET:
        raise NotExpandable(f"secret file {name}: longer than {LONGEST_SECRET:,} characters")
    return text.rstrip("\r\n")
