"""Writes the store's ports out as calls into its process, from the ports: `python scripts/make_stubs.py`.

The result, `gateway/store/process/stubs.py`, is checked in; a test holds it to the ports.
"""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PORTS = ROOT / "gateway" / "store" / "ports"
STUBS = ROOT / "gateway" / "store" / "process" / "stubs.py"
HEAD = '''"""The store's ports as calls into its process. Made by scripts/make_stubs.py: do not edit."""

# ruff: noqa: D101, D102 - the ports say what each does

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar
{imports}

Result = TypeVar("Result")

Answer: TypeAlias = Coroutine[Any, Any, Result]

Call = Callable[..., Answer[Any]]
"""Given `port.method` and the arguments: what it returns or raises."""


class Stub:
    def __init__(self, call: Call) -> None:
        self._call = call
'''
BY_HAND = ("__init__", "inbox", "whole")
"""Of the ports' modules: arrivals pass by a shorter way."""


def _method(port: str, node: ast.AsyncFunctionDef) -> str:
    given, named = node.args.args[1:], node.args.kwonlyargs
    passed = [f'"{port}.{node.name}"', *(each.arg for each in given), *(f"{each.arg}={each.arg}" for each in named)]
    outcome = "None" if node.returns is None else ast.unparse(node.returns)
    return (
        f"    def {node.name}({ast.unparse(node.args)}) -> Answer[{outcome}]:\n"
        f"        return self._call({', '.join(passed)})\n"
    )


def _tidy(text: str) -> str:
    """As ruff would have it."""
    for command in (["check", "--select", "I", "--fix-only", "-q"], ["format", "-q"]):
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(STUBS), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
    return text


def made() -> str:
    """What is to stand in the file."""
    imports: set[str] = set()
    classes = []
    for file in sorted(PORTS.glob("*.py")):
        for node in ast.parse(file.read_text()).body if file.stem not in BY_HAND else ():
            if isinstance(node, ast.ImportFrom) and node.module != "typing":
                imports |= {f"from {node.module} import {each.name}" for each in node.names}
            elif isinstance(node, ast.ClassDef):
                methods = [_method(file.stem, each) for each in node.body if isinstance(each, ast.AsyncFunctionDef)]
                classes.append(f"class {node.name}(Stub):\n" + "\n".join(methods))
    return _tidy("\n\n\n".join([HEAD.format(imports="\n".join(sorted(imports))), *classes]))


if __name__ == "__main__":
    STUBS.write_text(made())
