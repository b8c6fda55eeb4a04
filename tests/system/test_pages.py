"""Every page in a real Chromium: with a script and without, light and dark, narrow and wide, for everybody."""

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

PAGES = {
    "/console": "Overview",
    "/console/find?q=SO-": "Find",
    "/console/find?q=nothing-bears-this": "Find",
    "/console/orders": "Orders",
    "/console/orders/demo/SO-1": "SO-1",
    "/console/orders/demo/SO-3": "SO-3",
    "/console/events": "Events",
    "/console/events/1": "Event e-1",
    "/console/events/7": "Event e-7",
    "/console/events/8": "Event",
    "/console/events/1/trace": "Event e-1, from the body to the order",
    "/console/dead-letters": "Dead letters",
    "/console/operations": "Operations",
    "/console/operations/1": "Operation 1",
    "/console/tenants": "Tenants",
    "/console/ledger": "Ledger",
    "/console/tenants/demo": "demo",
    "/console/tenants/north": "north",
    "/console/sources": "Sources",
    "/console/sources/lp": "lp",
    "/console/sources/idle": "idle",
    "/console/sources/east-next": "east-next",
    "/console/drift": "Drift",
    "/console/try": "Try",
    "/console/replicas": "Replicas",
    "/console/refusals": "Refusals",
    "/console/configuration": "Configuration",
    "/console/audit": "Audit",
    "/console/zone": "Zone",
    "/console/keys": "Keys",
    "/console/acts/replay?of=events&id=1": "Replay",
    "/console/acts/replay?of=dead-letters&filter=kind:event": "Replay",
    "/console/acts/amend-order?tenant=demo&order=SO-2": "Amend",
    "/console/acts/erase-order?tenant=demo&order=SO-2": "Erase",
    "/console/acts/promote?name=east-next": "Promote",
    "/console/orders?filter=status:nonsense": "Orders",
    "/console/nowhere": "There is no such page",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(person, scheme):
    """WCAG 2.2 AA and its best practices, in both schemes."""
    somebody = person(scheme=scheme)
    found = {}
    for path in PAGES:
        somebody.page.goto(path)
        if violations := somebody.violations():
            found[path] = violations

    assert found == {}


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
def test_every_page_is_there(person, script):
    """Its title, one heading, and nothing wider than a telephone."""
    somebody = person(script=script, size=(375, 700))
    for path, title in PAGES.items():
        somebody.page.goto(path)

        assert somebody.page.title().startswith(title), path
        assert somebody.page.locator("h1").count() == 1, path
        assert somebody.page.locator("body").bounding_box()["width"] == 375, path
        if script:
            assert somebody.page.evaluate("document.documentElement.scrollWidth") <= 375, path
