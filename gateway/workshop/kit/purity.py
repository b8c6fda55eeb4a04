"""Purity: no clock, no disk, no network. The source is read, and what runs is watched."""

import ast
import random
import sys
from collections.abc import Callable
from datetime import date
from types import FrameType, ModuleType
from typing import Any

from gateway.ground.watchdog import FAILURES

PURE_MODULES = frozenset(
    {
        *(
            "__future__",
            "base64",
            "binascii",
            "collections",
            "contextlib",
            "dataclasses",
            "datetime",
            "decimal",
            "enum",
        ),
        *("fractions", "functools", "hashlib", "hmac", "html", "ipaddress", "itertools", "json", "math", "re"),
        *("string", "textwrap", "types", "typing", "unicodedata", "urllib.parse", "zoneinfo", "msgspec", "schemas"),
    }
)
"""Modules without a clock, a disk or a network; `adapters` itself is judged by name."""

IMPURE_NAMES = frozenset(
    {
        *("open", "exec", "eval", "compile", "__import__", "input", "print", "breakpoint"),
        *("globals", "locals", "vars", "getattr", "setattr", "delattr", "__builtins__"),
    }
)
"""Built-ins that reach out, or reach a thing by a name that cannot be read here."""

IMPURE_ATTRIBUTES = frozenset({"now", "utcnow", "today", "__globals__", "__builtins__", "__subclasses__", "__dict__"})
"""Members of the pure modules that read the clock, and ways around these checks."""


def problems_of_purity(source: str | bytes, siblings: frozenset[str] = frozenset(), package: str = "") -> list[str]:
    """Where a module's source reaches for a clock, a disk or a network, or for another adapter.

    `siblings` are the names of the adapters that it must not import; other modules of `adapters` are shared. Modules of
    `package`, the adapter's own, are judged by themselves.
    """
    problems = []
    for node in ast.walk(ast.parse(source)):
        at = f"line {getattr(node, 'lineno', 0)}"
        problems += [f"{at}: imports {name}" for name in _imports(node) if not _is_pure_import(name, siblings, package)]
        if isinstance(node, ast.Name) and node.id in IMPURE_NAMES:
            problems.append(f"{at}: uses {node.id}")
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_ATTRIBUTES:
            problems.append(f"{at}: uses .{node.attr}")
    return problems


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return ["." * node.level + (node.module or "")]
        # Of a package, the names may be its modules: `from urllib import request`.
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _is_pure_import(name: str, siblings: frozenset[str], own: str) -> bool:
    if own and (name == own or name.startswith((".", f"{own}."))):
        return True
    package, _, rest = name.partition(".")
    if package == "adapters":
        return rest.partition(".")[0] not in siblings
    return name in PURE_MODULES or name.rpartition(".")[0] in PURE_MODULES or package in PURE_MODULES


class Sentinel:
    """Notes the calls of C functions that read a clock, a disk or a network while `watch` runs, by whatever alias.

    The interpreter tells each C function that Python code calls, so neither `now = datetime.now` nor
    `getattr(datetime, "n" + "ow")` hides it. What C code calls itself is not seen.
    """

    def __init__(self) -> None:
        self.calls: dict[str, None] = {}

    def watch(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function; whatever it raises is its own affair."""
        before = sys.getprofile()
        sys.setprofile(self._told)
        try:
            function(*arguments)
        except FAILURES:  # the other checks ask what it raises
            return
        finally:
            sys.setprofile(before)

    def _told(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and (what := _reaches_out(called)) is not None:
            self.calls[f"{what} (line {frame.f_lineno} of {frame.f_code.co_filename.rpartition('/')[2]})"] = None


IMPURE_C_MODULES = frozenset(
    {
        *("time", "io", "_io", "posix", "nt", "_socket", "_ssl", "_posixsubprocess", "_sqlite3", "apsw", "_random"),
        *("_thread", "select", "mmap", "fcntl", "_ctypes", "_asyncio", "_uuid"),
    }
)
"""Where the C functions live that reach out."""


def _reaches_out(called: Any) -> str | None:
    """The name of a C function that reads a clock, a disk or a network, or None."""
    name = getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if called is sys.setprofile:
        return None
    if isinstance(owner, type) and issubclass(owner, date):
        return f"{owner.__name__}.{name}" if name in IMPURE_ATTRIBUTES else None
    if isinstance(owner, random.Random):
        return f"random.{name}"
    kinds = () if owner is None or isinstance(owner, type | ModuleType) else type(owner).__mro__
    for kind in kinds:
        if kind.__module__ in IMPURE_C_MODULES:
            return f"{kind.__module__}.{kind.__name__}.{name}"
    module = getattr(called, "__module__", None)
    if module in IMPURE_C_MODULES or (module == "builtins" and name in ("input", "print", "breakpoint")):
        return f"{module}.{name}"
    return None
