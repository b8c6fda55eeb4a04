"""What belongs to an adapter: its modules, its golden cases, its page."""

import sys
from pathlib import Path
from types import ModuleType

import adapters
from adapters import Adapter
from gateway.drift.expected import folders_of, golden_folders_of


def modules_of(adapter: Adapter) -> list[ModuleType]:
    """The adapter's own modules: the one that holds it, and those of its package."""
    home = home_of(adapter)
    if home is None:
        return []
    name = home.__name__
    package = f"{name if name.startswith('adapters.') else name.partition('.')[0]}."
    own = [module for other, module in sorted(sys.modules.items()) if other.startswith(package) and other != name]
    return [home, *(module for module in own if getattr(module, "__file__", None))]


def home_of(adapter: Adapter) -> ModuleType | None:
    """The module in which the adapter's `translate` stands."""
    home = sys.modules.get(getattr(adapter.translate, "__module__", ""))
    return home if home is not None and getattr(home, "__file__", None) else None


def siblings_of(adapter: Adapter) -> frozenset[str]:
    """The other adapters' modules in the package `adapters`."""
    folder = Path(adapters.__path__[0])
    pages = {file.stem: file for file in folder.glob("*.py")} | {
        file.parent.name: file for file in folder.glob("*/__init__.py")
    }
    names = {name for name, page in pages.items() if "\nADAPTER = " in page.read_text(encoding="utf-8")}
    return frozenset(names - {adapter.name})


def cases_directory(adapter: Adapter) -> Path | None:
    """Where an adapter's golden cases are: below its own folder, or in the checkout's `tests`; None: nowhere."""
    return next(iter(golden_folders_of(adapter)), None)


def page_of(adapter: Adapter) -> Path | None:
    """The adapter's page: beside it, in its package, or among the checkout's docs; None: nowhere."""
    folders = folders_of(adapter)
    name = f"{adapter.name}.md"
    places = [page for each in folders for page in (each / name, each.parent / "docs" / "vendors" / name)]
    # A package's README stands around it.
    places += [each / "README.md" for each in folders[1:]]
    return next((place for place in places if place.is_file()), None)
