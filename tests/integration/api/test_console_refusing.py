"""What every path of the console refuses, by the paths themselves: a page that is added is held to it."""

import pytest

from gateway.console.acting import ALL
from gateway.console.door import HEADERS
from gateway.console.sessions import IDLE
from tests.browsing import SAME, sign_in

PARTS = {"{tenant}": "demo", "{order:path}": "A%2F2", "{event}": "1", "{operation}": "1", "{act}": "reload"}
NAMES = {"/console/tenants/{name:path}": "demo", "/console/sources/{name:path}": "acme"}
OPEN = ("/console/login", "/console/logout")
"""Who has no session may post here."""
FOREIGN = (
    {},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://elsewhere.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:8080"},
)


def places(console, method):
    """Every path that takes the method, its parts filled in; each act has its own."""
    for route in console.routes:
        if method not in route.methods or route.path.startswith("/console/assets/"):
            continue
        path = route.path.replace("{name:path}", NAMES.get(route.path, ""))
        if method == "POST" and "{act}" in path:
            yield from (path.replace("{act}", act) for act in ALL)
            continue
        for part, text in PARTS.items():
            path = path.replace(part, text)
        yield path


@pytest.fixture
def changing(console):
    found = [path for path in places(console, "POST") if path not in OPEN]
    assert {"/console/acts/amend-order", "/console/acts/release", "/console/try", "/console/zone"} <= set(found)
    return found


async def trail(api):
    """All that was done, but coming and going."""
    rows = (await api.get("/api/v1/audit")).json()["audit"]
    return [row["act"] for row in rows if row["act"] not in ("login", "logout")]


async def statuses(browser, paths, headers=SAME):
    return {(await browser.post(path, data={"zone": "UTC"}, headers=headers)).status_code for path in paths}


async def test_without_a_session_nothing_changes(browser, api, changing):
    """And it is said that nothing was done."""
    assert await statuses(browser, changing) == {401}
    assert await trail(api) == []


@pytest.mark.parametrize("headers", FOREIGN)
async def test_for_another_sites_form_nothing_changes(browser, api, changing, headers):
    """With a session, at every path, at the door's own too."""
    await sign_in(browser)

    assert await statuses(browser, [*OPEN, *changing], headers) == {403}
    assert await trail(api) == []
    assert (await browser.get("/console")).status_code == 200


async def test_who_only_reads_changes_nothing_but_their_own_zone(browser, api, changing):
    """Whatever the act."""
    await sign_in(browser, "read")
    changing.remove("/console/zone")

    assert await statuses(browser, changing) == {403}
    assert await trail(api) == []


async def test_in_a_stale_session_nothing_changes(browser, api, changing, time):
    """An hour after the last page."""
    await sign_in(browser)
    time.now += IDLE + 1

    assert await statuses(browser, changing) == {401}
    assert await trail(api) == []


async def test_once_the_token_is_rotated_nothing_changes(browser, api, changing, bearers):
    """The session is over at once."""
    await sign_in(browser)
    bearers.clear()

    assert await statuses(browser, changing) == {401}
    assert await trail(api) == []


@pytest.mark.parametrize("is_in", [True, False])
async def test_no_page_is_kept_by_anybody_nor_without_its_policy(browser, console, is_in):
    """Every path, signed in or not."""
    if is_in:
        await sign_in(browser)
    seen = [path for path in places(console, "GET") if path != "/console/stream"]

    assert len(seen) > 25
    for path in seen:
        answer = await browser.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
        assert is_in or path == "/console/login" or (answer.status_code, answer.text) == (303, ""), path
