"""What an adapter's samples hold: a vendor that sends it sends nothing that its integrator has not seen."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters import Adapter
from adapters.contract import BOM

MOST_SAMPLES: Final = 500
LARGEST_SAMPLE: Final = 256 * 1024


def samples_of(adapter: Adapter) -> Iterator[Any]:
    """The samples that come with an adapter, decoded: the vendor's as published, and the bodies of its golden cases.

    They lie below its own folder, in a checkout in `tests/`. What cannot be read is left out.
    """
    for path in _files(adapter)[:MOST_SAMPLES]:
        try:
            content = path.read_bytes() if path.stat().st_size <= LARGEST_SAMPLE else b""
            yield msgspec.json.decode(content.removeprefix(BOM))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue


def _files(adapter: Adapter) -> list[Path]:
    module = sys.modules.get(getattr(adapter.translate, "__module__", ""))
    if module is None or module.__file__ is None:
        return []
    folder = Path(module.__file__).resolve().parent
    golden = (folder / "golden", folder.parent / "tests" / "golden")
    return [
        *sorted((folder / "samples" / adapter.name).glob("*.json")),
        *(path for place in golden for path in sorted((place / adapter.name).glob("*/body.json"))),
    ]
