"""What the configuration must stop, and what it must read as it is, seen from outside."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.processes import API_TOKEN, Gateway, Intakes, environment, free_port, tenant, told, version_of

FAULTY = """
server: {host: 127.0.0.1, port: "${PORT:-8080}"}
store: sqlite:///gateway.db
api: {token: api-token-1}
tenants:
  demo:
    intake_url: http://127.0.0.1:9/api/integrations/wms/demo
    secret: ${NO_SUCH_SECRET}
    delivry: push
  twin:
    intake_url: http://127.0.0.1:9/api/integrations/wms/demo/
    secret: another-1
sources:
  ongoing:
    adapter: ongoin
    tenant: demo
    auth: [{type: basic, username: u, password: p-1}]
  open:
    adapter: logistics_plus
    tenant: demo
  typed:
    adapter: logistics_plus
    tenant: nobody
    auth: [{type: bearer, token: t-1}]
    options: {recieves: ignore}
limits: {max_body: many}
"""
NAMED = (
    "tenants.demo.secret",
    "tenants.demo.delivry",
    "tenants.twin.intake_url",
    "sources.ongoing.adapter",
    "sources.open.auth",
    "sources.typed.tenant",
    "sources.typed.options.recieves",
    "limits.max_body",
)
AS_WRITTEN = """
server: {host: 127.0.0.1, port: "${PORT:-8080}"}
store: sqlite:///gateway.db
api: {token: "${file:token}"}
limits: {min_free_disk: 0}
x-note: anything
tenants:
  demo: {intake_url: "URL", secret: a-tenants-secret, batch: {linger: 0.02}}
include: more.yaml
"""
MORE = """
sources:
  demo:
    adapter: logistics_plus
    tenant: demo
    auth: [{type: bearer, token: a-vendors-token}]
    options:
      warehouses:
        NO: {address: "Storgata 1, 0155 Oslo, NO"}
        0123: {address: "77 Pier Road, Leeds"}
  ongoing:
    adapter: ongoing
    tenant: demo
    auth: [{type: bearer, token: a-vendors-token}]
    options: {customers: {74: cust-74}}
