"""What the key `store` may say."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

STORE_EXPECTED: Final = (
    "expected sqlite:///path (relative to the file; a ~ stands for nothing, ${HOME} does), sqlite:////path (absolute) "
    "or postgresql://user@host/database"
)
DATABASE: Final = "postgresql://"
DRIVER_MISSING: Final = "its driver is missing: pip install 'trackely-gateway[postgresql]'"


def store_path(store: str, directory: Path) -> str | None:
    """The store's file as an absolute path, relative ones to `directory`; None for a URL that names no store.

    Beside a database it is where what is kept on this machine has its folder, no file itself.
    """
    if store.startswith(DATABASE):
        return str((directory / "data" / "gateway.db").resolve()) if urlsplit(store).path.strip("/") else None
    name = store.removeprefix("sqlite:///")
    # A ~ is a shell's word for a person's folder: taken as it stands it would name one beside the file.
    if (
        name == store
        or not name.strip()
        or name.startswith((":", "~"))
        or name.endswith("/")
        or set(name) & set("?#\0")
    ):
        return None
    return str((directory / name).resolve())
