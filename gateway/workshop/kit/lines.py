"""Python source, a line at a time."""

import re
from collections.abc import Sequence
from typing import Final

WIDEST: Final = 120


def function(signature: str, lines: Sequence[str]) -> str:
    """A function of these lines; arguments that they do not use get their underscore."""
    text = "\n".join(lines)
    for name in ("hook", "options", "answers"):
        if not re.search(rf"\b{name}\b", text):
            signature = re.sub(rf"\b_?{name}: (\w)", rf"_{name}: \1", signature)
    return "\n".join([f"def {signature}:", *(f"    {line}" if line else "" for line in lines)])


def call(start: str, arguments: Sequence[str], *, indent: int, end: str = "", mark: str = "") -> list[str]:
    """A call, or whatever else stands in brackets after `start`; what is too wide has an argument on each line."""
    line = f"{start}({', '.join(arguments)}){end}{mark}"
    if indent + len(line) <= WIDEST:
        return [line]
    return [f"{start}({mark}", *(f"    {argument}," for argument in arguments), f"){end}"]


def several(items: Sequence[str]) -> str:
    """A tuple."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def import_order(name: str) -> tuple[int, str]:
    """As isort has it: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def import_line(module: str, names: Sequence[str]) -> str:
    """An import, of several lines where one is too wide."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDEST:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])
