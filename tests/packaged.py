"""What is released: how it is built, and what an installed program must be able to do."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import Gateway, eventually, told

ROOT = Path(__file__).resolve().parents[1]

STRANGER = {
    "eventId": "e-77",
    "orderNumber": "PK-1001",
    "status": "released",
    "updatedAt": "2026-03-01T10:00:00Z",
    "shipTo": {"company": "Acme AS", "line1": "Storgata 1", "city": "Oslo", "postalCode": "0155", "countryCode": "NO"},
}


def build(folder: Path) -> Path:
    """A release's files."""
    done = subprocess.run(
        [sys.executable, "scripts/build.py", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def run(installed: Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in an environment of nobody's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTHON"))}
    return subprocess.run(
        [installed / "gateway", *arguments],
        cwd=cwd, env={**kept, **environment}, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


@contextmanager
def serving(installed: Path, gateway: Gateway) -> Iterator[None]:
    """The gateway served by the installed program."""
    with gateway.log.open("wb") as log:
        process = subprocess.Popen([installed / "gateway", "serve"], cwd=gateway.folder, stdout=log, stderr=log)
    gateway._process = process
    try:
        assert eventually(gateway.is_ready, within=60) is True
        yield
    finally:
        process.terminate()
        process.wait(30)
        gateway.http.close()


def assert_it_works(installed: Path, folder: Path) -> None:
    """`check`, `adapter new`, `translate` and `serve` find what they ship."""
    sample = ROOT / "tests/golden/logistics_plus/clock_absent/body.json"
    translated = run(installed, "translate", "logistics_plus", str(sample), cwd=folder)
    drafted = run(installed, "adapter", "new", "acme", "--sample", str(sample), cwd=folder)
    gateway = Gateway(folder, {"demo": {"intake_url": "http://127.0.0.1:9/in", "secret": "a-tenants-secret"}})
    checked = run(installed, "check", "--config", "config.yaml", cwd=folder)
    with serving(installed, gateway):
        stored = gateway.post(told("e1", "A", 1)).status_code

    assert (translated.returncode, drafted.returncode, checked.returncode) == (0, 0, 0), drafted.stderr + checked.stderr
    assert (folder / "acme.py").is_file()
    assert stored == 200


def assert_a_package_delivers(installed: Path, folder: Path) -> None:
    """`adapter new --package`: a wheel beside the gateway's, listed as a built-in is, serving and delivering."""
    (folder / "order.json").write_text(json.dumps(STRANGER))
    made = run(installed, "adapter", "new", "parcelkit", "--sample", "order.json", "--package", cwd=folder)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    building = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", "wheels"]
    subprocess.run([*pip, *building, "./trackely-gateway-parcelkit"], cwd=folder, check=True, timeout=100)
    (wheel,) = (folder / "wheels").glob("*.whl")
    # With its dependencies: the range of the gateway's versions that it names must hold here.
    subprocess.run(
        [*pip, "--python", installed / "python", "install", "--quiet", "--no-index", wheel], check=True, timeout=100
    )

    listed = json.loads(run(installed, "adapter", "list", "--json", cwd=folder).stdout)["adapters"]
    checked = run(installed, "adapter", "check", "parcelkit", cwd=folder)
    sources = {"shop": {"adapter": "parcelkit", "tenant": "demo", "auth": "none"}}
    gateway = Gateway(folder, {}, sources, intake={"embedded": True})
    own = f"{gateway.url}/api/integrations/wms/demo"
    gateway.configure(tenants={"demo": {"intake_url": own, "secret": "a-tenants-secret"}})
    with serving(installed, gateway):
        stored = gateway.http.post("/hooks/shop", json=STRANGER)
        order = gateway.becomes("PK-1001", "delivered")

    row = {each["name"]: each for each in listed}["parcelkit"]
    assert made.returncode == 0, made.stderr
    assert (row["reference"], row["origin"], row["scale"], row["fault"]) == (
        "parcelkit",
        "installed",
        "documented",
        None,
    )
    assert checked.returncode == 0, checked.stdout
    assert stored.json()["accepted"] is True
    assert order["order"]["deliveryAddress"] == "Storgata 1, 0155 Oslo, NO"
    assert order["orderId"] is not None
