"""How the pages look: nothing beyond the edge at any width, at twice the size, or on paper; the pictures are kept."""

import re
import shutil
from pathlib import Path

import pytest

from tests.system.test_pages import PAGES

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

KEPT = Path(__file__).resolve().parents[2] / "build/console"
"""Look at them: no assertion sees what is ugly."""

SIZES = {"320": (320, 640), "375": (375, 800), "1024": (1024, 800), "1600": (1600, 1000), "2560": (2560, 1440)}

CUT = """() => [...document.querySelectorAll("main *, header *, footer *")].filter((each) => {
  const box = each.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !each.closest(".scroll, .hidden, thead, .json, .body, svg");
}).map((each) => each.outerHTML.slice(0, 90))"""
"""What is beyond the right edge and cannot be scrolled to."""


def _name(path: str) -> str:
    return re.sub(r"\W+", "-", path.removeprefix("/console")).strip("-") or "overview"


def _kept(page, path, kind):
    folder = KEPT / kind
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{_name(path)}.png", full_page=True)


@pytest.mark.parametrize(("size", "scheme"), [*((size, "light") for size in SIZES), ("375", "dark"), ("1024", "dark")])
def test_nothing_is_cut_off(person, size, scheme):
    """From a telephone to a wall."""
    shutil.rmtree(KEPT / f"{size}-{scheme}", ignore_errors=True)
    page = person(scheme=scheme, size=SIZES[size]).page
    cut = {}
    for path in PAGES:
        page.goto(path)
        if found := page.evaluate(CUT):
            cut[path] = found
        _kept(page, path, f"{size}-{scheme}")

    assert cut == {}


def test_nothing_is_cut_off_at_twice_the_size(person):
    """As somebody reads who zooms to 200 %."""
    page = person(size=(1280, 900), zoom=2).page
    cut = {}
    for path in PAGES:
        page.goto(path)
        if found := page.evaluate(CUT):
            cut[path] = found
        _kept(page, path, "zoomed")

    assert cut == {}


def test_paper_has_what_the_page_says_alone(person):
    """No navigation, no button, no field; all of a table, in black on white though the room is dark."""
    page = person(scheme="dark", size=(794, 1123)).page
    for path in PAGES:
        page.goto(path)
        page.emulate_media(media="print", color_scheme="dark")

        assert page.locator("h1").is_visible(), path
        shown = page.locator("nav, header, footer, .acts, .filter, .skip").filter(visible=True)
        assert shown.count() == 0, path
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)", path
        assert page.evaluate(CUT) == [], path
        _kept(page, path, "paper")
        page.emulate_media(media="screen")
