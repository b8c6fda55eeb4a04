"""An empty folder, a sample: new, check, translate, serve, and an order is delivered."""

import difflib
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.processes import API_TOKEN, FAST, PROOF, ROOT, Gateway, eventually

TOKEN = {"Authorization": f"Bearer {API_TOKEN}"}
MOST_EDITED = 10

FULL = {
    "id": 4711,
    "orderNumber": "A-1001",
    "status": "released",
    "updatedAt": "2026-03-01T10:00:00Z",
    "deliverOn": "2026-03-04",
    "shipTo": {
        "company": "Acme AS",
        "line1": "Storgata 1",
        "line2": None,
        "city": "Oslo",
        "postalCode": "0155",
        "countryCode": "NO",
        "contact": {"name": "Kari Nordmann", "email": "kari@example.no"},
    },
    "billTo": {"company": "HQ", "line1": "Elsewhere 2", "city": "Bergen", "postalCode": "5003", "countryCode": "NO"},
    "weightGrams": 12500,
    "lines": [{"sku": "X", "quantity": 2}],
}
BATCH = {
    "message_id": "m-77",
    "event_type": "orders.released",
    "orders": [
        {
            "order_no": number,
            "changed_at": "2026-03-01 09:59:00",
            "delivery": {
                "name": name,
                "street": "12 Elm Street",
                "town": "Leeds",
                "postcode": "LS1 4AP",
                "country": "GB",
            },
            "weight": "22.5",
        }
        for number, name in ((900001, "Jane Doe"), (900002, "John Doe"))
    ],
}
NOTICE = {"notificationId": "n-1", "event": "shipment.changed", "orderId": 555}
ANSWER = {
    "orderNumber": "T-555",
    "modifiedAt": "2026-03-01T09:00:00Z",
    "consignee": {"name": "Ola", "address1": "Gata 2", "city": "Bergen", "postalCode": "5003", "country": "NO"},
    "customerEmail": "ola@example.no",
}


