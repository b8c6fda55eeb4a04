"""What is done through the pages: each act confirmed on a page with numbers, in the role's bounds, once."""

from gateway.events import SECOND, Reason
from tests.browsing import SAME, Markup, confirm, sign_in
from tests.integration.api.conftest import NOW, take_in

DEAD = "/console/acts/replay?of=dead-letters&filter=kind:event"


async def acts_of(api):
    return [(row["by"], row["act"], row["what"]) for row in (await api.get("/api/v1/audit")).json()["audit"]]


async def test_a_replay_is_told_in_numbers_and_done_once_confirmed(browser, api):
    """Nothing is done before; afterwards the event's page says so, and the audit who did it."""
    await sign_in(browser, "operate")
    page = await browser.get("/console/acts/replay?of=events&id=1")
    before = await acts_of(api)
    done = await confirm(browser, "/console/acts/replay?of=events&id=1", reason="asked by phone")

    assert "1 event is translated again" in page.text
    assert [each for each in before if each[1] == "replay"] == []
    assert (done.status_code, done.headers["Location"]) == (303, "/console/events/1?did=replay")
    assert "Replayed" in (await browser.get(done.headers["Location"])).text
    assert ("operateer", "replay", "events by id") in await acts_of(api)
    assert (await api.get("/api/v1/audit?act=replay")).json()["audit"][0]["reason"] == "asked by phone"


async def test_an_order_is_discarded_with_a_reason(browser, api):
    """And its page shows what became of it."""
    await sign_in(browser)
    done = await confirm(browser, "/console/acts/discard-order?tenant=demo&order=A/2", reason="sold out")
    page = await browser.get(done.headers["Location"])

    assert "A person set it aside." in page.text
    assert (await api.get("/api/v1/orders/demo/A%2F2")).json()["status"] == "discarded"


async def test_some_dead_letters_become_an_operation(browser, api):
    """More than one goes by itself, and is looked after on its own page."""
    await sign_in(browser)
    done = await confirm(browser, "/console/acts/discard?of=dead-letters&id=event-3&id=order-2")
    operation = (await api.get("/api/v1/operations")).json()["operations"][0]
    page = await browser.get(done.headers["Location"])

    assert done.headers["Location"] == f"/console/operations/{operation['id']}"
    assert (operation["kind"], operation["total"]) == ("discard", 2)
    assert "0 of 2 done" in page.text


async def test_an_operation_is_paused_resumed_and_cancelled(browser, api):
    """Each on a page that says how many rest; what has ended is no longer paused."""
    await sign_in(browser)
    await confirm(browser, "/console/acts/discard?of=dead-letters&id=event-3&id=order-2")
    paused = await browser.get("/console/acts/pause?id=1")
    statuses = []
    for act in ("pause", "resume", "cancel"):
        await confirm(browser, f"/console/acts/{act}?id=1")
        statuses.append((await api.get("/api/v1/operations/1")).json()["operation"]["status"])
    again = await browser.get("/console/acts/pause?id=1")

    assert "The other 2 rest until it is resumed." in paused.text
    assert statuses == ["paused", "running", "cancelled"]
    assert "The operation is cancelled." in again.text


async def test_a_tenant_is_halted_and_resumed(browser, api):
    """The page says how many orders wait, and the tenant's page why it rests."""
    await sign_in(browser, "operate")
    page = await browser.get("/console/acts/halt-tenant?name=demo")
    halted = await confirm(browser, "/console/acts/halt-tenant?name=demo", reason="stocktaking")
    shown = await browser.get(halted.headers["Location"])
    await confirm(browser, "/console/acts/resume-tenant?name=demo")

    assert "0 orders wait now." in page.text
    assert "stocktaking" in shown.text
    assert [each["status"] for each in (await api.get("/api/v1/tenants")).json()["tenants"]] == ["active", "active"]


