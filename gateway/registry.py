"""Where adapters are found: built in, installed beside us, or a file next to the configuration."""

import difflib
import hashlib
import importlib
import os
import pkgutil
import stat
import sys
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import msgspec

import adapters
from adapters import Adapter, OptionsModel
from adapters.contract import CONTRACT
from gateway.config.code import SOURCE
from gateway.ground.questions import fault_of_query

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

GROUP = "trackely_gateway.adapters"
"""The entry points' group of installed adapters: a module with an `ADAPTER`, or the adapter itself."""


class FoundAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """An adapter that can be named, and where it comes from; one that does not load has a `fault` instead.

    `reference` is how the configuration names it: a name, or a file's path.
    """

    name: str
    reference: str
    origin: Literal["built-in", "installed", "file"]
    version: str | None = None
    adapter: Adapter | None = None
    fault: str | None = None


def find_adapter(reference: str, directory: Path, source: bytes | None = None) -> Adapter:
    """The adapter that a source names: a built-in's name, an installed one's, or a path relative to `directory`.

    A file's code is `source`, where somebody has read it already.

    Raises LookupError with words for the operator if there is none or it does not load.
    """
    if is_file(reference):
        path = directory / reference
        return _from_file(path, code_at(path) if source is None else source)
    if _is_built_in(reference):
        return _from_module(f"adapters.{reference}")
    installed = _installed()
    for point in installed.select(name=reference):
        return _from_entry_point(point)
    names = sorted({*_built_in_names(), *installed.names})
    near = difflib.get_close_matches(reference, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}, and files such as ./{reference}.py"
    raise LookupError(f"unknown adapter {reference}: {hint}")


def named_adapters(files: Iterable[Path] = ()) -> list[FoundAdapter]:
    """Every adapter that can be named, by name: built in, then installed, then `files`. A broken one is listed too."""
    found = [_found(name, "built-in", name, Path()) for name in _built_in_names()]
    installed = {point.name for point in _installed()} - {each.name for each in found}
    found += [_found(name, "installed", name, Path()) for name in sorted(installed)]
    return found + [_found(path.stem, "file", f"./{path.name}", path.parent) for path in files]


def _found(
    name: str, origin: Literal["built-in", "installed", "file"], reference: str, directory: Path
) -> FoundAdapter:
    try:
        adapter = find_adapter(reference, directory)
    except LookupError as error:
        return FoundAdapter(name=name, reference=reference, origin=origin, fault=str(error.args[0]))
    return FoundAdapter(name=name, reference=reference, origin=origin, version=adapter.version, adapter=adapter)


def is_file(reference: str) -> bool:
    """Whether it names an adapter by its file."""
    return "/" in reference or "\\" in reference or reference.endswith(".py")


def _built_in_names() -> list[str]:
    """The modules of the package `adapters` that hold an adapter, by name; one that does not load counts."""
    return [name for name in _modules() if _holds_adapter(name)]


def _is_built_in(name: str) -> bool:
    """As `_built_in_names` has it, without loading all the others."""
    return name in _modules() and _holds_adapter(name)


def _modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(adapters.__path__)]


def _holds_adapter(name: str) -> bool:
    try:
        return hasattr(importlib.import_module(f"adapters.{name}"), "ADAPTER")
    except Exception:  # noqa: BLE001 - a broken module is reported when it is asked for by name
        return True


def _installed() -> "EntryPoints":
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to load, and where all are built in not wanted

    return entry_points(group=GROUP)


def _from_module(name: str) -> Adapter:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise LookupError(f"adapter {name}: {_words(error)}") from error
    return _adapter_of(module, name)


def _from_entry_point(point: "EntryPoint") -> Adapter:
    where = f"installed adapter {point.name} ({point.value})"
    try:
        loaded = point.load()
    except Exception as error:
        raise LookupError(f"{where}: {_words(error)}") from error
    return _adapter_of(loaded, where)


def code_at(path: Path) -> bytes:
    """The code of an adapter's file. Raises LookupError with words for the operator."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IWOTH:
                raise LookupError(f"adapter file {path}: anybody may write it, and so run code here: chmod o-w")
            return file.read()
    except OSError as error:
        raise LookupError(f"adapter file {path}: {error.strerror}") from None


def _from_file(path: Path, source: bytes) -> Adapter:
    file = path.resolve()
    # a name of its own for each place: msgspec resolves annotations through sys.modules
    name = f"trackely_adapter_{file.stem}_{hashlib.sha256(bytes(file)).hexdigest()[:12]}"
    spec = spec_from_file_location(name, file)
    if spec is None:
        raise LookupError(f"adapter file {path}: expected a Python file, ending in .py")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        # compiled here, since a cached .pyc would hide an edit made within the same second
        module.__dict__[SOURCE] = source
        exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102 - the operator named this file
    except Exception as error:
        del sys.modules[name]
        raise LookupError(f"adapter file {path}: {_words(error)}") from error
    return _adapter_of(module, f"adapter file {path}")


def _adapter_of(loaded: object, where: str) -> Adapter:
    adapter = getattr(loaded, "ADAPTER", None) if isinstance(loaded, ModuleType) else loaded
    if adapter is None:
        raise LookupError(f"{where}: it has no ADAPTER")
    if not isinstance(adapter, Adapter):
        # a TypeError would be the adapter author's affair; to who named the adapter, there is none
        raise LookupError(  # noqa: TRY004
            f"{where}: its ADAPTER is a {type(adapter).__name__}, expected an adapters.Adapter"
        )
    if adapter.contract not in range(1, CONTRACT + 1):
        raise LookupError(f"{where}: it needs contract {adapter.contract!r}; this gateway keeps those up to {CONTRACT}")
    for query in adapter.queries:
        if (fault := fault_of_query(query)) is not None:
            raise LookupError(f"{where}: {fault}")
    options: object = adapter.options  # msgspec holds no struct to its annotations when it is made in Python
    if not isinstance(options, type) or not issubclass(options, OptionsModel):
        raise LookupError(f"{where}: its options are not a subclass of adapters.OptionsModel")  # noqa: TRY004 - as above
    return adapter


def _words(error: Exception) -> str:
    where = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}{where}"
