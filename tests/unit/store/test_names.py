"""Every statement that a rule names is there in every engine, and none is there that nobody names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.postgresql import statements as postgresql
from gateway.store.sqlite import sql as sqlite

STORE = Path(sqlite.__file__).parents[2]
ENGINES = {"postgresql": postgresql.named, "sqlite": sqlite.texts}
NAME = re.compile(r"[a-z_]+\.[a-z_]*[a-z]")


def said_in(folder: Path) -> Iterator[str]:
    """Names as regular expressions: what is put in is any word."""
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                yield re.escape(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [str(each.value) if isinstance(each, ast.Constant) else "%" for each in node.values]
                text = "".join(parts)
                if "." in text and "%" not in text.partition(".")[0] and NAME.fullmatch(text.replace("%", "x")):
                    yield re.escape(text).replace("%", "[a-z_]+")


RULES = sorted(set(said_in(STORE / "rules")))


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_every_name_that_a_rule_says_is_an_engines(engine):
    """A finding's is there for each way in which a name may fit."""
    there = ENGINES[engine]()

    missing = [
        name for name in RULES if not any(re.fullmatch(f"{name}(_exact|_case|_beginning)?", each) for each in there)
    ]
    assert len(RULES) > 150
    assert missing == []


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_no_statement_is_there_for_nobody(engine):
    """What no rule and nothing of the engine's names is dead."""
    files = {file.stem for file in (STORE / "rules").glob("*.py")} | {"selection"}
    said = "|".join(f"({name})" for name in {*RULES, *said_in(STORE / engine)})

    dead = [
        name
        for name in ENGINES[engine]()
        if name.partition(".")[0] in files and not re.fullmatch(f"({said})(_exact|_case|_beginning)?", name)
    ]
    assert dead == []