async def test_who_was_slower_is_told_how_it_stands_now(browser, api):
    """The second operator's act is not done upon a state that they did not see."""
    await sign_in(browser)
    form = {"tenant": "demo", "order": "A/2", "seen": "dead 2026-02-01T10:00:01Z"}
    order = (await api.get("/api/v1/orders/demo/A%2F2")).json()
    await confirm(browser, "/console/acts/discard-order?tenant=demo&order=A/2")
    slow = {**form, "seen": f"{order['status']} {order['changedAt']}"}
    late = await browser.post("/console/acts/discard-order", data=slow, headers=SAME)
    replayed = await confirm(browser, DEAD)
    twice = await browser.post(
        "/console/acts/discard", data={"of": "dead-letters", "ids": "event-3", "seen": "1"}, headers=SAME
    )

    assert (late.status_code, "Somebody was faster" in late.text, ">discarded</span>" in late.text) == (409, True, True)
    assert replayed.status_code == 303
    assert (twice.status_code, "nothing left to do" in twice.text) == (409, True)


async def test_erasing_wants_the_number_typed_again(browser, api):
    """By an administrator; a slip does nothing."""
    await sign_in(browser)
    path = "/console/acts/erase-order?tenant=demo&order=A/1"
    page = await browser.get(path)
    slip = await confirm(browser, path, typed="A/2")
    kept = (await api.get("/api/v1/events/1")).json()["body"]
    done = await confirm(browser, path, typed="A/1")

    assert "1 event is emptied" in page.text
    assert (slip.status_code, kept is None) == (400, False)
    assert done.status_code == 303
    assert (await api.get("/api/v1/events/1")).json()["body"] is None


async def test_a_reload_says_what_has_changed(browser):
    """On the configuration's page."""
    await sign_in(browser)
    done = await confirm(browser, "/console/acts/reload")
    page = await browser.get(done.headers["Location"])

    assert "limits.max_body; with the next start: server.port" in page.text


async def test_a_selection_of_nothing_is_refused(browser):
    """Neither marked rows nor a filter: that would be everything."""
    await sign_in(browser)
    answers = [await browser.get(f"/console/acts/{act}?of=dead-letters") for act in ("replay", "discard")]

    assert [(answer.status_code, "nothing was selected" in answer.text) for answer in answers] == [(400, True)] * 2


async def test_what_is_only_for_dead_letters_takes_no_events(browser):
    """Which are neither discarded nor released."""
    await sign_in(browser)
    answers = [await browser.get(f"/console/acts/{act}?of=events&id=1") for act in ("discard", "release")]

    assert [(answer.status_code, "expected dead-letters" in answer.text) for answer in answers] == [(400, True)] * 2


async def test_who_only_reads_sees_no_buttons(browser):
    """Nor the pages behind them."""
    await sign_in(browser, "read")
    places = ("/console/events/1", "/console/dead-letters", "/console/tenants/demo", "/console/orders/demo/A%2F2")
    pages = [await browser.get(place) for place in places]
    acts = [(await browser.get(f"/console/acts/{act}")).status_code for act in ("reload", "halt-tenant?name=demo")]

    assert acts == [403, 403]
    assert not [page for page in pages if "/console/acts/" in page.text]


async def test_operators_neither_erase_nor_reload(browser):
    """That is for administrators: no button, and refused."""
    await sign_in(browser, "operate")
    page = await browser.get("/console/orders/demo/A%2F2")
    answers = [
        await confirm(browser, f"/console/acts/{act}") for act in ("erase-order?tenant=demo&order=A/2", "reload")
    ]

    assert "/console/acts/erase-order" not in page.text
    assert [answer.status_code for answer in answers] == [403, 403]


async def test_a_list_is_exported_as_it_is_filtered(browser, api):
    """As a file, safe in a spreadsheet, and in the audit; a filter that is not understood is told on a page."""
    await sign_in(browser, "read")
    table = await browser.get("/console/events.csv?filter=status:dead")
    wrong = await browser.get("/console/events.csv?filter=since:never")

    assert table.headers["Content-Type"].startswith("text/csv")
    assert table.headers["Content-Disposition"] == 'attachment; filename="events.csv"'
    assert next(line.split(",")[0] for line in table.text.splitlines()) == "id"
    assert len(table.text.splitlines()) == 3
    assert wrong.status_code == 400
    assert [each for each in await acts_of(api) if each[1] == "export"] == [("reader", "export", "events as csv")]


