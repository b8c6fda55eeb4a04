"""Each tree of errors is drawn at the top of its file, and the drawing is true."""

import importlib
import inspect

import pytest

TREES = ("gateway.errors", "gateway.core_intake.errors", "adapters.errors")


def _drawn(docstring: str) -> dict[str, str]:
    """The parent of each class of the drawing, which begins at the root's own line; the root has none."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in docstring.splitlines():
        words = line.split()
        if not above:
            above = words if len(words) == 1 and line.isidentifier() else []
            parents |= dict.fromkeys(above, "")
        elif not words:
            break
        else:
            depth = (len(line) - len(line.lstrip())) // 2
            above[depth:] = words[:1]
            parents[words[0]] = above[depth - 1]
    return parents


@pytest.mark.parametrize("name", TREES)
def test_the_drawing_holds_every_error_of_its_file_and_no_other(name: str) -> None:
    """Nobody relies on an error that nothing raises, or misses one that something does."""
    module = importlib.import_module(name)
    classes = [each for _, each in inspect.getmembers(module, inspect.isclass) if each.__module__ == name]
    errors = {each.__name__: each for each in classes if issubclass(each, Exception)}
    parents = {own: each.__base__.__name__ if each.__base__.__name__ in errors else "" for own, each in errors.items()}

    assert _drawn(str(module.__doc__)) == parents
