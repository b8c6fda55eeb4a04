"""An adapter's code: its bytes where it is a file, and by which digest two processes know that they have the same."""

import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from adapters import Adapter

SOURCE: Final = "__adapter_source__"
"""Where the module of an adapter's file keeps its own bytes."""

_loaded: Final[dict[Path, str]] = {}
"""The digests of installed code as this process has it, by where it lies."""


def source_of(adapter: Adapter) -> bytes | None:
    """The code of an adapter that is a file, as it was read; None for others, which a running interpreter keeps."""
    source: bytes | None = getattr(adapter.identify, "__globals__", {}).get(SOURCE)
    return source


def digest_of(adapter: Adapter) -> str:
    """The digest of the code that runs in this process; call it once an adapter is loaded, so that it is that."""
    source = source_of(adapter)
    if source is not None:
        return hashlib.sha256(source).hexdigest()
    place = _place_of(adapter)
    return "" if place is None else _loaded.setdefault(place, _digest_at(place))


def is_another_on_disk(adapter: Adapter) -> bool:
    """Whether an installed adapter's code has changed on disk since this process loaded it."""
    place = _place_of(adapter) if source_of(adapter) is None else None
    return place is not None and _digest_at(place) != digest_of(adapter)


def _place_of(adapter: Adapter) -> Path | None:
    """The folder of the package that an installed adapter comes with, or its lone module; None: it has no file."""
    module = sys.modules.get(getattr(adapter.translate, "__module__", ""))
    top: ModuleType | None = sys.modules.get(module.__name__.partition(".")[0]) if module is not None else None
    if top is None or not top.__file__:
        return None
    file = Path(top.__file__)
    return file.parent if file.name == "__init__.py" else file


def _digest_at(place: Path) -> str:
    """Of its modules, by their places; what cannot be read is as good as changed."""
    digest = hashlib.sha256()
    try:
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            code = file.read_bytes()
            digest.update(f"{file.relative_to(place)} {len(code)}\n".encode() + code)
    except OSError:
        return ""
    return digest.hexdigest()