"""
ONGOING = {
    "webhookOrdersId": 1, "webhookEventId": 2, "system": "s", "timestamp": "2024-01-01T12:00:00.0000000", "orderId": 3,
    "orderNumber": "N1", "orderStatus": {"number": 200},
}  # fmt: skip


def command(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments], cwd=folder, env={**environment(), **variables},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("verb", ["serve", "check"])
def test_all_faults_in_one_go(tmp_path, verb):
    """A typo, a missing secret, an unknown adapter, no `auth`, one intake for two: exit 78, each with its path."""
    (tmp_path / "config.yaml").write_text(FAULTY)
    done = command(tmp_path, verb, "--config", "config.yaml")

    assert done.returncode == 78
    assert [path for path in NAMED if path not in done.stderr + done.stdout] == []
    assert "ongoing" in done.stderr
    assert "another-1" not in done.stderr
    assert "Traceback" not in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["config.yaml"]


def test_faults_for_machines(tmp_path):
    """`check --json` gives the same faults as data, and 78."""
    (tmp_path / "config.yaml").write_text(FAULTY)
    done = command(tmp_path, "check", "--json")

    assert done.returncode == 78
    assert set(NAMED) <= {fault["path"] for fault in json.loads(done.stdout)["faults"]}


def test_read_as_written(tmp_path):
    """Warehouses `NO` and `0123`, goods owners as numbers, a port from the environment, secrets of files, `include`."""
    (tmp_path / "more.yaml").write_text(MORE)
    (tmp_path / "token").write_text(f"{API_TOKEN}\n")
    with Intakes() as opened:
        intake = opened.open()
        gateway = Gateway(tmp_path, {}, {})
        gateway.file.write_text(AS_WRITTEN.replace("URL", intake.url).replace("8080", str(gateway.port)))
        with gateway:
            for number, code in enumerate(("NO", "0123")):
                receive = told(f"r-{number}", f"R{number}", 1, warehouseCode=code)
                gateway.post({**receive, "entityType": "Receive"})
            gateway.post({**ONGOING, "goodsOwnerId": 74}, to="ongoing")
            addresses = [gateway.becomes(f"RCV-R{number}", "delivered")["order"] for number in range(2)]
            customer = gateway.becomes("N1", "delivered")["order"]
            secret = intake.calls[0].headers["authorization"]

    assert [order["deliveryAddress"] for order in addresses] == ["Storgata 1, 0155 Oslo, NO", "77 Pier Road, Leeds"]
    assert customer == {"externalOrderId": "N1", "customerId": "cust-74"}
    assert secret == "Bearer a-tenants-secret"


def test_admin_listener(tmp_path):
    """With `server.admin` the operators' doors are there and nowhere else; the vendors' and the probes' stay."""
    admin = free_port()
    with Gateway(tmp_path, {"demo": tenant("http://127.0.0.1:9/x")}) as gateway:
        gateway.stop()
        gateway.configure(server={"host": "127.0.0.1", "port": gateway.port, "admin": {"port": admin}})
        gateway.start()
        inside = httpx.Client(base_url=f"http://127.0.0.1:{admin}", trust_env=False)
        proof = {"Authorization": f"Bearer {API_TOKEN}"}
        moved = {
            path: (gateway.http.get(path, headers=proof).status_code, inside.get(path, headers=proof).status_code)
            for path in ("/api/v1/events", "/openapi.json", "/metrics")
        }
        stayed = {path: gateway.http.get(path).status_code for path in ("/healthz", "/readyz", "/hooks/demo")}
        hooks_inside = inside.post("/hooks/demo", content=b"{}").status_code
        listed = gateway.command("events", "list", "--json")
        inside.close()

    assert moved == dict.fromkeys(moved, (404, 200))
    assert stayed == dict.fromkeys(stayed, 200)
    assert hooks_inside == 404
    assert json.loads(listed.stdout)["events"] == []


def test_pulled_tenant(tmp_path):
    """A pull serves what was never served, then what was and changed; a pushed tenant has no such door."""
    pulled = {"delivery": "pull", "pull_secret": "a-pull-secret"}
    tenants = {"demo": pulled, "pushed": tenant("http://127.0.0.1:9/x")}
    with Gateway(tmp_path, tenants) as gateway:

        def pull(secret: str = "a-pull-secret", method: str = "GET", of: str = "demo") -> httpx.Response:
            return gateway.http.request(method, f"/pull/{of}", headers={"Authorization": f"Bearer {secret}"})

        empty = pull()
        for name in ("A", "B"):
            gateway.post(told(f"{name}-1", name, 1))
            gateway.becomes(name, "pending")
        first = pull()
        order = gateway.becomes("A", "delivered")
        gateway.post(told("A-2", "A", 2))
        gateway.becomes("A", "pending")
        gateway.kill()
        gateway.start()
        second = pull(method="POST")
        told_of = gateway.tenant()["lastAnswer"]
        wrong, pushed, halted = (
            pull("wrong"),
            pull(of="pushed"),
            gateway.http.post("/api/v1/tenants/demo/halt", headers={"Authorization": f"Bearer {API_TOKEN}"}),
        )

    assert (empty.status_code, empty.json()) == (200, [])
    assert [(each["externalOrderId"], version_of(each)) for each in first.json()] == [("A", 1), ("B", 1)]
    assert (order["orderId"], order["attempts"][-1]["kind"]) == (None, "pull")
    assert [(each["externalOrderId"], version_of(each)) for each in second.json()] == [("A", 2), ("B", 1)]
    assert told_of == "pull of 2 orders"
    assert (wrong.status_code, pushed.status_code, halted.status_code) == (401, 404, 409)
