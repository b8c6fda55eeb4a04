"""How good drafts are over the corpus of payload shapes."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.drafts import Figures, Shape, drafted, measure

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "tests" / "drafts"


@pytest.mark.parametrize("folder", sorted(folder.name for folder in CORPUS.glob("*/")))
def test_drafts_hold_their_floors(folder):
    """No unmarked guess is wrong, few are marked, most members are right, no weight is off, no town is missing."""
    found = measure(CORPUS / folder)

    assert found.is_good, found.told()
    assert (found.unmarked_wrong, found.weights_off, found.addresses_without_town) == ([], [], [])
    assert 10 * found.marked <= 3 * found.guesses
    assert 10 * found.members_right >= 7 * found.members


def test_every_draft_is_in_the_house_style(tmp_path):
    """Formatter, linter and type checker have nothing to say of any draft of the corpus."""
    files = sorted(CORPUS.glob("*/*.json"))
    for file in files:
        shape = msgspec.json.decode(file.read_bytes(), type=Shape)
        (tmp_path / f"{file.stem}.py").write_text(drafted(file.stem, shape).source)
    (tmp_path / "__init__.py").write_text('"""Drafts."""\n')
    rules = ["--config", str(ROOT / "pyproject.toml")]
    tools = (["ruff", "format", "--check", *rules], ["ruff", "check", *rules], ["mypy", "--strict"])
    ended = [
        subprocess.run(
            [sys.executable, "-m", *tool, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        for tool in tools
    ]

    assert [each.stdout for each in ended if each.returncode] == []


def test_a_third_of_the_shapes_was_held_back():
    """Of at least twenty shapes, a third was written when the rules stood, and told apart."""
    count = {folder.name: len(list(folder.glob("*.json"))) for folder in CORPUS.glob("*/")}
    whole = sum(count.values())

    assert whole >= 20
    assert 3 * (whole - count["tuned"]) >= whole


def test_the_floors_can_be_missed():
    """One unmarked guess that is wrong, one weight off, one town missing: each by itself is too much."""
    good = {"shapes": 1, "guesses": 10, "marked": 3, "members": 10, "members_right": 7}

    assert Figures(**good).is_good
    for worse in (
        {"marked": 4},
        {"members_right": 6},
        {"unmarked_wrong": ["a clock"]},
        {"weights_off": ["a[0] 0.totalWeight"]},
        {"addresses_without_town": ["a[0] 0.deliveryAddress"]},
    ):
        assert not Figures(**(good | worse)).is_good
