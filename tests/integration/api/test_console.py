"""The operators' pages: who gets in, what is refused, and what they show."""

import re

import httpx
import pytest

from gateway.api.remedies import REMEDIES
from gateway.console.assets import path_of
from gateway.console.bodies import lines, nearest
from gateway.console.door import HEADERS
from gateway.console.replicas import told
from gateway.console.sessions import IDLE, LONGEST
from gateway.console.story import delivered_last
from gateway.events import Arrival, Reason
from gateway.ground.failures import BURST
from tests.browsing import SAME, Markup, sign_in

PAGES = (
    "/console", "/console/find?q=", "/console/find?q=no+such", "/console/find?q=e-", "/console/orders",
    "/console/orders/demo/A%2F1", "/console/orders/demo/A%2F2", "/console/events", "/console/events/1",
    "/console/events/3",
    "/console/dead-letters", "/console/operations", "/console/tenants", "/console/sources", "/console/refusals",
    "/console/audit", "/console/configuration", "/console/drift", "/console/replicas", "/console/keys", "/console/zone",
    "/console/ledger", "/console/ledger?day=2024-02-29&source=acme", "/console/ledger?day=nonsense",
    "/console/tenants/demo", "/console/tenants/pulled", "/console/sources/acme", "/console/sources/quiet",
    "/console/acts/replay?of=events&id=1", "/console/acts/replay?of=dead-letters&filter=kind:event",
    "/console/acts/discard?of=dead-letters&filter=source:acme", "/console/acts/halt-tenant?name=demo",
    "/console/acts/resume-tenant?name=demo", "/console/acts/reconcile?name=acme",
    "/console/acts/discard-order?tenant=demo&order=A/2", "/console/acts/erase-order?tenant=demo&order=A/2",
    "/console/acts/reload",
    "/console/events?filter=status:dead", "/console/events?filter=status:no+such",
    "/console/orders?filter=A/", "/console/dead-letters?filter=nonsense",
)  # fmt: skip


async def test_every_page_is_whole_and_keeps_its_headers(browser):
    """Well-formed HTML with one heading, no script and no inline style, never stored, and nothing that is undefined."""
    await sign_in(browser)
    for page in PAGES:
        answer = await browser.get(page)
        if answer.status_code == 303:
            answer = await browser.get(answer.headers["Location"])
        _is_whole(page, answer)


def _is_whole(page, answer):
    markup = Markup(answer.text)

    assert answer.status_code == (400 if ("no+such" in page and "filter" in page) or "nonsense" in page else 200)
    assert markup.open == []
    assert markup.headings == 1
    assert len(markup.ids) == len(set(markup.ids)), page
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Undefined" not in answer.text


async def test_every_link_of_a_page_leads_somewhere(browser):
    """From the overview on, to whatever the pages name."""
    await sign_in(browser)
    seen, todo = set(), ["/console"]
    while todo:
        place = todo.pop()
        seen.add(place)
        answer = await browser.get(place)
        assert answer.status_code in (200, 303), place
        if "html" in answer.headers.get("content-type", ""):
            markup = Markup(answer.text)
            links = [f"{place.partition('?')[0]}{link}" if link.startswith("?") else link for link in markup.links]
            todo += [link for link in links if link.startswith("/") and link not in seen and link not in todo]

    assert len(seen) > 20


async def test_nobody_sees_a_page_without_a_session(browser):
    """The door is shown first, and nothing else."""
    for page in PAGES:
        answer = await browser.get(page)

        assert (answer.status_code, answer.headers["Location"]) == (303, "/console/login")
        assert answer.text == ""


async def test_a_token_is_taken_once_and_answered_by_a_cookie(browser, api):
    """For this host alone, for no script and no other site's request; the audit knows of it, the token is nowhere."""
    answer = await sign_in(browser)
    pages = [(await browser.get(page)).text for page in PAGES]
    audit = (await api.get("/api/v1/audit")).json()["audit"]

    cookie = answer.headers["Set-Cookie"]
    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert not [page for page in pages if "ing-token" in page]
    assert [(row["by"], row["act"], row["what"]) for row in audit] == [("adminer", "login", "console")]


