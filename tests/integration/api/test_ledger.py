"""A day over the operators' API: streamed, summed, as CSV, in the zone that is meant."""

import csv
import html
import io
import re
from datetime import datetime

import pytest

from gateway.events import SECOND, Reason
from gateway.ground.clock import moment
from gateway.records import ListedRecord
from tests.browsing import SAME, sign_in
from tests.integration.api.conftest import NOW, take_in

V1 = "/api/v1"
TODAY, TOMORROW = (moment(at).date().isoformat() for at in (NOW, NOW + 86_400 * SECOND))


async def the_day(api, day=TODAY, **asked):
    answer = await api.get(f"{V1}/ledger", params={"day": day, **asked})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


async def test_a_day_is_told_whole(api):
    """A row an order and one for what no order came of; the sums count as `stats` does."""
    told = await the_day(api)
    stats = (await api.get(f"{V1}/stats")).json()

    assert [(row["externalOrderId"], row["difference"]) for row in told["ledger"]] == [
        ("A/1", ""),
        ("A/2", "dead: refused"),
        ("B/discard", "pending: not sent yet"),
        (None, "dead: malformed_payload"),
    ]
    assert told["sums"]["statuses"] == stats["orders"]
    assert told["sums"]["differences"] == {"dead": 2, "pending": 1}
    assert (told["sums"]["rows"], told["sums"]["received"], told["sums"]["confirmed"]) == (4, 4, 1)
    assert {each["source"]: each["vendorList"] for each in told["sources"]}["acme"] == {"askedAt": None, "orders": 0}
    assert {each["source"]: each["vendorList"] for each in told["sources"]}["gone"] is None
    assert sum(each["sums"]["rows"] for each in told["sources"]) == 4


async def test_an_empty_day_is_told_as_one(api):
    """As JSON of the same form."""
    told = await the_day(api, "1999-12-31")

    assert (told["ledger"], told["sums"]["rows"], told["vendorList"]) == ([], 0, None)


async def test_a_limit_cuts_the_rows_and_no_sum(api):
    """And a difference chooses among them."""
    told = await the_day(api, difference="any", limit=1)
    dead = await the_day(api, difference="dead", limit=10)

    assert [row["externalOrderId"] for row in told["ledger"]] == ["A/2"]
    assert (told["truncated"], told["sums"]["rows"]) == (True, 4)
    assert [row["difference"] for row in dead["ledger"]] == ["dead: refused", "dead: malformed_payload"]
    assert not dead["truncated"]


async def test_the_first_rows_can_be_had_without_the_sums(api):
    """No more of the day is read than they need; what is left unread is told as more."""
    told = await the_day(api, limit=1, sums="false")

    assert ([row["externalOrderId"] for row in told["ledger"]], told["truncated"]) == (["A/1"], True)
    assert (told["sums"], told["sources"], told["vendorList"]) == (None, [], None)


async def test_rows_that_fill_no_piece_are_joined_all_the_same(api):
    """Where most rows do not fit, what is streamed is JSON still."""
    told = await the_day(api, difference="pending")

    assert [row["externalOrderId"] for row in told["ledger"]] == ["B/discard"]


async def test_it_is_a_table_too(api, store):
    """With the apostrophe where a spreadsheet would calculate."""
    await take_in(store, "acme", "e-9", ("demo", "=1+1"), at=NOW + 4 * SECOND)
    answer = await api.get(f"{V1}/ledger", params={"day": TODAY, "source": "acme", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert 'filename="ledger.csv"' in answer.headers["Content-Disposition"]
    assert [row["externalOrderId"] for row in rows] == ["A/1", "A/2", "'=1+1"]
    assert rows[1]["difference"] == "dead: refused"


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [("2026-03-29", "Europe/Oslo", 23), ("2026-10-25", "Europe/Oslo", 25), ("2026-11-24", "Asia/Kolkata", 24)],
)
async def test_a_day_is_as_long_as_it_is(api, day, zone, hours):
    """From midnight to midnight there, whatever the clocks do between."""
    told = await the_day(api, day, zone=zone)
    since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))

    assert (until - since).total_seconds() == hours * 3600
    assert told["zone"] == zone


