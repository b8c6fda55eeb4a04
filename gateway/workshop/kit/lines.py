"""Python source, a line at a time."""

import re
from collections.abc import Sequence
from typing import Final

WIDEST: Final = 110


def function(signature: str, lines: Sequence[str]) -> str:
    """A function of these lines; arguments that they do not use get their underscore."""
    text = "\n".join(lines)
    for name in ("hook", "options", "answers"):
        if not re.search(rf"\b{name}\b", text):
            signature = re.sub(rf"\b_?{name}: (\w)", rf"_{name}: \1", signature)
    return "\n".join([f"def {signature}:", *(f"    {line}" for line in lines)])


def call(function: str, arguments: Sequence[str]) -> str:
    """A call on one line."""
    return f"{function}({', '.join(arguments)})"


def field(name: str, expression: str) -> list[str]:
    """A keyword argument; a tuple that is too wide for a line has one member on each."""
    line = f"{name}={expression},"
    if len(line) <= WIDEST - len("            "):
        return [line]
    inside = expression.removeprefix("first_of((").removesuffix("))").rstrip(",").split(", ")
    return [f"{name}=first_of(", "    (", *(f"        {each}," for each in inside), "    )", "),"]


def import_order(name: str) -> tuple[int, str]:
    """As isort has it: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def import_line(module: str, names: Sequence[str]) -> str:
    """An import, of several lines where one is too wide."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 120:  # noqa: PLR2004 - the house's line
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])
