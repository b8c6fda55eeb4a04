"""The short way to `gateway serve` asks for nothing else than the tree of commands would."""

from pathlib import Path

import pytest
import typer

from gateway.cli.serving import plain_options
from gateway.cli.tree import app


def grown(arguments, environ, monkeypatch):
    """The options as the tree of commands reads them."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    command = typer.main.get_command(app).commands[arguments[0]]
    given = command.make_context(arguments[0], list(arguments[1:])).params
    return given["config"], given["fd"] or []


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (["serve"], {}),
        (["serve"], {"GATEWAY_CONFIG": "from/the/environment.yaml"}),
        (["serve"], {"GATEWAY_CONFIG": ""}),
        (["serve", "--config", "a b.yaml"], {"GATEWAY_CONFIG": "c.yaml"}),
        (["serve", "--config", "a.yaml", "--config", "b.yaml"], {}),
        (["serve", "--fd", "3", "--config", "a.yaml", "--fd", "4"], {}),
    ],
)
def test_what_is_asked_plainly_is_what_the_tree_reads(arguments, environ, monkeypatch):
    """File and descriptors, from the command line, the environment and by default."""
    assert plain_options(arguments, environ) == grown(arguments, environ, monkeypatch)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["stats"],
        ["--version"],
        ["serve", "--help"],
        ["serve", "--config"],
        ["serve", "--config=a.yaml"],
        ["serve", "--config", ""],
        ["serve", "--config", "--fd"],
        ["serve", "--fd", "-1"],
        ["serve", "--fd", "three"],
        ["serve", "a.yaml"],
        ["serve", "a.yaml", "b.yaml"],
    ],
)
def test_what_is_asked_otherwise_is_left_to_the_tree(arguments):
    """Help, mistakes and every other command."""
    assert plain_options(arguments, {}) is None


def test_a_plain_path_stays_as_it_is():
    """Relative to where the gateway is started."""
    assert plain_options(["serve", "--config", "./x/../c.yaml"], {}) == (Path("./x/../c.yaml"), [])
