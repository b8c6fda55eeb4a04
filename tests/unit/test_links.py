"""Every link of the documentation leads somewhere, its anchor too, and every page can be found from the index."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md") for page in ROOT.glob(pattern) if page.is_file()
)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))
    return [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """As forges make them of headings."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", page.read_text()), re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "") for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    """To a file of this tree, and to a heading in it."""
    lost = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            lost.append(link)

    assert lost == []


def test_every_page_is_found_from_the_index():
    """By however many links."""
    seen: set[Path] = set()
    waiting = [ROOT / "docs/README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
        waiting += [target for target in targets if target.suffix == ".md" and target.exists()]

    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in seen] == []


def test_the_index_names_every_page_of_the_docs():
    """In one of its four kinds; a decision by way of the architecture."""
    index = (ROOT / "docs/README.md").read_text()
    listed = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(ROOT / "docs/README.md")}

    assert re.findall(r"^\*\*To ([a-z ]+)\*\*", index, re.MULTILINE) == [
        "learn", "do something", "look up", "understand",
    ]  # fmt: skip
    assert {*ROOT.glob("docs/*.md"), *ROOT.glob("docs/vendors/*.md")} - listed == {ROOT / "docs/README.md"}
