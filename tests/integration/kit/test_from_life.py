"""What stored events teach: golden cases from life, and what has drifted in what a vendor sends."""

import json

import pytest

from gateway.events import Arrival
from gateway.golden.cases import load_case
from gateway.golden.judging import problems_of_case
from gateway.registry import find_adapter
from tests.integration.kit.history import NOW, fill
from tests.processes import API_TOKEN, PROOF, ROOT, Gateway, eventually, source, tenant, told

TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}
GOLDEN = ROOT / "tests" / "golden" / "ongoing" / "looked_up_created"
NOBODY = "http://127.0.0.1:9/nobody"
SECRET = "the-vendors-api-password"
PEOPLE = ("Kari", "Nordmann", "kari@example.no", "Storgata", "+4790000000", "+4722000000", SECRET)


@pytest.fixture
def gateway(tmp_path):
    """A gateway with one looked-up event in its store."""
    api = {"base_url": "http://127.0.0.1:9/api/", "allow_http": True, "username": "u", "password": SECRET}
    sources = {"wms": source("demo", adapter="ongoing", options={"api": api}), "lp": source("demo")}
    made = Gateway(tmp_path, {"demo": tenant(NOBODY)}, sources)
    answers = {
        "orders/70421": (GOLDEN / "answers/orders/70421.json").read_bytes(),
        "orders/70421/wayBillRows": (GOLDEN / "answers/orders/70421/wayBillRows.json").read_bytes(),
    }
    arrival = Arrival("wms", "nordlager:12:90017", "Order is created", NOW, (GOLDEN / "body.json").read_bytes())
    fill(made.file, [arrival], lambda _: answers)
    with made:
        yield made


def test_an_export_is_a_golden_case_without_people(gateway, cli, tmp_path):
    """The case passes as it is; no name, phone, mail, street or secret of the event is in any of its files."""
    (event,) = gateway.http.get("/api/v1/events", headers=TOKEN).json()["events"]
    ended = cli("events", "export", event["id"], "--golden", tmp_path / "cases", "--config", gateway.file)
    (place,) = (tmp_path / "cases").iterdir()
    case = load_case(place)
    files = b"".join(file.read_bytes() for file in place.rglob("*.json"))

    assert ended.code == 0, ended.err
    assert problems_of_case(find_adapter("ongoing", tmp_path), case) == []
    assert case.is_captured
    assert case.expected["states"][0]["order"]["totalWeight"] == 13.25
    assert case.expected["states"][0]["order"]["deliveryAddress"].endswith("0155 Oslo, NO")
    assert [person for person in PEOPLE if person.encode() in files] == []


def test_an_export_is_the_same_every_time(gateway, cli, tmp_path):
    """The same event gives the same stand-ins, and a case that is there is not written over."""
    (event,) = gateway.http.get("/api/v1/events", headers=TOKEN).json()["events"]
    for folder in ("one", "two"):
        cli("events", "export", event["id"], "--golden", tmp_path / folder, "--config", gateway.file)
    again = cli("events", "export", event["id"], "--golden", tmp_path / "one", "--config", gateway.file)
    first, second = (
        {str(file.relative_to(tmp_path / folder)): file.read_bytes() for file in (tmp_path / folder).rglob("*.json")}
        for folder in ("one", "two")
    )

    assert first == second
    assert again.code == 1
    assert "is there already" in again.err


def test_an_export_goes_on_past_an_unknown_id(gateway, cli, tmp_path):
    """The other events are written, the unknown id is named, and the command fails."""
    (event,) = gateway.http.get("/api/v1/events", headers=TOKEN).json()["events"]
    ended = cli("events", "export", "999999", event["id"], "--golden", tmp_path / "cases", "--config", gateway.file)

    assert ended.code == 1
    assert "999999" in ended.err
    assert len(list((tmp_path / "cases").iterdir())) == 1


def test_drift_is_told_by_api_command_and_metric(gateway, cli):
    """An unknown member, a changed type and a new code are told, counted, and kept over a restart."""

    def drift() -> set[tuple[str, str, str]]:
        rows = gateway.http.get("/api/v1/sources/lp/drift", headers=TOKEN).json()["drift"]
        return {(row["kind"], row["path"], row["value"]) for row in rows}

    def send(event_id: str, **members: object) -> None:
        assert gateway.http.post("/hooks/lp", json=told(event_id, event_id, 1, **members), headers=PROOF).json()[
            "accepted"
        ]

    send("e-1", wrapping={"weight": 1})
    eventually(drift)
    send("e-2", status="HEL", wrapping={"weight": "1"})
    found = eventually(drift, lambda found: len(found) == 3)
    metrics = gateway.http.get("/metrics").text
    shown = cli("drift", "lp", "--config", gateway.file)
    gateway.stop()
    gateway.start()

    assert found == {
        ("unknown_member", "$.data.wrapping", ""),
        ("type_changed", "$.data.wrapping.weight", "text"),
        ("new_code", "$.data.status", "HEL"),
    }
    assert drift() == found
    assert 'trackely_gateway_drift{kind="new_code",source="lp"} 1.0' in metrics
    assert "$.data.wrapping" in shown.out
    assert "number" in shown.out
    assert gateway.http.get("/api/v1/sources/nobody/drift", headers=TOKEN).status_code == 404


def test_the_history_comes_in_pages(gateway):
    """Each page begins where the one before ended; the first tells how many there are."""
    for number in range(5):
        gateway.http.post("/hooks/lp", json=told(f"e-{number}", f"O-{number}", 1), headers=PROOF)
    path = "/api/v1/sources/lp/history?limit=2"
    pages = [gateway.http.get(path, headers=TOKEN).json()]
    while pages[-1]["next"]:
        pages.append(gateway.http.get(f"{path}&cursor={pages[-1]['next']}", headers=TOKEN).json())

    assert pages[0]["length"] == 5
    assert [event["eventId"] for page in pages for event in page["events"]] == [f"e-{number}" for number in range(5)]
    assert json.dumps(pages).count('"length": null') == len(pages) - 1
