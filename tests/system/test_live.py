"""An open page stays as things are, without losing where somebody is on it."""

import pytest
from playwright.sync_api import expect

from tests.processes import told

pytestmark = pytest.mark.system


def test_what_comes_is_shown_and_said(person, gateway):
    """A new row, above the others; one line says what changed; focus, marks and scroll stay."""
    page = person(size=(1024, 500)).page
    page.goto("/console/events")
    expect(page.get_by_role("status")).to_have_text("Live.")
    box = page.get_by_label("Mark e-2")
    box.focus()
    page.keyboard.press("Space")
    place = page.evaluate("scrollY")
    gateway.post(told("live-1", "SO-live", 1), to="lp")

    expect(page.get_by_role("link", name="live-1")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Changed:")
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    assert page.evaluate("scrollY") == place


def test_nothing_moves_under_the_pointer(person, gateway):
    """It is said, and shown once the pointer is elsewhere."""
    page = person().page
    page.goto("/console/events")
    expect(page.get_by_role("status")).to_have_text("Live.")
    page.get_by_role("link", name="e-1", exact=True).hover()
    gateway.post(told("live-2", "SO-live", 2), to="lp")

    expect(page.get_by_role("status")).to_contain_text("Shown once the pointer leaves the list")
    assert page.get_by_role("link", name="live-2").count() == 0
    page.mouse.move(1, 1)
    expect(page.get_by_role("link", name="live-2")).to_be_visible()


def test_a_pause_stays(person, gateway):
    """On the next page, too, until somebody goes on."""
    page = person().page
    page.goto("/console/orders")
    page.get_by_role("button", name="Pause").click()
    page.goto("/console/events")
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_have_text("Paused.")
    gateway.post(told("live-3", "SO-live", 3), to="lp")

    expect(page.get_by_role("status")).to_contain_text("Changed meanwhile")
    assert page.get_by_role("link", name="live-3").count() == 0
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("link", name="live-3")).to_be_visible()


def test_the_stream_ends_with_its_session(person, gateway):
    """By an event that says so: it is not asked for again and again."""
    somebody = person()
    page, asked = somebody.page, []
    page.goto("/console/tenants")
    expect(page.get_by_role("status")).to_have_text("Live.")
    # From here on: the page before may only now have asked for its own.
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/stream") else None)
    other = page.context.new_page()
    other.goto("/console/tenants")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/console/login")
    gateway.post(told("live-4", "SO-live", 4), to="lp")

    expect(page.get_by_role("status")).to_contain_text("Your session is over")
    page.wait_for_timeout(1500)
    # Nor is it talked over by what was under way.
    expect(page.get_by_role("status")).to_contain_text("Your session is over")
    assert asked == []