@pytest.mark.parametrize(("zone", "day"), [("UTC", TODAY), ("Pacific/Kiritimati", TOMORROW)])
async def test_where_no_day_is_named_it_is_today(api, zone, day):
    """In the ledger's zone: at ten in the morning of UTC it is the next day there."""
    told = (await api.get(f"{V1}/ledger", params={"zone": zone, "limit": 1})).json()

    assert (told["day"], told["zone"]) == (day, zone)


async def test_what_there_is_not_is_said(api):
    """A zone, a day, one that is none."""
    for status, asked in (
        (404, {"day": TODAY, "zone": "Europe/Atlantis"}),
        (404, {"day": "1969-12-31"}),
        (400, {"day": "yesterday"}),
        (400, {"day": TODAY, "difference": "strange"}),
    ):
        assert (await api.get(f"{V1}/ledger", params=asked)).status_code == status, asked


async def test_asking_anew_only_looks(api, calls, store):
    """From a day before the day's beginning; what it found is there at the next look."""
    answer = await api.post(f"{V1}/ledger/refresh", json={"day": TODAY})
    listed = ListedRecord(
        subject="7", changed_at=NOW, tenant="demo", external_order_id="A/7", clock=NOW, digest=b"x", reason=None
    )
    ignored = ListedRecord(subject="8", changed_at=NOW, reason=Reason("ignored", "status 150"))
    await store.reconciliation.note_listed("acme", [listed, ignored], NOW)
    told = await the_day(api, source="acme")

    assert answer.json() == {"refreshed": [{"source": "acme", "listed": 2}]}
    [(what, source, since)] = calls.asked
    assert (what, source, moment(since).hour) == ("look", "acme", 0)
    assert [row["difference"] for row in told["ledger"]][-2:] == ["never_received", "ignored: status 150"]
    assert told["vendorList"]["orders"] == 2
    assert (await api.post(f"{V1}/ledger/refresh", json={"day": TODAY, "source": "nobody"})).status_code == 404


async def test_its_page_shows_the_day_and_asks_anew(browser, calls):
    """The sums, each difference by name with its event or order, CSV; asking is a form that leads back."""
    await sign_in(browser)
    page = (await browser.get("/console/ledger", params={"day": TODAY})).text
    table = await browser.get("/console/ledger.csv", params={"day": TODAY})
    asked = await browser.post("/console/ledger/refresh", data={"day": TODAY, "source": ""}, headers=SAME)
    again = await browser.get(asked.headers["Location"])

    assert "dead: refused" in page
    assert "dead: malformed payload" in page
    assert "2 dead, 1 pending" in page
    assert len(table.text.splitlines()) == 5
    assert asked.status_code == 303
    assert calls.asked[0][:2] == ("look", "acme")
    assert "The vendors were asked" in again.text


async def test_the_page_opens_on_the_ledgers_day_not_on_the_readers(browser):
    """Beyond the reader's midnight it is still the sources' day: what came just now is shown, and in its table."""
    await sign_in(browser)
    browser.cookies.set("gateway-zone", "Pacific/Kiritimati")
    page = (await browser.get("/console/ledger")).text
    table = await browser.get(html.unescape(re.search(r'href="(/console/ledger.csv[^"]*)"', page)[1]))

    assert f'type="date" value="{TODAY}"' in page
    assert f"{TODAY} in UTC" in page
    assert "2 dead, 1 pending" in page
    assert len(table.text.splitlines()) == 5


async def test_the_page_of_a_large_day_shows_its_rows_at_once(browser):
    """Where the sums take their time, it has a link to them, which a script follows by itself."""
    await sign_in(browser)
    first = (await browser.get("/console/ledger", params={"day": TODAY, "sums": "later"})).text
    link = html.unescape(re.search(r'hx-get="([^"]+)"', first)[1])
    whole = (await browser.get(f"/console/ledger{link}")).text

    assert "dead: refused" in first
    assert "2 dead, 1 pending" not in first
    assert 'id="sums"' in first
    assert 'id="sums"' in whole
    assert "2 dead, 1 pending" in whole