async def test_from_afar_the_cookie_is_secure_and_plain_http_is_refused(console):
    """A form that a browser sent by plain http is refused in a sentence; else the cookie goes by https alone."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(console), base_url="https://gate.example") as afar:
        plain = await sign_in(afar, Origin="http://gate.example")
        safe = await sign_in(afar, Origin="https://gate.example")

    assert (plain.status_code, "in the clear" in plain.text, "Set-Cookie" in plain.headers) == (403, True, False)
    assert safe.status_code == 303
    assert safe.headers["Set-Cookie"].startswith("__Host-")
    assert "Secure" in safe.headers["Set-Cookie"]


@pytest.mark.parametrize("host", ["LOCALHOST:8080", "127.0.0.1", "127.9.9.9:8080", "[::1]:8080"])
async def test_on_this_machine_the_cookie_goes_by_plain_http(console, host):
    """By whatever name or loopback address the browser has it."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(console), base_url=f"http://{host}") as near:
        answer = await sign_in(near, Origin=f"http://{host}")

    assert answer.status_code == 303
    assert "Secure" not in answer.headers["Set-Cookie"]


async def test_a_browser_without_fetch_metadata_is_known_by_its_origin(browser):
    """Its Origin is our Host."""
    answer = await browser.post(
        "/console/login", data={"token": "reading-token"}, headers={"Origin": "http://localhost:8080"}
    )

    assert answer.status_code == 303


async def test_to_look_at_a_door_is_no_attempt(browser, calls):
    """Whatever it is looked at by; and another way than the page has is told with those that it has."""
    looked = await browser.head("/console/login", headers=SAME)
    other = await browser.delete("/console/events")

    assert (looked.status_code, calls.turned_away) == (200, [])
    assert (other.status_code, {*other.headers["Allow"].split(", ")}) == (405, {"GET", "HEAD"})


@pytest.mark.parametrize("path", ["/console", "/console/dead-letters", "/console/events?filter=status%3Adead"])
async def test_a_slash_at_the_end_leads_to_the_page(browser, path):
    """Within the console, whatever the Host says."""
    place, _, query = path.partition("?")
    answer = await browser.get(f"{place}/?{query}", headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.headers["Location"]) == (303, path)


async def test_wrong_tokens_are_counted_and_limited(browser, calls):
    """On record with their address; the door then says how long to wait; nothing of the token comes back."""
    answers = [await sign_in(browser, "wrong") for _ in range(BURST + 2)]

    assert {answer.status_code for answer in answers} == {401, 429}
    assert not [
        answer for answer in answers if "wrong" in answer.text and "token" in answer.text and "wronging" in answer.text
    ]
    assert calls.turned_away
    assert (await browser.get("/console")).status_code == 303
    assert (await sign_in(browser)).status_code == 303