class Vendor(BaseHTTPRequestHandler):
    """The vendor's API: one order."""

    def do_GET(self):
        body = json.dumps(ANSWER).encode()
        self.send_response(200 if self.path == "/api/orders/555" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def vendor():
    server = HTTPServer(("127.0.0.1", 0), Vendor)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    server.shutdown()
    thread.join()
    server.server_close()


def gateway(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def deliver(folder: Path, body: object, options: dict[str, object]) -> dict[str, dict[str, object]]:
    """Serve with the adapter, send the payload, and give the orders that the embedded intake has then."""
    source = {"adapter": "./acme.py", "tenant": "demo", "auth": [{"type": "bearer", "token": "a-vendors-token"}]}
    served = Gateway(folder, {}, {"acme": {**source, "options": options}}, intake={"embedded": True})
    url = f"{served.url}/api/integrations/wms/demo"
    served.configure(tenants={"demo": {"intake_url": url, "secret": "a-tenants-secret-of-some-length", **FAST}})
    with served:
        assert served.http.post("/hooks/acme", json=body, headers=PROOF).json()["accepted"] is True
        path = "/api/v1/orders?tenant=demo&status=delivered"
        orders = eventually(lambda: served.http.get(path, headers=TOKEN).json()["orders"])
        return {each["externalOrderId"]: each["order"] for each in orders}


def edit(module: Path, edits: dict[str, str]) -> int:
    """Change lines of the drafted module; how many differ from the draft."""
    drafted = module.read_text()
    edited = drafted
    for before, after in edits.items():
        assert edited.count(before) == 1, before
        edited = edited.replace(before, after)
    module.write_text(edited)
    changed = difflib.ndiff(drafted.splitlines(), edited.splitlines())
    return sum(line.startswith("+ ") for line in changed)


@pytest.mark.parametrize(
    ("make", "payload", "edits", "expected"),
    [
        pytest.param(
            "full",
            FULL,
            {},
            {
                "A-1001": {
                    "externalOrderId": "A-1001",
                    "deliveryAddress": "Storgata 1, 0155 Oslo, NO",
                    "customerName": "Acme AS",
                    "customerContact": "kari@example.no",
                    "totalWeight": 12.5,
                    "plannedDate": "2026-03-04",
                }
            },
            id="a full order with nested address",
        ),
        pytest.param(
            "batch",
            BATCH,
            {
                'weight(order.weight, options.weight_unit, "$.orders[].weight"),  # guess': (
                    'weight(order.weight, "lb", "$.orders[].weight"),'
                )
            },
            {
                str(number): {
                    "externalOrderId": str(number),
                    "deliveryAddress": "12 Elm Street, Leeds, LS1 4AP, GB",
                    "customerName": name,
                    "totalWeight": 10.206,
                }
                for number, name in ((900001, "Jane Doe"), (900002, "John Doe"))
            },
            id="an envelope with a list of orders",
        ),
        pytest.param(
            "notice",
            NOTICE,
            {},
            {
                "T-555": {
                    "externalOrderId": "T-555",
                    "deliveryAddress": "Gata 2, 5003 Bergen, NO",
                    "customerName": "Ola",
                    "customerContact": "ola@example.no",
                }
            },
            id="a thin notice that needs a lookup",
        ),
    ],
)
def test_an_order_is_delivered(tmp_path, vendor, make, payload, edits, expected):
    """From a sample to a delivered order, with at most ten edited lines, all of the mapping."""
    sample, answer = tmp_path / "sample.json", tmp_path / "answer.json"
    sample.write_text(json.dumps(payload))
    answer.write_text(json.dumps(ANSWER))
    is_notice = make == "notice"
    more = ["--answer", f"orders/555={answer}"] if is_notice else []
    options = {"base_url": vendor, "allow_http": True} if is_notice else {}
    (tmp_path / "options.json").write_text(json.dumps(options))

    made = gateway(tmp_path, "adapter", "new", "acme", "--sample", "sample.json", *more)
    checked = gateway(tmp_path, "adapter", "check", "./acme.py")
    edited = edit(tmp_path / "acme.py", edits)
    told = gateway(tmp_path, "translate", "./acme.py", "sample.json", "--options", "options.json", *more, "--json")
    orders = deliver(tmp_path, payload, options)

    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-1].startswith("next: gateway adapter check ./acme.py, then ")
    assert checked.returncode == 0, checked.stdout
    assert edited <= MOST_EDITED
    assert told.returncode == 0, told.stdout
    assert {each["externalOrderId"]: each["order"] for each in json.loads(told.stdout)["orders"]} == expected
    assert orders == expected


def test_a_package_is_an_installable_adapter(tmp_path):
    """`--package` makes a project with an entry point, golden cases inside, and a module that keeps every promise."""
    (tmp_path / "sample.json").write_text(json.dumps(FULL))

    made = gateway(tmp_path, "adapter", "new", "acme", "--package", "--sample", "sample.json")
    project = tmp_path / "trackely-gateway-acme"
    checked = gateway(project, "adapter", "check", "./trackely_gateway_acme/__init__.py")

    assert made.returncode == 0, made.stderr
    assert 'acme = "trackely_gateway_acme"' in (project / "pyproject.toml").read_text()
    assert made.stdout.splitlines()[-1] == (
        "next: pip install -e ./trackely-gateway-acme, then gateway adapter check acme, "
        "then in config.yaml: adapter: acme"
    )
    package = project / "trackely_gateway_acme"
    assert (package / "golden" / "acme" / "sample" / "body.json").exists()
    # What stands in the package is in the wheel: the page too.
    assert (package / "acme.md").exists()
    assert "trackely-gateway>=" in (project / "pyproject.toml").read_text()
    assert {each.name for each in project.iterdir()} == {
        ".github", "CHANGELOG.md", "pyproject.toml", "tests", "trackely_gateway_acme",
    }  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_a_packages_own_tests_pass(tmp_path):
    """The project's test runs the whole check."""
    (tmp_path / "sample.json").write_text(json.dumps(FULL))
    gateway(tmp_path, "adapter", "new", "acme", "--package", "--sample", "sample.json")
    project = tmp_path / "trackely-gateway-acme"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{project}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout


def test_nothing_is_written_over(tmp_path):
    """A second draft of the same name is refused, and the first stays as it is."""
    (tmp_path / "sample.json").write_text(json.dumps(FULL))
    (tmp_path / "acme.py").write_text("mine")

    made = gateway(tmp_path, "adapter", "new", "acme", "--sample", "sample.json")

    assert made.returncode == 1
    assert "is there already" in made.stderr
    assert (tmp_path / "acme.py").read_text() == "mine"
    assert not (tmp_path / "golden").exists()