async def test_a_moment_is_meant_as_times_are_read(browser):
    """In the configured zone, then in the one that is chosen: the list, its table, and acts on all that match."""
    await sign_in(browser, "operate")
    look = "/console/events{}?filter=since:2026-02-01T11:00:02"
    before = [await browser.get(look.format(of)) for of in ("", ".csv")]
    told = await browser.get("/console/acts/replay?of=events&filter=since:2026-02-01T11:00:02")
    await browser.post("/console/zone", data={"zone": "Asia/Kolkata"}, headers=SAME)
    after = [await browser.get(look.format(of)) for of in ("", ".csv")]

    assert [("e-3" in each.text, "e-2" in each.text) for each in before] == [(True, False)] * 2
    assert "Replay 2 events?" in told.text
    assert [("e-3" in each.text, "e-2" in each.text) for each in after] == [(True, True)] * 2


async def test_a_groups_acts_stay_within_the_lists_filter(browser, store):
    """What is done to those that are shown is done to no other; what is held is released from its own page, too."""
    held = [
        await take_in(store, "acme", f'h "{number}"', dead=Reason("held", "no town"), at=NOW + 9 * SECOND)
        for number in range(2)
    ]
    await sign_in(browser, "operate")
    page = Markup((await browser.get('/console/dead-letters?filter=id:"h ""1"""')).text)
    pages = [await browser.get(link) for link in page.links if link.startswith("/console/acts/re")]
    event = Markup((await browser.get(f"/console/events/{held[0]}")).text)

    assert len(pages) == 4
    assert {Markup(each.text).fields["ids"] for each in pages} == {f"event-{held[1]}"}
    assert f"/console/acts/release?of=dead-letters&id=event-{held[0]}" in event.links


async def test_a_body_is_shown_to_64_kib_and_kept_whole_as_a_file(browser, store):
    """Which no browser opens by itself."""
    await sign_in(browser, "read")
    page, whole = await browser.get("/console/events/1"), await browser.get("/console/events/1/body")

    assert "e-1" in page.text
    assert whole.content == b'{"event": "e-1"}'
    assert whole.headers["Content-Disposition"] == 'attachment; filename="event-1.json"'
    assert whole.headers["Content-Type"] == "application/octet-stream"
    assert whole.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_person_chooses_the_zone(browser):
    """For their browser; what is no zone is refused."""
    await sign_in(browser)
    wrong = await browser.post("/console/zone", data={"zone": "../../etc/passwd"}, headers=SAME)
    await browser.post("/console/zone", data={"zone": "Asia/Kolkata"}, headers=SAME)
    page = await browser.get("/console/events")

    assert wrong.status_code == 400
    assert ' IST"' in page.text


async def test_an_order_is_amended_by_hand(browser, api):
    """Its members in a form; the story says that a person did it, and what was no number is told."""
    await sign_in(browser, "operate")
    path = "/console/acts/amend-order?tenant=demo&order=A/2"
    page = await browser.get(path)
    wrong = await confirm(browser, path, totalWeight="heavy", reason="the customer called")
    nothing = await confirm(browser, path, deliveryAddress="1 High Street", reason="the customer called")
    wordless = await confirm(browser, path, deliveryAddress="2 Low Road")
    done = await confirm(browser, path, deliveryAddress="2 Low Road", reason="the customer called")
    story = await browser.get(done.headers["Location"])
    order = (await api.get("/api/v1/orders/demo/A%2F2")).json()

    assert 'value="1 High Street"' in page.text
    assert (wrong.status_code, "totalWeight: expected a number" in wrong.text) == (409, True)
    assert (nothing.status_code, "nothing was changed" in nothing.text) == (409, True)
    assert (wordless.status_code, "Say why, for the audit" in wordless.text) == (400, True)
    assert order["order"]["deliveryAddress"] == "2 Low Road"
    assert "A person amended it" in story.text


async def test_an_amendment_that_counts_as_older_is_told_to_be(browser, store):
    """Where the vendor's clock goes ahead of ours: nothing would tell that the order is as it was."""
    await sign_in(browser, "operate")
    await take_in(store, "acme", "e-9", ("demo", "A/2"), at=NOW + 60 * SECOND)
    told = await confirm(
        browser, "/console/acts/amend-order?tenant=demo&order=A/2", deliveryAddress="2 Low Road", reason="she rang"
    )

    assert (told.status_code, "it counts as newer" in told.text) == (409, True)


async def test_nothing_is_released_that_is_not_held(browser):
    """The page says so, and has no button."""
    await sign_in(browser, "operate")
    page = await browser.get("/console/acts/release?of=dead-letters&id=event-3")

    assert "nothing left to do" in page.text
    assert ">Release</button>" not in page.text
