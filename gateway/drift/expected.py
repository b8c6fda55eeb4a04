"""What an adapter's samples hold: a vendor that sends it sends nothing that its integrator has not seen."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters import Adapter
from adapters.reading import BOM

MOST_SAMPLES: Final = 500
LARGEST_SAMPLE: Final = 256 * 1024


def samples_of(adapter: Adapter) -> Iterator[Any]:
    """The samples that come with an adapter, decoded: the vendor's as published, its golden cases' bodies and answers.

    They lie below its own folder, in a checkout in `tests/`. What cannot be read is left out.
    """
    for path in _files(adapter)[:MOST_SAMPLES]:
        try:
            content = path.read_bytes() if path.stat().st_size <= LARGEST_SAMPLE else b""
            yield msgspec.json.decode(content.removeprefix(BOM))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue


def folders_of(adapter: Adapter) -> list[Path]:
    """Where what belongs to an adapter may lie: the folder of its module, of a package the one around it, too."""
    module = sys.modules.get(getattr(adapter.translate, "__module__", ""))
    if module is None or module.__file__ is None:
        return []
    file = Path(module.__file__).resolve()
    return [file.parent, *([file.parent.parent] if file.name == "__init__.py" else [])]


def golden_folders_of(adapter: Adapter) -> list[Path]:
    """Where its golden cases may be: below its own folder, or in the checkout's `tests`."""
    places = [
        each for folder in folders_of(adapter) for each in (folder / "golden", folder.parent / "tests" / "golden")
    ]
    return [place / adapter.name for place in places if (place / adapter.name).is_dir()]


def _files(adapter: Adapter) -> list[Path]:
    return [
        *(path for each in folders_of(adapter) for path in sorted((each / "samples" / adapter.name).glob("*.json"))),
        *(path for place in golden_folders_of(adapter) for path in sorted(place.glob("*/body.json"))),
        *(path for place in golden_folders_of(adapter) for path in sorted(place.glob("*/answers/**/*.json"))),
    ]
