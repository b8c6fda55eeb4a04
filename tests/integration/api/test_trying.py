"""What would come of a payload, and where it came from."""

from tests.browsing import SAME, Markup, sign_in

EVENT = "/api/v1/events/1/trace"


async def test_a_payload_is_tried_and_nothing_stored(api, store):
    """The order with the paths that each member came from."""
    before = (await api.get("/api/v1/stats")).json()
    answer = await api.post("/api/v1/sources/acme/try", json={"body": '{"event": "SO-1", "more": 1}'})
    told = answer.json()

    assert answer.status_code == 200, answer.text
    assert told["status"] in ("translated", "ignored", "dead")
    assert (await api.get("/api/v1/stats")).json() == before


async def test_what_cannot_be_tried_is_refused(api, browser):
    """No such source, too small a role, another site's form."""
    nowhere = await api.post("/api/v1/sources/nowhere/try", json={"body": "{}"})
    await sign_in(browser, "read")
    small = await browser.get("/console/try")
    await sign_in(browser, "operate")
    foreign = await browser.post("/console/try", data={"source": "acme", "body": "{}"})
    empty = await browser.post("/console/try", data={"source": "acme", "body": " "}, headers=SAME)

    assert (nowhere.status_code, small.status_code, foreign.status_code, empty.status_code) == (404, 403, 403, 400)


async def test_a_stored_event_is_traced(api, browser):
    """On its page as well, whole without a script."""
    await sign_in(browser, "read")
    told, page = await api.get(EVENT), await browser.get("/console/events/1/trace")
    pruned = await api.get("/api/v1/events/99/trace")

    assert (told.status_code, page.status_code, pruned.status_code) == (200, 200, 404)
    assert Markup(page.text).open == []
