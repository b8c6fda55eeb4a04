"""A change of adapter or options over the stored history."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gateway.events import Arrival
from tests.integration.kit.history import NOW, fill
from tests.processes import API_TOKEN, ROOT, Gateway, source, tenant, told

EVENTS, ORDERS = 4_000, 200
CHANGING = 40
TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}
GOLDEN = ROOT / "tests" / "golden" / "ongoing" / "looked_up_created"
NOBODY = "http://127.0.0.1:9/nobody"


class Asked(BaseHTTPRequestHandler):
    """A vendor's API that must not be asked."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(500)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def vendor():
    server = HTTPServer(("127.0.0.1", 0), Asked)
    server.asked = []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def looked_up(subject: str) -> dict[str, bytes | None]:
    """The order as the vendor's API tells it; the first forty go by heavy goods' delivery."""
    number = int(subject.rpartition("/")[2])
    order = json.loads((GOLDEN / "answers" / "orders" / "70421.json").read_bytes().removeprefix(b"\xef\xbb\xbf"))
    order["orderInfo"] |= {"orderId": number, "orderNumber": f"SO-{number}"}
    order["orderInfo"]["wayOfDelivery"] = {"code": "HEAVY" if number < CHANGING else "PARCEL"}
    return {subject: json.dumps(order).encode(), f"{subject}/wayBillRows": None}


def webhooks() -> list[Arrival]:
    body = json.loads((GOLDEN / "body.json").read_bytes())
    made = []
    for number in range(EVENTS):
        event = {**body, "webhookEventId": number, "orderId": number % ORDERS, "orderNumber": f"SO-{number % ORDERS}"}
        made.append(Arrival("wms", f"nordlager:12:{number}", None, NOW + number, json.dumps(event).encode()))
    return made


def test_a_changed_mapping_shows_exactly_the_orders_that_change(tmp_path, vendor, cli):
    """Over 4,000 events, all of them looked up: forty orders change, in one member, and nobody is asked."""
    api = {"base_url": f"http://127.0.0.1:{vendor.server_port}/", "allow_http": True, "username": "u", "password": "p"}
    wms = source("demo", adapter="ongoing", options={"api": api})
    # Pulled by nobody: nothing but the rehearsal could change anything.
    gateway = Gateway(tmp_path, {"demo": {"delivery": "pull", "pull_secret": "a-pull-secret"}}, {"wms": wms})
    fill(gateway.file, webhooks(), looked_up)
    with gateway:
        before = gateway.http.get("/api/v1/stats", headers=TOKEN).json()
        same = cli("rehearse", "wms", "--config", gateway.file, "--json")
        wms["options"]["special_handling"] = {"HEAVY": ["tail-lift"]}
        gateway.configure(sources={"wms": wms})
        changed = cli("rehearse", "wms", "--config", gateway.file, "--json")
        shown = cli("rehearse", "wms", "--config", gateway.file, "--limit", 1)
        after = gateway.http.get("/api/v1/stats", headers=TOKEN).json()

    assert same.code == 0
    assert same.value["summary"]["events"] == EVENTS
    assert same.value["differences"] == []
    assert changed.code == shown.code == 1
    assert changed.value["summary"] == same.value["summary"] | {"ordersChanged": CHANGING}
    differences = changed.value["differences"]
    assert {each["externalOrderId"] for each in differences} == {f"SO-{number}" for number in range(CHANGING)}
    assert all(
        each["changes"] == [{"member": "specialHandling", "before": None, "after": ["tail-lift"]}]
        for each in differences
    )
    assert "+ specialHandling: tail-lift" in shown.out
    assert f"orders that would change: {CHANGING}" in shown.out
    assert before == after
    assert vendor.asked == []


@pytest.fixture
def history(tmp_path):
    """A gateway of Logistics Plus' with a little history: an order, a dead letter, an ignored event."""
    gateway = Gateway(tmp_path, {"demo": tenant(NOBODY)}, {"lp": source("demo", aliases=["lp-old"])})
    no_address = told("e-2", "O-2", 2) | {"data": {"primaryReference": "O-2", "status": "PRS"}}
    other = told("e-3", "O-3", 3) | {"entityType": "Return"}
    bodies = {"e-1": told("e-1", "O-1", 1), "e-2": no_address, "e-3": other}
    fill(gateway.file, [Arrival("lp", name, None, NOW, json.dumps(body).encode()) for name, body in bodies.items()])
    with gateway:
        yield gateway


def rehearse(cli, gateway: Gateway, folder: Path, options: dict[str, object]):
    file = folder / "changed.json"
    file.write_text(json.dumps(options))
    return cli("rehearse", "lp", "--options", file, "--config", gateway.file, "--json")


def test_events_that_newly_pass(history, cli, tmp_path):
    """An option that mends a dead letter shows it as one that would newly pass."""
    ended = rehearse(cli, history, tmp_path, {"missing_ship_to": {"customer_id": "cust-1"}})

    assert ended.code == 1
    assert [(each["kind"], each["eventId"], each["after"]) for each in ended.value["differences"]] == [
        ("newly_passes", "e-2", "demo/O-2 to cust-1")
    ]
    assert ended.value["summary"]["eventsNewlyPassing"] == 1


def test_events_that_newly_fail(history, cli, tmp_path):
    """An option that asks for more than an event tells shows it as one that would newly fail, with the reason."""
    ended = rehearse(cli, history, tmp_path, {"external_order_id": "{secondary_reference}"})
    (failing,) = [each for each in ended.value["differences"] if each["kind"] == "newly_fails"]

    assert ended.code == 1
    assert failing["eventId"] == "e-1"
    assert failing["after"].startswith("dead: incomplete_payload: the payload has no secondary_reference")


def test_another_id_is_another_order(history, cli, tmp_path):
    """A changed id shows the order under the old one as gone, and one under the new one as new."""
    ended = rehearse(cli, history, tmp_path, {"external_order_id": "X-{primary_reference}"})
    orders = {(each["kind"], each.get("externalOrderId")) for each in ended.value["differences"]}

    assert orders == {("gone", "O-1"), ("new", "X-O-1")}


def test_another_adapter_takes_the_sources_options(history, cli, tmp_path):
    """`--adapter` runs another adapter's module with the configured options; an event ID that changes is shown."""
    code = (ROOT / "adapters" / "logistics_plus" / "__init__.py").read_text()
    (tmp_path / "changed.py").write_text(code.replace("event_id=event_id", 'event_id=f"lp-{event_id}"'))

    ended = cli("rehearse", "lp", "--adapter", tmp_path / "changed.py", "--config", history.file, "--json")

    assert ended.code == 1
    assert {(each["kind"], each["before"], each["after"]) for each in ended.value["differences"]} == {
        ("event_id", f"e-{number}", f"lp-e-{number}") for number in (1, 2, 3)
    }


def test_a_span_bounds_the_history(history, cli):
    """Only what was received within the span is rehearsed."""
    ended = cli("rehearse", "lp", "--since", "2099-01-01T00:00:00Z", "--config", history.file, "--json")

    assert ended.code == 0
    assert ended.value["summary"]["events"] == 0


def test_a_former_name_is_the_sources_too(history, cli):
    """As wherever a source is named."""
    ended = cli("rehearse", "lp-old", "--config", history.file, "--json")

    assert ended.value["summary"]["events"] == 3


def test_an_unknown_source_is_said(history, cli):
    """Whoever names a source that is not there is told which there are."""
    ended = cli("rehearse", "nobody", "--config", history.file)

    assert ended.code == 1
    assert "no such source: nobody; there are lp" in ended.err