@pytest.mark.parametrize("passed", [IDLE + 1, None])
async def test_a_session_ends_by_itself(browser, time, passed):
    """An hour without a page, or twelve hours of them."""
    await sign_in(browser)
    if passed is None:
        for _ in range(LONGEST // (IDLE // 2) + 1):
            time.now += IDLE // 2
            await browser.get("/console")
    else:
        time.now += passed

    assert (await browser.get("/console")).status_code == 303


async def test_logging_out_ends_it_for_whoever_kept_the_cookie(browser):
    """On the server, not in the browser alone."""
    await sign_in(browser)
    [(name, kept)] = browser.cookies.items()
    await browser.post("/console/logout", headers=SAME)
    forgotten = name not in browser.cookies
    browser.cookies.set(name, kept)

    assert forgotten
    assert (await browser.get("/console")).status_code == 303


async def test_the_role_is_the_tokens(browser):
    """Who may not read the audit is told so, and shown no way to it."""
    await sign_in(browser, "read")
    overview, audit = await browser.get("/console"), await browser.get("/console/audit")

    assert "/console/audit" not in overview.text
    assert (audit.status_code, "this needs admin" in audit.text) == (403, True)


async def test_an_orders_page_says_what_became_of_it_and_what_helps(browser):
    """The verdict first, then its story, with the intake's words."""
    await sign_in(browser)
    delivered = (await browser.get("/console/orders/demo/A%2F1")).text
    dead = (await browser.get("/console/orders/demo/A%2F2")).text

    assert "Trackely has it." in delivered
    assert "ord-1" in delivered
    assert "1 High Street" in delivered
    assert re.search(r"It was set aside for a person\..*422: no such street", dead, re.DOTALL)
    assert REMEDIES["refused"].words in dead


async def test_the_configuration_says_title_and_zone(browser):
    """The title above each page, signed in or not; times in the zone, with its name of that time."""
    out = await browser.get("/console/login")
    await sign_in(browser)
    events = await browser.get("/console/events")

    assert all("<title>" in page.text and "The north&#39;s gateway</title>" in page.text for page in (out, events))
    assert re.search(r'title="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T"', events.text)


async def test_a_single_hit_opens_at_once_and_several_are_listed(browser):
    """Nothing says where else to look."""
    await sign_in(browser)
    one, some, none = [await browser.get(f"/console/find?q={q}") for q in ("PO-1", "e-", "no such")]

    assert (one.status_code, one.headers["Location"]) == (303, "/console/orders/demo/A%2F1")
    assert "gateway dead-letters replay event-3" in some.text
    assert "/console/refusals" in none.text


async def test_what_a_vendor_says_is_text(browser, store):
    """Not markup."""
    await sign_in(browser)
    await take(store, "<img src=x onerror=alert(1)>")

    page = (await browser.get("/console/dead-letters")).text

    assert "<img" not in page
    assert "&lt;img" in page


async def take(store, text):
    await store.inbox.put(Arrival("acme", text, None, 1, b"{}", dead=Reason("malformed_payload", text)))


async def test_the_style_is_kept_by_its_content(browser):
    """And needs no session."""
    answer = await browser.get(path_of("console.css"))

    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


async def test_the_overview_says_what_ails_the_gateway_itself_and_why_letters_are_dead(browser, ails):
    """The disk, the store, a loop that stands; each reason of the dead letters with what helps."""
    ails.append("less than 104857600 bytes are free for the store")
    await sign_in(browser)
    page = (await browser.get("/console")).text

    assert "The gateway is not well: less than 104857600 bytes are free for the store" in page
    assert "2 dead letters to look at" in page
    assert REMEDIES["refused"].words in page
    assert "Lookups of acme are halted" in page


def test_what_trackely_had_last_is_the_newest_that_it_was_sent():
    """Of an order whose first event was replayed as the newest; and of one of which something newer waits."""

    def state(order, clock, status="delivered"):
        return {"order": order, "status": status, "version": {"clock": clock, "tie": 0, "arrival": 1}}

    old, new = {"customerName": "old"}, {"customerName": "new"}
    forced = {"1": state(old, "2026-02-01T10:00:00.5Z"), "2": state(new, "2026-02-01T10:00:00Z")}
    waiting = {"1": state(old, "2026-02-01T10:00:00Z"), "2": state(new, "2026-02-01T11:00:00Z", "pending")}

    assert delivered_last({"order": old}, forced) is None
    assert delivered_last({"order": new}, waiting) == old
    assert delivered_last({"order": new}, {}) is None


def test_where_a_body_broke_is_marked():
    """The line that the reason's path names, or the one in which it would stand."""
    body = '{"id": 1, "data": {"lines": [{"sku": "A"}]}}'
    found = [nearest(lines(body), path) for path in ("$.data.lines[0].sku", "$.data.shipTo.city", "$", None)]

    assert [None if place is None else lines(body)[place].path for place in found] == [
        "$.data.lines[0].sku",
        "$.data",
        None,
        None,
    ]


def test_replicas_are_told_by_what_ails_them():
    """Who is lost, and who goes by something else than most; duties by kind."""

    def replica(name, digest="a", state="alive", duties=()):
        return {
            "name": name,
            "version": "1",
            "configDigest": digest,
            "adaptersDigest": "b",
            "state": state,
            "duties": duties,
        }

    shards = tuple(f"translation:{number:02}" for number in range(16))
    found = told([
        replica("a", duties=("operations", "delivery:acme", "delivery:north", *shards)), replica("b"),
        replica("c", digest="other"), replica("d", state="lost"),
    ])  # fmt: skip

    assert [each["ails"] for each in found] == [None, None, "behind", "lost"]
    assert found[0]["duties"] == ["delivery: acme, north", "operations", "translation (16)"]
