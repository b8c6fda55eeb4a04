"""The link that the demo prints: it signs in once, on this machine, for five minutes."""

import httpx
import pytest

from gateway.api.access import bearers_of
from gateway.api.inside import Inside as InsideApi
from gateway.console.app import create_console
from gateway.console.inside import Inside
from gateway.console.link import LASTS, SignInLink
from gateway.console.sessions import Sessions
from tests.browsing import SAME


@pytest.fixture
def link(time):
    return SignInLink("administering-token", time)


@pytest.fixture
async def browser(doors, store, time, link):
    """The console of a demo."""

    async def no_problems():
        return []

    inside = Inside(
        ask=InsideApi(doors),
        bearers=lambda: bearers_of(doors.config.settings.api),
        unproven=doors.turned_away,
        note=doors.trail.note,
        listen=doors.stream.begin,
        follow=lambda _last, _wanted: None,
        sessions=Sessions(store.sessions, time),
        problems=no_problems,
        is_public=True,
        clock=doors.clock,
        title="A demo",
        zone="UTC",
        link=link,
    )
    transport = httpx.ASGITransport(create_console(inside))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
        yield client


async def test_looking_shows_a_button_and_pressing_it_signs_in_once(browser, link):
    """A browser that looks ahead uses nothing up."""
    path = link.issue()
    looked = [await browser.get(path) for _ in range(2)]
    pressed = await browser.post(path, headers=SAME)
    inside = await browser.get("/console")
    again = [await browser.get(path), await browser.post(path, headers=SAME)]

    assert len(path.rpartition("/")[2]) == 22
    assert ["<button" in page.text for page in looked] == [True, True]
    assert (pressed.status_code, inside.status_code) == (303, 200)
    assert [page.status_code for page in again] == [404, 404]


async def test_it_is_over_after_five_minutes_and_counts_as_a_failed_proof(browser, link, time, calls):
    """As any other guess."""
    path = link.issue()
    time.now += LASTS + 1
    late, guess = await browser.get(path), await browser.get("/console/link/guess")

    assert (late.status_code, guess.status_code) == (404, 404)
    assert len(calls.turned_away) == 2


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {}, {**SAME, "Host": "gate.example"}])
async def test_neither_another_site_nor_another_machine_presses_it(browser, link, headers):
    """And the link is still good for whom it was printed."""
    path = link.issue()
    refused = await browser.post(path, headers=headers)

    assert (refused.status_code, "Set-Cookie" in refused.headers) in ((403, False), (404, False))
    assert (await browser.post(path, headers=SAME)).status_code == 303


async def test_without_a_demo_there_is_none(console):
    """Nor a page that says so."""
    transport = httpx.ASGITransport(console)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
        answer = await client.get("/console/link/anything")

    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)
