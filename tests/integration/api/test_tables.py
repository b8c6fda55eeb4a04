"""Lists as CSV: whole, and harmless in a spreadsheet."""

import csv
import io

import pytest

from gateway.events import Arrival, Reason
from tests.browsing import sign_in

V1 = "/api/v1"
LISTS = ("events", "orders", "dead-letters", "refusals", "audit", "operations")


async def table(api, path, **parameters):
    answer = await api.get(f"{V1}/{path}", params={**parameters, "format": "csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_has_its_rows(api, path):
    """As many as the list itself; the audit's has the export's own besides."""
    listed = (await api.get(f"{V1}/{path}")).json()
    [rows] = [value for value in listed.values() if isinstance(value, list)]

    assert len(await table(api, path)) == len(rows) + (path == "audit")


async def test_a_filter_holds_beyond_a_page(api, store):
    """All that fit, whatever the limit of a page; each once."""
    for number in range(1_100):
        store.inbox.put(Arrival("acme", f"many-{number}", None, 1, b"{}"))
    await store.inbox.put(Arrival("acme", "many-last", None, 1, b"{}"))

    rows = await table(api, "events", status="received", limit=7)

    assert len({row["eventId"] for row in rows}) == len(rows) == 1_101


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
async def test_no_cell_is_a_formula(api, store, text):
    """It begins with an apostrophe, whoever named it so; numbers stay numbers."""
    await store.inbox.put(Arrival("acme", text, None, 1, b"{}", dead=Reason("malformed_payload", text, text)))

    [row] = await table(api, "dead-letters", eventId=text)

    assert (row["eventId"], row["detail"], row["path"]) == ("'" + text, "'" + text, "'" + text)
    assert row["reason"] == "malformed_payload"


async def test_what_cannot_be_answered_is_refused_before_it_begins(api):
    """A cursor that is none, a format that is none."""
    assert (await api.get(f"{V1}/events", params={"format": "csv", "cursor": "x"})).status_code == 400
    assert (await api.get(f"{V1}/events", params={"format": "xml"})).status_code == 400


async def exports(api):
    return [each["what"] for each in (await api.get(f"{V1}/audit", params={"act": "export"})).json()["audit"]]


async def test_a_head_takes_nothing_away(api, browser):
    """By no door is it an export; it says what a GET would."""
    await sign_in(browser)
    heads = [await api.head(f"{V1}/{path}", params={"format": "csv"}) for path in LISTS]
    heads.append(await api.head(f"{V1}/sources/acme/history"))
    heads += [await browser.head(path) for path in ("/console/events.csv", "/console/ledger.csv")]
    refused = await api.head(f"{V1}/ledger", params={"format": "csv", "day": "2026-05-12", "zone": "Nowhere/None"})

    assert [(head.status_code, head.content) for head in heads] == [(200, b"")] * len(heads)
    assert {head.headers["Content-Type"].partition(";")[0] for head in heads} == {"text/csv", "application/json"}
    assert refused.status_code == 404
    assert await exports(api) == []


async def test_a_history_is_an_export_wherever_it_begins(api):
    """What goes on with one is of that one; a place that nobody was given begins another."""
    path = f"{V1}/sources/acme/history"
    first = (await api.get(path, params={"limit": 1})).json()
    second = (await api.get(path, params={"limit": 1, "cursor": first["next"]})).json()
    before = await exports(api)
    place, _, mark = first["next"].partition(".")
    begun = [await api.get(path, params={"cursor": each}) for each in ("0", place, f"{int(place) - 1}.{mark}")]

    assert [len(page["events"]) for page in (first, second)] == [1, 1]
    assert before == ["the history of source acme"]
    assert [each.status_code for each in begun] == [200] * 3
    assert await exports(api) == before * 4
