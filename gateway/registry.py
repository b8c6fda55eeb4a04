"""Where adapters are found: built in, installed beside us, or a file next to the configuration."""

import difflib
import hashlib
import importlib
import os
import pkgutil
import stat
import sys
from collections.abc import Callable, Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

import adapters
from adapters import Adapter
from adapters.contract import CONTRACT
from gateway.config.code import SOURCE
from gateway.ground.questions import fault_of_query
from gateway.ground.watchdog import FAILURES, Overrun, Watchdog

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

GROUP = "trackely_gateway.adapters"
"""The entry points' group of installed adapters: a module with an `ADAPTER`, or the adapter itself."""

LONGEST_LOAD: Final = 10.0
"""Seconds that a module's code may take to load."""

Loaded = TypeVar("Loaded")
_MEMBERS: Final = get_type_hints(Adapter)
_EXPECTED: Final[dict[Any, str]] = {
    str: "a text",
    int: "a number",
    tuple: "a tuple of texts, such as ('x-topic',)",
    type: "a subclass of adapters.OptionsModel",
    Callable: "a function",
}


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
    module = _ran(f"adapter {name}", importlib.import_module, name)
    return _adapter_of(module, name)


def _from_entry_point(point: "EntryPoint") -> Adapter:
    where = f"installed adapter {point.name} ({point.value})"
    return _adapter_of(_ran(where, point.load), where)


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
    module.__dict__[SOURCE] = source
    watchdog = Watchdog(LONGEST_LOAD)

    def load() -> None:
        # compiled here, since a cached .pyc would hide an edit made within the same second
        exec(compile(source, str(file), "exec"), module.__dict__)  # noqa: S102 - the operator named this file

    try:
        _ran(f"adapter file {path}", watchdog.call, load)
    except LookupError:
        del sys.modules[name]
        raise
    finally:
        watchdog.close()
    return _adapter_of(module, f"adapter file {path}")


def _ran(where: str, load: Callable[..., Loaded], *arguments: object) -> Loaded:
    """What a module's code comes to. Raises LookupError with words for the operator."""
    try:
        return load(*arguments)
    except FAILURES as error:
        raise LookupError(f"{where}: {_words(error)}") from error


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
    if (fault := _fault_of_members(adapter)) is not None:
        raise LookupError(f"{where}: {fault}")
    for query in adapter.queries:
        if (fault := fault_of_query(query)) is not None:
            raise LookupError(f"{where}: {fault}")
    return adapter


def _fault_of_members(adapter: Adapter) -> str | None:
    """What of an adapter its contract does not know: msgspec holds nothing that Python makes to its annotations."""
    for name, hint in _MEMBERS.items():
        value = getattr(adapter, name)
        if not _fits(value, hint):
            kind = next(iter(get_args(hint)), hint) if isinstance(hint, UnionType) else hint
            words = _EXPECTED.get(get_origin(kind) or kind, f"an adapters.{getattr(kind, '__name__', kind)}")
            return f"its {name}: expected {words}, got {'a blank one' if value == '' else f'a {type(value).__name__}'}"
    return None


def _fits(value: object, hint: Any) -> bool:
    kinds = get_args(hint)
    match get_origin(hint) or hint:
        case kind if kind is UnionType:
            return any(_fits(value, each) for each in kinds)
        case kind if kind is Callable:
            return callable(value)
        case kind if kind is type:
            return isinstance(value, type) and issubclass(value, kinds[0])
        case kind if kind is tuple:
            return isinstance(value, tuple) and all(_fits(each, str) for each in value)
        case kind if kind is str:
            return isinstance(value, str) and bool(value.strip())
        case kind:
            return isinstance(value, kind)


def _words(error: BaseException) -> str:
    if isinstance(error, Overrun):
        return f"did not load within {LONGEST_LOAD:g} s"
    where = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}{where}"
