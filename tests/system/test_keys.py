"""The console by the keyboard alone."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.system
LETTERS = "/console/dead-letters"


def test_a_dead_letter_is_found_marked_and_replayed(person):
    """By `/`, `j`, `k`, `x`, Enter and Tab; the focus is always somewhere that can be seen."""
    page = person("operate").page
    page.keyboard.press("/")
    page.keyboard.type("SO-7")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/events/*")
    # Once its stream stands the page is fetched anew, which may put another button in the place of the one in hand.
    with page.expect_response(lambda told: told.request.resource_type == "fetch" and LETTERS in told.url) as fetched:
        page.goto(f"{LETTERS}?filter=kind:event")
    fetched.value.finished()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Escape")
    rows = page.locator("tbody tr")
    cards = page.locator(".cards > li").count()
    for _ in range(cards + 2):
        page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(rows.first.get_by_role("checkbox")).to_be_checked()
    button = page.get_by_role("button", name="Replay the marked …")
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("each => each === document.activeElement"):
            break
    expect(button).to_be_focused()
    expect(button).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Replay 1 dead letter?")


def test_rows_are_walked_and_opened(person):
    """`j` to the next row, Enter opens it; `?` tells the keys; nothing happens while somebody types."""
    page = person("read").page
    page.goto("/console/orders")
    first = page.locator("tbody tr a").first.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(first)
    page.keyboard.press("/")
    page.keyboard.type("j?")
    expect(page.get_by_role("searchbox")).to_have_value("j?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page).to_have_title("Keys · Trackely Gateway")
