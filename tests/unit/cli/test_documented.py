"""docs/cli.md and the tree of commands say the same."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from gateway.cli.tree import app

DOCUMENT = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()


def _commands(command=None, name="gateway") -> Iterator[tuple[str, object]]:
    command = command or typer.main.get_command(app)
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
    for child in children or ():
        yield from _commands(children[child], f"{name} {child}")


COMMANDS = dict(_commands())


def test_every_command_has_a_row():
    """The tables list each command of the tree, and no other."""
    assert sorted(re.findall(r"^\| `(gateway [a-z -]+)` \|", DOCUMENT, re.MULTILINE)) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    """Each command's help is a sentence, each of its options and arguments has a help, and --config is one of them."""
    command = COMMANDS[name]

    assert re.fullmatch(r"[A-Z].*\.", command.help.strip(), re.DOTALL)
    assert all(parameter.help for parameter in command.params)
    assert "--config" in {option for parameter in command.params for option in parameter.opts}
