"""ARCHITECTURE.md tells the truth about what there is."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
NOUNS = sorted(path.stem for path in (ROOT / "gateway").glob("[a-z]*.py"))
ROOMS = sorted(path.parent.name for path in (ROOT / "gateway").glob("*/__init__.py"))


@pytest.mark.parametrize("name", [*NOUNS, *ROOMS])
def test_whatever_stands_at_the_top_is_named(name):
    """A newcomer finds each room and each noun said."""
    assert f"`{name}`" in TEXT or f"`gateway/{name}/`" in TEXT


@pytest.mark.parametrize("page", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda page: page.stem)
def test_every_decision_is_listed(page):
    """By its number, with its page."""
    number = int(page.stem.partition("-")[0])

    assert f"- [{number}: " in TEXT
    assert f"(docs/adr/{page.name})" in TEXT


def test_nothing_is_named_before_it_exists():
    """A door that no room answers is in no text of ours."""
    texts = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "config.yaml", *(ROOT / "docs").rglob("*.md")]
    naming = [path.name for path in texts if "/console" in path.read_text(encoding="utf-8")]

    assert (ROOT / "gateway/console").is_dir() or naming == []
